"""Pod templates, and what they share with pods. Follows DescribePodTemplate."""

from __future__ import annotations

from cluster_engine.apimachinery.labels import format_label_selector
from cluster_engine.apimachinery.meta import Obj
from cluster_engine.kubectl.describe import containers, volumes
from cluster_engine.kubectl.describe.writer import Writer

_INDENT = "  "


def describe(template: Obj, writer: Writer) -> None:
    meta, spec = template.get("metadata") or {}, template["spec"]
    writer.line(0, "Pod Template:")
    writer.labels("Labels", meta.get("labels"), _INDENT)
    if meta.get("annotations"):
        writer.annotations("Annotations", meta["annotations"], _INDENT)
    if spec.get("serviceAccountName"):
        writer.field("Service Account", spec["serviceAccountName"], 1)
    if spec.get("initContainers"):
        containers.describe("Init Containers", spec["initContainers"], [], writer, _INDENT)
    containers.describe("Containers", spec.get("containers") or [], [], writer, _INDENT)
    volumes.describe(spec.get("volumes"), writer, _INDENT)
    spread_constraints(spec.get("topologySpreadConstraints"), writer, _INDENT)
    if spec.get("priorityClassName"):
        writer.field("Priority Class Name", spec["priorityClassName"], 1)
    writer.labels("Node-Selectors", spec.get("nodeSelector"), _INDENT)
    tolerations(spec.get("tolerations"), writer, _INDENT)


def spread_constraints(constraints: list[Obj] | None, writer: Writer, indent: str = "") -> None:
    if not constraints:
        return
    lines = []
    for constraint in sorted(constraints, key=lambda one: one.get("topologyKey", "")):
        key, action, skew = (constraint.get(field) for field in ("topologyKey", "whenUnsatisfiable", "maxSkew"))
        text = f"{key}:{action} when max skew {skew} is exceeded"
        if "labelSelector" in constraint:
            text += f" for selector {format_label_selector(constraint['labelSelector'])}"
        lines.append(text)
    writer.lines("Topology Spread Constraints", lines, indent)


def tolerations(listed: list[Obj] | None, writer: Writer, indent: str = "") -> None:
    ordered = sorted(listed or (), key=lambda one: one.get("key", ""))
    writer.lines("Tolerations", [_toleration(one) for one in ordered], indent)


def _toleration(one: Obj) -> str:
    text = str(one.get("key", ""))
    if one.get("value"):
        text += f"={one['value']}"
    if one.get("effect"):
        text += f":{one['effect']}"
    if one.get("operator") == "Exists" and not one.get("value"):
        text += " op=Exists" if one.get("key") or one.get("effect") else "op=Exists"
    if one.get("tolerationSeconds") is not None:
        text += f" for {one['tolerationSeconds']}s"
    return text
