"""Where pods go, and why some go nowhere: the scheduler in a whole cluster."""

from __future__ import annotations

import pytest

from tests.engine.cluster_tools import Playground

NO_VICTIMS = "preemption: 0/3 nodes are available: 3 No preemption victims found for incoming pod."
NOT_HELPFUL = "preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling."


@pytest.fixture
def playground() -> Playground:
    return Playground()


def why(playground: Playground, pod: str) -> str:
    return str(playground.condition("pods", pod, "PodScheduled")["message"])


def node_of(playground: Playground, pod: str) -> str | None:
    found: str | None = playground.get("pods", pod)["spec"].get("nodeName")
    return found


def requests(**amounts: str) -> dict[str, dict[str, str]]:
    return {"requests": amounts}


def change_node(playground: Playground, name: str, **spec: object) -> None:
    playground.client.patch("nodes", name, {"spec": spec}, patch_type="merge")


def label_node(playground: Playground, name: str, **labels: str | None) -> None:
    playground.client.patch("nodes", name, {"metadata": {"labels": labels}}, patch_type="merge")


def test_a_pod_that_fits_is_bound_and_the_event_says_where(playground):
    playground.pod("web-0")
    playground.run(0.1)
    node = node_of(playground, "web-0")
    assert node in ("k8s-node01", "k8s-node02", "k8s-node03")
    assert playground.events("web-0")[0] == ("Scheduled", f"Successfully assigned default/web-0 to {node}")
    assert playground.condition("pods", "web-0", "PodScheduled")["status"] == "True"


def test_a_pod_that_asks_for_more_than_any_node_has_stays_pending_with_the_reason(playground):
    playground.pod("big", resources=requests(cpu="40"))
    playground.run(0.1)
    message = f"0/3 nodes are available: 3 Insufficient cpu. {NO_VICTIMS}"
    assert playground.events("big") == [("FailedScheduling", message)]
    condition = playground.condition("pods", "big", "PodScheduled")
    assert (condition["status"], condition["reason"], condition["message"]) == ("False", "Unschedulable", message)


def test_every_missing_resource_of_a_node_is_named(playground):
    playground.pod("big", resources=requests(cpu="40", memory="100Gi"))
    playground.run(0.1)
    assert why(playground, "big") == f"0/3 nodes are available: 3 Insufficient cpu, 3 Insufficient memory. {NO_VICTIMS}"


def test_a_selector_that_no_node_has_is_named(playground):
    playground.pod("sel", spec={"nodeSelector": {"disk": "ssd"}})
    playground.run(0.1)
    assert why(playground, "sel") == (
        f"0/3 nodes are available: 3 node(s) didn't match Pod's node affinity/selector. {NOT_HELPFUL}"
    )


def test_a_pending_pod_is_scheduled_when_a_node_gets_the_label_it_wants(playground):
    playground.pod("sel", spec={"nodeSelector": {"disk": "ssd"}})
    playground.run(5)
    label_node(playground, "k8s-node02", disk="ssd")
    playground.run(0.1)
    assert node_of(playground, "sel") == "k8s-node02"


def test_a_pod_that_fails_again_at_once_waits_out_its_back_off(playground):
    playground.pod("sel", spec={"nodeSelector": {"disk": "ssd"}})
    playground.run(0.1)
    label_node(playground, "k8s-node02", disk="ssd")
    playground.run(0.5)
    assert node_of(playground, "sel") is None
    playground.run(0.6)
    assert node_of(playground, "sel") == "k8s-node02"


def test_required_node_affinity_is_obeyed(playground):
    label_node(playground, "k8s-node03", disk="ssd")
    term = {"matchExpressions": [{"key": "disk", "operator": "In", "values": ["ssd"]}]}
    required = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [term]}}
    playground.pod("aff", spec={"affinity": {"nodeAffinity": required}})
    playground.run(0.1)
    assert node_of(playground, "aff") == "k8s-node03"


