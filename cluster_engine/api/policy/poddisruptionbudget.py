"""PodDisruptionBudgets. Follows pkg/registry/policy/poddisruptionbudget/strategy.go and policy/validation (v1.32)."""

from __future__ import annotations

from typing import Any

from cluster_engine.api import checks, tables
from cluster_engine.api.apps.daemonset import not_more_than_100_percent
from cluster_engine.api.apps.deployment import validate_int_or_percent
from cluster_engine.api.checks import Errors
from cluster_engine.api.shown import pointer
from cluster_engine.api.strategy import AGE, NAME, Column, Strategy
from cluster_engine.apimachinery.errors import invalid_value
from cluster_engine.apimachinery.gotext import GoText
from cluster_engine.apimachinery.meta import Obj
from cluster_engine.apimachinery.scheme import Resource

EVICTION_POLICIES = ("AlwaysAllow", "IfHealthyBudget")
COUNTS = ("disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods")


class PodDisruptionBudgetStrategy(Strategy):
    """The rules of PodDisruptionBudgets."""

    resource = Resource(
        "policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets", singular="poddisruptionbudget",
        short_names=("pdb",), subresources=("status",),
    )  # fmt: skip
    tracks_generation = True
    allow_unconditional_update = False
    columns = (
        NAME,
        Column("Min Available"),
        Column("Max Unavailable"),
        Column("Allowed Disruptions", "integer"),
        AGE,
    )

    def prepare_for_create(self, obj: Obj) -> Obj:
        return {**obj, "status": dict.fromkeys(sorted(COUNTS), 0)}

    def validate(self, obj: Obj) -> Errors:
        spec = obj.get("spec") or {}
        errors: Errors = []
        if spec.get("minAvailable") is not None and spec.get("maxUnavailable") is not None:
            errors.append(invalid_value("spec", _shown(spec), "minAvailable and maxUnavailable cannot be both set"))
        for field in ("minAvailable", "maxUnavailable"):
            value, path = spec.get(field), f"spec.{field}"
            if value is not None:
                errors += validate_int_or_percent(path, value) + not_more_than_100_percent(path, value)
        errors += checks.label_selector("spec.selector", spec.get("selector"))
        policy = spec.get("unhealthyPodEvictionPolicy")
        return errors + checks.optional_enum("spec.unhealthyPodEvictionPolicy", policy, EVICTION_POLICIES)

    def validate_status_update(self, new: Obj, old: Obj) -> Errors:
        status = new.get("status") or {}
        return [error for field in COUNTS for error in checks.nonnegative(f"status.{field}", status.get(field))]

    def cells(self, obj: Obj, now_us: int) -> list[Any]:
        spec, status = obj.get("spec") or {}, obj.get("status") or {}
        bounds = ("N/A" if spec.get(f) is None else str(spec[f]) for f in ("minAvailable", "maxUnavailable"))
        allowed = status.get("disruptionsAllowed") or 0
        return [obj["metadata"]["name"], *bounds, allowed, tables.created(obj, now_us)]


def _shown(spec: Obj) -> GoText:
    fields = (
        ("MinAvailable", "intstr.IntOrString", "minAvailable"),
        ("Selector", "v1.LabelSelector", "selector"),
        ("MaxUnavailable", "intstr.IntOrString", "maxUnavailable"),
        ("UnhealthyPodEvictionPolicy", "policy.UnhealthyPodEvictionPolicyType", "unhealthyPodEvictionPolicy"),
    )
    shown = ", ".join(f"{name}:{pointer(type_, spec.get(field))}" for name, type_, field in fields)
    return GoText(f"policy.PodDisruptionBudgetSpec{{{shown}}}")
