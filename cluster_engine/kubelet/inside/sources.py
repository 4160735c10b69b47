"""ConfigMaps and Secrets as containers know them: variables stay as they were, volumes follow with a delay.

The real kubelet writes volumes anew at its periodic sync, once its cache has noticed: 60 to 90 seconds later in all.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from cluster_engine.apimachinery.meta import Obj
from cluster_engine.clock import SECOND_US, Clock

SHORTEST_SECONDS = 60
SPREAD_SECONDS = 30
MAX_CHANGES = 16
MAX_SOURCES = 1000


class SourceHistory:
    """The changes of the last minutes."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        # (resource, namespace/name) -> when it changed, and what it was before.
        self._changes: dict[tuple[str, str], deque[tuple[int, Obj]]] = {}
        self._override: tuple[str, str, Obj] | None = None

    def changed(self, resource: str, key: str, old: Obj) -> None:
        if len(self._changes) >= MAX_SOURCES:
            self._changes.clear()
        changes = self._changes.setdefault((resource, key), deque(maxlen=MAX_CHANGES))
        changes.append((self._clock.now_us, old))

    @staticmethod
    def delay_seconds(pod_uid: str) -> float:
        """How late a pod hears of a change."""
        return SHORTEST_SECONDS + hashlib.sha256(pod_uid.encode()).digest()[0] % SPREAD_SECONDS

    def seen(self, resource: str, key: str, present: Obj | None, pod_uid: str) -> Obj | None:
        """The object as a pod's volumes have it by now."""
        delay_us = round(self.delay_seconds(pod_uid) * SECOND_US)
        for when_us, old in self._changes.get((resource, key), ()):
            if self._clock.now_us < when_us + delay_us:
                return old
        return present

    @contextmanager
    def as_before(self, resource: str, key: str, old: Obj) -> Iterator[None]:
        """Meanwhile that object is what it was before."""
        self._override = (resource, key, old)
        try:
            yield
        finally:
            self._override = None

    def overridden(self, resource: str, key: str) -> Obj | None:
        override = self._override
        return override[2] if override is not None and override[:2] == (resource, key) else None
