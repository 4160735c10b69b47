"""What a browser is shown: pure functions from stored objects and steps to small JSON-ready dicts.

Words that kubectl prints (a pod's STATUS and READY) are the cells of the API server's own table, so that the picture
and the terminal never disagree. The protocol's shapes are in docs/protocol.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from cluster_engine.apimachinery.intstr import scaled_value
from cluster_engine.apimachinery.meta import (
    Obj,
    annotations_of,
    condition_is,
    controller_of,
    deleting,
    dig,
    get_condition,
    labels_of,
    name_of,
    namespace_of,
    uid_of,
)

Item = dict[str, Any]
# (group resource, object) -> the object's table cells by column name.
Cells = Callable[[str, Obj], dict[str, Any]]

# What ticks by itself, or is told elsewhere (events are part of the details): no items.
# Neither are the two dozen roles that every cluster has from its start.
HIDDEN = frozenset({
    "events", "events.events.k8s.io", "leases.coordination.k8s.io", "clusterroles.rbac.authorization.k8s.io",
    "clusterrolebindings.rbac.authorization.k8s.io", "disks.podarium.io",
})  # fmt: skip
REVISION_ANNOTATION = "deployment.kubernetes.io/revision"
HASH_LABELS = ("pod-template-hash", "controller-revision-hash")
POD_INDEX_LABEL = "apps.kubernetes.io/pod-index"
# Reasons of a waiting container that is on its way; every other reason is trouble that will be tried again.
ON_ITS_WAY = ("", "ContainerCreating", "PodInitializing")


def resource_of(key: str) -> str:
    """`pods` of `/registry/pods/default/web-0`."""
    return key.split("/", 3)[2]


def name_of_key(key: str) -> str:
    """`web-0` of `/registry/pods/default/web-0`."""
    return key.rpartition("/")[2]


def is_shown(key: str) -> bool:
    """Whether browsers get an item for the key."""
    return resource_of(key) not in HIDDEN


def item(key: str, obj: Obj, cells: Cells) -> Item:
    """What is shown of one object."""
    resource = resource_of(key)
    shape = _SHAPES.get(resource)
    shown: Item = {"kind": obj.get("kind", ""), "name": name_of(obj)}
    if namespace_of(obj):
        shown["namespace"] = namespace_of(obj)
    if shape is not None:
        shown |= shape(obj, cells(resource, obj))
    return shown


def items(objects: Iterable[tuple[str, Obj]], cells: Cells) -> dict[str, Item]:
    """Everything that is shown, by etcd key."""
    return {key: item(key, obj, cells) for key, obj in objects if is_shown(key)}


# One function a kind.


def pod(obj: Obj, cells: dict[str, Any]) -> Item:
    owner = controller_of(obj) or {}
    labels = labels_of(obj)
    status = obj.get("status") or {}
    word = str(cells.get("Status", ""))
    return {
        "uid": uid_of(obj),
        "node": dig(obj, "spec", "nodeName", default=""),
        "owner": owner.get("uid"),
        "owner_kind": owner.get("kind", ""),
        "owner_name": owner.get("name", ""),
        "hash": next((labels[label] for label in HASH_LABELS if label in labels), ""),
        "ordinal": _ordinal(obj, owner),
        "state": pod_state(obj, word),
        "status": word,
        "ready": str(cells.get("Ready", "")),
        "restarts": sum(container.get("restartCount", 0) for container in status.get("containerStatuses") or ()),
        "images": _images(dig(obj, "spec", default={})),
        "ip": status.get("podIP", ""),
        "created": obj["metadata"].get("creationTimestamp", ""),
    }


def pod_state(obj: Obj, word: str) -> str:
    """Which shape a pod has: pending, creating, running, ready, terminating, crashing, completed, failed or lost.

    `crashing` is every trouble that the kubelet tries again, a missing image included.
    """
    status = obj.get("status") or {}
    phase = status.get("phase", "Pending")
    if status.get("reason") in ("NodeLost", "Evicted") or phase == "Unknown" or word == "Unknown":
        return "lost"
    if deleting(obj):
        return "terminating"
    if phase == "Succeeded":
        return "completed"
    if phase == "Failed":
        return "failed"
    if _in_trouble(status):
        return "crashing"
    if phase == "Pending":
        return "creating" if dig(obj, "spec", "nodeName") else "pending"
    return "ready" if condition_is(obj, "Ready") else "running"


def _in_trouble(status: Obj) -> bool:
    """Whether a container cannot start, or has just failed and waits to be started again."""
    for container in [*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())]:
        state = container.get("state") or {}
        if "waiting" in state and state["waiting"].get("reason", "") not in ON_ITS_WAY:
            return True
        if "terminated" in state and state["terminated"].get("exitCode", 0) != 0:
            return True
    return False


def _ordinal(obj: Obj, owner: Obj) -> int | None:
    """A StatefulSet's pod's place; None for all others."""
    if owner.get("kind") != "StatefulSet":
        return None
    return _number(labels_of(obj).get(POD_INDEX_LABEL) or name_of(obj).rpartition("-")[2])


def _number(text: str) -> int | None:
    """The number that a label or an annotation says; None where it says something else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None


