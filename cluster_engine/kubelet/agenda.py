"""What is due when for one pod, with one timer for the next thing."""

from __future__ import annotations

import heapq
from collections.abc import Callable

from cluster_engine.clock import SECOND_US, Clock, Timer
from cluster_engine.kubelet.runtime import Container


class Agenda:
    """Actions by their time. `on_due` is told what the next thing is when its time has come."""

    def __init__(self, clock: Clock, on_due: Callable[[str], None]) -> None:
        self._clock = clock
        self._on_due = on_due
        self._heap: list[tuple[int, int, Container | None, int, Callable[[], None], str]] = []
        self._sequence = 0
        self._timer: Timer | None = None

    def plan(self, seconds: float, action: Callable[[], None], what: str, container: Container | None) -> None:
        """Does `action` after `seconds`, unless the container's run has ended by then."""
        self._sequence += 1
        when_us = self._clock.now_us + max(0, round(seconds * SECOND_US))
        run = container.run if container is not None else 0
        heapq.heappush(self._heap, (when_us, self._sequence, container, run, action, what))

    def run_due(self) -> None:
        """Does what is due."""
        heap = self._heap
        while heap and heap[0][0] <= self._clock.now_us:
            _, _, container, run, action, _ = heapq.heappop(heap)
            if container is None or container.run == run:
                action()

    def arm(self) -> None:
        """One timer for the next thing."""
        heap = self._heap
        while heap and (container := heap[0][2]) is not None and container.run != heap[0][3]:
            heapq.heappop(heap)
        if not heap:
            self.stop()
            return
        when_us, what = heap[0][0], heap[0][5]
        if self._timer is not None and self._timer.active:
            if self._timer.when_us == when_us:
                return
            self._timer.cancel()
        self._timer = self._clock.call_at(when_us, lambda: self._on_due(what))

    def clear(self) -> None:
        self._heap.clear()

    def stop(self) -> None:
        """Nobody looks at it any more."""
        if self._timer is not None:
            self._timer.cancel()
