"""One stored object in several versions and groups: each tells it in its own form, and nothing is lost on the way."""

from __future__ import annotations

from typing import Any

import pytest

from cluster_engine.api.registry import scheme, strategies
from cluster_engine.apimachinery.scheme import Resource, Scheme, version_order
from tests.engine.cluster_tools import Playground

Obj = dict[str, Any]
V2, V1 = "horizontalpodautoscalers.autoscaling", "horizontalpodautoscalers.v1.autoscaling"
TARGET = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
MEMORY = {
    "type": "Resource",
    "resource": {"name": "memory", "target": {"type": "AverageValue", "averageValue": "100Mi"}},
}


@pytest.fixture
def play() -> Playground:
    return Playground()


def cpu(percent: int) -> Obj:
    target = {"type": "Utilization", "averageUtilization": percent}
    return {"type": "Resource", "resource": {"name": "cpu", "target": target}}


def test_the_old_version_is_stored_as_the_new_one(play: Playground) -> None:
    spec = {"scaleTargetRef": TARGET, "maxReplicas": 5, "targetCPUUtilizationPercentage": 60}
    made = play.create(V1, {"metadata": {"name": "h"}, "spec": spec})
    assert made["apiVersion"] == "autoscaling/v1"
    assert made["spec"] == {**spec, "minReplicas": 1}
    stored = play.get(V2, "h")
    assert stored["apiVersion"] == "autoscaling/v2"
    assert stored["spec"] == {"scaleTargetRef": TARGET, "minReplicas": 1, "maxReplicas": 5, "metrics": [cpu(60)]}


def test_what_the_old_version_cannot_say_stands_in_an_annotation(play: Playground) -> None:
    spec = {"scaleTargetRef": TARGET, "maxReplicas": 5, "metrics": [cpu(50), MEMORY]}
    play.create(V2, {"metadata": {"name": "h"}, "spec": spec})
    old = play.get(V1, "h")
    assert old["spec"]["targetCPUUtilizationPercentage"] == 50
    assert '"memory"' in old["metadata"]["annotations"]["autoscaling.alpha.kubernetes.io/metrics"]
    # Written back as it is, nothing of it is lost.
    play.client.update(V1, {**old, "spec": {**old["spec"], "maxReplicas": 6}})
    new = play.get(V2, "h")
    assert new["spec"]["maxReplicas"] == 6
    assert sorted(metric["resource"]["name"] for metric in new["spec"]["metrics"]) == ["cpu", "memory"]
    assert "annotations" not in new["metadata"]


def test_a_watch_shows_the_version_that_was_asked_for(play: Playground) -> None:
    spec = {"scaleTargetRef": TARGET, "maxReplicas": 5}
    watch = play.client.watch(V1, "default")
    play.create(V2, {"metadata": {"name": "h"}, "spec": spec})
    event = watch.pop()
    assert event is not None
    assert watch.render(event[1], True)["apiVersion"] == "autoscaling/v1"


def test_events_are_told_by_both_groups(play: Playground) -> None:
    regarding = {"kind": "Pod", "namespace": "default", "name": "p"}
    play.create(
        "events.events.k8s.io",
        {
            "metadata": {"name": "e"},
            "eventTime": "2026-01-01T00:00:00.000000Z",
            "reportingController": "example.com/controller",
            "reportingInstance": "one",
            "action": "Pull",
            "reason": "Pulled",
            "regarding": regarding,
            "note": "all is well",
            "type": "Normal",
        },
    )
    core = play.get("events", "e")
    assert (core["apiVersion"], core["kind"]) == ("v1", "Event")
    assert core["involvedObject"] == regarding
    assert (core["message"], core["reportingComponent"]) == ("all is well", "example.com/controller")
    again = play.get("events.events.k8s.io", "e")
    assert (again["regarding"], again["note"]) == (regarding, "all is well")


@pytest.mark.parametrize("strategy", [s for s in strategies().values() if s.resource.stored_as])
def test_views_are_of_kinds_that_there_are(strategy: Any) -> None:
    assert strategies()[strategy.resource.stored_as].resource.stored_as == ""


def test_versions_are_preferred_as_kubernetes_does() -> None:
    versions = ["v1alpha1", "foo1", "v10", "v2beta1", "v1", "v2", "v11alpha2", "v1beta2", "foo10", "v1beta1"]
    assert sorted(versions, key=version_order) == [
        "v10", "v2", "v1", "v2beta1", "v1beta2", "v1beta1", "v11alpha2", "v1alpha1", "foo1", "foo10",
    ]  # fmt: skip
    assert scheme().versions("autoscaling") == ["v2", "v1"]


def test_a_scheme_tells_what_comes_and_goes() -> None:
    told: list[tuple[str, bool]] = []
    grows = Scheme()
    stop = grows.on_change(lambda resource, added: told.append((resource.version, added)))
    v1, v2 = (Resource("example.com", version, "Widget", "widgets") for version in ("v1", "v2"))
    view = Resource("example.com", "v1", "Widget", "widgets", stored_as="widgets.example.com")
    grows.add(v1)
    # The preferred version is another one from now on: still the same resource.
    grows.add(v2)
    grows.add(view)
    assert [grows.at("example.com", version, "widgets") for version in ("v1", "v2")] == [view, v2]
    grows.remove("widgets.v1.example.com")
    assert grows.at("example.com", "v1", "widgets") is None
    assert grows.at("example.com", "v2", "widgets") is v2
    grows.remove("widgets.example.com")
    stop()
    grows.add(v1)
    assert told == [("v1", True), ("v2", False)]
