"""Autoscalers in a running cluster, on simulated load."""

from __future__ import annotations

from typing import Any

import pytest

NO_API = (
    "failed to get cpu utilization: unable to get metrics for resource cpu: unable to fetch metrics from resource "
    "metrics API: the server could not find the requested resource (get pods.metrics.k8s.io)"
)


@pytest.fixture
def world(make_world: Any) -> Any:
    made = make_world()
    container = {"name": "c", "image": "nginx:1.25", "resources": {"requests": {"cpu": "100m"}}}
    made.deployment("web", 2, template={"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [container]}})
    return made


def autoscaler(world: Any, target: str = "web", **spec: Any) -> None:
    metric = {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 50}}
    body = {
        "maxReplicas": 6,
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": target},
        "metrics": [{"type": "Resource", "resource": metric}],
        **spec,
    }
    meta = {"name": "h", "namespace": "default"}
    kind = {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler"}
    world.client.create("horizontalpodautoscalers.autoscaling", {**kind, "metadata": meta, "spec": body})


def load(world: Any, usage: str) -> None:
    for name in world.names("pods"):
        world.patch("pods", name, {"metadata": {"annotations": {"podarium.dev/cpu-usage": usage}}})


def replicas(world: Any) -> int:
    return int(world.get("deployments.apps", "web")["spec"]["replicas"])


def condition(world: Any, type_: str) -> tuple[str, str, str]:
    conditions = world.get("horizontalpodautoscalers.autoscaling", "h")["status"]["conditions"]
    found = next(c for c in conditions if c["type"] == type_)
    return found["status"], found["reason"], found["message"]


def events(world: Any) -> Any:
    return world.events("HorizontalPodAutoscaler")


def test_without_metrics_it_says_what_it_misses(world: Any) -> None:
    autoscaler(world)
    world.run(60)
    assert condition(world, "AbleToScale") == (
        "True", "SucceededGetScale", "the HPA controller was able to get the target's current scale"
    )  # fmt: skip
    assert condition(world, "ScalingActive") == (
        "False", "FailedGetResourceMetric", f"the HPA was unable to compute the replica count: {NO_API}"
    )  # fmt: skip
    assert set(events(world)) == {
        NO_API,
        f"invalid metrics (1 invalid out of 1), first error is: failed to get cpu resource metric value: {NO_API}",
    }
    assert replicas(world) == 2


def test_load_brings_replicas_and_calm_takes_them_away_after_five_minutes(world: Any) -> None:
    autoscaler(world)
    world.run(60)
    load(world, "100m")
    world.run(20)
    assert replicas(world) == 4
    load(world, "50m")
    world.run(60)
    assert replicas(world) == 4
    status = world.get("horizontalpodautoscalers.autoscaling", "h")["status"]
    assert (status["currentReplicas"], status["desiredReplicas"]) == (4, 4)
    assert status["currentMetrics"] == [
        {"type": "Resource", "resource": {"name": "cpu", "current": {"averageValue": "50m", "averageUtilization": 50}}}
    ]
    load(world, "10m")
    world.run(280)
    assert (replicas(world), condition(world, "AbleToScale")[1]) == (4, "ScaleDownStabilized")
    world.run(60)
    assert replicas(world) == 1
    assert world.events("HorizontalPodAutoscaler", "SuccessfulRescale") == [
        "New size: 4; reason: cpu resource utilization (percentage of request) above target",
        "New size: 1; reason: All metrics below target",
    ]
    assert condition(world, "ScalingActive") == (
        "True",
        "ValidMetricFound",
        "the HPA was able to successfully calculate a replica count from "
        "cpu resource utilization (percentage of request)",
    )
    assert list(world.cluster.trace.faults) == []


def test_bounds_hold_even_without_metrics(world: Any) -> None:
    autoscaler(world, minReplicas=3)
    world.run(20)
    assert replicas(world) == 3
    assert events(world)[0] == "New size: 3; reason: Current number of replicas below Spec.MinReplicas"
    world.scale("deployments.apps", "web", 9)
    world.patch("horizontalpodautoscalers.autoscaling", "h", {"spec": {"minReplicas": 2}})
    world.run(20)
    assert replicas(world) == 6
    assert "New size: 6; reason: Current number of replicas above Spec.MaxReplicas" in events(world)


def test_too_much_load_stops_at_the_maximum(world: Any) -> None:
    autoscaler(world)
    world.run(60)
    for _ in range(3):
        load(world, "200m")
        world.run(60)
    assert replicas(world) == 6
    assert condition(world, "ScalingLimited") == (
        "True", "TooManyReplicas", "the desired replica count is more than the maximum replica count"
    )  # fmt: skip


def test_a_target_that_is_scaled_to_nothing_is_left_alone(world: Any) -> None:
    world.scale("deployments.apps", "web", 0)
    autoscaler(world)
    world.run(20)
    assert condition(world, "ScalingActive") == (
        "False", "ScalingDisabled", "scaling is disabled since the replica count of the target is zero"
    )  # fmt: skip


def test_a_target_that_does_not_exist_is_named(world: Any) -> None:
    autoscaler(world, "nobody")
    world.run(20)
    status, reason, message = condition(world, "AbleToScale")
    assert (status, reason) == ("False", "FailedGetScale")
    assert message == (
        'the HPA controller was unable to get the target\'s current scale: deployments/scale.apps "nobody" not found'
    )
    assert events(world) == ['deployments/scale.apps "nobody" not found']


def test_under_a_steady_load_nothing_is_written_and_nothing_waits(world: Any) -> None:
    autoscaler(world)
    world.run(60)
    load(world, "50m")
    world.run(600)
    revision, now_us = world.cluster.revision, world.cluster.clock.now_us
    due_us = world.cluster.next_due_us
    assert due_us is None or due_us > now_us + 300_000_000
    world.run(300)
    assert world.cluster.revision == revision
