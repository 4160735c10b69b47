"""Pacing: how far a sandbox's virtual time may go at a moment of real time.

Real time comes in as seconds of a monotonic clock, given by the caller, so that tests move it by hand.
"""

from __future__ import annotations

from cluster_engine.clock import SECOND_US

# A cluster that cannot keep up is not chased: its time falls behind by at most this much real time.
MAX_LAG_SECONDS = 0.5


class Pace:
    """Virtual time runs `speed` times as fast as real time, or stands still."""

    def __init__(self, time_us: int, now_seconds: float, speed: float = 1.0, paused: bool = False) -> None:
        self.speed = speed
        self.paused = paused
        self._anchor_us = time_us
        self._anchor_seconds = now_seconds

    def target_us(self, now_seconds: float) -> int:
        """The virtual time that belongs to this moment."""
        if self.paused:
            return self._anchor_us
        return self._anchor_us + round((now_seconds - self._anchor_seconds) * self.speed * SECOND_US)

    def change(self, now_seconds: float, speed: float, paused: bool) -> None:
        """From now on another speed; the virtual time of this moment stays what it is."""
        self.rebase(now_seconds, self.target_us(now_seconds))
        self.speed = speed
        self.paused = paused

    def rebase(self, now_seconds: float, time_us: int) -> None:
        """Makes `time_us` the virtual time of this moment."""
        self._anchor_us = time_us
        self._anchor_seconds = now_seconds

    def lags(self, now_seconds: float, time_us: int) -> bool:
        """Whether a cluster that has come to `time_us` is further behind than is worth catching up."""
        return self.target_us(now_seconds) - time_us > MAX_LAG_SECONDS * self.speed * SECOND_US

    def due_seconds(self, when_us: int) -> float | None:
        """The moment of real time at which `when_us` is due; None while time stands still."""
        if self.paused:
            return None
        return self._anchor_seconds + (when_us - self._anchor_us) / SECOND_US / self.speed