def node(obj: Obj, cells: dict[str, Any]) -> Item:
    allocatable = dig(obj, "status", "allocatable", default={})
    return {
        "ready": condition_is(obj, "Ready"),
        "status": str(cells.get("Status", "")),
        "unschedulable": bool(dig(obj, "spec", "unschedulable", default=False)),
        "cpu": str(allocatable.get("cpu", "")),
        "memory": str(allocatable.get("memory", "")),
        "pods": str(allocatable.get("pods", "")),
    }


def deployment(obj: Obj, _cells: dict[str, Any]) -> Item:
    spec, status = obj["spec"], obj.get("status") or {}
    desired = spec.get("replicas", 1)
    at_least, at_most = promise(spec)
    progressing = get_condition(status.get("conditions"), "Progressing") or {}
    return {
        "uid": uid_of(obj),
        "desired": desired,
        "updated": status.get("updatedReplicas", 0),
        "ready": status.get("readyReplicas", 0),
        "available": status.get("availableReplicas", 0),
        "total": status.get("replicas", 0),
        "at_least": at_least,
        "at_most": at_most,
        "paused": bool(spec.get("paused", False)),
        "strategy": dig(spec, "strategy", "type", default="RollingUpdate"),
        "images": _images(dig(spec, "template", "spec", default={})),
        "progress": progressing.get("reason", ""),
    }


def promise(spec: Obj) -> tuple[int, int]:
    """What a Deployment promises while it rolls: (at least so many available, at most so many).

    Follows deploymentutil.ResolveFenceposts: surge is rounded up, unavailable down. 10 with 25 % each: 8 and 13.
    """
    desired = spec.get("replicas", 1)
    if dig(spec, "strategy", "type") == "Recreate":
        return 0, desired
    rolling = dig(spec, "strategy", "rollingUpdate", default={})
    surge = scaled_value(rolling.get("maxSurge", "25%"), desired, round_up=True)
    unavailable = scaled_value(rolling.get("maxUnavailable", "25%"), desired, round_up=False)
    if surge == 0 and unavailable == 0:
        unavailable = 1
    return max(0, desired - unavailable), desired + surge


def replica_set(obj: Obj, _cells: dict[str, Any]) -> Item:
    status = obj.get("status") or {}
    owner = controller_of(obj) or {}
    return {
        "uid": uid_of(obj),
        "owner": owner.get("uid"),
        "revision": _number(annotations_of(obj).get(REVISION_ANNOTATION, "")),
        "hash": labels_of(obj).get("pod-template-hash", ""),
        "desired": obj["spec"].get("replicas", 1),
        "current": status.get("replicas", 0),
        "ready": status.get("readyReplicas", 0),
        "available": status.get("availableReplicas", 0),
        "images": _images(dig(obj, "spec", "template", "spec", default={})),
    }


def stateful_set(obj: Obj, _cells: dict[str, Any]) -> Item:
    spec, status = obj["spec"], obj.get("status") or {}
    return {
        "uid": uid_of(obj),
        "desired": spec.get("replicas", 1),
        "current": status.get("replicas", 0),
        "ready": status.get("readyReplicas", 0),
        "updated": status.get("updatedReplicas", 0),
        "current_revision": status.get("currentRevision", ""),
        "update_revision": status.get("updateRevision", ""),
        "partition": dig(spec, "updateStrategy", "rollingUpdate", "partition", default=0),
        "strategy": dig(spec, "updateStrategy", "type", default="RollingUpdate"),
        "images": _images(dig(spec, "template", "spec", default={})),
    }


def controller_revision(obj: Obj, _cells: dict[str, Any]) -> Item:
    return {"revision": obj.get("revision", 0)}


def service(obj: Obj, cells: dict[str, Any]) -> Item:
    spec = obj["spec"]
    return {
        "type": spec.get("type", "ClusterIP"),
        "cluster_ip": spec.get("clusterIP", ""),
        "ports": str(cells.get("Port(s)", "")),
        "selector": dict(spec.get("selector") or {}),
    }


def _images(pod_spec: Obj) -> list[str]:
    return [container.get("image", "") for container in pod_spec.get("containers") or ()]


_SHAPES: dict[str, Callable[[Obj, dict[str, Any]], Item]] = {
    "pods": pod,
    "nodes": node,
    "deployments.apps": deployment,
    "replicasets.apps": replica_set,
    "statefulsets.apps": stateful_set,
    "controllerrevisions.apps": controller_revision,
    "services": service,
}
