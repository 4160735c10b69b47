"""Pods that are bound to a node without the scheduler, and that the node does not take in."""

from __future__ import annotations

import pytest

from cluster_engine.kubelet.admission import Rejection, check
from tests.engine.cluster_tools import Playground

NODE = "k8s-node01"
PORT = {"containerPort": 80, "hostPort": 8080}


@pytest.fixture
def playground() -> Playground:
    return Playground(nodes=1, node_cpu="4", node_memory="8Gi", node_pods=4)


def asking(**requests):
    return {"resources": {"requests": requests}}


@pytest.mark.parametrize(
    ("spec", "container", "reason", "message"),
    [
        (
            {"nodeSelector": {"disk": "ssd"}},
            {},
            "NodeAffinity",
            "Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector",
        ),
        (
            {},
            {"ports": [PORT]},
            "NodePorts",
            "Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports",
        ),
        (
            {},
            asking(cpu="3500m"),
            "OutOfcpu",
            "Node didn't have enough resource: cpu, requested: 3500, used: 1000, capacity: 4000",
        ),
        (
            {},
            asking(memory="8Gi"),
            "OutOfmemory",
            "Node didn't have enough resource: memory, requested: 8589934592, used: 1073741824, capacity: 8589934592",
        ),
    ],
)
def test_a_pod_is_rejected(playground, spec, container, reason, message):
    playground.pod("first", ports=[PORT], **asking(cpu="1", memory="1Gi"))
    playground.run(10)
    playground.pod(spec={"nodeName": NODE, **spec}, **container)
    playground.run(10)
    status = playground.get("pods", "p")["status"]
    allocatable = playground.get("nodes", NODE)["status"]["allocatable"]
    assert allocatable["memory"] == "8Gi"
    assert {key: status[key] for key in ("phase", "reason", "message")} == {
        "phase": "Failed",
        "reason": reason,
        "message": f"Pod was rejected: {message}",
    }
    assert "containerStatuses" not in status
    assert playground.events("p") == [(reason, message)]


def test_a_node_takes_only_so_many_pods(playground):
    for index in range(5):
        playground.pod(f"p{index}", spec={"nodeName": NODE})
    playground.run(10)
    phases = [playground.get("pods", f"p{index}")["status"]["phase"] for index in range(5)]
    assert phases == ["Running"] * 4 + ["Failed"]
    assert playground.get("pods", "p4")["status"]["message"] == (
        "Pod was rejected: Node didn't have enough resource: pods, requested: 1, used: 4, capacity: 4"
    )


def test_a_taint_that_evicts_keeps_pods_out_too(playground):
    node = playground.get("nodes", NODE)
    taints = [{"key": "k", "effect": "NoExecute"}, {"key": "s", "effect": "NoSchedule"}]
    playground.client.update("nodes", {**node, "spec": {**node["spec"], "taints": taints}})
    playground.run(1)
    tolerated = {"key": "k", "operator": "Exists"}
    made = playground.pod("tolerant", spec={"nodeName": NODE, "tolerations": [tolerated]})
    strict = {**made, "spec": {**made["spec"], "tolerations": []}}
    # In a cluster the pod is deleted at the same moment; its node says so all the same.
    assert check(strict, playground.get("nodes", NODE), ()) == Rejection(
        "TaintToleration",
        "Predicate TaintToleration failed: node(s) had taints that the pod didn't tolerate",
    )
    playground.run(10)
    assert playground.get("pods", "tolerant")["status"]["phase"] == "Running"


def test_a_port_is_free_again_when_its_pod_has_ended(playground):
    playground.pod("first", image="busybox:1.36", command=["true"], ports=[PORT], spec={"restartPolicy": "Never"})
    playground.run(10)
    assert playground.get("pods", "first")["status"]["phase"] == "Succeeded"
    playground.pod(ports=[PORT], spec={"nodeName": NODE})
    playground.run(10)
    assert playground.get("pods", "p")["status"]["phase"] == "Running"


def test_a_kubelet_that_starts_anew_leaves_a_rejected_pod_as_it_is(playground):
    playground.pod(spec={"nodeName": NODE, "nodeSelector": {"disk": "ssd"}})
    playground.run(10)
    before = playground.get("pods", "p")
    again = playground.restart()
    again.run(60)
    assert again.get("pods", "p")["status"] == before["status"]
    again.client.delete("pods", "p", "default")
    again.run(5)
    assert again.names("pods") == []
