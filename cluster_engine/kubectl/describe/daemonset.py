"""DaemonSets. Follows describeDaemonSet."""

from __future__ import annotations

from cluster_engine.apimachinery.labels import format_labels, selector_text
from cluster_engine.apimachinery.meta import Obj
from cluster_engine.kubectl.describe import pod_template, workloads
from cluster_engine.kubectl.describe.writer import Writer
from cluster_engine.kubectl.factory import Factory

_COUNTS = (
    ("Desired Number of Nodes Scheduled", "desiredNumberScheduled"),
    ("Current Number of Nodes Scheduled", "currentNumberScheduled"),
    ("Number of Nodes Scheduled with Up-to-date Pods", "updatedNumberScheduled"),
    ("Number of Nodes Scheduled with Available Pods", "numberAvailable"),
    ("Number of Nodes Misscheduled", "numberMisscheduled"),
)


def describe(factory: Factory, obj: Obj, writer: Writer) -> None:
    meta, spec, status = obj["metadata"], obj["spec"], obj.get("status") or {}
    writer.field("Name", meta["name"])
    writer.field("Selector", selector_text(spec["selector"]))
    writer.field("Node-Selector", format_labels(spec["template"]["spec"].get("nodeSelector")))
    writer.labels("Labels", meta.get("labels"))
    writer.annotations("Annotations", meta.get("annotations"))
    for title, field in _COUNTS:
        writer.line(0, f"{title}: {status.get(field, 0)}")
    writer.field("Pods Status", workloads.pods_status(factory, obj))
    pod_template.describe(spec["template"], writer)
