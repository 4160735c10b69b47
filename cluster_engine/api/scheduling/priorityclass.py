"""PriorityClasses. Follows pkg/registry/scheduling/priorityclass/strategy.go and scheduling/validation (v1.32)."""

from __future__ import annotations

from typing import Any

from cluster_engine.api import checks, tables
from cluster_engine.api.checks import Errors
from cluster_engine.api.strategy import AGE, NAME, Column, Strategy
from cluster_engine.apimachinery.errors import FieldError, forbidden_field
from cluster_engine.apimachinery.meta import Obj
from cluster_engine.apimachinery.scheme import Resource

HIGHEST_USER_DEFINABLE = 1_000_000_000
SYSTEM_PREFIX = "system-"
POLICIES = ("PreemptLowerPriority", "Never")
_CRITICAL = 2 * HIGHEST_USER_DEFINABLE
# What every cluster has from its start: (value, description).
SYSTEM_CLASSES = {
    "system-cluster-critical": (
        _CRITICAL,
        "Used for system critical pods that must run in the cluster, but can be moved to another node if necessary.",
    ),
    "system-node-critical": (
        _CRITICAL + 1000,
        "Used for system critical pods that must not be moved from their current node.",
    ),
}


class PriorityClassStrategy(Strategy):
    """The rules of PriorityClasses."""

    resource = Resource(
        "scheduling.k8s.io", "v1", "PriorityClass", "priorityclasses", namespaced=False, singular="priorityclass",
        short_names=("pc",),
    )  # fmt: skip
    tracks_generation = True
    columns = (
        NAME,
        Column("Value", "integer"),
        Column("Global-Default", "boolean"),
        AGE,
        Column("PreemptionPolicy"),
    )

    def default(self, obj: Obj) -> Obj:
        changes: Obj = {}
        if obj.get("preemptionPolicy") is None:
            changes["preemptionPolicy"] = "PreemptLowerPriority"
        if obj.get("value") is None:
            changes["value"] = 0
        return {**obj, **changes} if changes else obj

    def prepare_for_update(self, new: Obj, old: Obj) -> Obj:
        return new

    def changes_generation(self, new: Obj, old: Obj) -> bool:
        return False

    def validate(self, obj: Obj) -> Errors:
        errors = [error] if (error := _reserved(obj)) else []
        return errors + checks.enum("preemptionPolicy", obj.get("preemptionPolicy"), POLICIES)

    def validate_update(self, new: Obj, old: Obj) -> Errors:
        errors: Errors = []
        if new.get("value") != old.get("value"):
            errors.append(forbidden_field("value", "may not be changed in an update."))
        return errors + checks.immutable("preemptionPolicy", new.get("preemptionPolicy"), old.get("preemptionPolicy"))

    def cells(self, obj: Obj, now_us: int) -> list[Any]:
        return [
            obj["metadata"]["name"],
            obj.get("value") or 0,
            bool(obj.get("globalDefault")),
            tables.created(obj, now_us),
            obj.get("preemptionPolicy") or "",
        ]


def _reserved(obj: Obj) -> FieldError | None:
    """Names with the system's prefix and values above a billion belong to the two system classes."""
    name, value = obj["metadata"].get("name") or "", obj.get("value") or 0
    if not name.startswith(SYSTEM_PREFIX):
        if value <= HIGHEST_USER_DEFINABLE:
            return None
        detail = f"maximum allowed value of a user defined priority is {HIGHEST_USER_DEFINABLE}"
        return forbidden_field("value", detail)
    why = ""
    if name not in SYSTEM_CLASSES:
        why = f"{name} is not a known system priority class"
    elif value != SYSTEM_CLASSES[name][0]:
        why = f"value of {name} PriorityClass must be {SYSTEM_CLASSES[name][0]}"
    elif obj.get("globalDefault"):
        why = f"globalDefault of {name} PriorityClass must be false"
    if not why:
        return None
    words = f"priority class names with '{SYSTEM_PREFIX}' prefix are reserved for system use only. error: {why}"
    return forbidden_field("metadata.name", words)
