"""The arithmetic of disruption budgets. Pure functions. Follows pkg/controller/disruption/disruption.go."""

from __future__ import annotations

from dataclasses import dataclass

from cluster_engine.apimachinery.disruption import allowed_condition
from cluster_engine.apimachinery.intstr import scaled_value
from cluster_engine.apimachinery.meta import Obj, deleting
from cluster_engine.apimachinery.times import parse_time
from cluster_engine.clock import SECOND_US
from cluster_engine.controllers.common.pods import is_pod_ready

# How long after an eviction a pod may be without a deletion timestamp before it is taken for staying.
DELETION_TIMEOUT_SECONDS = 120


@dataclass(frozen=True, slots=True)
class Numbers:
    """What a budget comes to."""

    expected: int
    desired: int
    healthy: int

    @property
    def allowed(self) -> int:
        """How many more pods may be disrupted now."""
        return max(self.healthy - self.desired, 0) if self.expected > 0 else 0


def needs_scale(spec: Obj) -> bool:
    """Whether the budget is relative to how many pods their controllers want."""
    return spec.get("maxUnavailable") is not None or isinstance(spec.get("minAvailable"), str)


def desired_healthy(spec: Obj, expected: int) -> int:
    """How many pods have to stay healthy, of `expected`. Percentages are rounded up."""
    if spec.get("maxUnavailable") is not None:
        return max(expected - scaled_value(spec["maxUnavailable"], expected, round_up=True), 0)
    if spec.get("minAvailable") is not None:
        return scaled_value(spec["minAvailable"], expected, round_up=True)
    return 0


def disrupted_pods(
    pods: list[Obj], noted: dict[str, str], now_us: int
) -> tuple[dict[str, str], list[Obj], float | None]:
    """What is left of the noted evictions: (still awaited, pods that stayed, seconds until the next is overdue)."""
    awaited: dict[str, str] = {}
    stayed: list[Obj] = []
    recheck: float | None = None
    for pod in pods:
        name = pod["metadata"]["name"]
        if deleting(pod) or name not in noted:
            continue
        left = DELETION_TIMEOUT_SECONDS - (now_us - parse_time(noted[name])) / SECOND_US
        if left < 0:
            stayed.append(pod)
            continue
        awaited[name] = noted[name]
        recheck = left if recheck is None else min(recheck, left)
    return awaited, stayed, recheck


def count_healthy(pods: list[Obj], disrupted: dict[str, str]) -> int:
    """Ready pods that are neither going away nor about to."""
    return sum(is_pod_ready(p) and not deleting(p) and p["metadata"]["name"] not in disrupted for p in pods)


def budget_status(pdb: Obj, numbers: Numbers, disrupted: dict[str, str], now: str) -> Obj:
    """The status that the budget should have. `now` is an RFC 3339 time."""
    old: Obj = pdb.get("status") or {}
    generation = pdb["metadata"].get("generation", 0)
    status: Obj = {
        "conditions": allowed_condition(old.get("conditions"), numbers.allowed > 0, generation, now),
        "currentHealthy": numbers.healthy,
        "desiredHealthy": numbers.desired,
        "disruptionsAllowed": numbers.allowed,
        "expectedPods": numbers.expected,
        "observedGeneration": generation,
    }
    if disrupted:
        status["disruptedPods"] = disrupted
    return status
