"""200 random histories, each of which must keep every promise."""

from __future__ import annotations

import pytest

from tests.simulation.run import simulate, simulate_restore


@pytest.mark.parametrize("seed", range(200))
def test_a_random_history_keeps_every_promise(seed: int) -> None:
    simulate(seed)


@pytest.mark.parametrize("seed", range(20))
def test_a_history_that_is_taken_back_settles_where_it_was(seed: int) -> None:
    simulate_restore(seed)
