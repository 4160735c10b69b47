"""Expectations: what a controller has asked for and not yet seen, so that a stale cache does not make it ask twice.

Follows ControllerExpectations and UIDTrackingControllerExpectations of pkg/controller/controller_utils.go.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from cluster_engine.clock import SECOND_US, Clock

# After this long an expectation no longer holds a sync back: something was lost, and looking again is better.
EXPECTATIONS_TIMEOUT_SECONDS = 300


@dataclass(slots=True)
class _Expected:
    since_us: int
    creations: int = 0
    deletions: set[str] = field(default_factory=set)


class Expectations:
    """Per owner's key: how many creations, and the deletion of which pods (by key), are still to be seen."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._expected: dict[str, _Expected] = {}

    def expect(self, key: str, creations: int, pod_keys: Iterable[str] = ()) -> None:
        """From now on that many creations and those deletions are to be seen, in the place of what was before."""
        self._expected[key] = _Expected(self._clock.now_us, creations, set(pod_keys))

    def expect_creations(self, key: str, count: int) -> None:
        self.expect(key, count)

    def expect_deletions(self, key: str, pod_keys: Iterable[str]) -> None:
        self.expect(key, 0, pod_keys)

    def creation_observed(self, key: str, count: int = 1) -> None:
        expected = self._expected.get(key)
        if expected is not None:
            expected.creations -= count

    def deletion_observed(self, key: str, pod_key: str) -> None:
        expected = self._expected.get(key)
        if expected is not None:
            expected.deletions.discard(pod_key)

    def satisfied(self, key: str) -> bool:
        """Whether all that was expected has been seen, or the wait has been too long."""
        expected = self._expected.get(key)
        if expected is None or (expected.creations <= 0 and not expected.deletions):
            return True
        return self._clock.now_us - expected.since_us > EXPECTATIONS_TIMEOUT_SECONDS * SECOND_US

    def forget(self, key: str) -> None:
        self._expected.pop(key, None)
