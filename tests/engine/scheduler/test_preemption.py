"""Preemption: who is pushed out for whom, in which words, and who is spared. Worked out from Kubernetes' rules."""

from __future__ import annotations

import pytest

from tests.engine.cluster_tools import Playground
from tests.engine.scheduler.tools import NODES, Obj, decision, node_of, on, priority_class, requests, why

# Each node has four cores.
CONFIG = {"node_cpu": "4", "node_memory": "8Gi"}
# A container that takes its time to end.
SLOW = {"lifecycle": {"preStop": {"sleep": {"seconds": 15}}}}


@pytest.fixture
def playground() -> Playground:
    found = Playground(**CONFIG)
    for name, value in (("low", 10), ("middle", 100), ("high", 1000)):
        priority_class(found, name, value)
    priority_class(found, "polite", 1000, preemptionPolicy="Never")
    return found


def put(
    playground: Playground, name: str, node: str | None = None, cpu: str = "3", rank: str = "", **spec: object
) -> None:
    """A pod of a priority class that wants so many cores, on a certain node or anywhere."""
    chosen = on(node) if node else {}
    ranked = {"priorityClassName": rank} if rank else {}
    labels: Obj = spec.pop("labels", {})  # type: ignore[assignment]
    container: Obj = spec.pop("container", {})  # type: ignore[assignment]
    playground.pod(name, labels=labels, resources=requests(cpu=cpu), spec={**chosen, **ranked, **spec}, **container)
    playground.run(0.1)


def fill(playground: Playground, rank: str = "low", cpu: str = "3", **spec: object) -> None:
    """One pod on each node, `on-<node>`, that has run for a while."""
    for node in NODES:
        put(playground, f"on-{node}", node, cpu, rank, **spec)
    playground.run(5)


def budget(playground: Playground, app: str, **spec: object) -> None:
    body = {"metadata": {"name": app}, "spec": {"selector": {"matchLabels": {"app": app}}, **spec}}
    playground.create("poddisruptionbudgets.policy", body)
    playground.run(1)


def gone(playground: Playground) -> set[str]:
    """The pods that have been told to go."""
    return {
        p["metadata"]["name"] for p in playground.client.list("pods").items if p["metadata"].get("deletionTimestamp")
    }


def test_a_pod_pushes_one_of_lower_priority_out_and_gets_its_place_when_that_has_ended(playground):
    fill(playground)
    put(playground, "vip", rank="high")
    (victim,) = gone(playground)
    vip = playground.get("pods", "vip")
    node = node_of(playground, victim)
    assert vip["status"]["nominatedNodeName"] == node
    assert node_of(playground, "vip") is None
    assert why(playground, "vip") == "0/3 nodes are available: 3 Insufficient cpu."
    uid = vip["metadata"]["uid"]
    assert playground.events(victim)[-2:] == [
        ("Preempted", f"Preempted by pod {uid} on node {node}"),
        ("Killing", "Stopping container c"),
    ]
    playground.run(40)
    assert node_of(playground, "vip") == node
    assert playground.events("vip")[:2] == [
        ("FailedScheduling", "0/3 nodes are available: 3 Insufficient cpu."),
        ("Scheduled", f"Successfully assigned default/vip to {node}"),
    ]
    assert victim not in playground.names("pods")
    assert len(playground.names("pods")) == 3


def test_a_victim_is_marked_and_has_its_own_grace(playground):
    fill(playground, terminationGracePeriodSeconds=77)
    put(playground, "vip", "k8s-node02", rank="high")
    victim = playground.get("pods", "on-k8s-node02")
    assert victim["metadata"]["deletionGracePeriodSeconds"] == 77
    condition = playground.condition("pods", "on-k8s-node02", "DisruptionTarget")
    assert {field: condition[field] for field in ("status", "reason", "message")} == {
        "status": "True",
        "reason": "PreemptionByScheduler",
        "message": "default-scheduler: preempting to accommodate a higher priority pod",
    }


def test_the_event_of_a_victim_names_the_pod_for_which_it_goes(playground):
    fill(playground)
    put(playground, "vip", "k8s-node02", rank="high")
    (event,) = [e for e in playground.client.list("events", "default").items if e["reason"] == "Preempted"]
    assert (event["type"], event["action"]) == ("Normal", "Preempting")
    assert event["involvedObject"]["name"] == "on-k8s-node02"
    assert event["related"]["name"] == "vip"


def test_nobody_is_pushed_out_for_a_pod_of_the_same_priority(playground):
    fill(playground, "high")
    put(playground, "vip", rank="high")
    assert gone(playground) == set()
    assert why(playground, "vip") == (
        "0/3 nodes are available: 3 Insufficient cpu. preemption: 0/3 nodes are available: "
        "3 No preemption victims found for incoming pod."
    )


