"""The status of an autoscaler in the making. Follows setCondition and setStatus of horizontal.go."""

from __future__ import annotations

from dataclasses import dataclass, field

from cluster_engine.apimachinery.meta import Obj, get_condition


@dataclass(slots=True)
class StatusDraft:
    """What one reconcile finds out; `status()` puts it together."""

    hpa: Obj
    now: str
    conditions: list[Obj] = field(default_factory=list)
    current_replicas: int | None = None
    desired_replicas: int | None = None
    metrics: list[Obj] | None = None
    rescaled: bool = False

    def __post_init__(self) -> None:
        self.conditions = list((self.hpa.get("status") or {}).get("conditions") or ())

    def set(self, type_: str, status: str, reason: str, message: str) -> None:
        """Sets a condition; its time changes with its status only."""
        present = get_condition(self.conditions, type_)
        same = present is not None and present["status"] == status
        condition = {
            "lastTransitionTime": present["lastTransitionTime"] if present is not None and same else self.now,
            "message": message,
            "reason": reason,
            "status": status,
            "type": type_,
        }
        if present is None:
            self.conditions.append(condition)
        else:
            self.conditions = [condition if one is present else one for one in self.conditions]

    def status(self) -> Obj:
        """The whole status: what was not found out stays as it was."""
        old = self.hpa.get("status") or {}
        status = {**old, "conditions": self.conditions}
        if self.current_replicas is not None:
            status["currentReplicas"] = self.current_replicas
            status["desiredReplicas"] = self.desired_replicas or 0
            status["currentMetrics"] = self.metrics or None
        if self.rescaled:
            status["lastScaleTime"] = self.now
        if not status.get("currentReplicas"):
            status.pop("currentReplicas", None)
        return status
