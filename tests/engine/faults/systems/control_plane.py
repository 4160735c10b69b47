"""API server, etcd, and what the scheduler looks at."""

from __future__ import annotations

from typing import Any

import pytest

from cluster_engine.apimachinery.errors import ApiError
from tests.engine.faults.conftest import REFUSED, Breakable
from tests.engine.faults.systems.table import (
    Obj,
    Show,
    phase,
    running,
    system,
    unschedulable,
)


def api_server_works(world: Breakable) -> None:
    assert world.terminal.ok("kubectl create configmap c") == "configmap/c created\n"
    assert "c " in world.terminal.ok("kubectl get configmaps")


def api_server_fails(world: Breakable) -> None:
    world.inject("Stop", "kube-apiserver")
    assert world.terminal.run("kubectl get configmaps").stderr == REFUSED


def etcd_works(world: Breakable) -> None:
    """One of three may be lost, whichever it is."""
    world.inject("Stop", "etcd/etcd-0")
    world.run(3)
    assert world.terminal.ok("kubectl create configmap c") == "configmap/c created\n"


def etcd_fails(world: Breakable) -> None:
    world.inject("Stop", "etcd/etcd-1")
    world.inject("Stop", "etcd/etcd-2")
    told = world.terminal.run("kubectl create configmap c")
    assert "etcdserver: request timed out" in told.stderr


def odd_members_work(world: Breakable) -> None:
    five = Breakable(etcd_members=5)
    for index in (0, 1):
        five.inject("Stop", f"etcd/etcd-{index}")
    five.run(3)
    assert five.terminal.run("kubectl get nodes").code == 0


def even_members_fail(world: Breakable) -> None:
    """A fourth member adds one more that may fail, and none that may be missed."""
    four = Breakable(etcd_members=4)
    for index in (2, 3):
        four.inject("Stop", f"etcd/etcd-{index}")
    assert "etcdserver: request timed out" in four.terminal.run("kubectl get nodes").stderr


def scheduler_works(world: Breakable) -> None:
    world.pod()
    running(world, "p")
    assert world.events("p")[0] == (
        "Scheduled",
        f"Successfully assigned default/p to {world.get('pods', 'p')['spec']['nodeName']}",
    )


def scheduler_fails(world: Breakable) -> None:
    world.inject("Stop", "kube-scheduler")
    world.pod()
    world.run(60)
    assert (phase(world), world.events("p")) == ("Pending", [])


def quorum_is_kept(world: Breakable) -> None:
    """The leader is lost, and another one is elected."""
    world.run(1)
    leader = next(m.name for m in world.cluster.etcd.members.values() if m.name == world.cluster.etcd.leader)
    world.inject("Stop", f"etcd/{leader}")
    world.run(3)
    assert world.cluster.etcd.leader not in ("", leader)
    assert world.terminal.ok("kubectl create configmap c") == "configmap/c created\n"


def quorum_is_lost(world: Breakable) -> None:
    """Two of three are cut off; with one of them back there is a leader again, and nothing that was written is lost."""
    world.terminal.ok("kubectl create configmap before")
    names = [world.inject("CutOff", f"etcd/etcd-{index}") for index in (0, 1)]
    assert "etcdserver: request timed out" in world.terminal.run("kubectl create configmap meanwhile").stderr
    world.lift(names[0])
    world.run(5)
    assert "before" in world.terminal.ok("kubectl get configmaps")
    assert "meanwhile" not in world.terminal.ok("kubectl get configmaps")


def decisions(world: Breakable, pod: str) -> list[str]:
    """What the scheduler has decided about a pod."""
    steps = [step for step in world.cluster.trace.steps if step.component == "scheduler"]
    return [note for step in steps for note in step.notes if note.startswith(f"{pod} →")]


def filters_work(world: Breakable) -> None:
    """Two nodes are filtered out, each for a reason of its own, and the third is left."""
    world.client.patch("nodes", "k8s-node01", {"spec": {"unschedulable": True}})
    taint = {"key": "dedicated", "value": "db", "effect": "NoSchedule"}
    world.client.patch("nodes", "k8s-node03", {"spec": {"taints": [taint]}})
    world.pod()
    running(world, "p")
    assert decisions(world, "p") == ["p → k8s-node02: the only node that fits"]


