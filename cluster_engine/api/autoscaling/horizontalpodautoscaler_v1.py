"""HorizontalPodAutoscalers as autoscaling/v1 tells them: one CPU target, and the rest in annotations.

Follows pkg/apis/autoscaling/v1/conversion.go (v1.32).
"""

from __future__ import annotations

from typing import Any

import orjson

from cluster_engine.api.autoscaling.horizontalpodautoscaler import HorizontalPodAutoscalerStrategy, default_metric
from cluster_engine.api.autoscaling.metrics import field_of
from cluster_engine.api.strategy import without
from cluster_engine.api.versions import VersionView
from cluster_engine.apimachinery.meta import Obj, annotations_of, with_annotations
from cluster_engine.apimachinery.scheme import Resource

_PREFIX = "autoscaling.alpha.kubernetes.io/"
METRICS, CURRENT_METRICS = f"{_PREFIX}metrics", f"{_PREFIX}current-metrics"
CONDITIONS, BEHAVIOR = f"{_PREFIX}conditions", f"{_PREFIX}behavior"
_ANNOTATIONS = (METRICS, CURRENT_METRICS, CONDITIONS, BEHAVIOR)


class HorizontalPodAutoscalerV1Strategy(VersionView):
    """The rules of HorizontalPodAutoscalers in autoscaling/v1."""

    stored = HorizontalPodAutoscalerStrategy()
    resource = Resource(
        "autoscaling", "v1", "HorizontalPodAutoscaler", "horizontalpodautoscalers",
        singular="horizontalpodautoscaler", short_names=("hpa",), categories=("all",), subresources=("status",),
        stored_as="horizontalpodautoscalers.autoscaling",
    )  # fmt: skip
    columns = HorizontalPodAutoscalerStrategy.columns

    def to_storage(self, obj: Obj) -> Obj:
        annotations = annotations_of(obj)
        spec, status = obj.get("spec") or {}, obj.get("status") or {}
        metrics = [metric_from_v1(metric) for metric in _list(annotations.get(METRICS))]
        if spec.get("targetCPUUtilizationPercentage") is not None:
            cpu = default_metric()["resource"]
            target = {**cpu["target"], "averageUtilization": spec["targetCPUUtilizationPercentage"]}
            metrics.append({"type": "Resource", "resource": {**cpu, "target": target}})
        spec = {**without(spec, "targetCPUUtilizationPercentage"), "metrics": metrics or [default_metric()]}
        behavior = _loaded(annotations.get(BEHAVIOR))
        if isinstance(behavior, dict) and behavior:
            spec["behavior"] = {field[:1].lower() + field[1:]: _lowered(rules) for field, rules in behavior.items()}
        made = {**obj, "apiVersion": "autoscaling/v2", "spec": spec}
        if status or "status" in obj:
            made["status"] = _status_to_v2(status, annotations)
        return _without_annotations(made)

    def from_storage(self, obj: Obj) -> Obj:
        spec, status = obj.get("spec") or {}, obj.get("status") or {}
        metrics, behavior = spec.get("metrics") or [], spec.get("behavior")
        added: dict[str, str | None] = {}
        others = [metric_to_v1(metric) for metric in metrics if not _is_cpu(metric)]
        if others:
            added[METRICS] = _json(others)
        if status.get("currentMetrics"):
            added[CURRENT_METRICS] = _json([metric_status_to_v1(metric) for metric in status["currentMetrics"]])
        if behavior is not None:
            # The real server writes the fields of its internal type, whose names are upper case.
            added[BEHAVIOR] = _json(
                {field[:1].upper() + field[1:]: _raised(rules) for field, rules in behavior.items()}
            )
        if status.get("conditions"):
            added[CONDITIONS] = _json(status["conditions"])
        made_spec = without(spec, "metrics", "behavior")
        cpu = next((metric for metric in metrics if _is_cpu(metric)), None)
        if cpu is not None:
            utilization = cpu["resource"]["target"]["averageUtilization"]
            made_spec = {**made_spec, "targetCPUUtilizationPercentage": utilization}
        made = _without_annotations({**obj, "apiVersion": "autoscaling/v1", "spec": made_spec})
        if "status" in obj:
            made["status"] = _status_to_v1(status)
        return with_annotations(made, added) if added else made


def _is_cpu(metric: Obj) -> bool:
    """Whether autoscaling/v1 has a field for it."""
    source = metric.get("resource") or {}
    utilization = (source.get("target") or {}).get("averageUtilization")
    return metric.get("type") == "Resource" and source.get("name") == "cpu" and utilization is not None


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()


def _loaded(text: str | None) -> Any:
    """What an annotation says; nothing where it is no JSON."""
    try:
        return orjson.loads(text) if text else None
    except orjson.JSONDecodeError:
        return None


def _list(text: str | None) -> list[Obj]:
    value = _loaded(text)
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _without_annotations(obj: Obj) -> Obj:
    if not any(name in annotations_of(obj) for name in _ANNOTATIONS):
        return obj
    return with_annotations(obj, dict.fromkeys(_ANNOTATIONS))


def _raised(rules: Any) -> Any:
    """Scaling rules with Go's names of fields."""
    if isinstance(rules, dict):
        return {field[:1].upper() + field[1:]: _raised(value) for field, value in rules.items()}
    return [_raised(item) for item in rules] if isinstance(rules, list) else rules


def _lowered(rules: Any) -> Any:
    if isinstance(rules, dict):
        return {field[:1].lower() + field[1:]: _lowered(v) for field, v in rules.items() if v is not None}
    return [_lowered(item) for item in rules] if isinstance(rules, list) else rules


