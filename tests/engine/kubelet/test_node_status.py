"""What a kubelet makes of its Node when others write to it."""

from __future__ import annotations

import pytest

from tests.engine.cluster_tools import Playground

DONGLE = "example.com/dongle"


@pytest.fixture
def playground() -> Playground:
    return Playground()


def advertise(playground: Playground, amount: str | None) -> None:
    patch = {"status": {"capacity": {DONGLE: amount}}}
    playground.client.patch("nodes", "k8s-node01", patch, patch_type="merge", subresource="status")


def allocatable(playground: Playground) -> str | None:
    found: str | None = playground.get("nodes", "k8s-node01")["status"]["allocatable"].get(DONGLE)
    return found


def test_what_is_advertised_as_capacity_is_offered_within_ten_seconds_and_taken_back(playground):
    advertise(playground, "4")
    playground.run(10)
    assert allocatable(playground) == "4"
    wanted = {DONGLE: "3"}
    for name, expected in (("p", "k8s-node01"), ("q", None)):
        playground.pod(name, resources={"requests": wanted, "limits": wanted})
        playground.run(3)
        assert playground.get("pods", name)["spec"].get("nodeName") == expected
    advertise(playground, None)
    playground.run(10)
    assert allocatable(playground) is None


def test_nothing_is_written_when_others_change_labels(playground):
    revision = playground.cluster.revision
    playground.client.patch("nodes", "k8s-node01", {"metadata": {"labels": {"a": "b"}}}, patch_type="merge")
    playground.run(30)
    assert playground.cluster.revision == revision + 1
