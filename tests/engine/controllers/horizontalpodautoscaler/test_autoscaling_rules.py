"""The rules of autoscaling one by one: what metrics ask for, and what holds it back."""

from __future__ import annotations

from typing import Any

import pytest

from cluster_engine.clock import SECOND_US, rfc3339
from cluster_engine.controllers.horizontalpodautoscaler.calculator import by_average, by_utilization, pod_requests
from cluster_engine.controllers.horizontalpodautoscaler.limits import History, normalize, normalize_with_behavior
from cluster_engine.controllers.horizontalpodautoscaler.metrics import MetricsError

NOW_US = 1_800_000_000 * SECOND_US


def pod(name: str, *, ready: bool = True, since: int = 600, started: int = 600, phase: str = "Running") -> Any:
    condition = {
        "type": "Ready",
        "status": "True" if ready else "False",
        "lastTransitionTime": rfc3339(NOW_US - since * SECOND_US),
    }
    status = {"phase": phase, "startTime": rfc3339(NOW_US - started * SECOND_US), "conditions": [condition]}
    container = {"name": "c", "resources": {"requests": {"cpu": "100m"}}}
    return {"metadata": {"name": name}, "spec": {"containers": [container]}, "status": status}


def replicas(
    usages: list[int | None], target: int, *, pods: list[Any] | None = None, current: int | None = None
) -> int:
    """What usages (millicores; None: not measured) ask for, of pods that request 100m each."""
    made = pods or [pod(f"p{i}") for i in range(len(usages))]
    metrics = {one["metadata"]["name"]: usage for one, usage in zip(made, usages, strict=True) if usage is not None}
    requests = pod_requests(made, "cpu")
    return by_utilization(made, metrics, requests, "cpu", target, current or len(made), NOW_US).replicas


@pytest.mark.parametrize(
    ("usages", "target", "expected"),
    [
        ([100, 100], 50, 4),
        ([50, 50], 50, 2),
        ([54, 54], 50, 2),  # within a tenth
        ([56, 56], 50, 3),
        ([10, 10, 10], 50, 1),
        ([46, 46, 46], 50, 3),
        ([300, 500, 700], 100, 15),
    ],
)
def test_replicas_follow_the_ratio_of_usage_to_target(usages, target, expected):
    assert replicas(usages, target) == expected


def test_a_pod_without_a_sample_is_taken_to_use_all_on_the_way_down_and_nothing_on_the_way_up():
    assert replicas([10, 10, None], 50) == 3  # 10, 10 and 100: 40 of 50 on average
    assert replicas([100, 100, None], 50) == 4  # 100, 100 and 0: 67 of 50


def test_pods_that_have_just_started_do_not_count_on_the_way_down_and_count_as_idle_on_the_way_up():
    fresh = pod("p2", since=10, started=20)
    assert replicas([100, 100, 900], 50, pods=[pod("p0"), pod("p1"), fresh]) == 4
    assert replicas([20, 20, 900], 50, pods=[pod("p0"), pod("p1"), fresh]) == 1


def test_pods_that_are_not_ready_any_more_still_count_after_their_start():
    unready = pod("p1", ready=False, since=60, started=1000)
    assert replicas([100, 100], 50, pods=[pod("p0"), unready]) == 4


def test_without_any_sample_that_counts_nothing_can_be_said():
    with pytest.raises(MetricsError) as refusal:
        replicas([100], 50, pods=[pod("p0", since=5, started=10)])
    assert str(refusal.value) == "did not receive metrics for targeted pods (pods might be unready)"


def test_a_container_without_a_request_is_named():
    bare = pod("p0")
    bare["spec"]["containers"].append({"name": "side"})
    with pytest.raises(MetricsError) as refusal:
        pod_requests([bare], "cpu")
    assert str(refusal.value) == "missing request for cpu in container side of Pod p0"
    assert pod_requests([bare], "cpu", "c") == {"p0": 100}


def test_a_target_may_be_an_amount_for_each_pod():
    pods = [pod("p0"), pod("p1")]
    proposal = by_average(pods, {"p0": 300, "p1": 100}, "cpu", 100, 2, NOW_US)
    assert (proposal.replicas, proposal.utilization, proposal.average) == (4, None, 200)


