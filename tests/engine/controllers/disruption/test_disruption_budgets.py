"""Disruption budgets and evictions: the numbers, the refusals, and what a drain meets."""

from __future__ import annotations

from typing import Any

import pytest

from cluster_engine.apimachinery.errors import ApiError
from cluster_engine.clock import SECOND_US, rfc3339
from cluster_engine.controllers.disruption.budget import Numbers, desired_healthy, disrupted_pods
from cluster_engine.faults import Fault

REFUSED = "Cannot evict pod as it would violate the pod's disruption budget."
NOW_US = 1_800_000_000 * SECOND_US


def budget(world: Any, name: str = "b", app: str = "d", **spec: Any) -> None:
    body = {"selector": {"matchLabels": {"app": app}}, **spec}
    meta = {"name": name, "namespace": "default"}
    made = {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": meta, "spec": body}
    world.client.create("poddisruptionbudgets.policy", made)
    world.run(1)


def numbers(world: Any, name: str = "b") -> tuple[int, ...]:
    """(healthy, desired, expected, allowed)"""
    status = world.get("poddisruptionbudgets.policy", name)["status"]
    return tuple(status[field] for field in ("currentHealthy", "desiredHealthy", "expectedPods", "disruptionsAllowed"))


def evict(world: Any, pod: str, **options: Any) -> Any:
    meta = {"name": pod, "namespace": "default"}
    body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": meta, **options}
    return world.client.request("create", "pods", "default", pod, subresource="eviction", body=body)


def cause(refusal: ApiError) -> str:
    """Why the budget refuses."""
    (one,) = (refusal.details or {})["causes"]
    return str(one["message"])


def allowed(world: Any, name: str = "b") -> tuple[str, str]:
    return world.conditions("poddisruptionbudgets.policy", name)["DisruptionAllowed"]  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("spec", "expected", "desired"),
    [
        ({"minAvailable": 2}, 5, 2),
        ({"minAvailable": "50%"}, 5, 3),
        ({"maxUnavailable": 1}, 5, 4),
        ({"maxUnavailable": "30%"}, 5, 3),
        ({"maxUnavailable": 9}, 5, 0),
        ({}, 5, 0),
    ],
)
def test_percentages_are_rounded_up(spec, expected, desired):
    assert desired_healthy(spec, expected) == desired


def test_nothing_may_be_disrupted_where_there_is_nothing():
    assert Numbers(expected=0, desired=0, healthy=3).allowed == 0
    assert Numbers(expected=3, desired=4, healthy=3).allowed == 0
    assert Numbers(expected=3, desired=1, healthy=3).allowed == 2


def test_an_eviction_that_leads_to_nothing_is_forgotten_after_two_minutes():
    pods = [{"metadata": {"name": name}} for name in ("young", "old")]
    noted = {
        "young": rfc3339(NOW_US - 30 * SECOND_US),
        "old": rfc3339(NOW_US - 121 * SECOND_US),
        "gone": rfc3339(NOW_US),
    }
    awaited, stayed, recheck = disrupted_pods(pods, noted, NOW_US)
    assert (list(awaited), [pod["metadata"]["name"] for pod in stayed], recheck) == (["young"], ["old"], 90)


def test_a_budget_knows_its_numbers(world: Any) -> None:
    world.deployment(replicas=4)
    budget(world, minAvailable=3)
    world.run(10)
    assert numbers(world) == (4, 3, 4, 1)
    assert allowed(world) == ("True", "SufficientPods")
    world.scale("deployments.apps", "d", 3)
    world.run(10)
    assert numbers(world) == (3, 3, 3, 0)
    assert allowed(world) == ("False", "InsufficientPods")


def test_a_relative_budget_goes_by_what_the_deployment_asks_for(world: Any) -> None:
    world.deployment(replicas=10)
    world.run(10)
    budget(world, maxUnavailable="25%")
    assert numbers(world) == (10, 7, 10, 3)


def test_a_budget_over_pods_that_nobody_scales_allows_nothing(world: Any) -> None:
    world.pod("lonely", {"app": "d"})
    world.run(5)
    budget(world, maxUnavailable=1)
    assert numbers(world) == (1, 0, 0, 0)
    (message,) = set(world.events("PodDisruptionBudget", "UnmanagedPods"))
    assert message == (
        "Pods selected by this PodDisruptionBudget (selector: &LabelSelector{MatchLabels:map[string]string{app: d,},"
        "MatchExpressions:[]LabelSelectorRequirement{},}) were found to be unmanaged. As a result, the status of the "
        "PDB cannot be calculated correctly, which may result in undefined behavior. To account for these pods "
        'please set ".spec.minAvailable" field of the PDB to an integer value.'
    )


def test_a_relative_budget_over_a_kind_without_a_scale_cannot_be_told(world: Any) -> None:
    template = {"metadata": {"labels": {"app": "d"}}, "spec": {"containers": [{"name": "c", "image": "nginx:1.25"}]}}
    spec = {"selector": {"matchLabels": {"app": "d"}}, "template": template}
    world._create("daemonsets.apps", "DaemonSet", "d", spec)
    world.run(5)
    budget(world, maxUnavailable=1)
    condition = world.get("poddisruptionbudgets.policy", "b")["status"]["conditions"][0]
    assert (condition["reason"], condition["message"]) == (
        "SyncFailed", "daemonsets.apps does not implement the scale subresource"
    )  # fmt: skip
    with pytest.raises(ApiError) as refusal:
        evict(world, world.names("pods")[0])
    assert cause(refusal.value) == (
        "The disruption budget b does not allow evicting pods currently because it failed sync: "
        "daemonsets.apps does not implement the scale subresource"
    )


