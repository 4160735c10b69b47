"""InterPodAffinity: which nodes are refused, and what the others are worth, worked out from Kubernetes' rules."""

from __future__ import annotations

import pytest

from tests.engine.cluster_tools import Playground
from tests.engine.scheduler.tools import HOSTNAME, NODES, ZONE, Obj, label_node, node_of, on, score, why, zones

AFFINITY = "0/3 nodes are available: 3 node(s) didn't match pod affinity rules. preemption: 0/3 nodes are available: "
AFFINITY += "3 Preemption is not helpful for scheduling."
ANTI_AFFINITY = "0/3 nodes are available: 3 node(s) didn't match pod anti-affinity rules. preemption: 0/3 nodes are "
ANTI_AFFINITY += "available: 3 No preemption victims found for incoming pod."
REQUIRED, PREFERRED = (f"{word}DuringSchedulingIgnoredDuringExecution" for word in ("required", "preferred"))


@pytest.fixture
def playground() -> Playground:
    found = Playground()
    zones(found, "a", "a", "b")
    return found


def term(app: str | None, key: str = HOSTNAME, **more: object) -> Obj:
    selector = {} if app is None else {"labelSelector": {"matchLabels": {"app": app}}}
    return {"topologyKey": key, **selector, **more}


def rule(kind: str, *terms: Obj) -> Obj:
    """A spec with required terms; one with a weight is preferred."""
    required = [t for t in terms if "podAffinityTerm" not in t]
    preferred = [t for t in terms if "podAffinityTerm" in t]
    rules = {key: found for key, found in ((REQUIRED, required), (PREFERRED, preferred)) if found}
    return {"affinity": {kind: rules}}


def near(*terms: Obj) -> Obj:
    return rule("podAffinity", *terms)


def away(*terms: Obj) -> Obj:
    return rule("podAntiAffinity", *terms)


def weighted(weight: int, one: Obj) -> Obj:
    return {"weight": weight, "podAffinityTerm": one}


def place(
    playground: Playground, name: str, node: str, app: str = "", namespace: str = "default", **spec: object
) -> None:
    """A pod that is on a node already."""
    labels = {"app": app} if app else {}
    body = {"containers": [{"name": "c", "image": "nginx:1.25"}], "nodeName": node, **spec}
    playground.create("pods", {"metadata": {"name": name, "namespace": namespace, "labels": labels}, "spec": body})
    playground.run(0.1)


def ask(playground: Playground, spec: Obj, app: str = "new", name: str = "p") -> str | None:
    """Where a new pod goes; None where it waits."""
    playground.pod(name, labels={"app": app}, spec=spec)
    playground.run(0.1)
    return node_of(playground, name)


def test_a_pod_goes_where_the_pods_are_that_it_wants_to_be_with(playground):
    place(playground, "db", "k8s-node02", "db")
    assert ask(playground, near(term("db"))) == "k8s-node02"


def test_the_same_place_is_what_has_the_same_value_of_the_topology_key(playground):
    place(playground, "db", "k8s-node02", "db")
    assert ask(playground, {**near(term("db", ZONE)), **on("k8s-node01")}) == "k8s-node01"
    assert ask(playground, {**near(term("db", ZONE)), **on("k8s-node03")}, name="q") is None
    assert why(playground, "q") == (
        "0/3 nodes are available: 1 node(s) didn't match pod affinity rules, 2 node(s) didn't match Pod's node "
        "affinity/selector. preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling."
    )


def test_a_pod_that_wants_pods_which_are_nowhere_waits_until_one_is_there(playground):
    assert ask(playground, near(term("db"))) is None
    assert why(playground, "p") == AFFINITY
    playground.run(5)
    place(playground, "other", "k8s-node01", "other")
    assert len(playground.events("p")) == 1
    place(playground, "db", "k8s-node03", "db")
    assert node_of(playground, "p") == "k8s-node03"


def test_the_first_of_pods_that_want_to_be_together_may_go_anywhere(playground):
    first = ask(playground, near(term("web")), app="web", name="w0")
    assert first in NODES
    assert ask(playground, near(term("web")), app="web", name="w1") == first


def test_the_first_of_pods_that_want_to_be_together_still_needs_the_label_of_the_place(playground):
    for node in NODES:
        label_node(playground, node, zone=None)
    assert ask(playground, near(term("web", ZONE)), app="web") is None
    assert why(playground, "p") == AFFINITY
    playground.run(5)
    label_node(playground, "k8s-node02", zone="z")
    playground.run(0.1)
    assert node_of(playground, "p") == "k8s-node02"


def test_all_terms_must_be_met_by_the_same_pods(playground):
    place(playground, "a", "k8s-node01", "a")
    place(playground, "b", "k8s-node01", "b")
    assert ask(playground, near(term("a"), term("b"))) is None
    one = {"metadata": {"name": "ab", "labels": {"app": "a", "tier": "b"}}}
    playground.create(
        "pods", {**one, "spec": {"nodeName": "k8s-node02", "containers": [{"name": "c", "image": "nginx"}]}}
    )
    both = near(term("a"), {"topologyKey": ZONE, "labelSelector": {"matchLabels": {"tier": "b"}}})
    assert ask(playground, both, name="q") == "k8s-node02"


def test_one_pod_a_node_and_the_fourth_waits(playground):
    found = {ask(playground, away(term("web")), app="web", name=f"w{index}") for index in range(3)}
    assert found == set(NODES)
    assert ask(playground, away(term("web")), app="web", name="w3") is None
    assert why(playground, "w3") == ANTI_AFFINITY


