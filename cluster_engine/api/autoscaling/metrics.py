"""The metrics of a HorizontalPodAutoscaler. Follows autoscaling/validation.validateMetrics (v1.32)."""

from __future__ import annotations

from cluster_engine.api import checks
from cluster_engine.api.checks import Errors
from cluster_engine.api.core.podspec.resources import container_resource_name
from cluster_engine.api.shown import quantity_struct
from cluster_engine.apimachinery import names, quantity
from cluster_engine.apimachinery.errors import forbidden_field, invalid_value, not_supported, required
from cluster_engine.apimachinery.meta import Obj

TYPES = ("ContainerResource", "External", "Object", "Pods", "Resource")
# In the order in which they are looked for.
_FIELDS = ("object", "external", "pods", "resource", "containerResource")
_TARGETS = ("Utilization", "Value", "AverageValue")


def validate_metrics(path: str, metrics: list[Obj], min_replicas: int | None) -> Errors:
    errors: Errors = []
    for index, metric in enumerate(metrics):
        errors += _metric(f"{path}[{index}]", metric)
    if min_replicas == 0 and not any(metric.get("type") in ("Object", "External") for metric in metrics):
        detail = "must specify at least one Object or External metric to support scaling to zero replicas"
        errors.append(forbidden_field(path, detail))
    return errors


def field_of(kind: str) -> str:
    """The field that a metric of that type is described in."""
    return kind[:1].lower() + kind[1:]


def _metric(path: str, metric: Obj) -> Errors:
    kind = metric.get("type") or ""
    errors: Errors = []
    if not kind:
        errors.append(required(f"{path}.type", "must specify a metric source type"))
    unknown = not_supported(f"{path}.type", kind, TYPES)
    if kind not in TYPES:
        errors.append(unknown)
    present = [field for field in _FIELDS if metric.get(field) is not None]
    if present:
        errors += _source(f"{path}.{present[0]}", present[0], metric[present[0]])
    expected = field_of(kind)
    if kind not in TYPES:
        errors.append(unknown)
    elif expected not in present:
        detail = "must populate information for the given metric source"
        errors.append(required(f"{path}.{expected}", detail))
    if len(present) != 1:
        errors += [
            forbidden_field(f"{path}.{field}", "must populate the given metric source only")
            for field in present
            if field != expected
        ]
    return errors


def _source(path: str, field: str, source: Obj) -> Errors:
    errors: Errors = []
    if field == "object":
        described = source.get("describedObject") or {}
        for part in ("kind", "name"):
            at, value = f"{path}.describedObject.{part}", described.get(part) or ""
            errors += checks.by_rule(names.path_segment, at, value) if value else [required(at)]
    if field in ("resource", "containerResource"):
        errors += _resource(path, field, source)
    else:
        name, at = (source.get("metric") or {}).get("name") or "", f"{path}.metric.name"
        if name:
            errors += checks.by_rule(names.path_segment, at, name)
        else:
            errors.append(required(at, "must specify a metric name"))
    target = source.get("target") or {}
    errors += _target(f"{path}.target", target)
    return errors + _needed(f"{path}.target", field, target)


def _resource(path: str, field: str, source: Obj) -> Errors:
    name = source.get("name") or ""
    if not name:
        errors = [required(f"{path}.name", "must specify a resource name")]
    else:
        errors = container_resource_name(f"{path}.name", name) if field == "containerResource" else []
    if field == "containerResource":
        container = source.get("container") or ""
        if container:
            errors += checks.dns_label(f"{path}.container", container)
        else:
            errors.append(required(f"{path}.container", "must specify a container"))
    return errors


def _target(path: str, target: Obj) -> Errors:
    kind = target.get("type") or ""
    errors = [] if kind else [required(f"{path}.type", "must specify a metric target type")]
    if kind not in _TARGETS:
        errors.append(invalid_value(f"{path}.type", kind, "must be either Utilization, Value, or AverageValue"))
    for field in ("value", "averageValue"):
        value = target.get(field)
        if value is not None and quantity.parse(value).nano <= 0:
            errors.append(invalid_value(f"{path}.{field}", quantity_struct(value), "must be positive"))
    utilization = target.get("averageUtilization")
    if utilization is not None and utilization < 1:
        errors.append(invalid_value(f"{path}.averageUtilization", utilization, "must be greater than 0"))
    return errors


def _needed(path: str, field: str, target: Obj) -> Errors:
    """Which of the target's values the source has to have, and which exclude each other."""
    value, average, utilization = (target.get(f) for f in ("value", "averageValue", "averageUtilization"))
    if field == "pods":
        needed = "must specify a positive target averageValue"
        return [required(f"{path}.averageValue", needed)] if average is None else []
    if field in ("object", "external"):
        if value is None and average is None:
            words = "or averageValue" if field == "object" else "for metric or a per-pod target"
            return [required(f"{path}.averageValue", f"must set either a target value {words}")]
        if field == "external" and value is not None and average is not None:
            detail = "may not set both a target value for metric and a per-pod target"
            return [forbidden_field(f"{path}.value", detail)]
        return []
    if utilization is None and average is None:
        detail = "must set either a target raw value or a target utilization"
        return [required(f"{path}.averageUtilization", detail)]
    if utilization is not None and average is not None:
        detail = "may not set both a target raw value and a target utilization"
        return [forbidden_field(f"{path}.averageValue", detail)]
    return []
