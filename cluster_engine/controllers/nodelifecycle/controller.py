"""Follows pkg/controller/nodelifecycle/node_lifecycle_controller.go. Evicting pods from tainted nodes is another
controller's work.

A lease without `renewTime` is one whose holder is alive (see the kubelet), so that nothing has to tick while all is
well.
"""

from __future__ import annotations

from typing import Any

from cluster_engine.apimachinery.meta import Obj, dig, get_condition
from cluster_engine.apimachinery.times import parse_time
from cluster_engine.client.controller import Controller, ControllerContext
from cluster_engine.client.informer import EventType
from cluster_engine.clock import SECOND_US
from cluster_engine.controllers.common.pods import is_pod_ready
from cluster_engine.trace import Cause

LEASES = "leases.coordination.k8s.io"
LEASE_NAMESPACE = "kube-node-lease"
GRACE_SECONDS = 40
BY_NODE = "node"
NOT_READY = "node.kubernetes.io/not-ready"
UNREACHABLE = "node.kubernetes.io/unreachable"
UNSCHEDULABLE = "node.kubernetes.io/unschedulable"
_PRESSURE_TAINTS = {
    "MemoryPressure": "node.kubernetes.io/memory-pressure",
    "DiskPressure": "node.kubernetes.io/disk-pressure",
    "PIDPressure": "node.kubernetes.io/pid-pressure",
    "NetworkUnavailable": "node.kubernetes.io/network-unavailable",
}
_OWN_TAINTS = {NOT_READY, UNREACHABLE, UNSCHEDULABLE, *_PRESSURE_TAINTS.values()}


class NodeLifecycleController(Controller):
    """One key is one node."""

    def __init__(self, context: ControllerContext) -> None:
        super().__init__("node-controller", context)
        self.nodes = self.enqueue_on("nodes")
        self.pods = self.informer("pods")
        self.pods.add_index(BY_NODE, lambda pod: [pod["spec"].get("nodeName") or ""])
        self.leases = self.informer(LEASES)
        self.leases.add_handler(self._on_lease)

    def _on_lease(self, type_: EventType, lease: Obj, old: Obj | None, cause: Cause) -> None:
        if lease["metadata"].get("namespace") == LEASE_NAMESPACE:
            self.queue.add(lease["metadata"]["name"], cause)

    def sync(self, key: str) -> None:
        node = self.nodes.get(key)
        if node is None:
            return
        node = self._monitor(node)
        self._taint(node)
        ready = get_condition(dig(node, "status", "conditions"), "Ready")
        if ready is not None and ready["status"] != "True":
            self._mark_pods_not_ready(node)

    def _monitor(self, node: Obj) -> Obj:
        """Marks the node Unknown when its kubelet has been silent for too long. Follows monitorNodeHealth."""
        name = node["metadata"]["name"]
        renewed = dig(self.leases.get(f"{LEASE_NAMESPACE}/{name}"), "spec", "renewTime")
        if renewed is None:
            return node
        silent_us = self.clock.now_us - parse_time(renewed)
        if silent_us < GRACE_SECONDS * SECOND_US:
            self.queue.add_after(name, GRACE_SECONDS - silent_us / SECOND_US, Cause("timer", f"silence of {name}"))
            return node
        status = node.get("status") or {}
        conditions = [_unknown(c, self.clock.rfc3339()) for c in status.get("conditions") or ()]
        if conditions == status.get("conditions"):
            return node
        self.trace.note(f"{name}: no heartbeat for {silent_us // SECOND_US} s")
        self.recorder.event(node, "Normal", "NodeNotReady", f"Node {name} status is now: NodeNotReady")
        return self.client.update_status("nodes", {**node, "status": {**status, "conditions": conditions}})

    def _taint(self, node: Obj) -> None:
        present = dig(node, "spec", "taints", default=[])
        wanted = _wanted_taints(node)
        others = [t for t in present if t["key"] not in _OWN_TAINTS]
        kept = [t for t in present if (t["key"], t["effect"]) in wanted and t["key"] in _OWN_TAINTS]
        have = {(t["key"], t["effect"]) for t in kept}
        added = []
        for key, effect in wanted:
            if (key, effect) not in have:
                taint: dict[str, Any] = {"effect": effect, "key": key}
                if key != UNSCHEDULABLE or effect == "NoExecute":
                    taint["timeAdded"] = self.clock.rfc3339()
                added.append(taint)
        taints = [*others, *kept, *added]
        if len(taints) == len(present) and not added:
            return
        for taint in added:
            self.trace.note(f"{node['metadata']['name']}: taint {taint['key']}:{taint['effect']} added")
        spec = {field: value for field, value in (node.get("spec") or {}).items() if field != "taints"}
        self.client.update("nodes", {**node, "spec": {**spec, "taints": taints} if taints else spec})

    def _mark_pods_not_ready(self, node: Obj) -> None:
        """The pods of a node that is not ready are not ready either. Follows MarkPodsNotReady."""
        for pod in self.pods.by_index(BY_NODE, node["metadata"]["name"]):
            if not is_pod_ready(pod):
                continue
            status = pod["status"]
            conditions = [
                {**c, "status": "False", "lastTransitionTime": self.clock.rfc3339()} if c["type"] == "Ready" else c
                for c in status["conditions"]
            ]
            self.client.update_status("pods", {**pod, "status": {**status, "conditions": conditions}})
            self.recorder.event(pod, "Warning", "NodeNotReady", "Node is not ready")


def _unknown(condition: Obj, now: str) -> Obj:
    if condition["status"] == "Unknown":
        return condition
    return {
        **condition,
        "lastTransitionTime": now,
        "message": "Kubelet stopped posting node status.",
        "reason": "NodeStatusUnknown",
        "status": "Unknown",
    }


def _wanted_taints(node: Obj) -> list[tuple[str, str]]:
    """(key, effect) of the taints that the node's conditions and its cordon ask for."""
    wanted = []
    for condition in dig(node, "status", "conditions", default=[]):
        type_, status = condition["type"], condition["status"]
        if type_ == "Ready" and status != "True":
            key = NOT_READY if status == "False" else UNREACHABLE
            wanted += [(key, "NoSchedule"), (key, "NoExecute")]
        elif type_ in _PRESSURE_TAINTS and status == "True":
            wanted.append((_PRESSURE_TAINTS[type_], "NoSchedule"))
    if (node.get("spec") or {}).get("unschedulable"):
        wanted.append((UNSCHEDULABLE, "NoSchedule"))
    return wanted
