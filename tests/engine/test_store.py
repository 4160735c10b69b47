"""The store: one revision a write, compare-and-swap, watches, history, leases."""

from __future__ import annotations

import pytest

from cluster_engine.clock import Clock
from cluster_engine.etcd.freeze import FrozenObjectError
from cluster_engine.etcd.store import Commit, CompactedError, CompareFailedError, Store
from cluster_engine.trace import START, Trace

A, B = "/registry/pods/default/a", "/registry/pods/default/b"


def make_store() -> Store:
    clock = Clock()
    return Store(clock, Trace(clock))


def test_each_write_makes_one_revision() -> None:
    store = make_store()
    store.put(A, {"n": 1})
    store.put(A, {"n": 2})
    store.delete(A)
    assert store.revision == 3
    assert [(c.revision, c.type) for c in store.history_since(0)] == [(1, "ADDED"), (2, "MODIFIED"), (3, "DELETED")]


def test_a_write_with_a_stale_revision_is_refused_and_changes_nothing() -> None:
    store = make_store()
    store.put(A, {"n": 1}, expected_revision=0)
    with pytest.raises(CompareFailedError):
        store.put(A, {"n": 2}, expected_revision=0)
    with pytest.raises(CompareFailedError):
        store.delete(A, expected_revision=7)
    assert store.revision == 1
    item = store.get(A)
    assert item is not None
    assert item.value == {"n": 1}


def test_a_range_is_in_key_order_and_stays_in_its_prefix() -> None:
    store = make_store()
    for key in (B, A, "/registry/pods/other/c", "/registry/podsets/default/x"):
        store.put(key, {})
    assert [item.key for item in store.range("/registry/pods/")] == [A, B, "/registry/pods/other/c"]
    assert [item.key for item in store.range("/registry/pods/", "/registry/pods/default/")] == [A, B]


def test_watchers_see_commits_of_their_bucket_until_they_stop() -> None:
    store = make_store()
    seen: list[Commit] = []
    stop = store.watch("/registry/pods/", seen.append)
    store.put(A, {})
    store.put("/registry/nodes/n", {})
    stop()
    store.put(B, {})
    assert [commit.key for commit in seen] == [A]


def test_history_before_the_compaction_is_gone_and_says_so() -> None:
    store = make_store()
    for n in range(5):
        store.put(A, {"n": n})
    store.compact(3)
    assert [commit.revision for commit in store.history_since(3)] == [4, 5]
    with pytest.raises(CompactedError, match="the history starts after 3"):
        store.history_since(2)


def test_a_restored_store_goes_on_where_the_snapshot_was_taken() -> None:
    store = make_store()
    store.put(A, {"n": 1})
    clock = Clock()
    restored = Store(clock, Trace(clock), store.snapshot())
    assert restored.put(B, {}).mod_revision == 2
    assert [item.key for item in restored.range("/registry/pods/")] == [A, B]


def test_a_key_with_a_lease_ends_when_it_runs_out_and_a_later_write_renews_it() -> None:
    clock = Clock()
    store = Store(clock, Trace(clock))
    start_us = clock.now_us
    store.put(A, {}, ttl_seconds=10)
    store.put(B, {}, ttl_seconds=10)
    clock.advance_to(start_us + 5_000_000)
    store.put(B, {}, ttl_seconds=10)
    clock.fire_next()
    assert (store.get(A), store.get(B) is None) == (None, False)
    clock.fire_next()
    assert store.get(B) is None
    assert clock.next_timer_us() is None


def test_every_commit_knows_its_step() -> None:
    clock = Clock()
    trace = Trace(clock)
    store = Store(clock, trace)
    step = trace.begin("scheduler", "default/a", START)
    store.put(A, {})
    trace.end()
    assert store.history_since(0)[0].step == step.number
    assert step.writes == [(1, "ADDED", A)]


def test_a_stored_object_cannot_be_changed() -> None:
    store = make_store()
    value = store.put(A, {"spec": {"list": [1]}}).value
    with pytest.raises(FrozenObjectError):
        value["spec"]["x"] = 1
    with pytest.raises(FrozenObjectError):
        value["spec"]["list"].append(2)
