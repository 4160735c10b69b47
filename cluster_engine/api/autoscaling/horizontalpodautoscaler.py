"""HorizontalPodAutoscalers. Follows pkg/registry/autoscaling/horizontalpodautoscaler/strategy.go and autoscaling/v2
defaults (v1.32). Stored as autoscaling/v2; `autoscaling_v1.py` shows the same objects in the older version.
"""

from __future__ import annotations

from typing import Any

from cluster_engine.api import checks, tables
from cluster_engine.api.autoscaling.metrics import validate_metrics
from cluster_engine.api.checks import Errors
from cluster_engine.api.strategy import AGE, NAME, Column, Strategy
from cluster_engine.apimachinery import names, quantity
from cluster_engine.apimachinery.errors import invalid_value, not_supported, required
from cluster_engine.apimachinery.meta import Obj
from cluster_engine.apimachinery.scheme import Resource

DEFAULT_CPU_UTILIZATION = 80
MAX_PERIOD_SECONDS = 1800
MAX_STABILIZATION_WINDOW_SECONDS = 3600
SHOWN_METRICS = 2
_SELECT_POLICIES = ("Disabled", "Max", "Min")
_POLICY_TYPES = ("Percent", "Pods")
_UP: Obj = {
    "stabilizationWindowSeconds": 0,
    "selectPolicy": "Max",
    "policies": [
        {"type": "Pods", "value": 4, "periodSeconds": 15},
        {"type": "Percent", "value": 100, "periodSeconds": 15},
    ],
}
_DOWN: Obj = {"selectPolicy": "Max", "policies": [{"type": "Percent", "value": 100, "periodSeconds": 15}]}


def default_metric() -> Obj:
    """What an autoscaler goes by when it names no metric."""
    target = {"type": "Utilization", "averageUtilization": DEFAULT_CPU_UTILIZATION}
    return {"type": "Resource", "resource": {"name": "cpu", "target": target}}


class HorizontalPodAutoscalerStrategy(Strategy):
    """The rules of HorizontalPodAutoscalers."""

    resource = Resource(
        "autoscaling", "v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers",
        singular="horizontalpodautoscaler", short_names=("hpa",), categories=("all",), subresources=("status",),
    )  # fmt: skip
    allow_unconditional_update = True
    columns = (
        NAME,
        Column("Reference"),
        Column("Targets"),
        Column("MinPods"),
        Column("MaxPods"),
        Column("Replicas"),
        AGE,
    )

    def default(self, obj: Obj) -> Obj:
        spec = obj.get("spec") or {}
        changes: Obj = {}
        if spec.get("minReplicas") is None:
            changes["minReplicas"] = 1
        if not spec.get("metrics"):
            changes["metrics"] = [default_metric()]
        behavior = spec.get("behavior")
        if behavior is not None:
            full = {
                "scaleUp": _with_defaults(behavior.get("scaleUp"), _UP),
                "scaleDown": _with_defaults(behavior.get("scaleDown"), _DOWN),
            }
            if full != behavior:
                changes["behavior"] = full
        return {**obj, "spec": {**spec, **changes}} if changes else obj

    def prepare_for_create(self, obj: Obj) -> Obj:
        return {**obj, "status": {"currentMetrics": None, "desiredReplicas": 0}}

    def validate(self, obj: Obj) -> Errors:
        spec = obj.get("spec") or {}
        low, high = spec.get("minReplicas"), spec.get("maxReplicas") or 0
        errors: Errors = []
        if low is not None and low < 1:
            errors.append(invalid_value("spec.minReplicas", low, "must be greater than or equal to 1"))
        if high < 1:
            errors.append(invalid_value("spec.maxReplicas", high, "must be greater than 0"))
        if low is not None and high < low:
            detail = "must be greater than or equal to `minReplicas`"
            errors.append(invalid_value("spec.maxReplicas", high, detail))
        errors += object_reference("spec.scaleTargetRef", spec.get("scaleTargetRef") or {})
        errors += validate_metrics("spec.metrics", spec.get("metrics") or [], low)
        for field in ("scaleUp", "scaleDown"):
            rules = (spec.get("behavior") or {}).get(field)
            if rules is not None:
                errors += _scaling_rules(f"spec.behavior.{field}", rules)
        return errors

    def validate_status_update(self, new: Obj, old: Obj) -> Errors:
        status = new.get("status") or {}
        errors = checks.nonnegative("status.currentReplicas", status.get("currentReplicas"))
        return errors + checks.nonnegative("status.desiredReplicas", status.get("desiredReplicas"))

    def cells(self, obj: Obj, now_us: int) -> list[Any]:
        spec, status = obj.get("spec") or {}, obj.get("status") or {}
        target = spec.get("scaleTargetRef") or {}
        return [
            obj["metadata"]["name"],
            f"{target.get('kind') or ''}/{target.get('name') or ''}",
            format_metrics(spec.get("metrics") or [], status.get("currentMetrics") or []),
            tables.UNSET if spec.get("minReplicas") is None else str(spec["minReplicas"]),
            spec.get("maxReplicas") or 0,
            status.get("currentReplicas") or 0,
            tables.created(obj, now_us),
        ]


