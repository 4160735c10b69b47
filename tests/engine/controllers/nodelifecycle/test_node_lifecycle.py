"""Nodes whose kubelet is silent or not ready, in a whole cluster."""

from __future__ import annotations

from typing import Any

import pytest

from cluster_engine.faults import Fault
from tests.engine.cluster_tools import Playground

LEASES, NODE_LEASES = "leases.coordination.k8s.io", "kube-node-lease"
NOT_READY, UNREACHABLE = "node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"


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


def answer(playground: Playground, node: str) -> None:
    """The kubelet is back: its lease is alive, and it reports that all is well."""
    playground.client.patch(LEASES, node, {"spec": {"renewTime": None}}, NODE_LEASES, patch_type="merge")
    report(playground, node, "True")


def report(playground: Playground, node: str, ready: str) -> None:
    """The kubelet says how it is."""
    present = playground.get("nodes", node)
    conditions: list[Any] = []
    for condition in present["status"]["conditions"]:
        well = ready if condition["type"] == "Ready" else "False"
        conditions.append({**condition, "status": well, "reason": "KubeletReady", "message": ""})
    status = {**present["status"], "conditions": conditions}
    playground.client.update_status("nodes", {**present, "status": status})


def taints(playground: Playground, node: str) -> list[tuple[str, str]]:
    return [(t["key"], t["effect"]) for t in playground.get("nodes", node)["spec"].get("taints", [])]


def test_the_lease_of_a_living_node_is_never_old(playground):
    playground.run(300)
    renewed = playground.get(LEASES, "k8s-node01", NODE_LEASES)["spec"]["renewTime"]
    assert renewed == "2026-01-01T00:05:00.000000Z"
    assert playground.condition("nodes", "k8s-node01", "Ready")["status"] == "True"


def test_a_silent_node_is_unknown_at_the_first_look_after_forty_seconds(playground):
    silence(playground, "k8s-node02")
    playground.run(39)
    assert playground.condition("nodes", "k8s-node02", "Ready")["status"] == "True"
    playground.run(6)
    for type_ in ("Ready", "MemoryPressure", "DiskPressure", "PIDPressure"):
        condition = playground.condition("nodes", "k8s-node02", type_)
        assert (condition["status"], condition["reason"], condition["message"]) == (
            "Unknown",
            "NodeStatusUnknown",
            "Kubelet stopped posting node status.",
        )
    assert taints(playground, "k8s-node01") == []
    assert ("NodeNotReady", "Node k8s-node02 status is now: NodeNotReady") in playground.events("k8s-node02")


def test_the_taint_that_evicts_follows_five_seconds_after_the_one_that_keeps_pods_off(playground):
    playground.run(1)
    silence(playground, "k8s-node02")
    playground.run(45)
    assert taints(playground, "k8s-node02") == [(UNREACHABLE, "NoSchedule")]
    playground.run(5)
    assert taints(playground, "k8s-node02") == [(UNREACHABLE, "NoSchedule"), (UNREACHABLE, "NoExecute")]
    first, second = playground.get("nodes", "k8s-node02")["spec"]["taints"]
    assert (first["timeAdded"], second["timeAdded"]) == ("2026-01-01T00:00:50Z", "2026-01-01T00:00:55Z")


def test_the_pods_of_a_silent_node_are_not_ready_and_still_running(playground):
    # A kubelet that is only said to be silent would say at once that its pods are well.
    playground.cluster.inject(Fault("Stop", "kubelet/k8s-node02"))
    playground.run(46)
    assert playground.condition("pods", "p", "Ready")["status"] == "False"
    assert playground.get("pods", "p")["status"]["phase"] == "Running"
    assert playground.events("p")[-1] == ("NodeNotReady", "Node is not ready")


def test_a_node_that_answers_again_loses_its_taints_within_five_seconds(playground):
    silence(playground, "k8s-node02")
    playground.run(60)
    answer(playground, "k8s-node02")
    playground.run(0.1)
    assert (UNREACHABLE, "NoSchedule") not in taints(playground, "k8s-node02")
    playground.run(5)
    assert taints(playground, "k8s-node02") == []


def test_a_node_that_says_that_it_is_not_ready_gets_the_other_taint(playground):
    report(playground, "k8s-node01", "False")
    playground.run(0.1)
    assert taints(playground, "k8s-node01") == [(NOT_READY, "NoSchedule")]
    playground.run(5)
    assert taints(playground, "k8s-node01") == [(NOT_READY, "NoSchedule"), (NOT_READY, "NoExecute")]
    report(playground, "k8s-node01", "True")
    playground.run(5)
    assert taints(playground, "k8s-node01") == []


def test_a_cluster_that_loses_all_nodes_evicts_from_none():
    playground = Playground(nodes=2)
    for node in ("k8s-node01", "k8s-node02"):
        silence(playground, node)
    playground.run(120)
    for node in ("k8s-node01", "k8s-node02"):
        assert taints(playground, node) == [(UNREACHABLE, "NoSchedule")]
    answer(playground, "k8s-node01")
    playground.run(20)
    assert taints(playground, "k8s-node01") == []
    assert taints(playground, "k8s-node02") == [(UNREACHABLE, "NoSchedule"), (UNREACHABLE, "NoExecute")]


def test_a_small_cluster_that_loses_most_nodes_evicts_from_none():
    playground = Playground(nodes=5)
    for index in (1, 2, 3):
        silence(playground, f"k8s-node0{index}")
    playground.run(120)
    assert [taints(playground, f"k8s-node0{index}") for index in (1, 2, 3)] == [[(UNREACHABLE, "NoSchedule")]] * 3


def test_nodes_are_given_up_to_eviction_one_in_ten_seconds():
    playground = Playground(nodes=4)
    for node in ("k8s-node01", "k8s-node02"):
        silence(playground, node)
    playground.run(51)
    tainted = [node for node in ("k8s-node01", "k8s-node02") if (UNREACHABLE, "NoExecute") in taints(playground, node)]
    assert len(tainted) == 1
    playground.run(10)
    for node in ("k8s-node01", "k8s-node02"):
        assert (UNREACHABLE, "NoExecute") in taints(playground, node)


def test_a_node_without_a_kubelet_is_unknown_a_minute_after_it_was_made(playground):
    playground.create("nodes", {"metadata": {"name": "ghost"}})
    playground.run(55)
    assert "conditions" not in playground.get("nodes", "ghost")["status"]
    playground.run(10)
    condition = playground.condition("nodes", "ghost", "Ready")
    assert (condition["status"], condition["reason"], condition["message"]) == (
        "Unknown",
        "NodeStatusNeverUpdated",
        "Kubelet never posted node status.",
    )


def test_a_quiet_cluster_waits_for_nothing(playground):
    playground.run(60)
    due_us = playground.cluster.next_due_us
    assert due_us is None or due_us > playground.cluster.clock.now_us + 300_000_000