def test_an_eviction_takes_from_the_budget_and_the_next_is_refused(world: Any) -> None:
    world.deployment(replicas=3)
    world.run(10)
    budget(world, minAvailable=2)
    first, second, _ = world.names("pods")
    answer = evict(world, first)
    assert answer["status"] == "Success"
    pod = world.get("pods", first)
    assert "deletionTimestamp" in pod["metadata"]
    target = next(c for c in pod["status"]["conditions"] if c["type"] == "DisruptionTarget")
    assert (target["reason"], target["message"]) == ("EvictionByEvictionAPI", "Eviction API: evicting")
    assert list(world.get("poddisruptionbudgets.policy", "b")["status"]["disruptedPods"]) == [first]
    with pytest.raises(ApiError) as refusal:
        evict(world, second)
    assert (refusal.value.code, refusal.value.reason, refusal.value.message) == (429, "TooManyRequests", REFUSED)
    world.run(10)
    evict(world, second)


def test_a_refusal_says_what_the_budget_needs(world: Any) -> None:
    world.deployment(replicas=2)
    world.run(10)
    budget(world, minAvailable=2)
    with pytest.raises(ApiError) as refusal:
        evict(world, world.names("pods")[0])
    assert refusal.value.details == {
        "causes": [
            {
                "reason": "DisruptionBudget",
                "message": "The disruption budget b needs 2 healthy pods and has 2 currently",
            }
        ]
    }


def test_an_eviction_under_a_budget_that_is_not_looked_at_yet_is_to_come_back(world: Any) -> None:
    world.deployment(replicas=2)
    world.run(10)
    budget(world, minAvailable=1)
    world.patch("poddisruptionbudgets.policy", "b", {"spec": {"minAvailable": 2}})
    with pytest.raises(ApiError) as refusal:
        evict(world, world.names("pods")[0])
    assert (refusal.value.details or {})["retryAfterSeconds"] == 10
    assert cause(refusal.value) == ("The disruption budget b is still being processed by the server.")


def test_a_pod_under_two_budgets_cannot_be_evicted(world: Any) -> None:
    world.deployment(replicas=2)
    world.run(10)
    budget(world, minAvailable=1)
    budget(world, "other", minAvailable=1)
    with pytest.raises(ApiError) as refusal:
        evict(world, world.names("pods")[0])
    assert (refusal.value.code, refusal.value.message) == (
        500, "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support."
    )  # fmt: skip


def test_a_pod_that_does_not_run_or_has_no_budget_just_goes(world: Any) -> None:
    budget(world, minAvailable=5)
    world.pod("free", {"app": "free"})
    container = {"name": "c", "image": "nginx:1.25", "resources": {"requests": {"cpu": "40"}}}
    meta = {"name": "pending", "namespace": "default", "labels": {"app": "d"}}
    world.client.create(
        "pods", {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": {"containers": [container]}}
    )
    world.run(5)
    evict(world, "free")
    evict(world, "pending")
    world.run(40)
    assert world.names("pods") == []


@pytest.mark.parametrize(("policy", "goes"), [(None, False), ("IfHealthyBudget", False), ("AlwaysAllow", True)])
def test_a_pod_that_is_not_ready_goes_when_the_policy_says_so(make_world: Any, policy: str | None, goes: bool) -> None:
    world = make_world()
    world.deployment(replicas=2)
    world.run(10)
    budget(world, minAvailable=2, **({"unhealthyPodEvictionPolicy": policy} if policy else {}))
    name = world.names("pods")[0]
    pod = world.get("pods", name)
    # Its kubelet would say at once that it is ready.
    world.cluster.inject(Fault("Stop", f"kubelet/{pod['spec']['nodeName']}"))
    conditions = [{**c, "status": "False"} if c["type"] == "Ready" else c for c in pod["status"]["conditions"]]
    world.client.update_status("pods", {**pod, "status": {**pod["status"], "conditions": conditions}})
    world.run(0.5)
    if goes:
        evict(world, name)
        assert "deletionTimestamp" in world.get("pods", name)["metadata"]
    else:
        with pytest.raises(ApiError):
            evict(world, name)


def test_a_dry_run_changes_nothing(world: Any) -> None:
    world.deployment(replicas=3)
    world.run(10)
    budget(world, minAvailable=2)
    revision = world.cluster.revision
    evict(world, world.names("pods")[0], deleteOptions={"dryRun": ["All"]})
    assert world.cluster.revision == revision


def test_a_budget_without_pods_says_so_and_waits_for_nothing(world: Any) -> None:
    budget(world, minAvailable=1)
    assert "No matching pods found" in world.events("PodDisruptionBudget", "NoPods")
    assert numbers(world) == (0, 1, 0, 0)
    revision = world.cluster.revision
    world.run(600)
    assert world.cluster.revision == revision


def test_an_eviction_of_the_version_before_is_taken(make_world: Any) -> None:
    world = make_world()
    world.deployment(replicas=1)
    world.run(10)
    name = world.names("pods")[0]
    body = {"apiVersion": "policy/v1beta1", "kind": "Eviction", "metadata": {"name": name, "namespace": "default"}}
    world.client.request("create", "pods", "default", name, subresource="eviction", body=body)
    world.run(3)
    assert name not in world.names("pods")