@pytest.mark.parametrize(
    ("current", "wanted", "bounds", "expected", "reason"),
    [
        (3, 4, (1, 10), 4, "DesiredWithinRange"),
        (3, 9, (1, 10), 6, "ScaleUpLimit"),
        (1, 9, (1, 10), 4, "ScaleUpLimit"),
        (8, 20, (1, 10), 10, "TooManyReplicas"),
        (3, 1, (2, 10), 2, "TooFewReplicas"),
    ],
)
def test_a_proposal_is_bounded(current, wanted, bounds, expected, reason):
    low, high = bounds
    result = normalize(History(), current, wanted, low, high, NOW_US)
    assert (result.replicas, result.limited[1]) == (expected, reason)
    assert result.limited[0] == ("False" if reason == "DesiredWithinRange" else "True")


def test_replicas_go_only_when_none_of_the_last_five_minutes_wanted_more():
    history = History()
    history.recommend(8, NOW_US - 299 * SECOND_US, 300)
    result = normalize(history, 8, 2, 1, 10, NOW_US)
    assert (result.replicas, result.able[1]) == (8, "ScaleDownStabilized")
    result = normalize(history, 8, 2, 1, 10, NOW_US + 2 * SECOND_US)
    assert (result.replicas, result.able[1]) == (2, "ReadyForNewScale")


def test_a_load_that_was_steady_counts_up_to_the_moment_it_changed():
    history = History()
    history.recommend(8, NOW_US - 3600 * SECOND_US, 300)
    history.hold(NOW_US - 15 * SECOND_US)
    assert normalize(history, 8, 2, 1, 10, NOW_US).replicas == 8


def rules(select: str = "Max", window: int = 0, **policies: int) -> dict[str, Any]:
    listed = [{"type": type_, "value": value, "periodSeconds": 60} for type_, value in policies.items()]
    return {"selectPolicy": select, "stabilizationWindowSeconds": window, "policies": listed}


@pytest.mark.parametrize(
    ("up", "down", "current", "wanted", "expected", "reason"),
    [
        (rules(Pods=2), rules(Pods=2), 10, 20, 12, "ScaleUpLimit"),
        (rules(Pods=2, Percent=50), rules(Pods=2), 10, 20, 15, "ScaleUpLimit"),
        (rules("Min", Pods=2, Percent=50), rules(Pods=2), 10, 20, 12, "ScaleUpLimit"),
        (rules("Disabled", Pods=2), rules(Pods=2), 10, 20, 10, "ScaleUpLimit"),
        (rules(Pods=2), rules(Pods=2), 10, 1, 8, "ScaleDownLimit"),
        (rules(Pods=2), rules(Pods=2, Percent=50), 10, 1, 5, "ScaleDownLimit"),
        (rules(Pods=2), rules("Min", Pods=2, Percent=50), 10, 1, 8, "ScaleDownLimit"),
        (rules(Pods=100), rules(Pods=2), 10, 50, 30, "TooManyReplicas"),
        (rules(Pods=2), rules(Pods=100), 10, 0, 1, "TooFewReplicas"),
        (rules(Pods=2), rules(Pods=2), 10, 11, 11, "DesiredWithinRange"),
    ],
)
def test_behavior_holds_back_the_rate_of_change(up, down, current, wanted, expected, reason):
    behavior = {"scaleUp": up, "scaleDown": down}
    result = normalize_with_behavior(History(), behavior, current, wanted, 1, 30, NOW_US)
    assert (result.replicas, result.limited[1]) == (expected, reason)


def test_what_was_added_in_the_period_counts_against_the_policy():
    behavior = {"scaleUp": rules(Pods=4), "scaleDown": rules(Pods=4)}
    history = History()
    history.scaled(10, 13, behavior, NOW_US - 30 * SECOND_US)
    assert normalize_with_behavior(history, behavior, 13, 20, 1, 30, NOW_US).replicas == 14
    assert normalize_with_behavior(history, behavior, 13, 20, 1, 30, NOW_US + 31 * SECOND_US).replicas == 17


def test_a_window_upwards_waits_for_the_lowest_recommendation():
    behavior = {"scaleUp": rules(window=60, Pods=100), "scaleDown": rules(Pods=100)}
    history = History()
    history.recommend(4, NOW_US - 30 * SECOND_US, 60)
    result = normalize_with_behavior(history, behavior, 3, 9, 1, 30, NOW_US)
    assert (result.replicas, result.able[1]) == (4, "ScaleUpStabilized")
