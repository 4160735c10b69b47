"""What holds a proposal back: earlier recommendations, rates of change, bounds. Follows horizontal.go.

`History` is what the autoscaler remembers of one object; like the real one it forgets it when it restarts.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from cluster_engine.apimachinery.meta import Obj
from cluster_engine.clock import SECOND_US

SCALE_UP_LIMIT_FACTOR = 2
SCALE_UP_LIMIT_MINIMUM = 4
DOWNSCALE_STABILIZATION_SECONDS = 300

_INCREASING = "the desired replica count is increasing faster than the maximum scale rate"
_DECREASING = "the desired replica count is decreasing faster than the maximum scale rate"
_TOO_MANY = "the desired replica count is more than the maximum replica count"
_TOO_FEW = "the desired replica count is less than the minimum replica count"
_HIGHER = "recent recommendations were higher than current one, applying the highest recent recommendation"
_LOWER = "recent recommendations were lower than current one, applying the lowest recent recommendation"


@dataclass(frozen=True, slots=True)
class Limited:
    """A number of replicas, and the conditions that say how it came about: (status, reason, message)."""

    replicas: int
    able: tuple[str, str, str]
    limited: tuple[str, str, str]


@dataclass(slots=True)
class History:
    """Recommendations and changes of one autoscaler: (replicas or change, when in microseconds)."""

    recommendations: list[tuple[int, int]] = field(default_factory=list)
    added: list[tuple[int, int]] = field(default_factory=list)
    removed: list[tuple[int, int]] = field(default_factory=list)

    def recommend(self, replicas: int, now_us: int, keep_seconds: int) -> None:
        """Remembers a recommendation, and forgets those that are too old to count."""
        horizon_us = now_us - keep_seconds * SECOND_US
        self.recommendations = [one for one in self.recommendations if one[1] > horizon_us]
        self.recommendations.append((replicas, now_us))

    def hold(self, until_us: int) -> None:
        """The last recommendation was made again and again until then, since nothing changed meanwhile."""
        if self.recommendations and self.recommendations[-1][1] < until_us:
            self.recommendations.append((self.recommendations[-1][0], until_us))

    def since(self, seconds: int, now_us: int) -> list[int]:
        """Recommendations that are younger than that."""
        return [replicas for replicas, when_us in self.recommendations if when_us > now_us - seconds * SECOND_US]

    def scaled(self, before: int, after: int, behavior: Obj, now_us: int) -> None:
        """Remembers a change, for as long as a policy may ask for it."""
        rules = behavior["scaleUp" if after > before else "scaleDown"]
        longest = max((policy["periodSeconds"] for policy in rules.get("policies") or ()), default=0)
        changes = self.added if after > before else self.removed
        changes[:] = [one for one in changes if one[1] > now_us - longest * SECOND_US]
        changes.append((abs(after - before), now_us))


def normalize(history: History, current: int, wanted: int, low: int, high: int, now_us: int) -> Limited:
    """Without `behavior`: five minutes of stabilisation downwards, at most double upwards."""
    stable = max(wanted, *history.since(DOWNSCALE_STABILIZATION_SECONDS, now_us), 0)
    history.recommend(wanted, now_us, DOWNSCALE_STABILIZATION_SECONDS)
    able = _able(stable != wanted, "ScaleDownStabilized", _HIGHER)
    up_limit = max(SCALE_UP_LIMIT_FACTOR * current, SCALE_UP_LIMIT_MINIMUM)
    if stable < low:
        return Limited(low, able, ("True", "TooFewReplicas", _TOO_FEW))
    if stable > min(high, up_limit):
        reason = ("ScaleUpLimit", _INCREASING) if high > up_limit else ("TooManyReplicas", _TOO_MANY)
        return Limited(min(high, up_limit), able, ("True", *reason))
    return Limited(stable, able, _WITHIN)


def normalize_with_behavior(
    history: History, behavior: Obj, current: int, wanted: int, low: int, high: int, now_us: int
) -> Limited:
    """With `behavior`: its windows and policies."""
    up, down = behavior["scaleUp"], behavior["scaleDown"]
    up_seconds = up.get("stabilizationWindowSeconds") or 0
    down_seconds = down.get("stabilizationWindowSeconds", DOWNSCALE_STABILIZATION_SECONDS)
    lowest = min([wanted, *history.since(up_seconds, now_us)])
    highest = max([wanted, *history.since(down_seconds, now_us)])
    stable = min(max(current, lowest), highest)
    history.recommend(wanted, now_us, max(up_seconds, down_seconds, 1))
    reason = ("ScaleUpStabilized", _LOWER) if wanted >= current else ("ScaleDownStabilized", _HIGHER)
    able = _able(stable != wanted, *reason)
    if stable > current:
        limit = max(_up_limit(history, up, current, now_us), current)
        if stable > min(high, limit):
            why = ("ScaleUpLimit", _INCREASING) if high > limit else ("TooManyReplicas", _TOO_MANY)
            return Limited(min(high, limit), able, ("True", *why))
    elif stable < current:
        limit = min(_down_limit(history, down, current, now_us), current)
        if stable < max(low, limit):
            why = ("ScaleDownLimit", _DECREASING) if low < limit else ("TooFewReplicas", _TOO_FEW)
            return Limited(max(low, limit), able, ("True", *why))
    return Limited(stable, able, _WITHIN)


_WITHIN = ("False", "DesiredWithinRange", "the desired count is within the acceptable range")


def _able(stabilized: bool, reason: str, message: str) -> tuple[str, str, str]:
    if stabilized:
        return "True", reason, message
    return "True", "ReadyForNewScale", "recommended size matches current size"


def _at_start(history: History, current: int, seconds: int, now_us: int) -> int:
    """How many replicas there were at the start of a policy's period."""
    cutoff_us = now_us - seconds * SECOND_US
    added = sum(change for change, when_us in history.added if when_us > cutoff_us)
    removed = sum(change for change, when_us in history.removed if when_us > cutoff_us)
    return current - added + removed


def _up_limit(history: History, rules: Obj, current: int, now_us: int) -> int:
    if rules.get("selectPolicy") == "Disabled":
        return current
    proposals: list[int] = []
    for policy in rules["policies"]:
        start = _at_start(history, current, policy["periodSeconds"], now_us)
        if policy["type"] == "Pods":
            proposals.append(start + policy["value"])
        else:
            proposals.append(math.ceil(start * (1 + policy["value"] / 100)))
    return min(proposals) if rules.get("selectPolicy") == "Min" else max(proposals)


def _down_limit(history: History, rules: Obj, current: int, now_us: int) -> int:
    if rules.get("selectPolicy") == "Disabled":
        return current
    proposals: list[int] = []
    for policy in rules["policies"]:
        start = _at_start(history, current, policy["periodSeconds"], now_us)
        if policy["type"] == "Pods":
            proposals.append(start - policy["value"])
        else:
            proposals.append(int(start * (1 - policy["value"] / 100)))
    return max(proposals) if rules.get("selectPolicy") == "Min" else min(proposals)
