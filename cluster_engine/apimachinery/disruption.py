"""The conditions by which disruptions are told: of budgets, which controller and eviction set, and of pods.

Follows k8s.io/component-helpers/apps/poddisruptionbudget and UpdatePodCondition of pkg/api/v1/pod.
"""

from __future__ import annotations

from cluster_engine.apimachinery.conditions import set_condition
from cluster_engine.apimachinery.meta import Obj, get_condition

DISRUPTION_ALLOWED = "DisruptionAllowed"
DISRUPTION_TARGET = "DisruptionTarget"
SYNC_FAILED = "SyncFailed"


def allowed_condition(conditions: list[Obj] | None, allowed: bool, generation: int, now: str) -> list[Obj]:
    """A budget's conditions with DisruptionAllowed as it is now. `now` is an RFC 3339 time."""
    reason = "SufficientPods" if allowed else "InsufficientPods"
    condition = {
        "type": DISRUPTION_ALLOWED,
        "status": "True" if allowed else "False",
        "observedGeneration": generation,
        "reason": reason,
        "message": "",
    }
    return set_condition(conditions, condition, now)


def sync_failed_condition(conditions: list[Obj] | None, message: str, generation: int, now: str) -> list[Obj]:
    """A budget's conditions when it cannot be told what it allows, and so it allows nothing."""
    condition = {
        "type": DISRUPTION_ALLOWED,
        "status": "False",
        "observedGeneration": generation,
        "reason": SYNC_FAILED,
        "message": message,
    }
    return set_condition(conditions, condition, now)


def with_disruption_target(pod: Obj, reason: str, message: str, now: str) -> Obj:
    """The pod, marked as one that a disruption is about to end; the same pod where it is marked so already."""
    status: Obj = pod.get("status") or {}
    present = get_condition(status.get("conditions"), DISRUPTION_TARGET)
    condition = {
        "lastProbeTime": None,
        "lastTransitionTime": now,
        "message": message,
        "reason": reason,
        "status": "True",
        "type": DISRUPTION_TARGET,
    }
    if present is not None and present["status"] == "True":
        if (present.get("reason"), present.get("message")) == (reason, message):
            return pod
        condition["lastTransitionTime"] = present["lastTransitionTime"]
    others = [one for one in status.get("conditions") or () if one is not present]
    return {**pod, "status": {**status, "conditions": [*others, condition]}}