def test_where_even_all_of_them_would_not_be_enough_the_reason_stays_the_plugins(playground):
    fill(playground)
    put(playground, "on-too", "k8s-node01", "1", "high")
    put(playground, "vip", rank="high", cpu="5")
    assert gone(playground) == set()
    assert why(playground, "vip") == (
        "0/3 nodes are available: 3 Insufficient cpu. preemption: 0/3 nodes are available: 3 Insufficient cpu."
    )


def test_a_pod_that_must_not_push_others_out_says_so(playground):
    fill(playground)
    put(playground, "vip", rank="polite")
    assert gone(playground) == set()
    assert why(playground, "vip") == (
        "0/3 nodes are available: 3 Insufficient cpu. preemption: not eligible due to preemptionPolicy=Never."
    )


def test_nodes_that_refuse_for_another_reason_are_not_tried(playground):
    fill(playground)
    put(playground, "vip", rank="high", nodeSelector={"disk": "ssd"})
    assert gone(playground) == set()
    assert why(playground, "vip") == (
        "0/3 nodes are available: 3 node(s) didn't match Pod's node affinity/selector. preemption: 0/3 nodes are "
        "available: 3 Preemption is not helpful for scheduling."
    )


def test_no_second_pod_is_pushed_out_while_the_first_one_ends(playground):
    fill(playground, container=SLOW)
    put(playground, "vip", rank="high")
    first = gone(playground)
    playground.run(5)
    # A change of the pod makes it try again, while its victim still ends.
    playground.client.patch("pods", "vip", {"metadata": {"labels": {"x": "y"}}}, "default", patch_type="merge")
    playground.run(1)
    assert gone(playground) == first
    assert why(playground, "vip") == (
        "0/3 nodes are available: 3 Insufficient cpu. preemption: not eligible due to a terminating pod on the "
        "nominated node."
    )
    playground.run(30)
    assert [node_of(playground, "vip")] == [node for node in NODES if f"on-{node}" in first]


def test_as_few_as_possible_go_and_the_most_important_stay(playground):
    for name, cpu, rank in (("a", "1", "low"), ("b", "1", "middle"), ("c", "1", "low"), ("d", "1", "middle")):
        put(playground, name, "k8s-node01", cpu, rank)
        playground.run(2)
    put(playground, "vip", "k8s-node01", "2", "high")
    # Two cores are wanted: both of low priority go.
    assert gone(playground) == {"a", "c"}


def test_of_equal_priority_the_one_that_has_run_longest_stays(playground):
    for name in ("old", "young"):
        put(playground, name, "k8s-node01", "2", "low")
        playground.run(5)
    put(playground, "vip", "k8s-node01", "2", "high")
    assert gone(playground) == {"young"}


def test_the_node_whose_most_important_victim_is_least_important_is_chosen(playground):
    for node, rank in zip(NODES, ("middle", "low", "middle")):
        put(playground, f"on-{node}", node, "3", rank)
    put(playground, "vip", rank="high")
    assert gone(playground) == {"on-k8s-node02"}
    assert decision(playground, "vip")[1] == (
        "DefaultPreemption: priority 1000 pushes default/on-k8s-node02 (priority 10) out of k8s-node02; chosen from 3 "
        "nodes: lowest priority of the most important victim"
    )


def test_then_the_node_with_the_smallest_sum_of_priorities(playground):
    for index, (node, ranks) in enumerate(zip(NODES, (("low", "low"), ("low",), ("low", "low")))):
        for rank in ranks:
            put(playground, f"p{index}-{len(playground.names('pods'))}", node, "2" if len(ranks) > 1 else "4", rank)
    put(playground, "vip", rank="high", cpu="4")
    assert {node_of(playground, name) for name in gone(playground)} == {"k8s-node02"}


def test_then_the_node_whose_victims_have_begun_last(playground):
    for node in ("k8s-node03", "k8s-node01", "k8s-node02"):
        put(playground, f"on-{node}", node, "3", "low")
        playground.run(5)
    put(playground, "vip", rank="high")
    assert gone(playground) == {"on-k8s-node02"}
    assert decision(playground, "vip")[1].endswith("chosen from 3 nodes: latest start of the victims")


def test_a_node_where_no_budget_is_broken_comes_first(playground):
    for node, app in zip(NODES, ("kept", "kept", "free")):
        put(playground, f"on-{node}", node, "3", "middle" if app == "free" else "low", labels={"app": app})
    playground.run(3)
    budget(playground, "kept", maxUnavailable=0)
    put(playground, "vip", rank="high")
    assert gone(playground) == {"on-k8s-node03"}


def test_pods_of_a_budget_are_spared_first_but_go_where_nothing_else_helps(playground):
    put(playground, "kept", "k8s-node01", "2", "low", labels={"app": "kept"})
    put(playground, "free", "k8s-node01", "2", "middle", labels={"app": "free"})
    playground.run(3)
    budget(playground, "kept", maxUnavailable=0)
    put(playground, "vip", "k8s-node01", "2", "high")
    assert gone(playground) == {"free"}
    playground.run(40)
    put(playground, "vip2", "k8s-node01", "2", "high")
    assert gone(playground) == {"kept"}