def filters_leave_none(world: Breakable) -> None:
    """The message counts for each filter how many nodes it has refused."""
    filters_work(world)
    world.pod("q", resources={"requests": {"cpu": "64"}})
    words = "1 Insufficient cpu, 1 node(s) had untolerated taint {dedicated: db}, 1 node(s) were unschedulable"
    unschedulable(world, f"0/3 nodes are available: {words}.", "q")


def scores_work(world: Breakable) -> None:
    """The node with the most left is liked best."""
    for index in (1, 3):
        big = {"requests": {"cpu": "3", "memory": "6Gi"}}
        world.pod(f"big{index}", resources=big, spec={"nodeName": f"k8s-node0{index}"})
    world.run(3)
    world.pod(resources={"requests": {"cpu": "100m", "memory": "100Mi"}})
    running(world, "p")
    assert world.get("pods", "p")["spec"]["nodeName"] == "k8s-node02"
    assert "NodeResourcesFit 1×" in decisions(world, "p")[0]


def scores_are_equal(world: Breakable) -> None:
    """Nodes that are alike cannot be told apart: one is drawn."""
    world.pod()
    running(world, "p")
    assert "drawn from 3 equals" in decisions(world, "p")[0]


def binding_works(world: Breakable) -> None:
    """A Binding is all that it takes: anybody may be the scheduler."""
    world.inject("Stop", "kube-scheduler")
    world.pod()
    world.client.bind(world.get("pods", "p"), "k8s-node03")
    running(world, "p")
    assert world.get("pods", "p")["status"]["hostIP"] == "192.168.0.12"


def binding_fails(world: Breakable) -> None:
    """A pod is bound once, and nobody looks after one on a node that there is not."""
    binding_works(world)
    with pytest.raises(ApiError) as error:
        world.client.bind(world.get("pods", "p"), "k8s-node01")
    assert error.value.message == (
        'Operation cannot be fulfilled on pods/binding "p": pod p is already assigned to node "k8s-node03"'
    )
    world.pod("lost")
    world.client.bind(world.get("pods", "lost"), "k8s-node99")
    world.run(20)
    assert phase(world, "lost") == "Pending"
    world.run(60)
    assert "lost" not in world.pod_names()


def beside(world: Breakable) -> Obj:
    term = {"labelSelector": {"matchLabels": {"app": "friend"}}, "topologyKey": "kubernetes.io/hostname"}
    return {"affinity": {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}}


def pod_affinity_works(world: Breakable) -> None:
    world.pod("friend", labels={"app": "friend"}, spec={"nodeName": "k8s-node03"})
    world.run(3)
    world.pod(spec=beside(world))
    running(world, "p")
    assert world.get("pods", "p")["spec"]["nodeName"] == "k8s-node03"


def pod_affinity_fails(world: Breakable) -> None:
    world.pod(spec=beside(world))
    unschedulable(world, "3 node(s) didn't match pod affinity rules")
    world.pod("friend", labels={"app": "friend"})
    running(world, "p")


def manager_works(world: Breakable) -> None:
    world.deployment(2)
    world.run(5)
    assert world.ready() == 2


def manager_fails(world: Breakable) -> None:
    """What is asked for is stored, and nothing comes of it."""
    name = world.inject("Stop", "kube-controller-manager")
    world.deployment(2)
    world.run(60)
    assert (world.stored("replicasets.apps"), world.pods()) == ([], [])
    world.lift(name)
    world.run(15)
    assert world.ready() == 2


system("API server", api_server_works, api_server_fails)
system("quorum of etcd", quorum_is_kept, quorum_is_lost)
system("filters of the scheduler", filters_work, filters_leave_none)
system("scores of the scheduler", scores_work, scores_are_equal)
system("binding", binding_works, binding_fails)
system("pod affinity", pod_affinity_works, pod_affinity_fails)
system("controller manager", manager_works, manager_fails)
system("etcd", etcd_works, etcd_fails)
system("odd members of etcd", odd_members_work, even_members_fail)
system("scheduler", scheduler_works, scheduler_fails)


