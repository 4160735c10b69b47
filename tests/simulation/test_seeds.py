"""200 random histories, each of which must keep every promise."""

from __future__ import annotations

from typing import Any

import pytest

from cluster_engine.client.informer import InformerFactory
from cluster_engine.controllers.deployment import rolling
from cluster_engine.controllers.tainteviction.controller import TaintEvictionController
from cluster_engine.scheduler.scheduler import Scheduler
from tests.simulation.invariants import BrokenPromiseError
from tests.simulation.run import simulate, simulate_restore


@pytest.mark.parametrize("seed", range(200))
def test_a_random_history_keeps_every_promise(seed: int) -> None:
    simulate(seed)


@pytest.mark.parametrize("seed", range(20))
def test_a_history_that_is_taken_back_settles_where_it_was(seed: int) -> None:
    simulate_restore(seed)


def test_a_pod_that_runs_twice_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """An eviction that does not wait for the node lets a StatefulSet have two pods of one name."""
    evict = TaintEvictionController._evict

    def evict_by_force(self: TaintEvictionController, key: str, pod: dict[str, Any]) -> None:
        evict(self, key, pod)
        meta = pod["metadata"]
        self.client.delete("pods", meta["name"], meta["namespace"], grace_period_seconds=0)

    monkeypatch.setattr(TaintEvictionController, "_evict", evict_by_force)
    assert "run at once" in found(range(1, 200, 2))


def test_a_process_that_goes_on_after_its_end_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    for owner, name in ((Scheduler, "stop"), (InformerFactory, "stop"), (InformerFactory, "unsubscribe")):
        monkeypatch.setattr(owner, name, lambda *_: None)
    assert "a scheduler that does not run looked at" in found(range(1, 100, 2))


def found(seeds: range) -> str:
    """The first broken promise of some histories, "" when all are kept."""
    for seed in seeds:
        try:
            simulate(seed)
        except BrokenPromiseError as error:
            return str(error)
    return ""


def test_a_broken_controller_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """A rolling update that takes all old pods away at once is found by some seed."""
    monkeypatch.setattr(rolling.util, "max_unavailable", lambda d: d["spec"]["replicas"])
    broken = 0
    for seed in range(40):
        try:
            simulate(seed)
        except BrokenPromiseError:
            broken += 1
    assert broken > 0
