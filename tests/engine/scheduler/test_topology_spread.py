"""PodTopologySpread: what is too uneven, which nodes count, and what the others are worth."""

from __future__ import annotations

import pytest

from tests.engine.cluster_tools import Playground
from tests.engine.scheduler.tools import (
    HOSTNAME,
    NO_VICTIMS,
    NODES,
    ZONE,
    Obj,
    change_node,
    label_node,
    node_of,
    on,
    score,
    why,
    zones,
)

UNEVEN = "node(s) didn't match pod topology spread constraints"


@pytest.fixture
def playground() -> Playground:
    found = Playground()
    zones(found, "a", "a", "b")
    return found


def spread(key: str = HOSTNAME, skew: int = 1, hard: bool = True, app: str = "s", **more: object) -> Obj:
    return {
        "maxSkew": skew,
        "topologyKey": key,
        "whenUnsatisfiable": "DoNotSchedule" if hard else "ScheduleAnyway",
        "labelSelector": {"matchLabels": {"app": app}},
        **more,
    }


def place(playground: Playground, *nodes: str, app: str = "s", **labels: str) -> None:
    """One pod that counts on each of the nodes."""
    for node in nodes:
        name = f"{app}-{len(playground.names('pods'))}"
        playground.pod(name, labels={"app": app, **labels}, spec={"nodeName": node})
    playground.run(0.1)


def ask(playground: Playground, *constraints: Obj, name: str = "p", app: str = "s", **spec: object) -> str | None:
    labels = spec.pop("labels", {})
    playground.pod(name, labels={"app": app, **labels}, spec={"topologySpreadConstraints": list(constraints), **spec})
    playground.run(0.1)
    return node_of(playground, name)


def test_a_zone_may_have_as_many_more_as_the_skew_allows(playground):
    place(playground, "k8s-node01", "k8s-node02")
    # Zone a has two, b none: only b may have one more.
    assert ask(playground, spread(ZONE)) == "k8s-node03"
    assert ask(playground, spread(ZONE, skew=3, nodeAffinityPolicy="Ignore"), name="q", **on("k8s-node01")) is not None


def test_the_pod_itself_counts_only_if_the_selector_means_it(playground):
    place(playground, "k8s-node01")
    # With itself node01 would have two, one more than allowed; another app may still go there.
    constraint = spread(nodeAffinityPolicy="Ignore")
    assert ask(playground, constraint, name="same", **on("k8s-node01")) is None
    assert ask(playground, constraint, name="other", app="x", **on("k8s-node01")) == "k8s-node01"


def test_nodes_on_which_the_pod_may_not_be_do_not_count_unless_told_to(playground):
    place(playground, "k8s-node01", "k8s-node01")
    assert ask(playground, spread(), **on("k8s-node01")) == "k8s-node01"
    counted = spread(nodeAffinityPolicy="Ignore")
    assert ask(playground, counted, name="q", **on("k8s-node01")) is None
    assert why(playground, "q") == (
        f"0/3 nodes are available: 1 {UNEVEN}, 2 node(s) didn't match Pod's node affinity/selector. preemption: 0/3 "
        "nodes are available: 1 No preemption victims found for incoming pod, 2 Preemption is not helpful for "
        "scheduling."
    )


def test_tainted_nodes_count_unless_taints_are_honoured(playground):
    change_node(playground, "k8s-node03", taints=[{"key": "x", "effect": "NoSchedule"}])
    place(playground, "k8s-node01", "k8s-node02")
    assert ask(playground, spread()) is None
    assert ask(playground, spread(nodeTaintsPolicy="Honor"), name="q") in ("k8s-node01", "k8s-node02")


def test_too_few_domains_count_as_an_empty_one(playground):
    place(playground, "k8s-node01", "k8s-node03")
    assert ask(playground, spread(ZONE, minDomains=3)) is None
    assert why(playground, "p") == f"0/3 nodes are available: 3 {UNEVEN}. {NO_VICTIMS}"
    assert ask(playground, spread(ZONE, minDomains=2), name="q") in NODES


