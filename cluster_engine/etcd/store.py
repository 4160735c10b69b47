"""The store: keys, revisions, watches.

Keys look like `/registry/pods/default/web-0`; everything up to the third slash is the bucket of one resource. Values
are immutable objects. Each write makes one revision, and every revision is remembered with its step until it is
compacted.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple

from cluster_engine.apimachinery.meta import Obj
from cluster_engine.clock import SECOND_US, Clock, Timer
from cluster_engine.etcd import freeze
from cluster_engine.trace import Trace

EventType = Literal["ADDED", "MODIFIED", "DELETED"]
MAX_HISTORY = 20_000


class KeyValue(NamedTuple):
    """One key at its latest revision."""

    key: str
    value: Obj
    create_revision: int
    mod_revision: int


class Commit(NamedTuple):
    """One revision: what was written, when (virtual microseconds), and in which step. `value` is None for a
    deletion. `previous` is what watchers are shown of the state before, `before` what was stored then.
    """

    revision: int
    time_us: int
    type: EventType
    key: str
    value: Obj | None
    previous: Obj | None
    step: int
    before: Obj | None = None


class CompactedError(Exception):
    """The revision that was asked for is no longer in the history."""

    def __init__(self, compacted_revision: int) -> None:
        super().__init__(f"required revision has been compacted: the history starts after {compacted_revision}")
        self.compacted_revision = compacted_revision


class CompareFailedError(Exception):
    """A compare-and-swap found another revision than it expected."""


@dataclass(frozen=True, slots=True)
class StoreSnapshot:
    """All keys at one revision: what a store is restored from."""

    revision: int
    items: list[KeyValue]


def bucket_of(key: str) -> str:
    """`/registry/pods/` of `/registry/pods/default/web-0`."""
    return key[: key.index("/", 10) + 1]


class Store:
    """The data of one cluster."""

    def __init__(self, clock: Clock, trace: Trace, snapshot: StoreSnapshot | None = None) -> None:
        self._clock = clock
        self._trace = trace
        self._buckets: dict[str, dict[str, KeyValue]] = {}
        self._watchers: dict[str, list[Callable[[Commit], None]]] = {}
        self._on_commit: list[Callable[[Commit], None]] = []
        self._history: deque[Commit] = deque()
        self._leases: list[tuple[int, str, int]] = []
        self._lease_timer: Timer | None = None
        self.revision = snapshot.revision if snapshot else 0
        self.compacted_revision = self.revision
        for item in snapshot.items if snapshot else ():
            value = freeze.freeze(item.value) if freeze.ENABLED else item.value
            self._buckets.setdefault(bucket_of(item.key), {})[item.key] = item._replace(value=value)

    # Reads.

    def get(self, key: str) -> KeyValue | None:
        bucket = self._buckets.get(bucket_of(key))
        return bucket.get(key) if bucket else None

    def range(self, bucket: str, prefix: str = "") -> list[KeyValue]:
        """All keys of a bucket that start with `prefix`, in key order."""
        items = self._buckets.get(bucket)
        if not items:
            return []
        if prefix and prefix != bucket:
            return [items[key] for key in sorted(items) if key.startswith(prefix)]
        return [items[key] for key in sorted(items)]

    def range_at(self, bucket: str, prefix: str, revision: int) -> list[Obj]:
        """The values of `range` as they were at an earlier revision; `CompactedError` when that is forgotten."""
        values = {key: item.value for key, item in self._buckets.get(bucket, {}).items()}
        for commit in reversed(self.history_since(revision)):
            if commit.key.startswith(bucket):
                if commit.before is None:
                    values.pop(commit.key, None)
                else:
                    values[commit.key] = commit.before
        return [values[key] for key in sorted(values) if key.startswith(prefix)]

    def count(self, bucket: str) -> int:
        return len(self._buckets.get(bucket, ()))

    def __len__(self) -> int:
        return sum(len(bucket) for bucket in self._buckets.values())

    def history_since(self, revision: int) -> list[Commit]:
        """Every commit after `revision`, oldest first; `CompactedError` when some of them are gone."""
        if revision < self.compacted_revision:
            raise CompactedError(self.compacted_revision)
        count = self.revision - revision
        if count <= 0:
            return []
        if count >= len(self._history):
            return list(self._history)
        # Revisions are dense, so the last `count` commits are the ones after `revision`.
        recent = [self._history[-1 - index] for index in range(count)]
        recent.reverse()
        return recent

    def snapshot(self) -> StoreSnapshot:
        items = [
            self._buckets[bucket][key] for bucket in sorted(self._buckets) for key in sorted(self._buckets[bucket])
        ]
        return StoreSnapshot(self.revision, items)

    # Writes.

    def put(
        self, key: str, value: Obj, *, expected_revision: int | None = None, ttl_seconds: float | None = None
    ) -> KeyValue:
        """Writes `value`. `expected_revision` 0 means that the key must be new; None writes whatever is there."""
        bucket_name = bucket_of(key)
        bucket = self._buckets.get(bucket_name)
        if bucket is None:
            bucket = self._buckets[bucket_name] = {}
        old = bucket.get(key)
        if expected_revision is not None and expected_revision != (old.mod_revision if old else 0):
            raise CompareFailedError(key)
        if freeze.ENABLED:
            value = freeze.freeze(value)
        self.revision += 1
        item = KeyValue(key, value, old.create_revision if old else self.revision, self.revision)
        bucket[key] = item
        if ttl_seconds is not None:
            self.grant(key, ttl_seconds)
        before = old.value if old else None
        self._commit(bucket_name, "MODIFIED" if old else "ADDED", key, value, before, before)
        return item

    def delete(self, key: str, last_value: Obj | None = None, *, expected_revision: int | None = None) -> None:
        """Removes a key. `last_value` is what watchers are shown as its last state (the stored value if None)."""
        bucket_name = bucket_of(key)
        bucket = self._buckets.get(bucket_name, {})
        old = bucket.get(key)
        if old is None or (expected_revision is not None and expected_revision != old.mod_revision):
            raise CompareFailedError(key)
        del bucket[key]
        self.revision += 1
        self._commit(bucket_name, "DELETED", key, None, last_value or old.value, old.value)

    def _commit(
        self,
        bucket: str,
        type_: EventType,
        key: str,
        value: Obj | None,
        previous: Obj | None,
        before: Obj | None,
    ) -> None:
        commit = Commit(self.revision, self._clock.now_us, type_, key, value, previous, self._trace.number, before)
        self._trace.wrote(self.revision, type_, key)
        self._history.append(commit)
        if len(self._history) > MAX_HISTORY:
            self.compacted_revision = self._history.popleft().revision
        for watcher in tuple(self._watchers.get(bucket, ())):
            watcher(commit)
        for callback in self._on_commit:
            callback(commit)

    # Watches.

    def watch(self, bucket: str, callback: Callable[[Commit], None]) -> Callable[[], None]:
        """Calls `callback` at each commit to the bucket from now on; returns what ends that."""
        watchers = self._watchers.setdefault(bucket, [])
        watchers.append(callback)

        def stop() -> None:
            if callback in watchers:
                watchers.remove(callback)

        return stop

    def on_commit(self, callback: Callable[[Commit], None]) -> None:
        """Calls `callback` at each commit to any key: how a journal follows a cluster."""
        self._on_commit.append(callback)

    def compact(self, revision: int) -> None:
        """Forgets the history up to and including `revision`."""
        while self._history and self._history[0].revision <= revision:
            self.compacted_revision = self._history.popleft().revision

    # Leases: keys that end by themselves (events do, after an hour).

    def grant(self, key: str, ttl_seconds: float) -> None:
        """Lets a key end `ttl_seconds` from now, unless it is written again before."""
        item = self.get(key)
        if item is None:
            raise CompareFailedError(key)
        heapq.heappush(self._leases, (self._clock.now_us + round(ttl_seconds * SECOND_US), key, item.mod_revision))
        if self._lease_timer is None or not self._lease_timer.active:
            self._arm()

    def _arm(self) -> None:
        if self._leases:
            self._lease_timer = self._clock.call_at(self._leases[0][0], self._expire)

    def _expire(self) -> None:
        while self._leases and self._leases[0][0] <= self._clock.now_us:
            _, key, revision = heapq.heappop(self._leases)
            item = self.get(key)
            # A later write has a lease of its own.
            if item is not None and item.mod_revision == revision:
                self.delete(key)
        self._arm()
