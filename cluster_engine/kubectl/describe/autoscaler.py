"""HorizontalPodAutoscalers. Follows describeHorizontalPodAutoscalerV2."""

from __future__ import annotations

from cluster_engine.apimachinery.meta import Obj, dig
from cluster_engine.kubectl.describe.writer import Writer, rfc1123
from cluster_engine.kubectl.factory import Factory

_UNKNOWN = "<unknown>"


def describe(factory: Factory, obj: Obj, writer: Writer) -> None:
    spec, status = obj["spec"], obj.get("status") or {}
    target = spec["scaleTargetRef"]
    writer.head(obj)
    writer.field("CreationTimestamp", rfc1123(obj["metadata"].get("creationTimestamp")))
    writer.field("Reference", f"{target['kind']}/{target['name']}")
    writer.field("Metrics", "( current / target )")
    current = status.get("currentMetrics") or []
    for index, metric in enumerate(spec.get("metrics") or ()):
        writer.line(1, *_metric(metric, current[index] if index < len(current) else {}))
    writer.field("Min replicas", spec.get("minReplicas", "<unset>"))
    writer.field("Max replicas", spec.get("maxReplicas", 0))
    behavior = spec.get("behavior")
    if behavior:
        writer.line(0, "Behavior:")
        for title, field in (("Scale Up", "scaleUp"), ("Scale Down", "scaleDown")):
            if behavior.get(field) is not None:
                _direction(title, behavior[field], writer)
    counts = f"{status.get('currentReplicas', 0)} current / {status.get('desiredReplicas', 0)} desired"
    writer.field(f"{target['kind']} pods", counts)
    if status.get("conditions"):
        writer.line(0, "Conditions:")
        rows = ((c["type"], c["status"], c.get("reason", ""), c.get("message", "")) for c in status["conditions"])
        writer.table(1, ("Type", "Status", "Reason", "Message"), rows)


def _metric(metric: Obj, current: Obj) -> tuple[str, str]:
    """(what is measured, `current / target`)."""
    kind = metric.get("type", "")
    field = kind[:1].lower() + kind[1:]
    source, now = metric.get(field) or {}, dig(current, field, "current", default={})
    target = source.get("target") or {}
    if kind in ("Resource", "ContainerResource"):
        return _resource_metric(kind, source, target, now)
    name = dig(source, "metric", "name", default="")
    average = "averageValue" in target
    shown = f"{now.get('averageValue' if average else 'value', _UNKNOWN)} / "
    shown += str(target.get("averageValue" if average else "value", ""))
    if kind == "Pods":
        return f'"{name}" on pods:', f"{now.get('averageValue', _UNKNOWN)} / {target.get('averageValue', '')}"
    what = "(target average value):" if average else "(target value):"
    if kind == "External":
        return f'"{name}" {what}', shown
    if kind == "Object":
        about = source.get("describedObject") or {}
        return f'"{name}" on {about.get("kind")}/{about.get("name")} {what}', shown
    return f'<unknown metric type "{kind}">', ""


def _resource_metric(kind: str, source: Obj, target: Obj, now: Obj) -> tuple[str, str]:
    where = f' of container "{source.get("container")}"' if kind == "ContainerResource" else ""
    head = f"resource {source.get('name')}{where} on pods"
    if "averageValue" in target:
        return f"{head}:", f"{now.get('averageValue', _UNKNOWN)} / {target['averageValue']}"
    used = now.get("averageUtilization")
    shown = _UNKNOWN if used is None else f"{used}% ({now.get('averageValue', '')})"
    wanted = target.get("averageUtilization")
    return f"{head}  (as a percentage of request):", f"{shown} / {'<auto>' if wanted is None else f'{wanted}%'}"


def _direction(title: str, rules: Obj, writer: Writer) -> None:
    writer.line(1, f"{title}:")
    if rules.get("stabilizationWindowSeconds") is not None:
        writer.line(2, f"Stabilization Window: {rules['stabilizationWindowSeconds']} seconds")
    if rules.get("policies"):
        writer.line(2, f"Select Policy: {rules.get('selectPolicy', 'Max')}")
        writer.line(2, "Policies:")
        for policy in rules["policies"]:
            period = f"Period: {policy.get('periodSeconds')} seconds"
            writer.line(3, f"- Type: {policy.get('type')}", f"Value: {policy.get('value')}", period)