def _with_defaults(rules: Obj | None, defaults: Obj) -> Obj:
    return {**defaults, **{field: value for field, value in (rules or {}).items() if value is not None}}


def object_reference(path: str, reference: Obj) -> Errors:
    """Follows ValidateCrossVersionObjectReference."""
    errors: Errors = []
    for field in ("kind", "name"):
        value = reference.get(field) or ""
        at = f"{path}.{field}"
        errors += checks.by_rule(names.path_segment, at, value) if value else [required(at)]
    return errors


def _scaling_rules(path: str, rules: Obj) -> Errors:
    window, at = rules.get("stabilizationWindowSeconds"), f"{path}.stabilizationWindowSeconds"
    errors: Errors = []
    if window is not None and window < 0:
        errors.append(invalid_value(at, window, "must be greater than or equal to zero"))
    if window is not None and window > MAX_STABILIZATION_WINDOW_SECONDS:
        detail = f"must be less than or equal to {MAX_STABILIZATION_WINDOW_SECONDS}"
        errors.append(invalid_value(at, window, detail))
    errors += checks.optional_enum(f"{path}.selectPolicy", rules.get("selectPolicy"), _SELECT_POLICIES)
    policies = rules.get("policies") or []
    if not policies:
        errors.append(required(f"{path}.policies", "must specify at least one Policy"))
    for index, policy in enumerate(policies):
        errors += _scaling_policy(f"{path}.policies[{index}]", policy)
    return errors


def _scaling_policy(path: str, policy: Obj) -> Errors:
    errors: Errors = []
    if policy.get("type") not in _POLICY_TYPES:
        errors.append(not_supported(f"{path}.type", policy.get("type") or "", _POLICY_TYPES))
    for field in ("value", "periodSeconds"):
        value = policy.get(field) or 0
        if value <= 0:
            errors.append(invalid_value(f"{path}.{field}", value, "must be greater than zero"))
    period = policy.get("periodSeconds") or 0
    if period > MAX_PERIOD_SECONDS:
        detail = f"must be less than or equal to {MAX_PERIOD_SECONDS}"
        errors.append(invalid_value(f"{path}.periodSeconds", period, detail))
    return errors


def format_metrics(specs: list[Obj], statuses: list[Obj]) -> str:
    """The TARGETS column, e.g. `cpu: 12%/80%`. Follows formatHPAMetrics."""
    if not specs:
        return tables.NONE
    listed = [_metric(spec, statuses[i] if i < len(statuses) else {}) for i, spec in enumerate(specs)]
    shown = ", ".join(listed[:SHOWN_METRICS])
    return shown if len(listed) <= SHOWN_METRICS else f"{shown} + {len(listed) - SHOWN_METRICS} more..."


def _metric(spec: Obj, status: Obj) -> str:
    kind = spec.get("type") or ""
    field = {"ContainerResource": "containerResource"}.get(kind, kind.lower())
    if field not in ("external", "pods", "object", "resource", "containerResource"):
        return "<unknown type>"
    source, current = spec.get(field) or {}, (status.get(field) or {}).get("current") or {}
    target = source.get("target") or {}
    if field in ("resource", "containerResource"):
        name = source.get("name") or ""
        if target.get("averageValue") is not None:
            return f"{name}: {_amount(current, 'averageValue')}/{quantity.canonical(target['averageValue'])}"
        return f"{name}: {_percent(current, tables.UNKNOWN)}/{_percent(target, '<auto>')}"
    if field == "pods":
        return f"{_amount(current, 'averageValue')}/{_amount(target, 'averageValue', '0')}"
    if target.get("averageValue") is not None:
        return f"{_amount(current, 'averageValue')}/{quantity.canonical(target['averageValue'])} (avg)"
    return f"{_amount(current, 'value')}/{_amount(target, 'value', '0')}"


def _amount(part: Obj, field: str, missing: str = tables.UNKNOWN) -> str:
    value = part.get(field)
    return missing if value is None else quantity.canonical(value)


def _percent(part: Obj, missing: str) -> str:
    value = part.get("averageUtilization")
    return missing if value is None else f"{value}%"
