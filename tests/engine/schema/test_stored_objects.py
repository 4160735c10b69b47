"""Whole objects as a real cluster stored them: the best judge of what Go writes after it has read."""

from pathlib import Path
from typing import Any

import orjson
import pytest

from cluster_engine.apimachinery.scheme import Resource
from cluster_engine.schema.decode import decode

STORED = orjson.loads((Path(__file__).parent / "stored_objects.json").read_bytes())


@pytest.mark.parametrize("obj", STORED, ids=[obj["kind"] for obj in STORED])
def test_a_stored_object_comes_out_as_it_went_in(obj: dict[str, Any]) -> None:
    group, _, version = obj["apiVersion"].rpartition("/")
    resource = Resource(group, version, obj["kind"], obj["kind"].lower())
    decoded, warnings = decode(obj, resource, "Warn")
    assert decoded == obj
    assert warnings == []


def test_a_null_means_that_nobody_said_anything() -> None:
    """Go writes back the status and the times that it never got; the rest comes back as it was sent."""
    deployment = next(obj for obj in STORED if obj["kind"] == "Deployment")
    resource = Resource("apps", "v1", "Deployment", "deployments")
    sent = {**deployment, "spec": {**deployment["spec"], "paused": None}, "status": None}
    assert decode(sent, resource)[0] == {**deployment, "status": {}}