def test_a_pod_that_is_in_the_way_lets_the_waiting_one_in_when_it_goes_and_others_do_not(playground):
    for node in NODES:
        place(playground, f"on-{node}", node, "web")
    place(playground, "other", "k8s-node01", "other")
    assert ask(playground, away(term("web"))) is None
    playground.run(10)
    playground.client.delete("pods", "other", "default", grace_period_seconds=0)
    playground.run(5)
    assert len(playground.events("p")) == 1
    playground.client.delete("pods", "on-k8s-node02", "default", grace_period_seconds=0)
    playground.run(0.1)
    assert node_of(playground, "p") == "k8s-node02"


def test_anti_affinity_over_zones_keeps_out_of_the_whole_zone(playground):
    place(playground, "w", "k8s-node01", "web")
    assert ask(playground, away(term("web", ZONE))) == "k8s-node03"


def test_the_rules_of_pods_that_are_there_hold_for_one_that_comes(playground):
    for node in NODES:
        place(playground, f"on-{node}", node, "loner", affinity=away(term("new"))["affinity"])
    assert ask(playground, {}) is None
    assert why(playground, "p") == (
        "0/3 nodes are available: 3 node(s) didn't satisfy existing pods anti-affinity rules. preemption: 0/3 nodes "
        "are available: 3 No preemption victims found for incoming pod."
    )
    assert ask(playground, {}, app="else", name="q") in NODES


def test_a_pod_that_is_being_deleted_still_has_its_place(playground):
    place(playground, "w", "k8s-node01", "web", terminationGracePeriodSeconds=60)
    playground.run(5)
    playground.client.delete("pods", "w", "default")
    assert ask(playground, {**away(term("web")), **on("k8s-node01")}) is None


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({}, "k8s-node01"),
        ({"namespaces": ["other"]}, "k8s-node02"),
        ({"namespaceSelector": {"matchLabels": {"team": "x"}}}, "k8s-node03"),
        ({"namespaceSelector": {"matchLabels": {"team": "nobody"}}}, None),
        ({"namespaces": ["nowhere"]}, None),
    ],
)
def test_terms_mean_pods_of_the_own_namespace_unless_they_name_or_select_others(playground, more, expected):
    for namespace, labels in (("other", {}), ("teamed", {"team": "x"})):
        playground.create("namespaces", {"metadata": {"name": namespace, "labels": labels}})
    for namespace, node in (("default", "k8s-node01"), ("other", "k8s-node02"), ("teamed", "k8s-node03")):
        place(playground, "db", node, "db", namespace)
    assert ask(playground, near(term("db", **more))) == expected


def test_an_empty_namespace_selector_means_all_namespaces_and_no_selector_means_no_pod(playground):
    playground.create("namespaces", {"metadata": {"name": "other"}})
    playground.run(0.1)
    place(playground, "db", "k8s-node02", "db", "other")
    assert ask(playground, near(term("db", namespaceSelector={}))) == "k8s-node02"
    assert ask(playground, near(term(None, namespaceSelector={})), name="q") is None


def test_match_label_keys_join_the_selector_when_the_pod_is_created(playground):
    more = {"matchLabelKeys": ["version", "lacking"], "mismatchLabelKeys": ["app"]}
    playground.create(
        "pods",
        {
            "metadata": {"name": "p", "labels": {"app": "web", "version": "2"}},
            "spec": {"containers": [{"name": "c", "image": "nginx"}], **away(term("web", **more), term(None))},
        },
    )
    first, second = playground.get("pods", "p")["spec"]["affinity"]["podAntiAffinity"][REQUIRED]
    assert first["labelSelector"] == {
        "matchLabels": {"app": "web"},
        "matchExpressions": [
            {"key": "version", "operator": "In", "values": ["2"]},
            {"key": "app", "operator": "NotIn", "values": ["web"]},
        ],
    }
    assert second == {"topologyKey": HOSTNAME}


def test_preferences_are_added_up_by_place_and_scaled_from_the_worst_to_the_best(playground):
    place(playground, "a1", "k8s-node01", "a")
    place(playground, "a2", "k8s-node01", "a")
    place(playground, "b", "k8s-node02", "b")
    place(playground, "c", "k8s-node03", "c")
    spec = near(weighted(10, term("a")), weighted(4, term("b", ZONE)))
    spec["affinity"] |= away(weighted(16, term("c")))["affinity"]
    assert ask(playground, spec) == "k8s-node01"
    # node01: 2 × 10 and 4 of the zone = 24; node02: 4; node03: -16. Scaled: 40 of 40, 20 of 40, 0.
    assert score(playground, "p", "InterPodAffinity") == {"k8s-node01": 100, "k8s-node02": 50, "k8s-node03": 0}


def test_what_pods_that_are_there_want_and_prefer_counts_for_one_that_comes(playground):
    place(playground, "liker", "k8s-node01", "x", affinity=near(weighted(9, term("new")))["affinity"])
    place(playground, "needer", "k8s-node02", "new", affinity=near(term("new"))["affinity"])
    place(playground, "disliker", "k8s-node03", "y", affinity=away(weighted(5, term("new")))["affinity"])
    assert ask(playground, {}) is not None
    # 9, 1 (the weight of a required term) and -5: of 14, they are 14, 6 and 0.
    assert score(playground, "p", "InterPodAffinity") == {"k8s-node01": 100, "k8s-node02": 42, "k8s-node03": 0}


def test_a_pod_that_nothing_of_this_concerns_is_not_scored_by_it(playground):
    place(playground, "liker", "k8s-node01", "x", affinity=near(weighted(9, term("else")))["affinity"])
    assert ask(playground, {}) in NODES
    assert score(playground, "p", "InterPodAffinity") == {}


def test_rules_are_known_again_after_a_restart(playground):
    place(playground, "loner", "k8s-node01", "loner", affinity=away(term("new"))["affinity"])
    again = playground.restart()
    assert ask(again, on("k8s-node01")) is None