def test_the_place_is_kept_for_the_pod_that_made_it(playground):
    fill(playground, container=SLOW)
    put(playground, "vip", "k8s-node01", rank="high")
    playground.run(5)
    put(playground, "late", "k8s-node01", rank="high")
    put(playground, "small", "k8s-node01", "1", "low")
    # The nominated pod counts as if it were there beside the one that ends: nothing is left of four cores.
    assert (node_of(playground, "late"), node_of(playground, "small")) == (None, None)
    assert gone(playground) == {"on-k8s-node01"}
    playground.run(60)
    found = {name: node_of(playground, name) for name in ("vip", "late", "small")}
    assert found == {"vip": "k8s-node01", "late": None, "small": "k8s-node01"}


def test_a_pod_of_yet_higher_priority_takes_the_place_and_the_nomination(playground):
    priority_class(playground, "highest", 5000)
    fill(playground, terminationGracePeriodSeconds=20)
    put(playground, "vip", "k8s-node01", rank="high")
    assert playground.get("pods", "vip")["status"]["nominatedNodeName"] == "k8s-node01"
    put(playground, "boss", "k8s-node01", rank="highest")
    playground.run(60)
    assert (node_of(playground, "boss"), node_of(playground, "vip")) == ("k8s-node01", None)
    assert "nominatedNodeName" not in playground.get("pods", "vip")["status"]


def test_a_nominated_pod_that_is_deleted_gives_its_place_back(playground):
    fill(playground, "middle", terminationGracePeriodSeconds=10)
    put(playground, "vip", "k8s-node01", rank="high")
    put(playground, "second", "k8s-node01", rank="middle")
    playground.client.delete("pods", "vip", "default")
    playground.run(40)
    assert node_of(playground, "second") == "k8s-node01"


def test_a_taken_host_port_is_a_reason_to_push_out(playground):
    port = [{"containerPort": 80, "hostPort": 8080}]
    for node in NODES:
        playground.pod(f"on-{node}", ports=port, spec=on(node))
    playground.run(5)
    playground.pod("vip", ports=port, spec={"priorityClassName": "high"})
    playground.run(60)
    assert node_of(playground, "vip") is not None
    assert len(playground.names("pods")) == 3


def test_pods_that_keep_the_new_one_off_by_their_anti_affinity_are_pushed_out(playground):
    wanted = {"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": {"app": "vip"}}}
    rule = {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [wanted]}}
    fill(playground, cpu="1", affinity=rule)
    put(playground, "vip", "k8s-node03", "1", "high", labels={"app": "vip"})
    assert gone(playground) == {"on-k8s-node03"}
    playground.run(40)
    assert node_of(playground, "vip") == "k8s-node03"


def test_one_victim_is_enough_where_the_spread_is_too_uneven(playground):
    constraint = {
        "maxSkew": 1,
        "topologyKey": "kubernetes.io/hostname",
        "whenUnsatisfiable": "DoNotSchedule",
        "labelSelector": {"matchLabels": {"app": "s"}},
    }
    for index, node in enumerate(("k8s-node01", "k8s-node01", "k8s-node02", "k8s-node03")):
        put(playground, f"s{index}", node, "1", "low", labels={"app": "s"})
        playground.run(2)
    spread = {"topologySpreadConstraints": [{**constraint, "nodeAffinityPolicy": "Ignore"}]}
    put(playground, "vip", "k8s-node01", "1", "high", labels={"app": "s"}, **spread)
    # A third one beside two would be two more than elsewhere; one of them may stay, the older one.
    assert gone(playground) == {"s1"}
    playground.run(40)
    assert node_of(playground, "vip") == "k8s-node01"


def test_a_deployment_makes_anew_what_is_pushed_out_and_it_waits(playground):
    template = {
        "metadata": {"labels": {"app": "web"}},
        "spec": {
            "priorityClassName": "low",
            "containers": [{"name": "c", "image": "nginx:1.25", "resources": requests(cpu="3")}],
        },
    }
    spec = {"replicas": 3, "selector": {"matchLabels": {"app": "web"}}, "template": template}
    playground.create("deployments.apps", {"metadata": {"name": "web"}, "spec": spec})
    playground.run(10)
    put(playground, "vip", rank="high")
    playground.run(60)
    assert node_of(playground, "vip") is not None
    status = playground.get("deployments.apps", "web")["status"]
    assert (status["replicas"], status["readyReplicas"]) == (3, 2)
    playground.client.delete("pods", "vip", "default")
    playground.run(60)
    assert playground.get("deployments.apps", "web")["status"]["readyReplicas"] == 3
