"""PodDisruptionBudgets, ResourceQuotas, LimitRanges and PriorityClasses. Follows the describers of these names."""

from __future__ import annotations

from cluster_engine.apimachinery import quantity
from cluster_engine.apimachinery.labels import format_label_selector, format_labels
from cluster_engine.apimachinery.meta import Obj
from cluster_engine.kubectl.describe.writer import Writer
from cluster_engine.kubectl.factory import Factory

# What a scope of a quota means: (scope, which pods it matches).
SCOPES = {
    "Terminating": "Matches all pods that have an active deadline. These pods have a limited lifespan on a node before "
    "being actively terminated by the system.",
    "NotTerminating": "Matches all pods that do not have an active deadline. These pods usually include long running "
    "pods whose container command is not expected to terminate.",
    "BestEffort": "Matches all pods that do not have resource requirements set. These pods have a best effort quality "
    "of service.",
    "NotBestEffort": "Matches all pods that have at least one resource requirement set. These pods have a burstable or "
    "guaranteed quality of service.",
}
_LIMIT_COLUMNS = ("min", "max", "defaultRequest", "default", "maxLimitRequestRatio")
LIMIT_HEADERS = ("Type", "Resource", "Min", "Max", "Default Request", "Default Limit", "Max Limit/Request Ratio")


def budget(factory: Factory, obj: Obj, writer: Writer) -> None:
    spec, status = obj["spec"], obj.get("status") or {}
    writer.field("Name", obj["metadata"]["name"])
    writer.field("Namespace", obj["metadata"]["namespace"])
    if spec.get("minAvailable") is not None:
        writer.field("Min available", spec["minAvailable"])
    elif spec.get("maxUnavailable") is not None:
        writer.field("Max unavailable", spec["maxUnavailable"])
    writer.field("Selector", format_label_selector(spec["selector"]) if "selector" in spec else "<unset>")
    writer.line(0, "Status:")
    for title, field in (
        ("Allowed disruptions", "disruptionsAllowed"),
        ("Current", "currentHealthy"),
        ("Desired", "desiredHealthy"),
        ("Total", "expectedPods"),
    ):
        writer.field(title, status.get(field, 0), 2)


def quota(factory: Factory, obj: Obj, writer: Writer) -> None:
    writer.field("Name", obj["metadata"]["name"])
    writer.field("Namespace", obj["metadata"]["namespace"])
    scopes(obj, writer, 0, " * ")
    status = obj.get("status") or {}
    writer.line(0, "Resource", "Used", "Hard")
    writer.line(0, "--------", "----", "----")
    used = status.get("used") or {}
    for name, hard in sorted((status.get("hard") or {}).items()):
        writer.line(0, name, _as_written(used.get(name, "0"), hard), hard)


def _as_written(used: str, hard: str) -> str:
    """An amount in the other's form: what is used of `1Gi` is counted in powers of two."""
    return used if quantity.compare(used, "0") else "0"


def scopes(obj: Obj, writer: Writer, level: int, mark: str) -> None:
    listed = sorted(obj["spec"].get("scopes") or ())
    if listed:
        writer.field("Scopes", ", ".join(listed), level)
        for scope in listed:
            if scope in SCOPES:
                writer.line(level, f"{mark}{SCOPES[scope]}")


def limit_range(factory: Factory, obj: Obj, writer: Writer) -> None:
    writer.field("Name", obj["metadata"]["name"])
    writer.field("Namespace", obj["metadata"]["namespace"])
    writer.line(0, *LIMIT_HEADERS)
    writer.line(0, "----", "--------", "---", "---", "---------------", "-------------", "-----------------------")
    limits(obj, writer, "")


def limits(obj: Obj, writer: Writer, prefix: str) -> None:
    """One line a resource of each limit."""
    for item in (obj.get("spec") or {}).get("limits") or ():
        for resource in sorted({name for column in _LIMIT_COLUMNS for name in item.get(column) or {}}):
            amounts = ((item.get(column) or {}).get(resource, "-") for column in _LIMIT_COLUMNS)
            writer.line(0, f"{prefix}{item.get('type')}", resource, *amounts)


def priority_class(factory: Factory, obj: Obj, writer: Writer) -> None:
    writer.field("Name", obj["metadata"]["name"])
    writer.field("Value", obj.get("value", 0))
    writer.field("GlobalDefault", "true" if obj.get("globalDefault") else "false")
    writer.field("PreemptionPolicy", obj.get("preemptionPolicy", ""))
    writer.field("Description", obj.get("description", ""))
    writer.field("Annotations", format_labels(obj["metadata"].get("annotations")))
