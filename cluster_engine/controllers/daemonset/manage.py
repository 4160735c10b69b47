"""Which daemon pods are missing and which are too many.

Follows manage and podsShouldBeOnNode of pkg/controller/daemon/daemon_controller.go.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from cluster_engine.apimachinery.meta import Obj, deleting, labels_of
from cluster_engine.clock import SECOND_US, Clock
from cluster_engine.controllers.common.pods import is_pod_available, is_pod_ready, phase_of
from cluster_engine.controllers.daemonset.placement import Verdict
from cluster_engine.controllers.daemonset.revisions import HASH_LABEL

INITIAL_BACK_OFF_SECONDS = 1.0
MAX_BACK_OFF_SECONDS = 900.0


@dataclass(slots=True)
class Plan:
    """What is to be done: nodes that need a pod, pods that have to go, and what to say about it."""

    nodes: list[str] = field(default_factory=list)
    doomed: list[Obj] = field(default_factory=list)
    # (type, reason, message) of events about the DaemonSet.
    events: list[tuple[str, str, str]] = field(default_factory=list)
    # When to look again at pods that failed and wait for their back-off; None for never.
    retry_seconds: float | None = None


class FailedPodsBackoff:
    """How long a DaemonSet waits before it replaces a failed pod on one node. Follows flowcontrol.Backoff."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        # (delay in seconds, when it was counted)
        self._entries: dict[str, tuple[float, int]] = {}

    def remaining_seconds(self, key: str) -> float:
        """How long still to wait; 0 when the pod may be replaced."""
        entry = self._entries.get(key)
        if entry is None:
            return 0.0
        delay_seconds, since_us = entry
        return max(0.0, delay_seconds - (self._clock.now_us - since_us) / SECOND_US)

    def count(self, key: str) -> None:
        """One more failure: the next wait is twice as long."""
        now_us = self._clock.now_us
        entry = self._entries.get(key)
        if entry is None or now_us - entry[1] > 2 * MAX_BACK_OFF_SECONDS * SECOND_US:
            self._entries[key] = (INITIAL_BACK_OFF_SECONDS, now_us)
        else:
            self._entries[key] = (min(2 * entry[0], MAX_BACK_OFF_SECONDS), now_us)


def age_key(pod: Obj) -> tuple[bool, str, str]:
    """Sorts pods: those on a node first, then the oldest. Follows podByCreationTimestampAndPhase."""
    meta = pod["metadata"]
    return not pod["spec"].get("nodeName"), meta["creationTimestamp"], meta["name"]


@dataclass(frozen=True, slots=True)
class Situation:
    """A DaemonSet and its pods at one moment. `pods` is by node name."""

    ds: Obj
    pods: dict[str, list[Obj]]
    verdicts: dict[str, Verdict]
    hash: str
    surge: bool
    now_us: int

    def available(self, pod: Obj) -> bool:
        return is_pod_available(pod, self.ds["spec"].get("minReadySeconds", 0), self.now_us)


def plan(situation: Situation, backoff: FailedPodsBackoff) -> Plan:
    """What is missing and what is too much, node by node."""
    result = Plan()
    for node, verdict in situation.verdicts.items():
        pods = situation.pods.get(node)
        if verdict.run and not pods:
            result.nodes.append(node)
        elif pods and verdict.stay:
            _prune(situation, _running(situation, node, pods, backoff, result), result)
        elif pods:
            result.doomed += [pod for pod in pods if not deleting(pod)]
    # Pods that wait for a node which is not there any more will wait forever.
    for node, pods in situation.pods.items():
        if node not in situation.verdicts:
            result.doomed += [pod for pod in pods if not pod["spec"].get("nodeName") and not deleting(pod)]
    return result


def _running(situation: Situation, node: str, pods: list[Obj], backoff: FailedPodsBackoff, result: Plan) -> list[Obj]:
    """The pods of a node that live; those that have ended are to be deleted, failed ones after a back-off."""
    running = []
    for pod in pods:
        if deleting(pod):
            continue
        meta, phase = pod["metadata"], phase_of(pod)
        where = f"{meta['namespace']}/{meta['name']} on node {node}"
        if phase == "Failed":
            ds = situation.ds["metadata"]
            key = f"{ds['uid']}/{ds.get('generation', 0)}/{node}"
            remaining = backoff.remaining_seconds(key)
            if remaining > 0:
                result.retry_seconds = min(remaining, result.retry_seconds or remaining)
                continue
            backoff.count(key)
            message = f"Found failed daemon pod {where}, will try to kill it"
            result.events.append(("Warning", "FailedDaemonPod", message))
            result.doomed.append(pod)
        elif phase == "Succeeded":
            message = f"Found succeeded daemon pod {where}, will try to delete it"
            result.events.append(("Normal", "SucceededDaemonPod", message))
            result.doomed.append(pod)
        else:
            running.append(pod)
    return running


def _prune(situation: Situation, running: list[Obj], result: Plan) -> None:
    """One pod a node, or an old and a new one while the new one surges."""
    if len(running) <= 1:
        return
    running = sorted(running, key=age_key)
    if not situation.surge:
        result.doomed += running[1:]
        return
    new: Obj | None = None
    old: Obj | None = None
    for pod in running:
        if labels_of(pod).get(HASH_LABEL) == situation.hash:
            if new is None:
                new = pod
                continue
        elif old is None:
            old = pod
            continue
        result.doomed.append(pod)
    if new is not None and old is not None and (not is_pod_ready(old) or situation.available(new)):
        result.doomed.append(old)
