"""Tables for the rules of StatefulSets: how many at once, which claims stay, where ordinals start, what gets stuck."""

from __future__ import annotations

from typing import Any

import pytest

from cluster_engine.apimachinery.errors import ApiError
from cluster_engine.controllers.statefulset import util

CLAIM = {
    "metadata": {"name": "www"},
    "spec": {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": "1Gi"}},
        "storageClassName": "standard",
    },
}


def rolling(**fields: Any) -> dict[str, Any]:
    return {"updateStrategy": {"type": "RollingUpdate", "rollingUpdate": fields}}


# maxUnavailable, as with the feature gate MaxUnavailableStatefulSet.


@pytest.mark.parametrize(
    ("value", "replicas", "expected"),
    [
        (None, 5, None),
        (1, 5, 1),
        (3, 5, 3),
        (9, 5, 9),
        # A percentage is rounded down, and one may always go.
        ("30%", 10, 3),
        ("39%", 10, 3),
        ("30%", 3, 1),
        ("30%", 0, 1),
        ("100%", 4, 4),
    ],
)
def test_how_many_pods_an_update_may_take_at_once(value, replicas, expected):
    strategy = {"rollingUpdate": {} if value is None else {"maxUnavailable": value}}
    assert util.max_unavailable_of({"spec": {"replicas": replicas, "updateStrategy": strategy}}) == expected


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0, 'intstr.IntOrString{Type:0, IntVal:0, StrVal:""}: cannot be 0'),
        ("0%", 'intstr.IntOrString{Type:1, IntVal:0, StrVal:"0%"}: cannot be 0'),
        (-1, "-1: must be greater than or equal to 0"),
        ("101%", 'intstr.IntOrString{Type:1, IntVal:0, StrVal:"101%"}: must not be greater than 100%'),
        ("some", 'intstr.IntOrString{Type:1, IntVal:0, StrVal:"some"}: a valid percent string must be a numeric'),
    ],
)
def test_what_is_no_number_of_pods_is_refused(world, value, words):
    with pytest.raises(ApiError) as error:
        world.stateful_set(**rolling(maxUnavailable=value))
    assert f"spec.updateStrategy.rollingUpdate.maxUnavailable: Invalid value: {words}" in error.value.message


@pytest.mark.parametrize("policy", ["OrderedReady", "Parallel"])
@pytest.mark.parametrize(("value", "most"), [(1, 1), (2, 2), ("60%", 3), (5, 5)])
def test_an_update_takes_so_many_from_the_last_ordinal_down(world, policy, value, most):
    world.stateful_set(replicas=5, podManagementPolicy=policy, **rolling(maxUnavailable=value))
    world.run(30)
    gone: list[str] = []
    away: list[int] = []

    def tell(type_: str, pod: dict[str, Any]) -> None:
        if "deletionTimestamp" in pod["metadata"] and pod["metadata"]["name"] not in gone:
            gone.append(pod["metadata"]["name"])

    world.watch("pods", tell)
    world.set_image("statefulsets.apps", "web", "nginx:1.26")
    for _ in range(300):
        world.run(0.1)
        away.append(5 - sum(_is_ready(pod) for pod in world.list("pods")))
    assert gone == [f"web-{ordinal}" for ordinal in (4, 3, 2, 1, 0)]
    assert max(away) == most
    status = world.get("statefulsets.apps", "web")["status"]
    assert (status["updatedReplicas"], status["readyReplicas"]) == (5, 5)
    assert status["currentRevision"] == status["updateRevision"]


def _is_ready(pod: dict[str, Any]) -> bool:
    conditions = {one["type"]: one["status"] for one in pod["status"].get("conditions", [])}
    return conditions.get("Ready") == "True" and "deletionTimestamp" not in pod["metadata"]


def test_pods_that_are_broken_count_among_those_that_may_be_away(world):
    """Two may be away and one is: one more goes, although the broken one is below it."""
    world.stateful_set(replicas=4, podManagementPolicy="Parallel", **rolling(maxUnavailable=2))
    world.run(20)
    world.patch("pods", "web-1", {"status": {}})
    pod = world.get("pods", "web-1")
    others = [one for one in pod["status"]["conditions"] if one["type"] != "Ready"]
    ready = next(one for one in pod["status"]["conditions"] if one["type"] == "Ready")
    world.cluster.kubelets[pod["spec"]["nodeName"]].stop()
    broken = {**pod, "status": {**pod["status"], "conditions": [*others, {**ready, "status": "False"}]}}
    world.client.update_status("pods", broken)
    world.set_image("statefulsets.apps", "web", "nginx:1.26")
    world.run(0.2)
    going = [one["metadata"]["name"] for one in world.list("pods") if "deletionTimestamp" in one["metadata"]]
    assert going == ["web-3"]


