"""Pods that wait for a node: those to try now, those that wait out a back-off, those that wait for the cluster to
change.

Follows pkg/scheduler/backend/queue. The real queue also tries unschedulable pods again every five minutes. Here it does
so for those alone that have waited through a change of which no plugin said that it may help: where nothing has
changed, the attempt would come to the same end, and a cluster at rest has no timer for it.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from cluster_engine.apimachinery.meta import Obj, key_of, labels_of
from cluster_engine.clock import SECOND_US, Clock, Timer
from cluster_engine.trace import Cause

INITIAL_BACK_OFF_SECONDS = 1.0
MAX_BACK_OFF_SECONDS = 10.0
LEFT_OVER_SECONDS = 300
LEFT_OVER = Cause("timer", "pods left over for five minutes")


@dataclass(slots=True)
class QueuedPod:
    """A pod in the queue. Times are virtual microseconds."""

    pod: Obj
    cause: Cause
    added_us: int
    attempts: int = 0
    # When it was last found unschedulable, and by which plugins.
    failed_us: int = 0
    refused_by: frozenset[str] = field(default_factory=frozenset)
    # Whether something has changed since then that did not bring it back.
    passed_over: bool = False

    @property
    def left_over_us(self) -> int:
        """When it is tried again all the same."""
        return self.failed_us + LEFT_OVER_SECONDS * SECOND_US

    @property
    def key(self) -> str:
        return key_of(self.pod)

    @property
    def back_off_ends_us(self) -> int:
        """A second after the first failure, doubled with each, at most ten."""
        if not self.attempts:
            return 0
        doublings = min(self.attempts - 1, 10)
        seconds = min(INITIAL_BACK_OFF_SECONDS * (1 << doublings), MAX_BACK_OFF_SECONDS)
        return self.failed_us + int(seconds * SECOND_US)


class SchedulingQueue:
    """The three parts, and which pod is in which."""

    def __init__(self, clock: Clock, on_ready: Callable[[], None]) -> None:
        self._clock = clock
        self._on_ready = on_ready
        # Higher priority first, then who came first.
        self._active: list[tuple[int, int, int, str]] = []
        self._entries: dict[str, QueuedPod] = {}
        self._back_off: dict[str, Timer] = {}
        self._unschedulable: dict[str, QueuedPod] = {}
        self._left_over: Timer | None = None
        self._sequence = 0

    def __len__(self) -> int:
        """How many pods can be tried now."""
        self._drop_stale()
        return len(self._active)

    @property
    def anybody_waits(self) -> bool:
        """Whether there is a pod that a change of the cluster may bring back."""
        return bool(self._unschedulable)

    def add(self, pod: Obj, cause: Cause) -> None:
        """A new pod without a node, or a change of one that waits."""
        key = key_of(pod)
        known = self._entries.get(key)
        if known is None:
            self._activate(QueuedPod(pod, cause, self._clock.now_us))
            return
        changed = known.pod["metadata"].get("uid") != pod["metadata"].get("uid") or _may_matter(known.pod, pod)
        known.pod = pod
        if changed and key in self._unschedulable:
            known.cause = cause
            self._release(known)

    def remove(self, key: str) -> None:
        """The pod is gone, or has a node."""
        self._entries.pop(key, None)
        self._unschedulable.pop(key, None)
        timer = self._back_off.pop(key, None)
        if timer is not None:
            timer.cancel()

    def close(self) -> None:
        """Forgets every pod."""
        for timer in self._back_off.values():
            timer.cancel()
        if self._left_over is not None:
            self._left_over.cancel()
        for table in (self._active, self._entries, self._back_off, self._unschedulable):
            table.clear()

    def pop(self) -> QueuedPod | None:
        """The next pod to try, which is then in no part of the queue; None when there is none."""
        self._drop_stale()
        if not self._active:
            return None
        _, _, _, key = heapq.heappop(self._active)
        entry = self._entries.pop(key)
        entry.attempts += 1
        return entry

    def park(self, entry: QueuedPod, refused_by: Iterable[str]) -> None:
        """A pod that found no node waits until something changes that the plugins which refused it care about."""
        entry.failed_us = self._clock.now_us
        entry.passed_over = False
        entry.refused_by = frozenset(refused_by)
        self._entries[entry.key] = entry
        self._unschedulable[entry.key] = entry

    def retry(self, entry: QueuedPod) -> None:
        """A pod whose attempt failed for another reason comes back after its back-off."""
        entry.failed_us = self._clock.now_us
        self._entries[entry.key] = entry
        self._release(entry)

    def cluster_changed(self, helps: Callable[[QueuedPod], bool], cause: Cause) -> None:
        """Brings back the pods that the change may help, and those that no plugin has refused."""
        for entry in list(self._unschedulable.values()):
            if not entry.refused_by or helps(entry):
                entry.cause = cause
                self._release(entry)
            elif not entry.passed_over:
                entry.passed_over = True
                self._arm(entry.left_over_us)

    def _arm(self, when_us: int) -> None:
        """Looks for what is left over at that moment, or before."""
        timer = self._left_over
        if timer is not None and timer.active:
            if timer.when_us <= when_us:
                return
            timer.cancel()
        self._left_over = self._clock.call_at(when_us, self._flush_left_over)

    def _flush_left_over(self) -> None:
        """Brings back the pods that have been passed over and have waited for long."""
        now_us = self._clock.now_us
        passed_over = [entry for entry in self._unschedulable.values() if entry.passed_over]
        for entry in passed_over:
            if entry.left_over_us <= now_us:
                entry.cause = LEFT_OVER
                self._release(entry)
        later = [entry.left_over_us for entry in passed_over if entry.left_over_us > now_us]
        if later:
            self._arm(min(later))

    def _release(self, entry: QueuedPod) -> None:
        """To the active part, by way of the back-off if that is not over."""
        self._unschedulable.pop(entry.key, None)
        ends_us = entry.back_off_ends_us
        if ends_us <= self._clock.now_us:
            self._activate(entry)
            return
        key = entry.key

        def over() -> None:
            self._back_off.pop(key, None)
            if self._entries.get(key) is entry:
                self._activate(entry)

        if key not in self._back_off:
            self._back_off[key] = self._clock.call_at(ends_us, over)

    def _activate(self, entry: QueuedPod) -> None:
        self._entries[entry.key] = entry
        self._sequence += 1
        priority = entry.pod["spec"].get("priority") or 0
        heapq.heappush(self._active, (-priority, entry.added_us, self._sequence, entry.key))
        self._on_ready()

    def _drop_stale(self) -> None:
        """Entries of pods that were removed while they waited."""
        while self._active:
            key = self._active[0][3]
            if key in self._entries and key not in self._unschedulable and key not in self._back_off:
                return
            heapq.heappop(self._active)


def _may_matter(old: Obj, new: Obj) -> bool:
    """Whether a change of a waiting pod may make it schedulable: not if only its status changed."""
    return bool(old["spec"] != new["spec"]) or labels_of(old) != labels_of(new)
