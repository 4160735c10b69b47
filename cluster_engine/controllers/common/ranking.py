"""Which pods go first when there are too many. Follows ActivePodsWithRanks of pkg/controller/controller_utils.go."""

from __future__ import annotations

import heapq
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cluster_engine.apimachinery.meta import Obj, annotations_of
from cluster_engine.apimachinery.times import parse_time
from cluster_engine.controllers.common.pods import phase_of, ready_condition, restarts_of

POD_DELETION_COST = "controller.kubernetes.io/pod-deletion-cost"
_PHASE_ORDER = {"Pending": 0, "Unknown": 1, "Running": 2}
_NEVER = -(2**63)


def deletion_cost(pod: Obj) -> int:
    """The annotated cost of deleting the pod; 0 where there is none or it cannot be read as an int32."""
    text = annotations_of(pod).get(POD_DELETION_COST)
    if text is None:
        return 0
    plain = text[1:] if text.startswith("-") else text
    if not plain.isascii() or not plain.isdigit() or len(plain) > 12:
        return 0
    if text[0] == "0" and len(text) > 1:
        return 0
    cost = int(text)
    return cost if -(2**31) <= cost < 2**31 else 0


def age_bucket(then_us: int, now_us: int) -> int:
    """The base-2 logarithm of an age in nanoseconds, rounded down; -1 for no age: 8 s and 12 s are in bucket 33."""
    return ((now_us - then_us) * 1000).bit_length() - 1 if now_us > then_us else -1


@dataclass(frozen=True, slots=True)
class _Facts:
    """What a pod's place depends on, read once from one state of the pod."""

    pod: Obj
    node: str
    # (scheduled, phase, ready, cost), and at the end (restarts, restarts of sidecars), all smallest first.
    head: tuple[int, int, int, int]
    restarts: tuple[int, int]
    ready_since_us: int | None
    created_us: int | None
    uid: str


# Pods are immutable, so facts are remembered by identity; the reference keeps the identity from being reused.
_MAX_REMEMBERED = 4096
_remembered: dict[int, _Facts] = {}


def _facts_of(pod: Obj) -> _Facts:
    found = _remembered.get(id(pod))
    if found is not None and found.pod is pod:
        return found
    meta, condition = pod["metadata"], ready_condition(pod)
    node: str = pod["spec"].get("nodeName", "")
    phase = _PHASE_ORDER.get(phase_of(pod), 0)
    since = condition.get("lastTransitionTime") if condition is not None else None
    created = meta.get("creationTimestamp")
    regular, sidecars = restarts_of(pod)
    facts = _Facts(
        pod=pod,
        node=node,
        head=(1 if node else 0, phase, 0 if condition is None else 1, deletion_cost(pod)),
        restarts=(-regular, -sidecars),
        ready_since_us=parse_time(since) if since else None,
        created_us=parse_time(created) if created else None,
        uid=meta["uid"],
    )
    if len(_remembered) >= _MAX_REMEMBERED:
        _remembered.clear()
    _remembered[id(pod)] = facts
    return facts


def pods_to_delete(pods: list[Obj], ranks: Mapping[str, int], count: int, now_us: int) -> list[Obj]:
    """The `count` pods that go first; all of them, in the order given, where all go.

    Unscheduled before scheduled; Pending before Unknown before Running; not ready before ready; cheap before dear; from
    a node with many of the family before one with few; ready for a short time before a long one, by powers of two;
    often restarted before seldom; young before old, likewise by powers of two; the uid decides the rest. `ranks` has
    how many pods of the family (all ReplicaSets of one Deployment) each node runs.
    Follows getPodsToDelete of pkg/controller/replicaset/replica_set.go and ActivePodsWithRanks.
    """
    if count >= len(pods):
        return pods

    def place(pod: Obj) -> tuple[Any, ...]:
        facts = _facts_of(pod)
        ready_bucket = _NEVER if facts.ready_since_us is None else age_bucket(facts.ready_since_us, now_us)
        age = _NEVER if facts.created_us is None else age_bucket(facts.created_us, now_us)
        return facts.head, -ranks.get(facts.node, 0), ready_bucket, facts.restarts, age, facts.uid

    return heapq.nsmallest(count, pods, key=place)
