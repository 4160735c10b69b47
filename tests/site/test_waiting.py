"""Why a Pod waits for a node, as the details tell it: every reason that the scheduler has, in both languages."""

from __future__ import annotations

import pytest
from django.template.loader import render_to_string
from django.utils import translation

from cluster_engine.cluster import Cluster, ClusterConfig
from playground.sandboxes.describe import describe
from playground.sandboxes.waiting import Reason, why_waiting

HELPLESS = "0/3 nodes are available: 1 Preemption is not helpful for scheduling, 2 No preemption victims found for "
HELPLESS += "incoming pod."
MIXED = "0/3 nodes are available: 1 node(s) had untolerated taint {dedicated: gpu}, 2 Insufficient cpu. preemption: "


def pod(message: str, **more: object) -> dict[str, object]:
    condition = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": message}
    return {"metadata": {"name": "p"}, "spec": {}, "status": {"conditions": [condition], **more}}


def test_a_message_is_taken_apart_into_reasons_with_their_counts():
    waiting = why_waiting(pod(MIXED + HELPLESS))
    assert waiting is not None
    assert waiting.nodes == 3
    assert waiting.reasons == [
        Reason("node(s) had untolerated taint {dedicated: gpu}", 1),
        Reason("Insufficient cpu", 2),
    ]
    assert [reason.count for reason in waiting.preemption] == [1, 2]
    assert waiting.reasons[0].meaning == "It has the taint “dedicated”, which the Pod does not tolerate."
    assert waiting.lead == "None of the 3 nodes will do. The scheduler tries again when something changes."


def test_a_reason_that_holds_for_all_nodes_at_once_has_no_count():
    waiting = why_waiting(
        pod('0/3 nodes are available: persistentvolumeclaim "a, 2 b" not found. preemption: ' + HELPLESS)
    )
    assert waiting is not None
    assert waiting.reasons == [Reason('persistentvolumeclaim "a, 2 b" not found')]


def test_without_nodes_and_without_a_need_there_is_nothing_to_take_apart():
    waiting = why_waiting(pod("no nodes available to schedule pods"))
    assert waiting is not None
    assert [reason.meaning for reason in waiting.reasons] == ["The cluster has no nodes."]
    assert waiting.preemption == []
    assert why_waiting({**pod("x"), "spec": {"nodeName": "k8s-node01"}}) is None
    assert why_waiting({"metadata": {"name": "p"}, "spec": {}}) is None


def test_a_nominated_pod_and_a_gated_one_say_so_first():
    nominated = why_waiting(pod(MIXED + HELPLESS, nominatedNodeName="k8s-node02"))
    gated = why_waiting({**pod("Scheduling is blocked due to non-empty scheduling gates"), "spec": GATED})
    assert nominated is not None
    assert gated is not None
    assert nominated.lead == (
        "Pods of lower priority are leaving k8s-node02 for it. It gets their place when they have ended."
    )
    assert gated.lead == "It has scheduling gates (a, b): nobody looks for a node until these are removed."
    assert gated.reasons == []


GATED = {"schedulingGates": [{"name": "a"}, {"name": "b"}]}


def test_every_refusal_of_the_scheduler_has_a_meaning():
    """What the plugins say is read from their modules, so that a new one cannot be forgotten here."""
    from importlib import import_module
    from pkgutil import iter_modules

    from cluster_engine.scheduler import plugins, preemption
    from cluster_engine.scheduler.framework import Refusal

    modules = [import_module(f"{plugins.__name__}.{module.name}") for module in iter_modules(plugins.__path__)]
    found = [
        value for module in [*modules, preemption] for value in vars(module).values() if isinstance(value, Refusal)
    ]
    words = {reason for refusal in found for reason in refusal.reasons}
    assert len(words) > 12
    assert {reason for reason in words if not Reason(reason).meaning} == set()


@pytest.mark.parametrize(("language", "heading"), [("en", "Why it waits for a node"), ("zh-hans", "为什么它在等节点")])
def test_the_details_of_a_waiting_pod_begin_with_why(language, heading):
    cluster = Cluster(ClusterConfig())
    cluster.run_until_idle(5)
    containers = [{"name": "c", "image": "nginx", "resources": {"requests": {"cpu": "40"}}}]
    body = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "big", "namespace": "default"}}
    cluster.client("kubectl").create("pods", {**body, "spec": {"containers": containers}})
    cluster.run_for(1)
    details = describe(cluster, "/registry/pods/default/big", [])
    with translation.override(language):
        html = render_to_string("console/details.html", {"details": details, "key": "k"})
    assert heading in html
    assert "Insufficient cpu" in html
    meaning = {"en": "What is left of cpu is less than the Pod requests.", "zh-hans": "节点剩余的 cpu 少于"}
    assert meaning[language] in html
