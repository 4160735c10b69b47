"""Virtual time: a clock that moves only when it is told to, with a heap of timers.

Everything in the engine that waits, waits here. Time is an integer number of microseconds since the Unix epoch, so that
sums are exact and runs repeat. The clock must not look at the wall clock; pacing against it is the site's business.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache

SECOND_US = 1_000_000
# 2026-01-01T00:00:00Z: where a cluster's time starts unless it is told otherwise.
DEFAULT_START_US = 1_767_225_600 * SECOND_US


@lru_cache(maxsize=4096)
def rfc3339_of_second(second: int) -> str:
    """A Unix second as the wire's timestamp, e.g. `2026-01-01T00:00:00Z`."""
    return datetime.fromtimestamp(second, UTC).replace(tzinfo=None).isoformat() + "Z"


def rfc3339(time_us: int) -> str:
    """Microseconds since the epoch as `metav1.Time`, whole seconds."""
    return rfc3339_of_second(time_us // SECOND_US)


def rfc3339_micro(time_us: int) -> str:
    """Microseconds since the epoch as `metav1.MicroTime`, e.g. `2026-01-01T00:00:00.000000Z`."""
    second, micro = divmod(time_us, SECOND_US)
    return f"{rfc3339_of_second(second)[:-1]}.{micro:06d}Z"


class Timer:
    """A callback that the clock owes somebody; `cancel()` releases the debt."""

    __slots__ = ("callback", "when_us")

    def __init__(self, when_us: int, callback: Callable[[], None]) -> None:
        self.when_us = when_us
        self.callback: Callable[[], None] | None = callback

    def cancel(self) -> None:
        self.callback = None

    @property
    def active(self) -> bool:
        return self.callback is not None


class Clock:
    """The time of one cluster, in microseconds, and the timers that wait on it."""

    def __init__(self, start_us: int = DEFAULT_START_US) -> None:
        self.now_us = start_us
        self._heap: list[tuple[int, int, Timer]] = []
        self._sequence = 0

    def rfc3339(self) -> str:
        """Now, as `metav1.Time`."""
        return rfc3339_of_second(self.now_us // SECOND_US)

    def rfc3339_micro(self) -> str:
        """Now, as `metav1.MicroTime`."""
        return rfc3339_micro(self.now_us)

    def call_at(self, when_us: int, callback: Callable[[], None]) -> Timer:
        """Calls `callback` when the clock reaches `when_us`; a time in the past means at the next turn."""
        timer = Timer(max(when_us, self.now_us), callback)
        self._sequence += 1
        heapq.heappush(self._heap, (timer.when_us, self._sequence, timer))
        return timer

    def call_after(self, delay_seconds: float, callback: Callable[[], None]) -> Timer:
        """Calls `callback` after `delay_seconds` of virtual time."""
        return self.call_at(self.now_us + round(delay_seconds * SECOND_US), callback)

    def next_timer_us(self) -> int | None:
        """When the earliest live timer is due, or None."""
        heap = self._heap
        while heap and heap[0][2].callback is None:
            heapq.heappop(heap)
        return heap[0][0] if heap else None

    def fire_next(self) -> None:
        """Moves to the earliest timer and calls it. There must be one."""
        when_us, _, timer = heapq.heappop(self._heap)
        callback, timer.callback = timer.callback, None
        if callback is not None:
            self.now_us = max(self.now_us, when_us)
            callback()

    def advance_to(self, time_us: int) -> None:
        """Moves forward without firing: for the driver, once no timer is due before `time_us`."""
        self.now_us = max(self.now_us, time_us)
