"""The rules of DaemonSets one by one: where pods belong, which are too many, how a template rolls out."""

from __future__ import annotations

from typing import Any

import pytest

from cluster_engine.clock import SECOND_US, Clock, rfc3339
from cluster_engine.controllers.daemonset.manage import FailedPodsBackoff, Situation, plan
from cluster_engine.controllers.daemonset.placement import (
    Verdict,
    daemon_tolerations,
    spec_for_node,
    target_node,
    verdict,
)
from cluster_engine.controllers.daemonset.update import allowances, rolling_update

NOW_US = 1_800_000_000 * SECOND_US
FITS, UNFIT = Verdict(run=True, stay=True), Verdict(run=False, stay=False)


def node(name: str = "n1", labels: dict[str, str] | None = None, *taints: tuple[str, str]) -> dict[str, Any]:
    listed = [{"key": key, "effect": effect} for key, effect in taints]
    return {"metadata": {"name": name, "labels": labels or {}}, "spec": {"taints": listed}}


@pytest.mark.parametrize(
    ("spec", "where", "expected"),
    [
        ({}, node(), (True, True)),
        ({"nodeName": "other"}, node(), (False, False)),
        ({"nodeSelector": {"disk": "ssd"}}, node(), (False, False)),
        ({"nodeSelector": {"disk": "ssd"}}, node(labels={"disk": "ssd"}), (True, True)),
        ({}, node("n1", {}, ("dedicated", "NoSchedule")), (False, True)),
        ({}, node("n1", {}, ("dedicated", "NoExecute")), (False, False)),
        ({}, node("n1", {}, ("dedicated", "PreferNoSchedule")), (True, True)),
        ({"tolerations": [{"operator": "Exists"}]}, node("n1", {}, ("dedicated", "NoExecute")), (True, True)),
        ({}, node("n1", {}, ("node.kubernetes.io/unschedulable", "NoSchedule")), (True, True)),
        ({}, node("n1", {}, ("node.kubernetes.io/unreachable", "NoExecute")), (True, True)),
        ({}, node("n1", {}, ("node.kubernetes.io/network-unavailable", "NoSchedule")), (False, True)),
        ({"hostNetwork": True}, node("n1", {}, ("node.kubernetes.io/network-unavailable", "NoSchedule")), (True, True)),
    ],
)
def test_a_pod_belongs_on_a_node_by_selector_and_taints(spec, where, expected):
    found = verdict(spec, daemon_tolerations(spec), where)
    assert (found.run, found.stay) == expected


