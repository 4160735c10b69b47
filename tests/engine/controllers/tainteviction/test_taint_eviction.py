"""Pods on nodes with NoExecute taints: who leaves, when, and with which words."""

from __future__ import annotations

import pytest

from cluster_engine.controllers.tainteviction.controller import patience_seconds
from tests.engine.cluster_tools import Playground


@pytest.fixture
def playground() -> Playground:
    return Playground(nodes=2, registry="any", start_seconds=1.0, stop_seconds=1.0)


def taint(playground: Playground, *taints: tuple[str, str]) -> None:
    listed = [{"key": key, "effect": effect, "value": ""} for key, effect in taints]
    playground.client.patch("nodes", "k8s-node01", {"spec": {"taints": listed or None}}, patch_type="merge")


def pod(playground: Playground, name: str = "p", *tolerations: dict) -> None:
    playground.pod(name, spec={"nodeName": "k8s-node01", "tolerations": list(tolerations)})


def evictions(playground: Playground, name: str = "p") -> list[str]:
    return [message for reason, message in playground.events(name) if reason == "TaintManagerEviction"]


ANY = {"key": "k", "effect": "NoExecute"}


@pytest.mark.parametrize(
    ("tolerations", "seconds"),
    [
        ([], 0),
        ([{"operator": "Exists"}], None),
        ([{"key": "k", "operator": "Exists", "tolerationSeconds": 30}], 30),
        ([{"key": "k", "operator": "Exists", "tolerationSeconds": -5}], 0),
        ([{"key": "k", "operator": "Exists", "tolerationSeconds": 30}, {"operator": "Exists"}], 30),
        ([{"operator": "Exists"}, {"key": "k", "operator": "Exists", "tolerationSeconds": 30}], None),
        ([{"key": "other", "operator": "Exists"}], 0),
    ],
)
def test_patience_is_that_of_the_first_toleration_that_fits(tolerations, seconds):
    assert patience_seconds([ANY], tolerations) == seconds


def test_patience_with_several_taints_is_the_shortest_and_one_untolerated_taint_ends_it():
    tolerations = [
        {"key": "a", "operator": "Exists", "tolerationSeconds": 30},
        {"key": "b", "operator": "Exists", "tolerationSeconds": 10},
    ]
    assert patience_seconds([{**ANY, "key": "a"}, {**ANY, "key": "b"}], tolerations) == 10
    assert patience_seconds([{**ANY, "key": "a"}, {**ANY, "key": "c"}], tolerations) == 0


def test_a_pod_that_does_not_tolerate_the_taint_leaves_at_once(playground):
    pod(playground)
    playground.run(5)
    taint(playground, ("maintenance", "NoExecute"))
    playground.run(0.1)
    assert "deletionTimestamp" in playground.get("pods", "p")["metadata"]
    assert evictions(playground) == ["Marking for deletion Pod default/p"]
    condition = playground.condition("pods", "p", "DisruptionTarget")
    assert (condition["status"], condition["reason"], condition["message"]) == (
        "True",
        "DeletionByTaintManager",
        "Taint manager: deleting due to NoExecute taint",
    )


PATIENT = {"key": "maintenance", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}


def test_a_pod_stays_for_its_toleration_seconds(playground):
    pod(playground, "p", PATIENT)
    playground.run(5)
    taint(playground, ("maintenance", "NoExecute"))
    playground.run(299)
    assert "deletionTimestamp" not in playground.get("pods", "p")["metadata"]
    playground.run(2)
    assert evictions(playground) == ["Marking for deletion Pod default/p"]


def test_a_pod_whose_taint_goes_in_time_stays_and_it_is_said(playground):
    pod(playground, "p", PATIENT)
    playground.run(5)
    taint(playground, ("maintenance", "NoExecute"))
    playground.run(100)
    taint(playground)
    playground.run(400)
    assert "deletionTimestamp" not in playground.get("pods", "p")["metadata"]
    assert evictions(playground) == ["Cancelling deletion of Pod default/p"]


def test_a_pod_that_comes_to_a_tainted_node_has_all_its_patience(playground):
    taint(playground, ("maintenance", "NoExecute"))
    playground.run(100)
    pod(playground, "p", PATIENT)
    playground.run(299)
    assert evictions(playground) == []
    playground.run(2)
    assert evictions(playground) == ["Marking for deletion Pod default/p"]


def test_a_pod_that_tolerates_for_ever_stays_and_other_effects_evict_nobody(playground):
    pod(playground, "tolerant", {"key": "maintenance", "operator": "Exists"})
    pod(playground, "plain")
    playground.run(5)
    taint(playground, ("maintenance", "NoSchedule"))
    playground.run(5)
    assert "deletionTimestamp" not in playground.get("pods", "plain")["metadata"]
    taint(playground, ("maintenance", "NoExecute"))
    playground.run(600)
    assert playground.names("pods") == ["tolerant"]


def test_patience_goes_on_through_a_restart(playground):
    pod(playground, "p", PATIENT)
    playground.run(5)
    added = {"key": "maintenance", "effect": "NoExecute", "timeAdded": playground.cluster.clock.rfc3339()}
    playground.client.patch("nodes", "k8s-node01", {"spec": {"taints": [added]}}, patch_type="merge")
    playground.run(100)
    again = playground.restart()
    again.run(198)
    assert evictions(again) == []
    again.run(3)
    assert evictions(again) == ["Marking for deletion Pod default/p"]
