"""Nodes that fall silent, lose their power or their network, or run full."""

from __future__ import annotations

import pytest

from cluster_engine.apimachinery.meta import deleting
from tests.engine.faults.conftest import Breakable

NODE = "k8s-node02"
UNREACHABLE = "node.kubernetes.io/unreachable"
TOLERATED_SECONDS = 300


@pytest.fixture
def populated(world: Breakable) -> Breakable:
    """A Deployment of 4, a StatefulSet of 3 and a bare pod, at the start of a period of ten seconds."""
    world.deployment(4)
    world.stateful_set(3)
    world.pod("bare", spec={"nodeName": NODE})
    world.run(18)
    assert world.ready() == 8
    assert world.cluster.clock.now_us % 10_000_000 == 0
    return world


def stateful_pod(world: Breakable, node: str) -> str:
    return next(name for name in world.pod_names(node) if name.startswith("db-"))


@pytest.mark.parametrize(
    ("fault", "target"),
    [
        ("Stop", f"kubelet/{NODE}"),
        ("CutOff", f"kubelet/{NODE}"),
        ("CutOff", f"node/{NODE}"),
        ("PowerOff", f"node/{NODE}"),
    ],
)
def test_a_node_that_falls_silent(populated, fault, target):
    """The table of what a real cluster did, with default flags: 40 s to be missed, 5 s more, 300 s tolerated."""
    world = populated
    here = world.pod_names(NODE)
    on_node = stateful_pod(world, NODE)
    name = world.inject(fault, target)
    world.run(34)
    assert world.node_ready(NODE) == "True"
    world.run(7)
    assert world.node_ready(NODE) == "Unknown"
    conditions = {c["type"]: (c["status"], c["reason"]) for c in world.get("nodes", NODE)["status"]["conditions"]}
    unknown = ("Unknown", "NodeStatusUnknown")
    assert conditions == dict.fromkeys(("MemoryPressure", "DiskPressure", "PIDPressure", "Ready"), unknown)
    assert world.taints(NODE) == [f"{UNREACHABLE}:NoSchedule"]
    assert f"{NODE}   NotReady" in world.terminal.ok("kubectl get nodes")
    assert ("NodeNotReady", f"Node {NODE} status is now: NodeNotReady") in world.events(NODE)
    for pod in here:
        assert ("NodeNotReady", "Node is not ready") in world.events(pod)
        assert world.condition("pods", pod, "Ready")["status"] == "False"
        assert world.terminal.ok(f"kubectl get pod {pod}").split()[7] == "Running"
    world.run(5)
    assert sorted(world.taints(NODE)) == [f"{UNREACHABLE}:NoExecute", f"{UNREACHABLE}:NoSchedule"]
    world.run(TOLERATED_SECONDS - 2)
    assert not any(deleting(pod) for pod in world.pods())
    world.run(4)
    assert [pod["metadata"]["name"] for pod in world.pods() if deleting(pod)] == sorted(here)
    for pod in here:
        assert ("TaintManagerEviction", f"Marking for deletion Pod default/{pod}") in world.events(pod)
    world.run(3)
    assert len(world.pods()) == 8 + sum(pod.startswith("web-") for pod in here)
    assert world.ready() == 8 - len(here) + sum(pod.startswith("web-") for pod in here)
    assert "bare   1/1     Terminating" in world.terminal.ok("kubectl get pod bare")
    world.run(40)
    assert deleting(world.get("pods", on_node))
    world.lift(name)
    world.run(60)
    assert world.node_ready(NODE) == "True"
    assert world.taints(NODE) == []
    assert ("NodeReady", f"Node {NODE} status is now: NodeReady") in world.events(NODE)
    assert "bare" not in world.pod_names()
    assert not deleting(world.get("pods", on_node))
    assert world.ready() == 7
    assert list(world.cluster.trace.faults) == []


