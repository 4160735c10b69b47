"""ReplicationControllers in a running cluster."""

from __future__ import annotations

from typing import Any


def replication_controller(world: Any, replicas: int) -> Any:
    template = {"metadata": {"labels": {"app": "old"}}, "spec": {"containers": [{"name": "c", "image": "nginx:1.25"}]}}
    meta = {"name": "old", "namespace": "default"}
    spec = {"replicas": replicas, "selector": {"app": "old"}, "template": template}
    body = {"apiVersion": "v1", "kind": "ReplicationController", "metadata": meta, "spec": spec}
    return world.client.create("replicationcontrollers", body)


def test_it_keeps_the_number_of_its_pods_and_reports_it(world: Any) -> None:
    rc = replication_controller(world, 2)
    world.run(10)
    assert world.get("replicationcontrollers", "old")["status"] == {
        "replicas": 2, "fullyLabeledReplicas": 2, "readyReplicas": 2, "availableReplicas": 2, "observedGeneration": 1
    }  # fmt: skip
    owner = world.list("pods")[0]["metadata"]["ownerReferences"][0]
    assert (owner["kind"], owner["apiVersion"], owner["uid"]) == ("ReplicationController", "v1", rc["metadata"]["uid"])
    world.scale("replicationcontrollers", "old", 1)
    world.run(10)
    (left,) = world.names("pods")
    messages = world.events("ReplicationController")
    assert messages.count(f"Created pod: {left}") == 1
    assert [message for message in messages if message.startswith("Deleted pod: ")] != []


def test_it_adopts_matching_orphans_and_releases_pods_that_no_longer_match(world: Any) -> None:
    world.pod("orphan", {"app": "old"})
    world.run(5)
    replication_controller(world, 1)
    world.run(5)
    assert world.names("pods") == ["orphan"]
    world.patch("pods", "orphan", {"metadata": {"labels": {"app": "free"}}})
    world.run(10)
    assert not world.get("pods", "orphan")["metadata"].get("ownerReferences")
    assert len(world.names("pods")) == 2


def test_a_replica_set_with_the_same_labels_leaves_its_pods_alone(world: Any) -> None:
    replication_controller(world, 2)
    world.run(10)
    world.replica_set("old", 1)
    world.run(10)
    kinds = [pod["metadata"]["ownerReferences"][0]["kind"] for pod in world.list("pods")]
    assert sorted(kinds) == ["ReplicaSet", "ReplicationController", "ReplicationController"]
