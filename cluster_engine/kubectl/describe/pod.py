"""Pods. Follows describePod."""

from __future__ import annotations

from cluster_engine.apimachinery.meta import Obj, controller_of, deleting, dig
from cluster_engine.apimachinery.times import age
from cluster_engine.kubectl.describe import containers, pod_template, volumes
from cluster_engine.kubectl.describe.writer import NONE, Writer, rfc1123
from cluster_engine.kubectl.factory import Factory


def describe(factory: Factory, obj: Obj, writer: Writer) -> None:
    spec, status = obj["spec"], obj.get("status") or {}
    _head(factory, obj, writer)
    if spec.get("initContainers"):
        containers.describe(
            "Init Containers", spec["initContainers"], status.get("initContainerStatuses") or [], writer, pod=obj
        )
    containers.describe(
        "Containers", spec.get("containers") or [], status.get("containerStatuses") or [], writer, pod=obj
    )
    if spec.get("ephemeralContainers"):
        present = status.get("ephemeralContainerStatuses") or []
        containers.describe("Ephemeral Containers", spec["ephemeralContainers"], present, writer, pod=obj)
    if spec.get("readinessGates"):
        writer.line(0, "Readiness Gates:")
        writer.line(1, "Type", "Status")
        for gate in spec["readinessGates"]:
            found = [c["status"] for c in status.get("conditions") or () if c["type"] == gate["conditionType"]]
            writer.line(1, f"{gate['conditionType']} ", f"{found[0] if found else NONE} ")
    if status.get("conditions"):
        writer.line(0, "Conditions:")
        writer.line(1, "Type", "Status")
        for condition in status["conditions"]:
            writer.line(1, f"{condition['type']} ", f"{condition['status']} ")
    volumes.describe(spec.get("volumes"), writer)
    writer.field("QoS Class", status.get("qosClass") or "BestEffort")
    writer.labels("Node-Selectors", spec.get("nodeSelector"))
    pod_template.tolerations(spec.get("tolerations"), writer)
    pod_template.spread_constraints(spec.get("topologySpreadConstraints"), writer)


def _head(factory: Factory, obj: Obj, writer: Writer) -> None:
    meta, spec, status = obj["metadata"], obj["spec"], obj.get("status") or {}
    writer.field("Name", meta["name"])
    writer.field("Namespace", meta["namespace"])
    if spec.get("priority") is not None:
        writer.field("Priority", spec["priority"])
    for title, field in (
        ("Priority Class Name", "priorityClassName"),
        ("Runtime Class Name", "runtimeClassName"),
        ("Service Account", "serviceAccountName"),
    ):
        if spec.get(field):
            writer.field(title, spec[field])
    writer.field("Node", f"{spec['nodeName']}/{status.get('hostIP', '')}" if spec.get("nodeName") else NONE)
    if status.get("startTime"):
        writer.field("Start Time", rfc1123(status["startTime"]))
    writer.labels("Labels", meta.get("labels"))
    writer.annotations("Annotations", meta.get("annotations"))
    if deleting(obj) and status.get("phase") not in ("Failed", "Succeeded"):
        writer.field("Status", f"Terminating (lasts {age(meta['deletionTimestamp'], factory.now_us)})")
        writer.field("Termination Grace Period", f"{meta.get('deletionGracePeriodSeconds', 0)}s")
    else:
        writer.field("Status", status.get("phase", ""))
    for title, field in (("Reason", "reason"), ("Message", "message")):
        if status.get(field):
            writer.field(title, status[field])
    profile = dig(spec, "securityContext", "seccompProfile")
    if profile:
        writer.field("SeccompProfile", profile.get("type"))
    writer.field("IP", status.get("podIP", ""))
    if status.get("podIPs"):
        writer.line(0, "IPs:")
        for address in status["podIPs"]:
            writer.field("IP", address.get("ip", ""), 1)
    else:
        writer.field("IPs", NONE)
    owner = controller_of(obj)
    if owner is not None:
        writer.field("Controlled By", f"{owner['kind']}/{owner['name']}")
    if status.get("nominatedNodeName"):
        writer.field("NominatedNodeName", status["nominatedNodeName"])
