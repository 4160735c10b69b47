"""Running counts of the pods of each ReplicaSet or ReplicationController, kept by the pod handler.

A ReplicaSet of 500 pods hears of each of them several times in a rollout. Counting its pods anew each time would be 500
times 500; here each event moves the counts by one, and a sync reads them.
"""

from __future__ import annotations

from dataclasses import dataclass

from cluster_engine.apimachinery.meta import Obj, controller_of
from cluster_engine.client.informer import Informer
from cluster_engine.controllers.common.owners import CONTROLLER_UID
from cluster_engine.controllers.common.pods import is_pod_active, is_pod_available, ready_condition


@dataclass(frozen=True, slots=True)
class ReplicaCounts:
    """Counts of a ReplicaSet's active pods."""

    active: int = 0
    fully_labeled: int = 0
    ready: int = 0
    available: int = 0


def template_labels_of(rs: Obj) -> dict[str, str]:
    """The labels that the ReplicaSet gives its pods."""
    return (rs["spec"]["template"].get("metadata") or {}).get("labels") or {}


def has_labels(pod: Obj, wanted: dict[str, str]) -> bool:
    labels = pod["metadata"].get("labels") or {}
    # A pod that nobody relabelled shares its labels with the template.
    return labels is wanted or wanted.items() <= labels.items()


def count_pods(pods: list[Obj], template_labels: dict[str, str], min_ready_seconds: int, now_us: int) -> ReplicaCounts:
    """The counts, from the active pods themselves."""
    ready = [pod for pod in pods if ready_condition(pod) is not None]
    available = sum(is_pod_available(pod, min_ready_seconds, now_us) for pod in ready)
    return ReplicaCounts(len(pods), sum(has_labels(pod, template_labels) for pod in pods), len(ready), available)


class _Count:
    """The running counts of one owner; `labels` are those that a fully labelled pod has."""

    __slots__ = ("active", "fully_labeled", "labels", "nodes", "ready")

    def __init__(self, labels: dict[str, str]) -> None:
        self.labels = labels
        self.active = self.fully_labeled = self.ready = 0
        self.nodes: dict[str, int] = {}

    def move(self, pod: Obj, by: int) -> None:
        if not is_pod_active(pod):
            return
        self.active += by
        node = pod["spec"].get("nodeName", "")
        self.nodes[node] = self.nodes.get(node, 0) + by
        if has_labels(pod, self.labels):
            self.fully_labeled += by
        if ready_condition(pod) is not None:
            self.ready += by


class PodTally:
    """The running counts of the owners that have been asked for. `observe` must hear every event of the pods."""

    def __init__(self, pods: Informer) -> None:
        self._pods = pods
        self._counts: dict[str, _Count] = {}

    def observe(self, pod: Obj | None, old: Obj | None) -> None:
        """A pod is now `pod` (None: gone) where it was `old` (None: not there)."""
        if old is not None:
            self._move(old, -1)
        if pod is not None:
            self._move(pod, 1)

    def _move(self, pod: Obj, by: int) -> None:
        reference = controller_of(pod)
        if reference is not None:
            count = self._counts.get(reference["uid"])
            if count is not None:
                count.move(pod, by)

    def of(self, uid: str, template_labels: dict[str, str]) -> ReplicaCounts:
        """The counts of an owner's pods now; `available` is that of `minReadySeconds: 0`.

        Counted from the cache at the first question, and when the template's labels change.
        """
        count = self._count(uid, template_labels)
        return ReplicaCounts(count.active, count.fully_labeled, count.ready, count.ready)

    def nodes_of(self, rs: Obj) -> dict[str, int]:
        """How many active pods of the ReplicaSet each node runs; "" stands for those not yet scheduled."""
        return self._count(rs["metadata"]["uid"], template_labels_of(rs)).nodes

    def _count(self, uid: str, template_labels: dict[str, str]) -> _Count:
        count = self._counts.get(uid)
        if count is None or (count.labels is not template_labels and count.labels != template_labels):
            count = self._counts[uid] = _Count(template_labels)
            for pod in self._pods.by_index(CONTROLLER_UID, uid):
                count.move(pod, 1)
        return count

    def forget(self, uid: str) -> None:
        self._counts.pop(uid, None)