def test_taints_that_are_not_tolerated_are_named_with_key_and_value(playground):
    for node in ("k8s-node01", "k8s-node02", "k8s-node03"):
        change_node(playground, node, taints=[{"key": "dedicated", "value": "gpu", "effect": "NoSchedule"}])
    playground.pod("plain")
    playground.run(0.1)
    assert why(playground, "plain") == (
        f"0/3 nodes are available: 3 node(s) had untolerated taint {{dedicated: gpu}}. {NOT_HELPFUL}"
    )


def test_a_tolerated_taint_does_not_keep_a_pod_away(playground):
    for node in ("k8s-node01", "k8s-node02", "k8s-node03"):
        change_node(playground, node, taints=[{"key": "dedicated", "value": "gpu", "effect": "NoSchedule"}])
    toleration = {"key": "dedicated", "operator": "Equal", "value": "gpu", "effect": "NoSchedule"}
    playground.pod("gpu", spec={"tolerations": [toleration]})
    playground.run(0.1)
    assert node_of(playground, "gpu") is not None


def test_a_cordoned_node_takes_no_pods_and_gets_the_taint_of_a_cordon(playground):
    change_node(playground, "k8s-node01", unschedulable=True)
    playground.run(0.1)
    assert playground.get("nodes", "k8s-node01")["spec"]["taints"] == [
        {"effect": "NoSchedule", "key": "node.kubernetes.io/unschedulable"}
    ]
    for index in range(6):
        playground.pod(f"p{index}")
    playground.run(0.1)
    assert "k8s-node01" not in {node_of(playground, f"p{index}") for index in range(6)}


def test_different_reasons_of_different_nodes_are_counted_and_sorted(playground):
    change_node(playground, "k8s-node01", unschedulable=True)
    playground.pod("big", resources=requests(cpu="40"))
    playground.run(0.1)
    assert why(playground, "big") == (
        "0/3 nodes are available: 1 node(s) were unschedulable, 2 Insufficient cpu. preemption: 0/3 nodes are "
        "available: 1 Preemption is not helpful for scheduling, 2 No preemption victims found for incoming pod."
    )


def test_a_missing_claim_is_named_once_for_all_nodes(playground):
    volume = {"name": "d", "persistentVolumeClaim": {"claimName": "nope"}}
    playground.pod("pvcpod", spec={"volumes": [volume]})
    playground.run(0.1)
    assert why(playground, "pvcpod") == (
        f'0/3 nodes are available: persistentvolumeclaim "nope" not found. {NOT_HELPFUL}'
    )


def test_a_host_port_can_be_had_once_on_each_node(playground):
    for index in range(4):
        playground.pod(f"hp{index}", ports=[{"containerPort": 80, "hostPort": 8080}])
        playground.run(0.1)
    assert {node_of(playground, f"hp{index}") for index in range(3)} == {"k8s-node01", "k8s-node02", "k8s-node03"}
    assert why(playground, "hp3") == (
        f"0/3 nodes are available: 3 node(s) didn't have free ports for the requested pod ports. {NO_VICTIMS}"
    )


def test_a_pod_gets_the_room_that_a_deleted_one_leaves(playground):
    for index in range(3):
        playground.pod(f"p{index}", resources=requests(cpu="3"))
    playground.pod("late", resources=requests(cpu="3"))
    playground.run(10)
    assert node_of(playground, "late") is None
    freed = node_of(playground, "p1")
    playground.client.delete("pods", "p1", "default")
    playground.run(10)
    assert node_of(playground, "late") == freed


def test_a_full_node_says_too_many_pods():
    playground = Playground(nodes=1, node_pods=2)
    for index in range(3):
        playground.pod(f"p{index}")
    playground.run(0.1)
    assert why(playground, "p2") == (
        "0/1 nodes are available: 1 Too many pods. preemption: 0/1 nodes are available: "
        "1 No preemption victims found for incoming pod."
    )


def test_a_cluster_without_nodes_says_so():
    playground = Playground(nodes=0)
    playground.pod("p")
    playground.run(0.1)
    assert why(playground, "p") == "no nodes available to schedule pods"