@pytest.mark.parametrize(
    ("fault", "target", "seconds"),
    [
        ("Stop", f"kubelet/{NODE}", 4),
        ("CutOff", f"kubelet/{NODE}", 4),
        ("CutOff", f"node/{NODE}", 4),
        # The machine starts first.
        ("PowerOff", f"node/{NODE}", 26),
    ],
)
def test_a_node_that_is_back_after_its_pods_were_given_up(populated, fault, target, seconds):
    """Ready within 4 s, one taint gone at once and the other within 6 s more; then the Terminating pods end, the
    StatefulSet's is made anew, and the bare one is gone for good.
    """
    world = populated
    on_node = stateful_pod(world, NODE)
    before = world.get("pods", on_node)["metadata"]["uid"]
    name = world.inject(fault, target)
    world.run(400)
    assert world.get("pods", on_node)["metadata"]["uid"] == before
    world.lift(name)
    world.run(seconds)
    assert world.node_ready(NODE) == "True"
    world.run(6)
    assert world.taints(NODE) == []
    world.run(40)
    assert world.get("pods", on_node)["metadata"]["uid"] != before
    assert world.ready() == 7
    assert "bare" not in world.pod_names()


def test_a_kubelet_that_is_back_soon_reports_what_still_runs(populated):
    name = populated.inject("Stop", f"kubelet/{NODE}")
    ids = [pod["status"]["containerStatuses"][0]["containerID"] for pod in populated.pods(NODE)]
    populated.run(100)
    assert populated.ready() == 8 - len(ids)
    populated.lift(name)
    populated.run(10)
    assert populated.ready() == 8
    assert [pod["status"]["containerStatuses"][0]["containerID"] for pod in populated.pods(NODE)] == ids
    assert ("Starting", "Starting kubelet.") in populated.events(NODE)


def test_a_kubelet_that_restarts_is_not_missed(populated):
    before = [pod["status"] for pod in populated.pods(NODE)]
    populated.inject("Restart", f"kubelet/{NODE}")
    populated.run(60)
    assert [pod["status"] for pod in populated.pods(NODE)] == before
    assert populated.node_ready(NODE) == "True"
    assert populated.taints(NODE) == []


def test_a_container_that_ends_without_a_kubelet_is_found_later(populated):
    name = populated.inject("Stop", f"kubelet/{NODE}")
    populated.inject("Crash", "container/default/bare/c", exitCode=9)
    populated.run(20)
    assert populated.container("bare")["restartCount"] == 0
    populated.lift(name)
    populated.run(10)
    status = populated.container("bare")
    assert (status["restartCount"], status["lastState"]["terminated"]["exitCode"]) == (1, 9)


def test_pods_are_not_started_without_a_kubelet(world):
    name = world.inject("Stop", f"kubelet/{NODE}")
    world.pod("p", spec={"nodeName": NODE})
    world.run(30)
    assert world.get("pods", "p")["status"] == {"phase": "Pending", "qosClass": "BestEffort"}
    world.lift(name)
    world.run(10)
    assert world.ready() == 1


def test_a_node_that_is_cut_off_goes_on_by_itself(populated):
    """Its containers run, and are restarted when they end; what it has to say arrives afterwards."""
    name = populated.inject("CutOff", f"node/{NODE}")
    populated.inject("Crash", "container/default/bare/c", exitCode=3)
    populated.client.delete("pods", "bare", "default")
    populated.run(30)
    worker = next(w for w in populated.cluster.kubelets[NODE].kubelet.running_pods() if w.key == "default/bare")
    assert (worker.main[0].state, worker.main[0].restart_count) == ("running", 1)
    assert populated.container("bare")["restartCount"] == 0
    populated.lift(name)
    populated.run(60)
    assert "bare" not in populated.pod_names()
    assert populated.cluster.kubelets[NODE].kubelet.running_pods() != []
    assert populated.ready() == 7