# What the scheduler looks at.


def asks_for(amount: str) -> Show:
    def show(world: Breakable) -> None:
        world.pod(resources={"requests": {"cpu": amount, "memory": "1Gi"}})

    return show


def resources_work(world: Breakable) -> None:
    asks_for("2")(world)
    running(world, "p")


def resources_fail(world: Breakable) -> None:
    asks_for("5")(world)
    unschedulable(world, "0/3 nodes are available: 3 Insufficient cpu.")


def label_node(world: Breakable, node: str = "k8s-node02") -> None:
    world.client.patch("nodes", node, {"metadata": {"labels": {"disk": "ssd"}}})


def node_selector_works(world: Breakable) -> None:
    label_node(world)
    world.pod(spec={"nodeSelector": {"disk": "ssd"}})
    running(world, "p")
    assert world.get("pods", "p")["spec"]["nodeName"] == "k8s-node02"


def node_selector_fails(world: Breakable) -> None:
    world.pod(spec={"nodeSelector": {"disk": "ssd"}})
    unschedulable(world, "3 node(s) didn't match Pod's node affinity/selector")
    label_node(world)
    running(world, "p")


def affine(**terms: Any) -> Obj:
    expression = {"key": "disk", "operator": "In", "values": ["ssd"]}
    required = {"nodeSelectorTerms": [{"matchExpressions": [expression]}]}
    return {"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": required}}, **terms}


def affinity_works(world: Breakable) -> None:
    label_node(world, "k8s-node03")
    world.pod(spec=affine())
    running(world, "p")
    assert world.get("pods", "p")["spec"]["nodeName"] == "k8s-node03"


def affinity_fails(world: Breakable) -> None:
    world.pod(spec=affine())
    unschedulable(world, "3 node(s) didn't match Pod's node affinity/selector")


def apart(world: Breakable, count: int) -> None:
    term = {"labelSelector": {"matchLabels": {"app": "lonely"}}, "topologyKey": "kubernetes.io/hostname"}
    affinity = {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}
    for index in range(count):
        world.pod(f"p{index}", labels={"app": "lonely"}, spec={"affinity": affinity})
        world.run(2)


def anti_affinity_works(world: Breakable) -> None:
    apart(world, 3)
    running(world, "p0", "p1", "p2")
    assert len({pod["spec"]["nodeName"] for pod in world.pods()}) == 3


def anti_affinity_fails(world: Breakable) -> None:
    apart(world, 4)
    unschedulable(world, "3 node(s) didn't match pod anti-affinity rules", "p3")


def taint_all(world: Breakable) -> None:
    for node in ("k8s-node01", "k8s-node02", "k8s-node03"):
        taint = {"key": "dedicated", "value": "db", "effect": "NoSchedule"}
        world.client.patch("nodes", node, {"spec": {"taints": [taint]}})


def taints_work(world: Breakable) -> None:
    taint_all(world)
    world.pod(spec={"tolerations": [{"key": "dedicated", "operator": "Exists"}]})
    running(world, "p")


def taints_fail(world: Breakable) -> None:
    taint_all(world)
    world.pod()
    unschedulable(world, "3 node(s) had untolerated taint {dedicated: db}")


def host_port(world: Breakable, name: str, node: str = "k8s-node01") -> None:
    label = {"kubernetes.io/hostname": node}
    world.pod(name, ports=[{"containerPort": 80, "hostPort": 8080}], spec={"nodeSelector": label})


def host_ports_work(world: Breakable) -> None:
    host_port(world, "a")
    host_port(world, "b", "k8s-node02")
    running(world, "a", "b")


def host_ports_fail(world: Breakable) -> None:
    host_port(world, "a")
    world.run(3)
    host_port(world, "b")
    unschedulable(world, "1 node(s) didn't have free ports for the requested pod ports", "b")


system("resources", resources_work, resources_fail)
system("nodeSelector", node_selector_works, node_selector_fails)
system("node affinity", affinity_works, affinity_fails)
system("anti-affinity", anti_affinity_works, anti_affinity_fails)
system("taints and tolerations", taints_work, taints_fail)
system("host ports", host_ports_work, host_ports_fail)
