"""200 random histories, each of which must keep every promise."""

from __future__ import annotations

import pytest

from cluster_engine.controllers.deployment import rolling
from tests.simulation.invariants import BrokenPromiseError
from tests.simulation.run import simulate


@pytest.mark.parametrize("seed", range(200))
def test_a_random_history_keeps_every_promise(seed: int) -> None:
    simulate(seed)


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