def test_a_stateful_pod_never_runs_twice_even_when_its_node_is_cut_off_for_long(populated):
    on_node = stateful_pod(populated, NODE)
    uid = populated.get("pods", on_node)["metadata"]["uid"]
    name = populated.inject("CutOff", f"node/{NODE}")
    populated.run(1200)
    pod = populated.get("pods", on_node)
    assert (pod["metadata"]["uid"], deleting(pod)) == (uid, True)
    populated.lift(name)
    populated.run(60)
    assert populated.get("pods", on_node)["metadata"]["uid"] != uid


def test_a_machine_without_power_has_lost_its_containers(populated):
    name = populated.inject("PowerOff", f"node/{NODE}")
    addresses = {pod["metadata"]["name"]: pod["status"]["podIP"] for pod in populated.pods(NODE)}
    populated.run(60)
    populated.lift(name)
    populated.run(15)
    assert populated.node_ready(NODE) == "Unknown"
    populated.run(30)
    assert populated.node_ready(NODE) == "True"
    for pod in populated.pods(NODE):
        status = pod["status"]["containerStatuses"][0]
        last = status["lastState"]["terminated"]
        assert (status["restartCount"], last["exitCode"], last["reason"]) == (1, 255, "Unknown")
        told = ("SandboxChanged", "Pod sandbox changed, it will be killed and re-created.")
        assert told in populated.events(pod["metadata"]["name"])
    assert populated.ready() == 8
    assert len({pod["status"]["podIP"] for pod in populated.pods()}) == 8
    assert set(addresses) == set(populated.pod_names(NODE))


def test_a_reboot_is_told_and_counted(populated):
    before = populated.get("nodes", NODE)["status"]["nodeInfo"]["bootID"]
    populated.inject("Reboot", f"node/{NODE}")
    populated.run(30)
    after = populated.get("nodes", NODE)["status"]["nodeInfo"]["bootID"]
    assert after != before
    assert ("Rebooted", f"Node {NODE} has been rebooted, boot id: {after}") in populated.events(NODE)
    assert {pod["status"]["containerStatuses"][0]["restartCount"] for pod in populated.pods(NODE)} == {1}
    assert populated.ready() == 8
    assert populated.sleep().get("nodes", NODE)["status"]["nodeInfo"]["bootID"] == after


def test_two_faults_of_one_node_end_with_the_second(world):
    power = world.inject("PowerOff", f"node/{NODE}")
    kubelet = world.inject("Stop", f"kubelet/{NODE}")
    world.lift(power)
    world.run(60)
    assert not world.cluster.kubelets[NODE].running
    world.lift(kubelet)
    world.run(60)
    assert world.node_ready(NODE) == "True"


def test_a_cluster_that_sleeps_while_a_node_is_off_wakes_to_lost_containers(populated):
    populated.inject("PowerOff", f"node/{NODE}")
    populated.run(60)
    again = populated.sleep()
    again.lift(f"power-off-node-{NODE}")
    again.run(60)
    assert {pod["status"]["containerStatuses"][0]["restartCount"] for pod in again.pods(NODE)} == {1}
    assert again.ready() == 8


# Nodes that run full.


