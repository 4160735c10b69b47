"""Expectations and slow start: the guards against acting twice and against asking in vain."""

from __future__ import annotations

import pytest

from cluster_engine.apimachinery.errors import ApiError
from cluster_engine.clock import SECOND_US, Clock
from cluster_engine.controllers.common.expectations import Expectations
from cluster_engine.controllers.common.slow_start import slow_start_batch


def test_creations_hold_a_sync_back_until_all_are_seen() -> None:
    expectations = Expectations(Clock())
    assert expectations.satisfied("default/web")
    expectations.expect_creations("default/web", 2)
    expectations.creation_observed("default/web")
    assert not expectations.satisfied("default/web")
    expectations.creation_observed("default/web")
    assert expectations.satisfied("default/web")


def test_a_deletion_is_seen_once_however_often_it_is_told() -> None:
    expectations = Expectations(Clock())
    expectations.expect_deletions("default/web", ["default/a", "default/b"])
    expectations.deletion_observed("default/web", "default/a")
    expectations.deletion_observed("default/web", "default/a")
    assert not expectations.satisfied("default/web")
    expectations.deletion_observed("default/web", "default/b")
    assert expectations.satisfied("default/web")


def test_expectations_expire_after_five_minutes() -> None:
    clock = Clock()
    expectations = Expectations(clock)
    expectations.expect_creations("default/web", 1)
    clock.advance_to(clock.now_us + 300 * SECOND_US)
    assert not expectations.satisfied("default/web")
    clock.advance_to(clock.now_us + SECOND_US)
    assert expectations.satisfied("default/web")


@pytest.mark.parametrize(
    ("count", "allowed", "calls", "successes"),
    [(10, 10, 10, 10), (10, 0, 1, 0), (10, 1, 3, 1), (10, 2, 3, 2), (10, 4, 7, 4), (10, 9, 10, 9), (0, 0, 0, 0)],
)
def test_the_batch_of_the_first_refusal_is_the_last(count: int, allowed: int, calls: int, successes: int) -> None:
    made = 0

    def create() -> None:
        nonlocal made
        made += 1
        if made > allowed:
            raise ApiError(403, "Forbidden", f"refused {made}")

    got, refusal = slow_start_batch(count, create)
    assert (made, got) == (calls, successes)
    assert (refusal.message if refusal else None) == (f"refused {allowed + 1}" if allowed < count else None)