def test_a_pod_says_its_node_by_an_affinity_that_takes_the_place_of_others():
    own = {"nodeSelectorTerms": [{"matchExpressions": [{"key": "a", "operator": "Exists"}]}]}
    preferred = [{"weight": 1, "preference": {}}]
    required, soft = "requiredDuringSchedulingIgnoredDuringExecution", "preferredDuringSchedulingIgnoredDuringExecution"
    spec = spec_for_node({"affinity": {"nodeAffinity": {required: own, soft: preferred}}}, "n7")
    affinity = spec["affinity"]["nodeAffinity"]
    assert affinity[required] == {
        "nodeSelectorTerms": [{"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["n7"]}]}]
    }
    assert affinity[soft] == preferred
    assert target_node({"spec": spec}) == "n7"
    assert target_node({"spec": {**spec, "nodeName": "n8"}}) == "n8"
    assert target_node({"spec": {}}) == ""


def test_daemon_tolerations_are_added_once():
    once = daemon_tolerations({})
    assert [t["key"].removeprefix("node.kubernetes.io/") for t in once] == [
        "not-ready", "unreachable", "disk-pressure", "memory-pressure", "pid-pressure", "unschedulable"
    ]  # fmt: skip
    assert daemon_tolerations({"tolerations": once}) == once


def pod(
    name: str, revision: str = "new", *, phase: str = "Running", ready: bool = True, age: int = 100, on: str = "n1"
) -> Any:
    since = rfc3339(NOW_US - age * SECOND_US)
    conditions = [{"type": "Ready", "status": "True" if ready else "False", "lastTransitionTime": since}]
    labels = {"controller-revision-hash": revision}
    meta = {"name": name, "namespace": "default", "creationTimestamp": since, "labels": labels}
    return {"metadata": meta, "spec": {"nodeName": on}, "status": {"phase": phase, "conditions": conditions}}


def situation(pods: dict[str, list[Any]], *nodes: str, surge: bool = False, **rolling: Any) -> Situation:
    strategy = {"type": "RollingUpdate", "rollingUpdate": rolling}
    ds = {"metadata": {"uid": "u", "generation": 1}, "spec": {"updateStrategy": strategy}}
    return Situation(ds, pods, dict.fromkeys(nodes, FITS), "new", surge, NOW_US)


def names(pods: list[Any]) -> list[str]:
    return [one["metadata"]["name"] for one in pods]


def test_of_two_pods_on_a_node_the_older_stays():
    made = plan(situation({"n1": [pod("young", age=5), pod("old", age=50)]}, "n1", "n2"), FailedPodsBackoff(Clock()))
    assert (made.nodes, names(made.doomed)) == (["n2"], ["young"])


def test_a_pod_where_none_should_be_goes_and_so_does_one_that_waits_for_a_missing_node():
    here = situation({"n1": [pod("astray")]})
    here.verdicts["n1"] = UNFIT
    here.pods["gone"] = [pod("waits", on="")]
    assert names(plan(here, FailedPodsBackoff(Clock())).doomed) == ["astray", "waits"]


def test_a_failed_pod_is_replaced_after_waits_that_double():
    clock = Clock()
    backoff = FailedPodsBackoff(clock)
    here = situation({"n1": [pod("p", phase="Failed")]}, "n1")
    made = plan(here, backoff)
    assert names(made.doomed) == ["p"]
    assert made.events == [
        ("Warning", "FailedDaemonPod", "Found failed daemon pod default/p on node n1, will try to kill it")
    ]
    assert plan(here, backoff).retry_seconds == 1
    clock.advance_to(clock.now_us + SECOND_US)
    assert names(plan(here, backoff).doomed) == ["p"]
    assert plan(here, backoff).retry_seconds == 2


def test_a_pod_that_succeeded_is_replaced_at_once():
    made = plan(situation({"n1": [pod("p", phase="Succeeded")]}, "n1"), FailedPodsBackoff(Clock()))
    assert made.events == [
        ("Normal", "SucceededDaemonPod", "Found succeeded daemon pod default/p on node n1, will try to delete it")
    ]


@pytest.mark.parametrize(
    ("rolling", "nodes", "expected"),
    [
        ({}, 10, (0, 1)),
        ({"maxUnavailable": "25%"}, 10, (0, 3)),
        ({"maxUnavailable": 0, "maxSurge": "10%"}, 11, (2, 0)),
        ({"maxUnavailable": 0, "maxSurge": 0}, 5, (0, 1)),
    ],
)
def test_percentages_are_rounded_up_and_something_may_always_move(rolling, nodes, expected):
    assert allowances({"spec": {"updateStrategy": {"rollingUpdate": rolling}}}, nodes) == expected


def test_old_pods_go_as_many_as_may_be_unavailable():
    pods = {f"n{i}": [pod(f"p{i}", "old", on=f"n{i}")] for i in range(4)}
    made, _ = rolling_update(situation(pods, *pods, maxUnavailable=2))
    assert names(made.doomed) == ["p0", "p1"]


def test_old_pods_that_are_broken_go_first_and_count():
    pods = {f"n{i}": [pod(f"p{i}", "old", on=f"n{i}", ready=i != 2)] for i in range(4)}
    made, _ = rolling_update(situation(pods, *pods, maxUnavailable=1))
    assert names(made.doomed) == ["p2"]


def test_nothing_moves_while_a_new_pod_is_not_available_or_a_node_is_empty():
    pods = {"n0": [pod("a", "new", ready=False)], "n1": [pod("b", "old")]}
    assert rolling_update(situation(pods, "n0", "n1", maxUnavailable=1))[0].doomed == []
    pods = {"n1": [pod("b", "old")]}
    assert rolling_update(situation(pods, "n0", "n1", maxUnavailable=1))[0].doomed == []


def test_with_surge_a_new_pod_comes_first_and_the_old_one_goes_when_it_is_available():
    pods = {f"n{i}": [pod(f"p{i}", "old", on=f"n{i}")] for i in range(3)}
    made, _ = rolling_update(situation(pods, *pods, surge=True, maxSurge=1, maxUnavailable=0))
    assert (made.nodes, made.doomed) == (["n0"], [])
    pods["n0"].append(pod("q0", "new", ready=False))
    made, _ = rolling_update(situation(pods, *pods, surge=True, maxSurge=1, maxUnavailable=0))
    assert (made.nodes, made.doomed) == ([], [])
    pods["n0"][1] = pod("q0", "new")
    made, _ = rolling_update(situation(pods, *pods, surge=True, maxSurge=1, maxUnavailable=0))
    assert (made.nodes, names(made.doomed)) == ([], ["p0"])