def test_a_full_node_reports_pressure_takes_no_more_and_evicts_the_least_guaranteed_first(world):
    guaranteed = {"requests": {"memory": "64Mi", "cpu": "100m"}, "limits": {"memory": "64Mi", "cpu": "100m"}}
    world.pod("guaranteed", resources=guaranteed, spec={"nodeName": NODE})
    world.pod("burstable", resources={"requests": {"memory": "10Mi"}}, spec={"nodeName": NODE})
    world.pod("besteffort", spec={"nodeName": NODE})
    world.pod("important", spec={"nodeName": NODE, "priorityClassName": "system-node-critical"})
    world.run(5)
    name = world.inject("Fill", f"node/{NODE}", resource="memory")
    world.run(9)
    assert world.condition("nodes", NODE, "MemoryPressure")["reason"] == "KubeletHasInsufficientMemory"
    assert world.taints(NODE) == ["node.kubernetes.io/memory-pressure:NoSchedule"]
    order = []
    for _ in range(5):
        for pod in world.pods(NODE):
            if pod["status"].get("reason") == "Evicted" and pod["metadata"]["name"] not in order:
                order.append(pod["metadata"]["name"])
        world.run(10)
    assert order == ["besteffort", "burstable", "guaranteed"]
    evicted = world.get("pods", "besteffort")["status"]
    message = (
        "The node was low on resource: memory. Threshold quantity: 100Mi, available: 62400Ki. "
        "Container c was using 24Mi, request is 0, has larger consumption of memory. "
    )
    assert (evicted["phase"], evicted["reason"], evicted["message"]) == ("Failed", "Evicted", message)
    assert ("Evicted", message) in world.events("besteffort")
    assert world.get("pods", "important")["status"]["phase"] == "Running"
    target = world.condition("pods", "besteffort", "DisruptionTarget")
    assert (target["status"], target["reason"]) == ("True", "TerminationByKubelet")
    told = world.events(NODE)
    assert ("NodeHasInsufficientMemory", f"Node {NODE} status is now: NodeHasInsufficientMemory") in told
    assert ("EvictionThresholdMet", "Attempting to reclaim memory") in told
    world.lift(name)
    world.run(280)
    assert world.condition("nodes", NODE, "MemoryPressure")["status"] == "True"
    world.run(40)
    assert world.condition("nodes", NODE, "MemoryPressure")["status"] == "False"
    assert world.taints(NODE) == []
    assert ("NodeHasSufficientMemory", f"Node {NODE} status is now: NodeHasSufficientMemory") in world.events(NODE)


def test_a_node_without_process_numbers_evicts_by_priority(world):
    world.create("priorityclasses.scheduling.k8s.io", {"metadata": {"name": "high"}, "value": 1000})
    world.pod("high", spec={"nodeName": NODE, "priorityClassName": "high"})
    world.pod("low", spec={"nodeName": NODE})
    world.run(5)
    world.inject("Fill", f"node/{NODE}", resource="pids")
    world.run(9)
    condition = world.condition("nodes", NODE, "PIDPressure")
    assert (condition["reason"], condition["message"]) == (
        "KubeletHasInsufficientPID", "kubelet has insufficient PID available"
    )  # fmt: skip
    assert world.taints(NODE) == ["node.kubernetes.io/pid-pressure:NoSchedule"]
    assert ("NodeHasInsufficientPID", f"Node {NODE} status is now: NodeHasInsufficientPID") in world.events(NODE)
    message = "The node was low on resource: pids. Threshold quantity: 3276, available: 2518. "
    assert world.get("pods", "low")["status"]["message"] == message
    assert world.get("pods", "high")["status"]["phase"] == "Running"
    world.run(10)
    assert world.get("pods", "high")["status"]["message"] == message


def test_pods_that_a_full_node_refuses(world):
    world.inject("Fill", f"node/{NODE}", resource="disk")
    world.run(15)
    assert world.taints(NODE) == ["node.kubernetes.io/disk-pressure:NoSchedule"]
    world.pod("p", spec={"nodeName": NODE})
    world.run(2)
    status = world.get("pods", "p")["status"]
    assert (status["phase"], status["reason"]) == ("Failed", "Evicted")
    assert status["message"] == "Pod was rejected: The node had condition: [DiskPressure]. "


def test_what_is_evicted_is_replaced_elsewhere(populated):
    populated.inject("Fill", f"node/{NODE}")
    populated.run(120)
    assert populated.ready() == 7
    assert all(pod["status"]["phase"] == "Failed" for pod in populated.pods(NODE))


def test_an_idle_node_that_is_not_full_has_no_timer(world):
    world.lift(world.inject("Fill", f"node/{NODE}"))
    world.run(700)
    due_us = world.cluster.clock.next_timer_us()
    assert due_us is None or due_us - world.cluster.clock.now_us > 600_000_000
