"""100 random histories of crowded clusters: nobody gets a node that does not fit, nobody waits without need."""

from __future__ import annotations

import pytest

from tests.simulation.scheduling import simulate_scheduling


@pytest.mark.parametrize("seed", range(100))
def test_pods_fit_where_they_go_and_wait_only_where_they_must(seed: int) -> None:
    simulate_scheduling(seed)