def test_hard_spread_constraints_are_obeyed(playground):
    constraint = {
        "maxSkew": 1,
        "topologyKey": "kubernetes.io/hostname",
        "whenUnsatisfiable": "DoNotSchedule",
        "labelSelector": {"matchLabels": {"app": "s"}},
    }
    change_node(playground, "k8s-node03", taints=[{"key": "x", "effect": "NoSchedule"}])
    for index in range(3):
        playground.pod(f"s{index}", labels={"app": "s"}, spec={"topologySpreadConstraints": [constraint]})
        playground.run(0.1)
    assert {node_of(playground, "s0"), node_of(playground, "s1")} == {"k8s-node01", "k8s-node02"}
    assert why(playground, "s2") == (
        "0/3 nodes are available: 1 node(s) had untolerated taint {x: }, 2 node(s) didn't match pod topology spread "
        "constraints. preemption: 0/3 nodes are available: 1 Preemption is not helpful for scheduling, "
        "2 No preemption victims found for incoming pod."
    )


def test_pods_of_one_service_are_spread_over_the_nodes(playground):
    playground.create(
        "services", {"metadata": {"name": "s"}, "spec": {"selector": {"app": "s"}, "ports": [{"port": 80}]}}
    )
    for index in range(9):
        playground.pod(f"s{index}", labels={"app": "s"})
    playground.run(0.1)
    counts: dict[str | None, int] = {}
    for index in range(9):
        node = node_of(playground, f"s{index}")
        counts[node] = counts.get(node, 0) + 1
    assert counts == {"k8s-node01": 3, "k8s-node02": 3, "k8s-node03": 3}


def test_higher_priority_is_tried_first():
    playground = Playground(nodes=1)
    high = {"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": "high"}, "value": 1000}
    playground.client.create("priorityclasses.scheduling.k8s.io", high)
    for name, spec in (("low", {}), ("high", {"priorityClassName": "high"})):
        playground.pod(name, resources=requests(cpu="3"), spec=spec)
    playground.run(0.1)
    tried = [step.subject for step in playground.cluster.trace.steps if step.component == "scheduler"]
    assert tried == ["default/high", "default/low"]
    assert (node_of(playground, "high"), node_of(playground, "low")) == ("k8s-node01", None)


def test_a_decision_explains_itself_in_numbers(playground):
    playground.pod("web-1")
    playground.run(0.1)
    (step,) = [step for step in playground.cluster.trace.steps if step.component == "scheduler"]
    node = node_of(playground, "web-1")
    assert step.subject == "default/web-1"
    assert step.notes[0].startswith(f"web-1 → {node}: NodeResourcesFit 1×")
    assert step.cause.kind == "revision"


def test_a_pod_for_another_scheduler_is_left_alone(playground):
    playground.pod("other", spec={"schedulerName": "my-scheduler"})
    playground.run(10)
    assert node_of(playground, "other") is None
    assert playground.events("other") == []


def test_the_same_seed_gives_the_same_nodes_and_another_seed_others():
    def places(seed: int) -> list[str | None]:
        playground = Playground(seed=seed)
        for index in range(8):
            playground.pod(f"p{index}")
        playground.run(1)
        return [node_of(playground, f"p{index}") for index in range(8)]

    assert places(7) == places(7)
    assert len({tuple(places(seed)) for seed in range(5)}) > 1


def test_after_a_restart_the_nodes_are_as_full_as_before(playground):
    for index in range(3):
        playground.pod(f"p{index}", resources=requests(cpu="3"))
    playground.run(5)
    again = playground.restart()
    again.pod("late", resources=requests(cpu="3"))
    again.run(1)
    assert why(again, "late") == f"0/3 nodes are available: 3 Insufficient cpu. {NO_VICTIMS}"


def test_the_same_failure_again_is_counted_in_a_series(playground):
    """The first attempt changes the pod's status; from the second on, events are about the same version of the pod."""
    playground.pod("sel", spec={"nodeSelector": {"disk": "ssd"}})

    def counts() -> list[int]:
        found = [e for e in playground.client.list("events", "default").items if e["reason"] == "FailedScheduling"]
        return [(e.get("series") or {}).get("count", 1) for e in found]

    found = []
    for index in range(3):
        playground.run(1)
        found.append(counts())
        # A change that cannot help: the next attempt is five minutes after this one.
        label_node(playground, "k8s-node01", x=str(index))
        playground.run(300)
    assert found == [[1], [1, 1], [1, 2]]
