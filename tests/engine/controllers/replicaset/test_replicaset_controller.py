"""ReplicaSets in a running cluster: numbers, adoption, release, refusal, and what a sync costs."""

from __future__ import annotations

from typing import Any


def status(world: Any, name: str = "rs") -> dict[str, Any]:
    return dict(world.get("replicasets.apps", name)["status"])


def test_pods_are_created_and_told_of(world: Any) -> None:
    rs = world.replica_set()
    world.run(10)
    pods = world.list("pods")
    assert len(pods) == 3
    assert sorted(world.events("ReplicaSet")) == sorted(f"Created pod: {pod['metadata']['name']}" for pod in pods)
    for pod in pods:
        assert pod["metadata"]["generateName"] == "rs-"
        assert pod["metadata"]["ownerReferences"] == [
            {
                "apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "rs", "uid": rs["metadata"]["uid"],
                "controller": True, "blockOwnerDeletion": True,
            }
        ]
    assert status(world) == {
        "replicas": 3, "fullyLabeledReplicas": 3, "readyReplicas": 3, "availableReplicas": 3, "observedGeneration": 1
    }


def test_scaling_down_deletes_the_pods_that_are_worth_least(world: Any) -> None:
    world.replica_set(replicas=4)
    world.run(10)
    keep, cheap, *_ = world.names("pods")
    for name, cost in ((keep, "100"), (cheap, "-100")):
        world.patch("pods", name, {"metadata": {"annotations": {"controller.kubernetes.io/pod-deletion-cost": cost}}})
    world.scale("replicasets.apps", "rs", 3)
    world.run(10)
    assert world.events("ReplicaSet", "SuccessfulDelete") == [f"Deleted pod: {cheap}"]
    world.scale("replicasets.apps", "rs", 1)
    world.run(10)
    assert world.names("pods") == [keep]
    assert status(world)["replicas"] == 1


def test_a_pod_that_is_deleted_is_replaced_at_once_while_it_terminates(world: Any) -> None:
    world.replica_set(replicas=1)
    world.run(10)
    (name,) = world.names("pods")
    world.client.delete("pods", name, "default")
    world.run(0.1)
    assert len(world.names("pods")) == 2
    assert status(world)["replicas"] == 1
    world.run(10)
    assert name not in world.names("pods")


def test_a_finished_pod_is_replaced_and_stays(world: Any) -> None:
    world.replica_set(replicas=1)
    world.run(10)
    (pod,) = world.list("pods")
    world.client.update_status("pods", {**pod, "status": {**pod["status"], "phase": "Failed"}})
    world.run(10)
    assert len(world.names("pods")) == 2
    assert status(world)["replicas"] == 1


def test_matching_orphans_are_adopted_before_pods_are_created(world: Any) -> None:
    world.pod("orphan", {"app": "rs"})
    world.pod("stranger", {"app": "other"})
    world.run(5)
    rs = world.replica_set(replicas=2)
    world.run(10)
    assert len(world.names("pods")) == 3
    (owner,) = world.get("pods", "orphan")["metadata"]["ownerReferences"]
    assert owner["uid"] == rs["metadata"]["uid"]
    assert "ownerReferences" not in world.get("pods", "stranger")["metadata"]


def test_an_orphan_too_many_is_adopted_and_one_pod_goes(world: Any) -> None:
    world.replica_set(replicas=2)
    world.run(10)
    world.pod("orphan", {"app": "rs"})
    world.run(10)
    # The youngest goes: it had not even been scheduled.
    assert "orphan" not in world.names("pods")
    assert len(world.names("pods")) == 2


def test_a_pod_whose_labels_no_longer_match_is_released_and_replaced(world: Any) -> None:
    world.replica_set(replicas=2)
    world.run(10)
    name = world.names("pods")[0]
    world.patch("pods", name, {"metadata": {"labels": {"app": "debug"}}})
    world.run(10)
    assert world.get("pods", name)["metadata"].get("ownerReferences", []) == []
    assert len(world.names("pods")) == 3
    assert status(world)["replicas"] == 2


def test_a_pod_without_a_label_of_the_template_is_kept_and_not_fully_labelled(world: Any) -> None:
    labels = {"app": "rs", "tier": "web"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "c", "image": "nginx:1.25"}]}}
    world.replica_set(replicas=2, template=template)
    world.run(10)
    name = world.names("pods")[0]
    world.patch("pods", name, {"metadata": {"labels": {"tier": None}}})
    world.run(5)
    assert len(world.names("pods")) == 2
    assert (status(world)["replicas"], status(world)["fullyLabeledReplicas"]) == (2, 1)


