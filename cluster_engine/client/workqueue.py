"""A work queue of keys, as client-go's: a key waits in it once, failures come back later and later.

Beside each key it keeps the cause of its being there (the first one since it was last taken).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from cluster_engine.clock import SECOND_US, Clock, Timer
from cluster_engine.trace import Cause

BASE_DELAY_SECONDS = 0.005
MAX_DELAY_SECONDS = 1000.0


class WorkQueue:
    """Keys in order of arrival. Follows client-go/util/workqueue (rate limiting: 5 ms, doubled, at most 1,000 s)."""

    def __init__(self, clock: Clock, on_ready: Callable[[], None]) -> None:
        self._clock = clock
        self._on_ready = on_ready
        self._order: deque[str] = deque()
        self._causes: dict[str, Cause] = {}
        self._failures: dict[str, int] = {}
        self._delayed: dict[str, Timer] = {}

    def __len__(self) -> int:
        return len(self._order)

    def __contains__(self, key: str) -> bool:
        return key in self._causes

    def add(self, key: str, cause: Cause) -> None:
        if key not in self._causes:
            self._causes[key] = cause
            self._order.append(key)
            self._on_ready()

    def add_after(self, key: str, delay_seconds: float, cause: Cause | None = None) -> None:
        """Adds the key after a delay; of several delays the earliest counts."""
        if delay_seconds <= 0:
            self.add(key, cause or Cause("timer", "at once"))
            return
        when_us = self._clock.now_us + round(delay_seconds * SECOND_US)
        waiting = self._delayed.get(key)
        if waiting is not None and waiting.active:
            if waiting.when_us <= when_us:
                return
            waiting.cancel()
        reason = cause or Cause("timer", f"after {delay_seconds:g} s")

        def ripe() -> None:
            self._delayed.pop(key, None)
            self.add(key, reason)

        self._delayed[key] = self._clock.call_at(when_us, ripe)

    def add_rate_limited(self, key: str) -> None:
        """Adds the key after its back-off, which doubles with each failure."""
        failures = self._failures.get(key, 0)
        self._failures[key] = failures + 1
        delay_seconds = min(BASE_DELAY_SECONDS * 2 ** min(failures, 30), MAX_DELAY_SECONDS)
        self.add_after(key, delay_seconds, Cause("timer", f"retry {failures + 1} after {delay_seconds:g} s"))

    def failures(self, key: str) -> int:
        return self._failures.get(key, 0)

    def forget(self, key: str) -> None:
        """Ends the key's back-off."""
        self._failures.pop(key, None)

    def close(self) -> None:
        """Forgets everything, what is to come later as well."""
        for timer in self._delayed.values():
            timer.cancel()
        for table in (self._order, self._causes, self._failures, self._delayed):
            table.clear()

    def pop(self) -> tuple[str, Cause]:
        """Takes the first key and why it is there. There must be one."""
        key = self._order.popleft()
        return key, self._causes.pop(key)
