"""Which pods go first when there are too many. Follows ActivePodsWithRanks of pkg/controller/controller_utils.go."""

from __future__ import annotations

import heapq
from collections.abc import Mapping
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


def deletion_key(pod: Obj, rank: int, now_us: int) -> tuple[Any, ...]:
    """The pod's place in the queue for deletion: the smallest goes first.

    Unscheduled before scheduled; Pending before Unknown before Running; not ready before ready; cheap before dear; from
    a node with many of the family before one with few; ready for a short time before a long one, by powers of two;
    often restarted before seldom; young before old, likewise by powers of two; the uid decides the rest.
    """
    condition = ready_condition(pod)
    meta = pod["metadata"]
    head = (
        1 if pod["spec"].get("nodeName") else 0,
        _PHASE_ORDER.get(phase_of(pod), 0),
        1 if condition is not None else 0,
        deletion_cost(pod) if meta.get("annotations") else 0,
        -rank,
    )
    regular, sidecars = restarts_of(pod)
    created = meta.get("creationTimestamp")
    tail = (-regular, -sidecars, age_bucket(parse_time(created), now_us) if created else _NEVER, meta["uid"])
    if condition is None:
        return (*head, _NEVER, *tail)
    since = condition.get("lastTransitionTime")
    return (*head, age_bucket(parse_time(since), now_us) if since else _NEVER, *tail)


def pods_to_delete(pods: list[Obj], ranks: Mapping[str, int], count: int, now_us: int) -> list[Obj]:
    """The `count` pods that go first; all of them, in the order given, where all go.

    `ranks` has how many pods of the family (all ReplicaSets of one Deployment) each node runs. Follows getPodsToDelete
    of pkg/controller/replicaset/replica_set.go.
    """
    if count >= len(pods):
        return pods
    return heapq.nsmallest(
        count, pods, key=lambda pod: deletion_key(pod, ranks.get(pod["spec"].get("nodeName", ""), 0), now_us)
    )