def test_a_refusal_becomes_a_condition_and_an_event_and_goes_when_pods_are_let_in(world: Any) -> None:
    template = {
        "metadata": {"labels": {"app": "rs"}},
        "spec": {"serviceAccountName": "nobody", "containers": [{"name": "c", "image": "nginx:1.25"}]},
    }
    world.replica_set(replicas=3, template=template)
    world.run(0.001)
    (condition,) = status(world)["conditions"]
    assert (condition["type"], condition["status"], condition["reason"]) == ("ReplicaFailure", "True", "FailedCreate")
    why = 'is forbidden: error looking up service account default/nobody: serviceaccount "nobody" not found'
    assert condition["message"].startswith('pods "rs-')
    assert condition["message"].endswith(why)
    # Slow start: the first refusal ends the attempt, so three missing pods make one event.
    assert f"Error creating: {condition['message']}" in world.events("ReplicaSet", "FailedCreate")
    world.client.create(
        "serviceaccounts",
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "nobody", "namespace": "default"}},
    )
    world.run(30)
    assert "conditions" not in status(world)
    assert status(world)["availableReplicas"] == 3


def test_a_replica_set_that_is_being_deleted_makes_no_pods(world: Any) -> None:
    rs = world.replica_set(replicas=1)
    world.patch("replicasets.apps", "rs", {"metadata": {"finalizers": ["example.com/wait"]}})
    world.run(5)
    world.client.delete("replicasets.apps", "rs", "default", propagation_policy="Orphan", uid=rs["metadata"]["uid"])
    for name in world.names("pods"):
        world.client.delete("pods", name, "default", grace_period_seconds=0)
    world.run(5)
    assert world.names("pods") == []


def test_min_ready_seconds_count_from_when_each_pod_became_ready(world: Any) -> None:
    world.replica_set(replicas=2, minReadySeconds=5)
    world.run(4)
    assert (status(world)["readyReplicas"], "availableReplicas" in status(world)) == (2, False)
    world.run(6)
    assert status(world)["availableReplicas"] == 2


def test_the_status_is_written_once_for_all_that_happened_in_one_moment(world: Any) -> None:
    writes = []
    world.watch("replicasets.apps", lambda type_, rs: writes.append(rs["status"].get("replicas")))
    world.replica_set(replicas=50)
    world.run(0.1)
    # Created with 0, observed with 0, and then all fifty pods at once.
    assert writes == [0, 0, 50]


def test_the_running_counts_agree_with_the_pods_after_every_change(make_world: Any) -> None:
    world = make_world(seed=7)
    world.replica_set(replicas=6)
    world.run(10)
    controller = world.cluster.components["replicaset-controller"]
    names = world.names("pods")
    world.patch("pods", names[0], {"metadata": {"labels": {"app": "debug"}}})
    world.client.delete("pods", names[1], "default")
    world.scale("replicasets.apps", "rs", 3)
    for _ in range(200):
        world.run(0.02)
        rs = world.get("replicasets.apps", "rs")
        pods = [
            pod
            for pod in world.list("pods")
            if any(owner["uid"] == rs["metadata"]["uid"] for owner in pod["metadata"].get("ownerReferences", []))
            and "deletionTimestamp" not in pod["metadata"]
        ]
        ready = [
            pod for pod in pods
            if any(c["type"] == "Ready" and c["status"] == "True" for c in pod["status"].get("conditions", []))
        ]
        counts = controller.tally.of(rs["metadata"]["uid"], rs["spec"]["template"]["metadata"]["labels"])
        assert (counts.active, counts.ready) == (len(pods), len(ready))
    assert counts.active == 3


def test_a_missing_pod_is_no_error_for_a_scale_down(world: Any) -> None:
    world.replica_set(replicas=2)
    world.run(10)
    world.scale("replicasets.apps", "rs", 0)
    for name in world.names("pods"):
        world.client.delete("pods", name, "default", grace_period_seconds=0)
    world.run(5)
    assert status(world)["replicas"] == 0
    assert world.names("pods") == []
    assert world.events("ReplicaSet", "FailedDelete") == []
