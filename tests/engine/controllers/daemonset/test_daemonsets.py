"""DaemonSets in a running cluster: placement, roll-out, roll-back, history."""

from __future__ import annotations

from typing import Any

import pytest

from cluster_engine.controllers.common.pods import is_pod_ready


def daemon_set(world: Any, **spec: Any) -> Any:
    template = {"metadata": {"labels": {"app": "agent"}}, "spec": {"containers": [{"name": "c", "image": "agent:1"}]}}
    body = {"selector": {"matchLabels": {"app": "agent"}}, "template": template, **spec}
    return world._create("daemonsets.apps", "DaemonSet", "agent", body)


def status(world: Any) -> dict[str, Any]:
    return dict(world.get("daemonsets.apps", "agent")["status"])


def on_nodes(world: Any) -> list[str]:
    return sorted(pod["spec"]["nodeName"] for pod in world.list("pods"))


def test_each_node_gets_a_pod(world: Any) -> None:
    daemon_set(world)
    world.run(10)
    assert on_nodes(world) == ["k8s-node01", "k8s-node02", "k8s-node03"]
    assert status(world) == {
        "currentNumberScheduled": 3, "desiredNumberScheduled": 3, "numberAvailable": 3, "numberMisscheduled": 0,
        "numberReady": 3, "observedGeneration": 1, "updatedNumberScheduled": 3,
    }  # fmt: skip
    names = world.names("pods")
    assert sorted(world.events("DaemonSet")) == sorted(f"Created pod: {name}" for name in names)
    labels = world.list("pods")[0]["metadata"]["labels"]
    (revision,) = world.list("controllerrevisions.apps")
    assert labels["pod-template-generation"] == "1"
    assert f"agent-{labels['controller-revision-hash']}" == revision["metadata"]["name"]
    assert list(world.cluster.trace.faults) == []


def test_a_new_node_gets_a_pod_and_a_cordoned_one_keeps_its_own(world: Any) -> None:
    daemon_set(world)
    world.run(10)
    world.client.patch("nodes", "k8s-node02", {"spec": {"unschedulable": True}}, patch_type="merge")
    node = world.client.get("nodes", "k8s-node01")
    kept = {field: node["status"][field] for field in ("allocatable", "capacity", "conditions", "nodeInfo")}
    world.client.create("nodes", {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n4"}, "status": kept})
    world.run(10)
    assert on_nodes(world) == ["k8s-node01", "k8s-node02", "k8s-node03", "n4"]
    assert status(world)["desiredNumberScheduled"] == 4


def test_a_pod_that_is_deleted_comes_back_on_its_node(world: Any) -> None:
    daemon_set(world)
    world.run(10)
    victim = world.list("pods")[0]
    world.client.delete("pods", victim["metadata"]["name"], "default")
    world.run(10)
    assert on_nodes(world) == ["k8s-node01", "k8s-node02", "k8s-node03"]
    assert victim["metadata"]["name"] not in world.names("pods")


def test_a_selector_of_the_template_takes_pods_off_other_nodes(world: Any) -> None:
    daemon_set(world)
    world.run(10)
    world.client.patch("nodes", "k8s-node03", {"metadata": {"labels": {"skip": "1"}}}, patch_type="merge")
    world.patch("daemonsets.apps", "agent", {"spec": {"template": {"spec": {"nodeSelector": {"skip": "1"}}}}})
    world.run(30)
    assert on_nodes(world) == ["k8s-node03"]
    world.client.patch("nodes", "k8s-node01", {"metadata": {"labels": {"skip": "1"}}}, patch_type="merge")
    world.run(10)
    assert on_nodes(world) == ["k8s-node01", "k8s-node03"]


@pytest.mark.parametrize(
    "rolling", [{"maxUnavailable": 1}, {"maxUnavailable": 2}, {"maxSurge": 1, "maxUnavailable": 0}]
)
def test_a_new_image_rolls_out_within_the_bounds(world: Any, rolling: dict[str, int]) -> None:
    daemon_set(world, updateStrategy={"type": "RollingUpdate", "rollingUpdate": rolling})
    world.run(10)
    fewest, most = [3], [3]

    def watch(_type: str, _pod: Any) -> None:
        live = [p for p in world.list("pods") if "deletionTimestamp" not in p["metadata"]]
        ready = [pod for pod in live if is_pod_ready(pod)]
        fewest.append(len(ready))
        most.append(len(live))

    world.watch("pods", watch)
    world.set_image("daemonsets.apps", "agent", "agent:2")
    world.run(60)
    assert {pod["spec"]["containers"][0]["image"] for pod in world.list("pods")} == {"agent:2"}
    assert min(fewest) == 3 - rolling["maxUnavailable"]
    assert max(most) == 3 + rolling.get("maxSurge", 0)
    assert status(world)["updatedNumberScheduled"] == 3
    assert [one["revision"] for one in world.list("controllerrevisions.apps")] in ([1, 2], [2, 1])
    assert list(world.cluster.trace.faults) == []


def test_on_delete_changes_nothing_until_a_pod_is_deleted(world: Any) -> None:
    daemon_set(world, updateStrategy={"type": "OnDelete"})
    world.run(10)
    world.set_image("daemonsets.apps", "agent", "agent:2")
    world.run(30)
    assert {pod["spec"]["containers"][0]["image"] for pod in world.list("pods")} == {"agent:1"}
    world.client.delete("pods", world.names("pods")[0], "default")
    world.run(10)
    images = sorted(pod["spec"]["containers"][0]["image"] for pod in world.list("pods"))
    assert images == ["agent:1", "agent:1", "agent:2"]
    assert status(world)["updatedNumberScheduled"] == 1


def test_going_back_to_a_template_gives_its_revision_the_highest_number(world: Any) -> None:
    daemon_set(world)
    world.run(10)
    for image in ("agent:2", "agent:1"):
        world.set_image("daemonsets.apps", "agent", image)
        world.run(60)
    found = {
        one["data"]["spec"]["template"]["spec"]["containers"][0]["image"]: one["revision"]
        for one in world.list("controllerrevisions.apps")
    }
    assert found == {"agent:1": 3, "agent:2": 2}


def test_only_so_many_old_revisions_are_kept(world: Any) -> None:
    daemon_set(world, revisionHistoryLimit=1)
    world.run(10)
    for index in range(2, 5):
        world.set_image("daemonsets.apps", "agent", f"agent:{index}")
        world.run(60)
    assert sorted(one["revision"] for one in world.list("controllerrevisions.apps")) == [3, 4]


def test_orphans_that_match_are_adopted_on_their_node(world: Any) -> None:
    world.pod("orphan", {"app": "agent"})
    world.run(5)
    ds = daemon_set(world)
    world.run(30)
    assert len(world.names("pods")) == 3
    owners = {pod["metadata"]["ownerReferences"][0]["uid"] for pod in world.list("pods")}
    assert owners == {ds["metadata"]["uid"]}
