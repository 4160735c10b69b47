"""ReplicaSets and ReplicationControllers. Follows describeReplicaSet and describeReplicationController."""

from __future__ import annotations

from cluster_engine.apimachinery.labels import format_label_selector, format_labels
from cluster_engine.apimachinery.meta import Obj, controller_of
from cluster_engine.kubectl.describe import pod_template, workloads
from cluster_engine.kubectl.describe.writer import Writer
from cluster_engine.kubectl.factory import Factory


def describe(factory: Factory, obj: Obj, writer: Writer) -> None:
    meta, spec, status = obj["metadata"], obj["spec"], obj.get("status") or {}
    writer.field("Name", meta["name"])
    writer.field("Namespace", meta["namespace"])
    old_kind = obj["kind"] == "ReplicationController"
    writer.field(
        "Selector", format_labels(spec.get("selector")) if old_kind else format_label_selector(spec.get("selector"))
    )
    writer.labels("Labels", meta.get("labels"))
    writer.annotations("Annotations", meta.get("annotations"))
    owner = controller_of(obj)
    if owner is not None and not old_kind:
        writer.field("Controlled By", f"{owner['kind']}/{owner['name']}")
    writer.field("Replicas", f"{status.get('replicas', 0)} current / {spec.get('replicas', 1)} desired")
    writer.field("Pods Status", workloads.pods_status(factory, obj))
    pod_template.describe(spec["template"], writer)
    writer.conditions(status.get("conditions"))
