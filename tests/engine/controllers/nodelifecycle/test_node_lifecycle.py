"""Nodes whose kubelet is silent or not ready, in a whole cluster."""

from __future__ import annotations

import pytest

from tests.engine.cluster_tools import Playground

LEASES, NODE_LEASES = "leases.coordination.k8s.io", "kube-node-lease"


@pytest.fixture
def playground() -> Playground:
    made = Playground(nodes=2)
    made.pod(spec={"nodeName": "k8s-node02"})
    made.run(5)
    return made


def silence(playground: Playground, node: str) -> None:
    """The kubelet stops: its lease shows the time of its last heartbeat from now on."""
    spec = {"renewTime": playground.cluster.clock.rfc3339_micro()}
    playground.client.patch(LEASES, node, {"spec": spec}, NODE_LEASES, patch_type="merge")


def taints(playground: Playground, node: str) -> list[tuple[str, str]]:
    return [(t["key"], t["effect"]) for t in playground.get("nodes", node)["spec"].get("taints", [])]


def test_the_lease_of_a_living_node_is_never_old(playground):
    playground.run(300)
    renewed = playground.get(LEASES, "k8s-node01", NODE_LEASES)["spec"]["renewTime"]
    assert renewed == "2026-01-01T00:05:00.000000Z"
    assert playground.condition("nodes", "k8s-node01", "Ready")["status"] == "True"


def test_a_silent_node_is_unknown_after_forty_seconds_and_tainted(playground):
    silence(playground, "k8s-node02")
    playground.run(39)
    assert playground.condition("nodes", "k8s-node02", "Ready")["status"] == "True"
    playground.run(2)
    ready = playground.condition("nodes", "k8s-node02", "Ready")
    assert (ready["status"], ready["reason"], ready["message"]) == (
        "Unknown",
        "NodeStatusUnknown",
        "Kubelet stopped posting node status.",
    )
    assert taints(playground, "k8s-node02") == [
        ("node.kubernetes.io/unreachable", "NoSchedule"),
        ("node.kubernetes.io/unreachable", "NoExecute"),
    ]
    assert taints(playground, "k8s-node01") == []
    assert playground.events("k8s-node02")[-1] == ("NodeNotReady", "Node k8s-node02 status is now: NodeNotReady")


def test_the_pods_of_a_silent_node_are_not_ready(playground):
    silence(playground, "k8s-node02")
    playground.run(41)
    assert playground.condition("pods", "p", "Ready")["status"] == "False"
    assert playground.events("p")[-1] == ("NodeNotReady", "Node is not ready")


def test_a_node_that_says_that_it_is_not_ready_gets_the_other_taint(playground):
    node = playground.get("nodes", "k8s-node01")
    conditions = [{**c, "status": "False"} if c["type"] == "Ready" else c for c in node["status"]["conditions"]]
    playground.client.update_status("nodes", {**node, "status": {**node["status"], "conditions": conditions}})
    playground.run(1)
    assert taints(playground, "k8s-node01") == [
        ("node.kubernetes.io/not-ready", "NoSchedule"),
        ("node.kubernetes.io/not-ready", "NoExecute"),
    ]
    playground.client.update_status("nodes", {**node, "metadata": {**node["metadata"], "resourceVersion": ""}})
    playground.run(1)
    assert taints(playground, "k8s-node01") == []