def test_the_partition_holds_with_several_at_once_too(world):
    world.stateful_set(replicas=4, **rolling(maxUnavailable=4, partition=2))
    world.run(20)
    world.set_image("statefulsets.apps", "web", "nginx:1.26")
    world.run(30)
    images = {p["metadata"]["name"]: p["spec"]["containers"][0]["image"] for p in world.list("pods")}
    assert images == {"web-0": "nginx:1.25", "web-1": "nginx:1.25", "web-2": "nginx:1.26", "web-3": "nginx:1.26"}


# What becomes of claims.


@pytest.mark.parametrize(
    ("when_scaled", "when_deleted", "after_scaling", "after_deleting"),
    [
        ("Retain", "Retain", [0, 1, 2], [0, 1, 2]),
        ("Delete", "Retain", [0], [0]),
        ("Retain", "Delete", [0, 1, 2], []),
        ("Delete", "Delete", [0], []),
    ],
)
def test_the_retention_policy_says_which_claims_stay(world, when_scaled, when_deleted, after_scaling, after_deleting):
    """Claims that scaling down has left behind still are the set's, and go with it where deleted ones go."""
    policy = {"whenScaled": when_scaled, "whenDeleted": when_deleted}
    world.stateful_set(replicas=3, volumeClaimTemplates=[CLAIM], persistentVolumeClaimRetentionPolicy=policy)
    world.run(30)
    assert world.names("persistentvolumeclaims") == [f"www-web-{ordinal}" for ordinal in range(3)]
    world.scale("statefulsets.apps", "web", 1)
    world.run(30)
    assert world.names("persistentvolumeclaims") == [f"www-web-{ordinal}" for ordinal in after_scaling]
    world.client.delete("statefulsets.apps", "web", "default")
    world.run(30)
    assert world.names("persistentvolumeclaims") == [f"www-web-{ordinal}" for ordinal in after_deleting]


def test_a_claim_is_found_again_by_the_pod_of_its_ordinal(world):
    world.stateful_set(replicas=2, volumeClaimTemplates=[CLAIM])
    world.run(30)
    volume = world.get("persistentvolumeclaims", "www-web-1")["spec"]["volumeName"]
    world.scale("statefulsets.apps", "web", 1)
    world.run(20)
    world.scale("statefulsets.apps", "web", 2)
    world.run(20)
    assert world.get("persistentvolumeclaims", "www-web-1")["spec"]["volumeName"] == volume
    assert world.get("statefulsets.apps", "web")["status"]["readyReplicas"] == 2


# Where ordinals start.


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ((0, 3), (2, 3), ["web-2", "web-3", "web-4"]),
        ((2, 3), (0, 3), ["web-0", "web-1", "web-2"]),
        ((0, 2), (5, 2), ["web-5", "web-6"]),
    ],
)
def test_pods_follow_when_the_first_ordinal_moves(world, before, after, expected):
    world.stateful_set(replicas=before[1], ordinals={"start": before[0]})
    world.run(30)
    world.patch("statefulsets.apps", "web", {"spec": {"ordinals": {"start": after[0]}, "replicas": after[1]}})
    world.run(60)
    assert world.names("pods") == expected
    assert world.get("statefulsets.apps", "web")["status"]["readyReplicas"] == len(expected)


# kubernetes#67250.


def test_a_broken_update_is_waited_for_even_when_the_template_is_right_again(make_world):
    world = make_world(registry="catalogue", start_seconds=None, stop_seconds=None)
    world.stateful_set(replicas=3)
    world.run(60)
    world.set_image("statefulsets.apps", "web", "nginx:no-such-tag")
    world.run(60)
    world.set_image("statefulsets.apps", "web", "nginx:1.25")
    world.run(300)
    images = {p["metadata"]["name"]: p["spec"]["containers"][0]["image"] for p in world.list("pods")}
    assert images == {"web-0": "nginx:1.25", "web-1": "nginx:1.25", "web-2": "nginx:no-such-tag"}
    world.client.delete("pods", "web-2", "default")
    world.run(60)
    assert world.get("statefulsets.apps", "web")["status"]["readyReplicas"] == 3


def test_a_parallel_set_does_not_get_stuck_there(make_world):
    world = make_world(registry="catalogue", start_seconds=None, stop_seconds=None)
    world.stateful_set(replicas=3, podManagementPolicy="Parallel")
    world.run(60)
    world.set_image("statefulsets.apps", "web", "nginx:no-such-tag")
    world.run(60)
    world.set_image("statefulsets.apps", "web", "nginx:1.26")
    world.run(120)
    assert {p["spec"]["containers"][0]["image"] for p in world.list("pods")} == {"nginx:1.26"}


def test_min_ready_seconds_hold_up_each_step_of_an_update(world):
    world.stateful_set(replicas=2, minReadySeconds=10)
    world.run(60)
    world.set_image("statefulsets.apps", "web", "nginx:1.26")
    world.run(8)
    images = [p["spec"]["containers"][0]["image"] for p in world.list("pods")]
    assert images == ["nginx:1.25", "nginx:1.26"]
    world.run(20)
    assert {p["spec"]["containers"][0]["image"] for p in world.list("pods")} == {"nginx:1.26"}
