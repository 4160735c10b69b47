"""The downward API: fields of a pod and resources of its containers, as texts.

Follows pkg/fieldpath and pkg/api/v1/resource/helpers.go.
"""

from __future__ import annotations

import re

from cluster_engine.apimachinery import quantity
from cluster_engine.apimachinery.meta import Obj, annotations_of, labels_of

_SUBSCRIPT = re.compile(r"metadata\.(labels|annotations)\['(.*)'\]")


def field_text(pod: Obj, path: str, *, host_ip: str, pod_ip: str) -> str:
    """The value of a field; "" where it has none."""
    found = _SUBSCRIPT.fullmatch(path)
    if found is not None:
        table = labels_of(pod) if found[1] == "labels" else annotations_of(pod)
        return table.get(found[2], "")
    meta, spec = pod["metadata"], pod["spec"]
    match path:
        case "metadata.labels":
            return format_map(labels_of(pod))
        case "metadata.annotations":
            return format_map(annotations_of(pod))
        case "metadata.name" | "metadata.namespace" | "metadata.uid":
            return str(meta.get(path.rpartition(".")[2], ""))
        case "spec.nodeName":
            return str(spec.get("nodeName", ""))
        case "spec.serviceAccountName":
            return str(spec.get("serviceAccountName", ""))
        case "status.hostIP" | "status.hostIPs":
            return host_ip
        case "status.podIP" | "status.podIPs":
            return pod_ip
    return ""


def format_map(table: dict[str, str]) -> str:
    """Labels or annotations as a file shows them: `key="value"` line by line."""
    lines = []
    for key in sorted(table):
        value = table[key].replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        lines.append(f'{key}="{value}"')
    return "\n".join(lines)


def resource_text(container: Obj, reference: Obj, *, node_cpu: str, node_memory: str) -> str:
    """The value of a resourceFieldRef, in units of its divisor, rounded up; limits default to what the node has."""
    kind, _, name = str(reference.get("resource", "")).partition(".")
    resources = container.get("resources") or {}
    amount = (resources.get(kind) or {}).get(name)
    if amount is None and kind == "limits":
        amount = {"cpu": node_cpu, "memory": node_memory, "ephemeral-storage": "100Gi"}.get(name, "0")
    amount = amount or "0"
    divisor = reference.get("divisor") or "1"
    if str(divisor) == "0":
        divisor = "1"
    if name == "cpu":
        return str(-(-quantity.milli_value(amount) // max(quantity.milli_value(divisor), 1)))
    return str(-(-quantity.value(amount) // max(quantity.value(divisor), 1)))
