"""StatefulSets. Follows describeStatefulSet."""

from __future__ import annotations

from cluster_engine.apimachinery.labels import selector_text
from cluster_engine.apimachinery.meta import Obj, dig
from cluster_engine.kubectl.describe import pod_template, workloads
from cluster_engine.kubectl.describe.writer import NONE, Writer, go_list, rfc1123
from cluster_engine.kubectl.factory import Factory

_INDENT = "  "


def describe(factory: Factory, obj: Obj, writer: Writer) -> None:
    meta, spec, status = obj["metadata"], obj["spec"], obj.get("status") or {}
    writer.field("Name", meta["name"])
    writer.field("Namespace", meta["namespace"])
    writer.field("CreationTimestamp", rfc1123(meta.get("creationTimestamp")))
    writer.field("Selector", selector_text(spec["selector"]))
    writer.labels("Labels", meta.get("labels"))
    writer.annotations("Annotations", meta.get("annotations"))
    writer.field("Replicas", f"{spec.get('replicas', 1)} desired | {status.get('replicas', 0)} total")
    strategy = spec.get("updateStrategy") or {}
    writer.field("Update Strategy", strategy.get("type", ""))
    rolling = strategy.get("rollingUpdate") or {}
    if rolling.get("partition") is not None:
        writer.field("Partition", rolling["partition"], 1)
        if rolling.get("maxUnavailable") is not None:
            writer.field("MaxUnavailable", rolling["maxUnavailable"], 1)
    writer.field("Pods Status", workloads.pods_status(factory, obj))
    pod_template.describe(spec["template"], writer)
    _claims(spec.get("volumeClaimTemplates"), writer)


def _claims(templates: list[Obj] | None, writer: Writer) -> None:
    if not templates:
        writer.field("Volume Claims", NONE)
        return
    writer.line(0, "Volume Claims:")
    for claim in templates:
        spec = claim.get("spec") or {}
        writer.field("Name", claim["metadata"]["name"], 1)
        writer.field("StorageClass", spec.get("storageClassName", ""), 1)
        writer.labels("Labels", claim["metadata"].get("labels"), _INDENT)
        writer.labels("Annotations", claim["metadata"].get("annotations"), _INDENT)
        writer.field("Capacity", dig(spec, "resources", "requests", "storage", default="<default>"), 1)
        writer.field("Access Modes", go_list(spec.get("accessModes")), 1)
