"""What a node does: its kubelet, its container engine, the addresses of its pods."""

from __future__ import annotations

from tests.engine.faults.conftest import Breakable
from tests.engine.faults.systems.table import phase, running, system

NODE = "k8s-node02"


def kubelet_works(world: Breakable) -> None:
    world.pod(spec={"nodeName": NODE})
    running(world, "p")
    world.client.delete("pods", "p", "default")
    world.run(5)
    assert world.pods() == []


def kubelet_fails(world: Breakable) -> None:
    """Pods on its node neither start nor end, and in the end the node is given up."""
    world.pod("old", spec={"nodeName": NODE})
    running(world, "old")
    name = world.inject("Stop", f"kubelet/{NODE}")
    world.pod("new", spec={"nodeName": NODE})
    world.client.delete("pods", "old", "default")
    world.run(60)
    assert world.pod_names() == ["new", "old"]
    assert phase(world, "new") == "Pending"
    assert world.node_ready(NODE) == "Unknown"
    world.lift(name)
    running(world, "new")
    assert world.pod_names() == ["new"]


def engine_works(world: Breakable) -> None:
    """What ends is started again, in another container of the same pod."""
    world.pod()
    running(world, "p")
    first = world.container()["containerID"]
    world.inject("Crash", "container/default/p/c", exitCode=1)
    world.run(5)
    assert world.container()["containerID"] != first
    assert world.container()["restartCount"] == 1


def engine_fails(world: Breakable) -> None:
    """With the machine gone the containers are gone, and are made anew with it."""
    world.pod(spec={"nodeName": NODE})
    running(world, "p")
    world.inject("Reboot", f"node/{NODE}")
    world.run(10)
    assert world.cluster.kubelets[NODE].powered is False
    world.run(20)
    ended = world.container()["lastState"]["terminated"]
    assert (ended["exitCode"], ended["reason"], world.container()["restartCount"]) == (255, "Unknown", 1)


def addresses_work(world: Breakable) -> None:
    world.deployment(12)
    world.run(10)
    addresses = [pod["status"]["podIP"] for pod in world.pods()]
    assert len(set(addresses)) == 12
    for pod in world.pods():
        index = int(pod["spec"]["nodeName"][-2:]) - 1
        assert pod["status"]["podIP"].startswith(f"10.244.{index}.")


def addresses_fail(world: Breakable) -> None:
    """A pod that is made anew after a reboot has another address; nobody else has it meanwhile."""
    world.pod(spec={"nodeName": NODE})
    world.pod("other", spec={"nodeName": NODE})
    running(world, "p", "other")
    world.inject("Reboot", f"node/{NODE}")
    world.run(40)
    addresses = {pod["status"]["podIP"] for pod in world.pods()}
    assert len(addresses) == 2


def host_network_works(world: Breakable) -> None:
    world.pod(spec={"hostNetwork": True, "nodeName": NODE})
    running(world, "p")
    status = world.get("pods", "p")["status"]
    assert status["podIP"] == status["hostIP"] == "192.168.0.11"


def host_network_fails(world: Breakable) -> None:
    """Two of them want one port of one node."""
    for name in ("a", "b"):
        spec = {"hostNetwork": True, "nodeSelector": {"kubernetes.io/hostname": NODE}}
        world.pod(name, ports=[{"containerPort": 80}], spec=spec)
        world.run(3)
    assert [phase(world, name) for name in ("a", "b")] == ["Running", "Pending"]


system("kubelet", kubelet_works, kubelet_fails)
system("container engine", engine_works, engine_fails)
system("one address a pod", addresses_work, addresses_fail)
system("host network", host_network_works, host_network_fails)