def test_a_node_without_the_label_is_refused_for_that(playground):
    label_node(playground, "k8s-node03", zone=None)
    place(playground, "k8s-node01", "k8s-node02")
    # Only zone a is left, and is even with itself; node03 lacks the label.
    change_node(playground, "k8s-node01", unschedulable=True)
    change_node(playground, "k8s-node02", unschedulable=True)
    assert ask(playground, spread(ZONE)) is None
    assert why(playground, "p") == (
        f"0/3 nodes are available: 1 {UNEVEN} (missing required label), 2 node(s) were unschedulable. preemption: 0/3 "
        "nodes are available: 3 Preemption is not helpful for scheduling."
    )


def test_only_nodes_with_the_labels_of_all_constraints_count(playground):
    for node, rack in (("k8s-node01", "r1"), ("k8s-node03", "r2")):
        label_node(playground, node, rack=rack)
    place(playground, "k8s-node02", "k8s-node02", "k8s-node03")
    # node02 has no rack: its two pods do not count for the zone either, where a has 0 and b has 1.
    assert ask(playground, spread(ZONE), spread("rack")) == "k8s-node01"


def test_match_label_keys_count_pods_of_the_same_value_alone(playground):
    place(playground, "k8s-node01", "k8s-node01", version="1")
    spec = {"labels": {"version": "2"}, **on("k8s-node01")}
    counted = spread(nodeAffinityPolicy="Ignore", matchLabelKeys=["version"])
    assert ask(playground, counted, **spec) == "k8s-node01"
    assert ask(playground, spread(nodeAffinityPolicy="Ignore"), name="q", **spec) is None


def test_pods_that_are_being_deleted_and_those_of_other_namespaces_do_not_count(playground):
    place(playground, "k8s-node01", "k8s-node02")
    playground.run(3)
    playground.client.delete("pods", "s-0", "default")
    assert ask(playground, spread(), **on("k8s-node01")) == "k8s-node01"


def test_a_selector_that_means_everything_counts_nothing(playground):
    place(playground, "k8s-node01", "k8s-node01", "k8s-node01")
    constraint = spread(nodeAffinityPolicy="Ignore", labelSelector={})
    assert ask(playground, constraint, **on("k8s-node01")) == "k8s-node01"


def test_soft_constraints_make_the_emptier_place_better(playground):
    place(playground, "k8s-node01", "k8s-node01", "k8s-node02")
    assert ask(playground, spread(hard=False)) == "k8s-node03"
    # Counts 2, 1, 0 times log(3 + 2) = 1.609: 3, 2, 0, and 100 × (3 + 0 - n) / 3.
    assert score(playground, "p", "PodTopologySpread") == {"k8s-node01": 0, "k8s-node02": 33, "k8s-node03": 100}


def test_nodes_without_a_label_of_the_soft_constraints_have_nothing(playground):
    label_node(playground, "k8s-node02", zone=None)
    place(playground, "k8s-node01")
    ask(playground, spread(ZONE, hard=False))
    # One in zone a times log(2 + 2) = 1.386, and 0 in b.
    assert score(playground, "p", "PodTopologySpread") == {"k8s-node01": 0, "k8s-node02": 0, "k8s-node03": 100}


def test_pods_of_a_replica_set_are_spread_over_zones_and_nodes_by_default(playground):
    template = {"metadata": {"labels": {"app": "w"}}, "spec": {"containers": [{"name": "c", "image": "nginx"}]}}
    spec = {"replicas": 4, "selector": {"matchLabels": {"app": "w"}}, "template": template}
    playground.create("deployments.apps", {"metadata": {"name": "w"}, "spec": spec})
    playground.run(5)
    counts = dict.fromkeys(NODES, 0)
    for name in playground.names("pods"):
        counts[node_of(playground, name) or ""] += 1
    assert counts == {"k8s-node01": 1, "k8s-node02": 1, "k8s-node03": 2}


def test_a_pod_that_counts_and_goes_lets_a_waiting_one_in_one_that_does_not_count_does_not(playground):
    change_node(playground, "k8s-node03", taints=[{"key": "x", "effect": "NoSchedule"}])
    place(playground, "k8s-node01", "k8s-node02")
    place(playground, "k8s-node01", app="other")
    assert ask(playground, spread()) is None
    playground.run(10)
    playground.client.delete("pods", "other-2", "default", grace_period_seconds=0)
    playground.run(10)
    assert len(playground.events("p")) == 1
    playground.client.delete("pods", "s-1", "default", grace_period_seconds=0)
    playground.run(0.1)
    assert node_of(playground, "p") == "k8s-node02"
