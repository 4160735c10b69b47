"""How long a Job waits after failures before it creates the next pod. Follows pkg/controller/job/backoff_utils.go."""

from __future__ import annotations

from dataclasses import dataclass

from cluster_engine.apimachinery.meta import Obj, get_condition
from cluster_engine.apimachinery.times import parse_time
from cluster_engine.clock import SECOND_US

DEFAULT_BACK_OFF_SECONDS = 10
MAX_BACK_OFF_SECONDS = 600


@dataclass(frozen=True, slots=True)
class BackoffRecord:
    """Failures since the last success, and when the last of them was (microseconds)."""

    failures: int = 0
    last_failure_us: int = 0

    def after(self, succeeded: list[Obj], failed: list[Obj]) -> BackoffRecord:
        """The record once these pods have ended, too."""
        failures = sorted(finished_us(pod) for pod in failed)
        if not succeeded:
            return BackoffRecord(self.failures + len(failures), failures[-1]) if failures else self
        last_success_us = max(finished_us(pod) for pod in succeeded)
        later = [when_us for when_us in failures if when_us > last_success_us]
        return BackoffRecord(len(later), later[-1] if later else 0)

    def remaining_seconds(self, now_us: int) -> float:
        """How long the next pod has to wait still."""
        return remaining_seconds(self.failures, self.last_failure_us, now_us)


def remaining_seconds(failures: int, last_failure_us: int, now_us: int) -> float:
    """10 s after the first failure, doubled with each, at most 10 minutes; less what has passed since the last one."""
    if failures == 0:
        return 0.0
    wait_seconds: float = min(DEFAULT_BACK_OFF_SECONDS * 2 ** min(failures - 1, 10), MAX_BACK_OFF_SECONDS)
    return max(0.0, wait_seconds - (now_us - last_failure_us) / SECOND_US)


def finished_us(pod: Obj) -> int:
    """When the pod ended: by its containers, else when it stopped being ready, else when its deletion was asked for."""
    status, meta = pod.get("status") or {}, pod["metadata"]
    ended = [(entry.get("state") or {}).get("terminated") for entry in status.get("containerStatuses") or ()]
    if ended and all(one and one.get("finishedAt") for one in ended):
        return max(parse_time(one["finishedAt"]) for one in ended if one)
    ready = get_condition(status.get("conditions"), "Ready")
    if ready is not None and ready["status"] == "False" and ready.get("lastTransitionTime"):
        return parse_time(ready["lastTransitionTime"])
    if meta.get("deletionTimestamp"):
        grace_us = (meta.get("deletionGracePeriodSeconds") or 0) * SECOND_US
        return parse_time(meta["deletionTimestamp"]) - grace_us
    return parse_time(meta["creationTimestamp"])
