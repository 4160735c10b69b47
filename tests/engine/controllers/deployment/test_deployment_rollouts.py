"""Deployments in a running cluster: rollouts, scaling, pauses, history, adoption, failure."""

from __future__ import annotations

import re
from typing import Any

import pytest

from cluster_engine.apimachinery.errors import ApiError
from cluster_engine.controllers.deployment.util import resolve_fenceposts

REVISION = "deployment.kubernetes.io/revision"


def strategy(surge: int | str, unavailable: int | str) -> dict[str, Any]:
    return {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": surge, "maxUnavailable": unavailable}}


def scalings(world: Any) -> list[str]:
    """`+new 2`, `-old 1`: what the events say of a rollout, the first ReplicaSet being the old one."""
    form = re.compile(r"Scaled (up|down) replica set (\S+) from \d+ to (\d+)")
    told = [found.groups() for text in world.events("Deployment") if (found := form.fullmatch(text))]
    old = told[0][1]
    return [f"{'+' if verb == 'up' else '-'}{'old' if name == old else 'new'} {size}" for verb, name, size in told]


# As recorded on a real cluster, where the order does not hang on which pod is ready first.
RECORDED = [
    (1, 1, 0, "+old 1, +new 1, -old 0"),
    (2, 0, "30%", "+old 2, -old 1, +new 1, -old 0, +new 2"),
    (2, "25%", "25%", "+old 2, +new 1, -old 1, +new 2, -old 0"),
    (2, 3, "40%", "+old 2, +new 2, -old 1, -old 0"),
    (4, 1, 0, "+old 4, +new 1, -old 3, +new 2, -old 2, +new 3, -old 1, +new 4, -old 0"),
    (4, "25%", "25%", "+old 4, +new 1, -old 3, +new 2, -old 2, +new 3, -old 1, +new 4, -old 0"),
    (4, "100%", "0%", "+old 4, +new 4, -old 3, -old 2, -old 1, -old 0"),
]


@pytest.mark.parametrize(("replicas", "surge", "unavailable", "expected"), RECORDED)
def test_a_rolling_update_goes_up_and_down_as_recorded(
    world: Any, replicas: int, surge: int | str, unavailable: int | str, expected: str
) -> None:
    world.deployment(replicas=replicas, strategy=strategy(surge, unavailable))
    world.run(20)
    world.set_image("deployments.apps", "d", "nginx:1.26")
    world.run(60)
    assert ", ".join(scalings(world)) == expected


@pytest.mark.parametrize(
    ("replicas", "surge", "unavailable", "start"),
    [
        (3, "25%", "25%", ["+old 3", "+new 1"]),
        (5, "25%", "25%", ["+old 5", "+new 2", "-old 4", "+new 3"]),
        (7, 0, "30%", ["+old 7", "-old 5", "+new 2"]),
        (10, 3, "40%", ["+old 10", "+new 3", "-old 6", "+new 7"]),
        (10, "100%", "0%", ["+old 10", "+new 10"]),
        (10, 0, 1, ["+old 10", "-old 9", "+new 1"]),
    ],
)
def test_a_rolling_update_never_leaves_its_limits(
    world: Any, replicas: int, surge: int | str, unavailable: int | str, start: list[str]
) -> None:
    world.deployment(replicas=replicas, strategy=strategy(surge, unavailable))
    world.run(20)
    most, least = resolve_fenceposts(surge, unavailable, replicas)
    sizes: dict[str, int] = {rs["metadata"]["name"]: rs["spec"]["replicas"] for rs in world.list("replicasets.apps")}
    ready = set(world.names("pods"))

    def on_replica_set(type_: str, rs: dict[str, Any]) -> None:
        sizes[rs["metadata"]["name"]] = rs["spec"]["replicas"]
        assert sum(sizes.values()) <= replicas + most

    def on_pod(type_: str, pod: dict[str, Any]) -> None:
        conditions = {one["type"]: one["status"] for one in pod["status"].get("conditions", [])}
        there = type_ != "DELETED" and "deletionTimestamp" not in pod["metadata"]
        name = pod["metadata"]["name"]
        (ready.add if there and conditions.get("Ready") == "True" else ready.discard)(name)
        assert len(ready) >= replicas - least

    world.watch("replicasets.apps", on_replica_set)
    world.watch("pods", on_pod)
    world.set_image("deployments.apps", "d", "nginx:1.26")
    world.run(120)
    assert scalings(world)[: len(start)] == start
    assert sorted(sizes.values()) == [0, replicas]
    assert world.conditions("deployments.apps", "d") == {
        "Available": ("True", "MinimumReplicasAvailable"),
        "Progressing": ("True", "NewReplicaSetAvailable"),
    }


def test_the_status_and_its_conditions_after_a_rollout(world: Any) -> None:
    world.deployment()
    world.run(20)
    d = world.get("deployments.apps", "d")
    (rs,) = world.list("replicasets.apps")
    name = rs["metadata"]["name"]
    counts = {field: value for field, value in d["status"].items() if field != "conditions"}
    assert counts == {
        "observedGeneration": 1, "replicas": 3, "updatedReplicas": 3, "readyReplicas": 3, "availableReplicas": 3
    }
    assert [(one["type"], one["status"], one["reason"], one["message"]) for one in d["status"]["conditions"]] == [
        ("Available", "True", "MinimumReplicasAvailable", "Deployment has minimum availability."),
        ("Progressing", "True", "NewReplicaSetAvailable", f'ReplicaSet "{name}" has successfully progressed.'),
    ]
    hash_ = rs["metadata"]["labels"]["pod-template-hash"]
    assert name == f"d-{hash_}"
    assert rs["spec"]["selector"] == {"matchLabels": {"app": "d", "pod-template-hash": hash_}}
    assert rs["spec"]["template"]["metadata"]["labels"] == {"app": "d", "pod-template-hash": hash_}
    assert rs["metadata"]["annotations"] == {
        "deployment.kubernetes.io/desired-replicas": "3",
        "deployment.kubernetes.io/max-replicas": "4",
        REVISION: "1",
    }
    assert d["metadata"]["annotations"][REVISION] == "1"
    assert all(pod["metadata"]["labels"] == {"app": "d", "pod-template-hash": hash_} for pod in world.list("pods"))


def test_rolling_back_gives_the_old_replica_set_a_new_revision_and_remembers_the_old(world: Any) -> None:
    world.deployment(replicas=1)
    world.run(10)
    for image in ("nginx:1.26", "nginx:1.25"):
        world.set_image("deployments.apps", "d", image)
        world.run(20)
    revisions = {
        rs["spec"]["template"]["spec"]["containers"][0]["image"]: (
            rs["metadata"]["annotations"][REVISION],
            rs["metadata"]["annotations"].get("deployment.kubernetes.io/revision-history"),
        )
        for rs in world.list("replicasets.apps")
    }
    assert revisions == {"nginx:1.25": ("3", "1"), "nginx:1.26": ("2", None)}
    assert world.get("deployments.apps", "d")["metadata"]["annotations"][REVISION] == "3"


def test_a_rollover_in_the_middle_takes_the_unfinished_pods_first(world: Any) -> None:
    world.deployment(replicas=5)
    world.run(20)
    world.set_image("deployments.apps", "d", "does-not:start")
    world.run(0.5)
    world.set_image("deployments.apps", "d", "nginx:1.27")
    world.run(120)
    sizes = {
        rs["spec"]["template"]["spec"]["containers"][0]["image"]: rs["spec"]["replicas"]
        for rs in world.list("replicasets.apps")
    }
    assert sizes == {"nginx:1.25": 0, "does-not:start": 0, "nginx:1.27": 5}


def test_recreate_starts_the_new_pods_when_the_last_old_one_is_gone(world: Any) -> None:
    world.deployment(strategy={"type": "Recreate"})
    world.run(20)
    images: set[str] = set()
    pods = {pod["metadata"]["name"]: "nginx:1.25" for pod in world.list("pods")}

    def on_pod(type_: str, pod: dict[str, Any]) -> None:
        image = pod["spec"]["containers"][0]["image"]
        pods[pod["metadata"]["name"]] = image
        if type_ == "DELETED":
            del pods[pod["metadata"]["name"]]
        images.add(image)
        assert len(set(pods.values())) <= 1

    world.watch("pods", on_pod)
    world.set_image("deployments.apps", "d", "nginx:1.26")
    world.run(60)
    assert images == {"nginx:1.25", "nginx:1.26"}
    assert scalings(world) == ["+old 3", "-old 0", "+new 3"]


def test_a_pause_in_the_middle_scales_in_proportion_and_resumes(world: Any) -> None:
    world.deployment(replicas=10, strategy=strategy(3, 2))
    world.run(20)
    world.set_image("deployments.apps", "d", "nginx:1.26")
    world.run(0.2)
    world.patch("deployments.apps", "d", {"spec": {"paused": True}})
    world.run(20)
    assert sorted(rs["spec"]["replicas"] for rs in world.list("replicasets.apps")) == [5, 8]
    assert world.conditions("deployments.apps", "d")["Progressing"] == ("Unknown", "DeploymentPaused")
    world.scale("deployments.apps", "d", 20)
    world.run(20)
    assert sorted(rs["spec"]["replicas"] for rs in world.list("replicasets.apps")) == [9, 14]
    world.scale("deployments.apps", "d", 7)
    world.run(20)
    assert sorted(rs["spec"]["replicas"] for rs in world.list("replicasets.apps")) == [4, 6]
    world.patch("deployments.apps", "d", {"spec": {"paused": False}})
    world.run(60)
    assert sorted(rs["spec"]["replicas"] for rs in world.list("replicasets.apps")) == [0, 7]
    assert world.conditions("deployments.apps", "d")["Progressing"] == ("True", "NewReplicaSetAvailable")


def test_only_the_latest_replica_sets_are_kept(world: Any) -> None:
    world.deployment(replicas=1, revisionHistoryLimit=1)
    for number in range(4):
        world.set_image("deployments.apps", "d", f"nginx:1.{number}")
        world.run(20)
    images = {rs["spec"]["template"]["spec"]["containers"][0]["image"] for rs in world.list("replicasets.apps")}
    assert images == {"nginx:1.2", "nginx:1.3"}


def test_a_rollout_that_makes_no_progress_runs_out_of_time(world: Any) -> None:
    world.deployment(replicas=1, progressDeadlineSeconds=30)
    world.run(20)
    world.patch(
        "deployments.apps", "d", {"spec": {"template": {"spec": {"nodeSelector": {"no": "such-node"}}}}}
    )
    world.run(20)
    assert world.conditions("deployments.apps", "d")["Progressing"] == ("True", "ReplicaSetUpdated")
    world.run(20)
    conditions = world.get("deployments.apps", "d")["status"]["conditions"]
    (condition,) = [one for one in conditions if one["type"] == "Progressing"]
    new = max(world.list("replicasets.apps"), key=lambda rs: int(rs["metadata"]["annotations"][REVISION]))
    assert (condition["status"], condition["reason"]) == ("False", "ProgressDeadlineExceeded")
    assert condition["message"] == f'ReplicaSet "{new["metadata"]["name"]}" has timed out progressing.'


def test_min_ready_seconds_keep_a_ready_pod_from_being_available(world: Any) -> None:
    world.deployment(replicas=2, minReadySeconds=10)
    world.run(8)
    status = world.get("deployments.apps", "d")["status"]
    assert (status.get("readyReplicas"), status.get("availableReplicas"), status["unavailableReplicas"]) == (2, None, 2)
    world.run(8)
    status = world.get("deployments.apps", "d")["status"]
    assert (status["availableReplicas"], status.get("unavailableReplicas")) == (2, None)


def test_an_orphaned_replica_set_is_adopted_with_its_pods(world: Any) -> None:
    world.deployment()
    world.run(20)
    (rs,) = world.list("replicasets.apps")
    pods = world.names("pods")
    world.patch("replicasets.apps", rs["metadata"]["name"], {"metadata": {"ownerReferences": None}})
    world.run(5)
    (rs,) = world.list("replicasets.apps")
    d = world.get("deployments.apps", "d")
    assert [owner["uid"] for owner in rs["metadata"]["ownerReferences"]] == [d["metadata"]["uid"]]
    assert world.names("pods") == pods


def test_a_replica_set_that_no_longer_matches_is_released_and_replaced(world: Any) -> None:
    world.deployment(replicas=1)
    world.run(20)
    (rs,) = world.list("replicasets.apps")
    world.patch("replicasets.apps", rs["metadata"]["name"], {"metadata": {"labels": {"app": "other"}}})
    world.run(5)
    released = world.get("replicasets.apps", rs["metadata"]["name"])
    assert released["metadata"].get("ownerReferences", []) == []
    # The released one still has the name, so the Deployment takes the next.
    assert world.get("deployments.apps", "d")["status"]["collisionCount"] == 1
    assert len(world.list("replicasets.apps")) == 2


def test_the_cause_of_a_change_is_copied_to_the_replica_set(world: Any) -> None:
    world.deployment(replicas=1)
    world.run(10)
    world.patch(
        "deployments.apps", "d", {"metadata": {"annotations": {"kubernetes.io/change-cause": "because"}}}
    )
    world.run(5)
    (rs,) = world.list("replicasets.apps")
    assert rs["metadata"]["annotations"]["kubernetes.io/change-cause"] == "because"


def test_scaling_to_nothing_and_back(world: Any) -> None:
    world.deployment()
    world.run(20)
    world.scale("deployments.apps", "d", 0)
    world.run(20)
    assert world.names("pods") == []
    assert world.conditions("deployments.apps", "d")["Available"] == ("True", "MinimumReplicasAvailable")
    world.scale("deployments.apps", "d", 2)
    world.run(20)
    assert len(world.names("pods")) == 2
    assert scalings(world) == ["+old 3", "-old 0", "+old 2"]


def test_pods_that_are_refused_are_reported_up_to_the_deployment(world: Any) -> None:
    world.deployment(replicas=1)
    template = {"spec": {"serviceAccountName": "nobody"}}
    world.patch("deployments.apps", "d", {"spec": {"template": template}})
    world.run(2)
    condition = next(
        one
        for one in world.get("deployments.apps", "d")["status"]["conditions"]
        if one["type"] == "ReplicaFailure"
    )
    assert (condition["status"], condition["reason"]) == ("True", "FailedCreate")
    assert condition["message"].endswith(
        'is forbidden: error looking up service account default/nobody: serviceaccount "nobody" not found'
    )
    world.client.create(
        "serviceaccounts",
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "nobody", "namespace": "default"}},
    )
    world.run(60)
    assert "ReplicaFailure" not in world.conditions("deployments.apps", "d")
    assert world.conditions("deployments.apps", "d")["Progressing"] == ("True", "NewReplicaSetAvailable")


def test_a_sync_may_run_at_any_time_and_changes_nothing_when_all_is_well(world: Any) -> None:
    world.deployment()
    world.run(20)
    before = world.cluster.revision
    world.patch("deployments.apps", "d", {"metadata": {"labels": {"touched": "yes"}}})
    world.run(20)
    assert world.cluster.revision == before + 1


def test_a_deployment_that_is_gone_is_no_error(world: Any) -> None:
    world.deployment()
    world.client.delete("deployments.apps", "d", "default", propagation_policy="Orphan")
    world.run(20)
    with pytest.raises(ApiError, match=r'deployments.apps "d" not found'):
        world.get("deployments.apps", "d")