def _status_to_v1(status: Obj) -> Obj:
    kept = {"currentReplicas": 0, "desiredReplicas": 0, **without(status, "currentMetrics", "conditions")}
    cpu = next((m for m in status.get("currentMetrics") or () if (m.get("resource") or {}).get("name") == "cpu"), None)
    if cpu is not None:
        utilization = (cpu["resource"].get("current") or {}).get("averageUtilization")
        if utilization is not None:
            kept["currentCPUUtilizationPercentage"] = utilization
    return kept


def _status_to_v2(status: Obj, annotations: dict[str, str]) -> Obj:
    made = without(status, "currentCPUUtilizationPercentage")
    if not made.get("currentReplicas"):
        made = without(made, "currentReplicas")
    metrics = [metric_status_from_v1(metric) for metric in _list(annotations.get(CURRENT_METRICS))]
    conditions = _list(annotations.get(CONDITIONS))
    made = {**made, "currentMetrics": metrics or None}
    return {**made, "conditions": conditions} if conditions else made


def metric_to_v1(metric: Obj) -> Obj:
    """A metric as the annotation tells it, in the form of autoscaling/v2beta1."""
    kind = metric.get("type") or ""
    source = metric.get(field_of(kind)) or {}
    target, named = source.get("target") or {}, source.get("metric") or {}
    made: Obj = {}
    if kind in ("Resource", "ContainerResource"):
        made = {"name": source.get("name") or ""}
        made |= _present(targetAverageUtilization=target.get("averageUtilization"))
        made |= _present(targetAverageValue=target.get("averageValue"), container=source.get("container"))
    elif kind == "Pods":
        made = {"metricName": named.get("name") or "", "targetAverageValue": target.get("averageValue") or "0"}
        made |= _present(selector=named.get("selector"))
    elif kind == "Object":
        made = {
            "target": source.get("describedObject") or {},
            "metricName": named.get("name") or "",
            "targetValue": target.get("value") or "0",
        }
        made |= _present(selector=named.get("selector"), averageValue=target.get("averageValue"))
    elif kind == "External":
        made = {"metricName": named.get("name") or ""} | _present(metricSelector=named.get("selector"))
        made |= _present(targetValue=target.get("value"), targetAverageValue=target.get("averageValue"))
    return {"type": kind, field_of(kind): made} if kind else {}


def metric_from_v1(metric: Obj) -> Obj:
    """The inverse of `metric_to_v1`."""
    kind = str(metric.get("type") or "")
    old: Obj = metric.get(field_of(kind)) or {}
    made: Obj = {}
    if kind in ("Resource", "ContainerResource"):
        utilization = old.get("targetAverageUtilization")
        target: Obj = {"type": "AverageValue" if utilization is None else "Utilization"}
        target |= _present(averageUtilization=utilization, averageValue=old.get("targetAverageValue"))
        made = {"name": old.get("name") or "", "target": target} | _present(container=old.get("container"))
    elif kind == "Pods":
        target = {"type": "AverageValue", "averageValue": old.get("targetAverageValue") or "0"}
        made = {"metric": _metric(old.get("metricName"), old.get("selector")), "target": target}
    elif kind == "Object":
        average = old.get("averageValue")
        target = {"type": "AverageValue", "averageValue": average} if average is not None else {"type": "Value"}
        if average is None:
            target["value"] = old.get("targetValue") or "0"
        named = _metric(old.get("metricName"), old.get("selector"))
        made = {"describedObject": old.get("target") or {}, "metric": named, "target": target}
    elif kind == "External":
        target = {"type": "AverageValue" if old.get("targetValue") is None else "Value"}
        target |= _present(value=old.get("targetValue"), averageValue=old.get("targetAverageValue"))
        made = {"metric": _metric(old.get("metricName"), old.get("metricSelector")), "target": target}
    return {"type": kind, field_of(kind): made} if kind else {"type": ""}


def metric_status_to_v1(metric: Obj) -> Obj:
    """The value of a metric as the annotation tells it."""
    kind = metric.get("type") or ""
    source = metric.get(field_of(kind)) or {}
    current, named = source.get("current") or {}, source.get("metric") or {}
    if kind in ("Resource", "ContainerResource"):
        made = {"name": source.get("name") or ""}
        made |= _present(currentAverageUtilization=current.get("averageUtilization"), container=source.get("container"))
        made["currentAverageValue"] = current.get("averageValue") or "0"
    else:
        made = {"metricName": named.get("name") or ""} | _present(selector=named.get("selector"))
        made |= _present(currentAverageValue=current.get("averageValue"), currentValue=current.get("value"))
        made |= _present(target=source.get("describedObject"))
    return {"type": kind, field_of(kind): made} if kind else {}


def metric_status_from_v1(metric: Obj) -> Obj:
    """The inverse of `metric_status_to_v1`."""
    kind = str(metric.get("type") or "")
    old: Obj = metric.get(field_of(kind)) or {}
    current = _present(averageUtilization=old.get("currentAverageUtilization"), value=old.get("currentValue"))
    current |= _present(averageValue=old.get("currentAverageValue"))
    if kind in ("Resource", "ContainerResource"):
        made: Obj = {"name": old.get("name") or "", "current": current} | _present(container=old.get("container"))
    else:
        made = {"metric": _metric(old.get("metricName"), old.get("selector")), "current": current}
        made |= _present(describedObject=old.get("target"))
    return {"type": kind, field_of(kind): made} if kind else {"type": ""}


def _metric(name: str | None, selector: Obj | None) -> Obj:
    return {"name": name or ""} | _present(selector=selector)


def _present(**fields: Any) -> Obj:
    return {name: value for name, value in fields.items() if value is not None}
