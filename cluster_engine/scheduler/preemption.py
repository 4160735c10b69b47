"""Preemption: which pods of lower priority would have to go, so that a pod that found no node fits on one.

Follows pkg/scheduler/framework/plugins/defaultpreemption and pkg/scheduler/framework/preemption. It only decides; the
scheduler deletes the victims.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cluster_engine.apimachinery import labels
from cluster_engine.apimachinery.disruption import DISRUPTION_TARGET
from cluster_engine.apimachinery.meta import Obj, deleting, get_condition, labels_of
from cluster_engine.scheduler.cache import NodeInfo
from cluster_engine.scheduler.diagnosis import Diagnosis, histogram, not_available
from cluster_engine.scheduler.framework import CycleState, Refusal
from cluster_engine.scheduler.resources import priority_of
from cluster_engine.scheduler.runtime import Framework

NEVER = "not eligible due to preemptionPolicy=Never."
TERMINATING = "not eligible due to a terminating pod on the nominated node."
NOT_HELPFUL = "Preemption is not helpful for scheduling"
REASON = "PreemptionByScheduler"
_NO_VICTIMS = Refusal(("No preemption victims found for incoming pod",), resolvable=False)
# So that a sum of priorities tells first of all how many they are, also where they are negative.
_SHIFT = 1 << 31


@dataclass(frozen=True, slots=True)
class Candidate:
    """A node that would fit if these pods were gone, the most important first; how many break a disruption budget."""

    node: str
    victims: list[Obj]
    violations: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """The candidates; or why there are none, and whether the pod keeps the node for which it was nominated."""

    candidates: Sequence[Candidate] = ()
    why_not: str = ""
    keeps_nomination: bool = False


def preempt(framework: Framework, state: CycleState, diagnosis: Diagnosis, budgets: Sequence[Obj], now: str) -> Verdict:
    """Whom a pod that fits nowhere may push out. `now` stands for the start of pods that have not begun."""
    why = _not_eligible(framework, state.pod, diagnosis)
    if why:
        return Verdict(why_not=why, keeps_nomination=True)
    candidates, refusals = [], []
    for node in framework.cache:
        refused = diagnosis.nodes.get(node.name)
        refusal = diagnosis.pre_filter if refused is None else refused[1]
        if refusal is None or not refusal.resolvable:
            refusals.append(NOT_HELPFUL)
            continue
        found = _select_victims(framework, state, node, budgets, now)
        if isinstance(found, Candidate):
            candidates.append(found)
        else:
            refusals.extend(found.reasons)
    if candidates:
        return Verdict(candidates)
    return Verdict(why_not=f"{not_available(len(framework.cache))} {histogram(refusals)}.")


def _not_eligible(framework: Framework, pod: Obj, diagnosis: Diagnosis) -> str:
    """Why the pod may push nobody out, "" where it may. Follows PodEligibleToPreemptOthers."""
    if pod["spec"].get("preemptionPolicy") == "Never":
        return NEVER
    nominated = (pod.get("status") or {}).get("nominatedNodeName")
    node = framework.cache.get(nominated) if nominated else None
    if node is None:
        return ""
    refused = diagnosis.nodes.get(node.name)
    refusal = diagnosis.pre_filter if refused is None else refused[1]
    if refusal is None or not refusal.resolvable:
        # That node will never do: the pod may look for another one.
        return ""
    priority = priority_of(pod)
    going = any(priority_of(one) < priority and _going_by_preemption(one) for one in node.pods.values())
    return TERMINATING if going else ""


def _going_by_preemption(pod: Obj) -> bool:
    if not deleting(pod):
        return False
    condition = get_condition((pod.get("status") or {}).get("conditions"), DISRUPTION_TARGET)
    return condition is not None and condition["status"] == "True" and condition.get("reason") == REASON


def _select_victims(
    framework: Framework, state: CycleState, node: NodeInfo, budgets: Sequence[Obj], now: str
) -> Candidate | Refusal:
    """The fewest pods that must go: all of lower priority leave on trial, then one after the other comes back if it
    still fits, those first whose going would break a budget. Follows SelectVictimsOnNode.
    """
    priority = priority_of(state.pod)
    lower = [pod for pod in node.pods.values() if priority_of(pod) < priority]
    if not lower:
        return _NO_VICTIMS
    trial, twin = framework.trial(state), node.copy()
    for pod in lower:
        framework.remove_pod(trial, twin, pod)
    refused = framework.refusal(trial, twin)
    if refused is not None:
        return refused[1]
    lower.sort(key=lambda pod: _importance(pod, now))
    violating, others = _by_budget(lower, budgets)
    victims, violations = [], 0
    for pods in (violating, others):
        for pod in pods:
            framework.add_pod(trial, twin, pod)
            if not framework.fits(trial, twin):
                framework.remove_pod(trial, twin, pod)
                victims.append(pod)
                violations += pods is violating
    victims.sort(key=lambda pod: _importance(pod, now))
    return Candidate(node.name, victims, violations)


def _started(pod: Obj, now: str) -> str:
    return (pod.get("status") or {}).get("startTime") or now


def _importance(pod: Obj, now: str) -> tuple[int, str]:
    """Sorts the most important first: of higher priority, then those that run longer."""
    return -priority_of(pod), _started(pod, now)


def _by_budget(pods: Iterable[Obj], budgets: Sequence[Obj]) -> tuple[list[Obj], list[Obj]]:
    """The pods whose going would break a budget, and the others. Follows filterPodsWithPDBViolation."""
    allowed = [(budget.get("status") or {}).get("disruptionsAllowed") or 0 for budget in budgets]
    violating: list[Obj] = []
    others: list[Obj] = []
    for pod in pods:
        violated = False
        for index, budget in enumerate(budgets):
            if not _covers(budget, pod):
                continue
            allowed[index] -= 1
            violated = violated or allowed[index] < 0
        (violating if violated else others).append(pod)
    return violating, others


def _covers(budget: Obj, pod: Obj) -> bool:
    """Whether a budget speaks of the pod, and has not let it go already; one without a selector speaks of none."""
    meta, pod_labels = pod["metadata"], labels_of(pod)
    if not pod_labels or budget["metadata"].get("namespace") != meta.get("namespace"):
        return False
    selector = labels.from_label_selector((budget.get("spec") or {}).get("selector"))
    if selector.empty or not selector.matches(pod_labels):
        return False
    return meta["name"] not in ((budget.get("status") or {}).get("disruptedPods") or {})


def best(candidates: Sequence[Candidate], now: str) -> tuple[list[Candidate], str]:
    """The best candidates, all alike, and by what they were chosen. Follows pickOneNodeForPreemption.

    Fewest broken budgets, then the least important of the most important victims, then the smallest sum of priorities,
    then the fewest victims, then those whose most important ones have begun last.
    """
    left, chosen_by = list(candidates), "it is the only one"
    rules = (
        ("fewest broken budgets", lambda c: -c.violations),
        ("lowest priority of the most important victim", lambda c: -priority_of(c.victims[0])),
        ("smallest sum of priorities", lambda c: -sum(priority_of(pod) + _SHIFT for pod in c.victims)),
        ("fewest victims", lambda c: -len(c.victims)),
    )
    for words, score in rules:
        if len(left) == 1:
            return left, chosen_by
        highest = max(score(candidate) for candidate in left)
        left, chosen_by = [candidate for candidate in left if score(candidate) == highest], words
    if len(left) > 1:
        latest = max(_earliest(candidate, now) for candidate in left)
        left, chosen_by = [c for c in left if _earliest(c, now) == latest], "latest start of the victims"
    return left, chosen_by


def _earliest(candidate: Candidate, now: str) -> str:
    """When the first of the most important victims began."""
    highest = priority_of(candidate.victims[0])
    return min(_started(pod, now) for pod in candidate.victims if priority_of(pod) == highest)
