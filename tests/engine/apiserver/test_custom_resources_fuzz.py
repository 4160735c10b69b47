"""Whatever stands in a definition, an object of its kind or a patch: it is taken or refused, and nothing breaks."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest

from cluster_engine.apimachinery.errors import ApiError
from tests.engine.apiserver.test_custom_resources import CRDS, WIDGETS, definition, widget
from tests.engine.cluster_tools import Playground

Obj = dict[str, Any]
# fmt: off
JUNK: list[Any] = [
    None, True, False, 0, -1, 1.5, 1e300, 2**70, "", "x", "é\ud800", "a" * 300, [], [1], ["a"], [None], {}, {"a": 1},
    {"": None}, {"type": "object"}, {"type": "string"}, [[]], {"a": {"b": [{}]}},
]
KEYS = [
    "type", "properties", "items", "additionalProperties", "required", "enum", "default", "pattern", "format", "allOf",
    "minimum", "maxLength", "nullable", "oneOf", "not", "x-kubernetes-list-type", "x-kubernetes-list-map-keys", "kind",
    "x-kubernetes-preserve-unknown-fields", "x-kubernetes-embedded-resource", "x-kubernetes-int-or-string", "metadata",
    "x-kubernetes-validations", "multipleOf", "$ref", "spec", "status", "names", "versions", "conversion",
    "subresources",
    "additionalPrinterColumns", "selectableFields", "name", "storage", "schema", "scale",
]
# fmt: on
WIDGET: Obj = {
    "apiVersion": "example.com/v1",
    "kind": "Widget",
    **widget(code="ab", day="2026-01-01", port=3, tags=["a"], parts=[{"name": "a"}], labels={"a": "b"}, maybe=None),
    "metadata": {"name": "w", "namespace": "default", "labels": {"a": "b"}},
    "status": {"size": 1},
}
DEFINITION: Obj = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    **definition("gizmos", "Gizmo"),
}


def paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if path:
        yield path
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in pairs:
        yield from paths(inner, (*path, key))


def damaged(value: Obj, rng: random.Random) -> Obj:
    value = deepcopy(value)
    for _ in range(rng.randint(1, 3)):
        places = list(paths(value))
        if not places:
            break
        *parents, last = rng.choice(places)
        target: Any = value
        for part in parents:
            target = target[part]
        kind = rng.random()
        if kind < 0.6:
            target[last] = deepcopy(rng.choice(JUNK))
        elif kind < 0.8 and isinstance(target, dict):
            target[rng.choice(KEYS)] = deepcopy(rng.choice(JUNK))
        else:
            del target[last]
    return value


@pytest.mark.parametrize("seed", range(3))
def test_nothing_that_is_sent_breaks_the_server(seed: int) -> None:
    rng = random.Random(seed)
    play = Playground()
    play.create(CRDS, definition())
    play.run(1)
    requests: list[tuple[str, Obj, Obj]] = []
    for _ in range(80):
        checked = {"field_validation": rng.choice(["Strict", "Warn", "Ignore"])}
        requests.append((CRDS, damaged(DEFINITION, rng), {"verb": "create", **checked}))
        requests.append((WIDGETS, damaged(WIDGET, rng), {"verb": "create", **checked}))
        patch = {"verb": "patch", "patch_type": rng.choice(["merge", "apply"]), "force": True, **checked}
        requests.append((WIDGETS, damaged(WIDGET, rng), patch))
    codes: set[int] = set()
    for resource, body, options in requests:
        verb, namespace = options.pop("verb"), "default" if resource == WIDGETS else ""
        try:
            answer = play.client.request(
                verb, resource, namespace, "w" if verb == "patch" else "", body=body, trusted=False, **options
            )
        except ApiError as error:
            codes.add(error.code)
            continue
        json.dumps(answer, allow_nan=False)
        if resource == CRDS:
            # Whatever kind has come of it: it is listed, and goes again.
            play.run(1)
            for served in list(play.cluster.scheme.served()):
                if served.group == "example.com":
                    play.client.request("list", served.group_resource, accept="table")
            play.client.delete(CRDS, answer["metadata"]["name"])
            play.run(10)
    assert codes <= {400, 404, 409, 422}
    assert not play.cluster.trace.faults
