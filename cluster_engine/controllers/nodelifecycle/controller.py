"""Follows pkg/controller/nodelifecycle/node_lifecycle_controller.go. Evicting pods from tainted nodes is another
controller's work.

A lease without `renewTime` is one whose holder is alive (see the kubelet), so that nothing has to tick while all is
well. Where the real controller looks at every node each five seconds, this one looks at a node on those of these
moments at which there is something to see.
"""

from __future__ import annotations

from cluster_engine.apimachinery.meta import Obj, dig
from cluster_engine.apimachinery.times import parse_time
from cluster_engine.client.controller import Controller, ControllerContext
from cluster_engine.client.informer import EventType
from cluster_engine.client.recorder import EventRecorder
from cluster_engine.clock import SECOND_US
from cluster_engine.controllers.common.pods import is_pod_ready
from cluster_engine.controllers.nodelifecycle import taints
from cluster_engine.trace import Cause

LEASES = "leases.coordination.k8s.io"
LEASE_NAMESPACE = "kube-node-lease"
MONITOR_PERIOD_US = 5 * SECOND_US
GRACE_SECONDS = 40
STARTUP_GRACE_SECONDS = 60
# One node in so many seconds is given up to eviction, in case it is we who cannot see them.
EVICTION_INTERVAL_US = 10 * SECOND_US
# With so many nodes lost at once, in a cluster that is not large, nothing is evicted any more.
UNHEALTHY_THRESHOLD = 0.55
MANY_NODES = 50
BY_NODE = "node"
_CONDITION_TYPES = ("Ready", "MemoryPressure", "DiskPressure", "PIDPressure")


class NodeLifecycleController(Controller):
    """One key is one node."""

    def __init__(self, context: ControllerContext) -> None:
        super().__init__("node-controller", context)
        self.recorder = EventRecorder(context.client, context.clock, context.trace, "node-controller")
        # Per node, when its NoExecute taint is to be set or removed.
        self._execute_due: dict[str, int] = {}
        self._next_eviction_us = 0
        self.nodes = self.informer("nodes")
        self.pods = self.informer("pods")
        self.pods.add_index(BY_NODE, lambda pod: [pod["spec"].get("nodeName") or ""])
        self.leases = self.informer(LEASES)
        self.nodes.add_handler(self._on_node)
        self.leases.add_handler(self._on_lease)

    def _on_node(self, type_: EventType, node: Obj, old: Obj | None, cause: Cause) -> None:
        name = node["metadata"]["name"]
        self.queue.add(name, cause)
        if type_ == "DELETED":
            self._execute_due.pop(name, None)
        if type_ != "MODIFIED" or (old is not None and taints.ready_status(old) != taints.ready_status(node)):
            # How many nodes are lost decides whether pods are evicted from any.
            for other in self.nodes:
                if taints.ready_status(other) != "True":
                    self.queue.add(other["metadata"]["name"], cause)

    def _on_lease(self, type_: EventType, lease: Obj, old: Obj | None, cause: Cause) -> None:
        if lease["metadata"].get("namespace") == LEASE_NAMESPACE:
            self.queue.add(lease["metadata"]["name"], cause)

    def sync(self, key: str) -> None:
        node = self.nodes.get(key)
        if node is None:
            return
        node = self._monitor(node)
        node = self._taint(node)
        if taints.ready_status(node) != "True":
            self._mark_pods_not_ready(node)

    def _next_pass_us(self, after_us: int) -> int:
        """The first moment from then on at which the real controller looks at its nodes."""
        return -(-after_us // MONITOR_PERIOD_US) * MONITOR_PERIOD_US

    def _look_again(self, name: str, when_us: int, why: str) -> None:
        self.queue.add_after(name, (when_us - self.clock.now_us) / SECOND_US, Cause("timer", f"{why} of {name}"))

    # Heartbeats.

    def _monitor(self, node: Obj) -> Obj:
        """Marks the node Unknown when its kubelet has been silent for too long. Follows monitorNodeHealth."""
        name = node["metadata"]["name"]
        lease = self.leases.get(f"{LEASE_NAMESPACE}/{name}")
        never_heard = lease is None and not dig(node, "status", "conditions")
        renewed = dig(lease, "spec", "renewTime")
        if never_heard:
            last_us = parse_time(node["metadata"]["creationTimestamp"])
        elif renewed is not None:
            last_us = parse_time(renewed)
        else:
            return node
        grace_seconds = STARTUP_GRACE_SECONDS if never_heard else GRACE_SECONDS
        due_us = self._next_pass_us(last_us + grace_seconds * SECOND_US)
        if self.clock.now_us < due_us:
            self._look_again(name, due_us, "silence")
            return node
        status = node.get("status") or {}
        conditions = _unknown_conditions(node, self.clock.rfc3339())
        if conditions == status.get("conditions"):
            return node
        silent_seconds = (self.clock.now_us - last_us) // SECOND_US
        self.trace.note(f"no heartbeat of {name} for {silent_seconds} s: nobody knows how it is")
        if taints.ready_status(node) == "True":
            self.recorder.event(node, "Normal", "NodeNotReady", f"Node {name} status is now: NodeNotReady")
        return self.client.update_status("nodes", {**node, "status": {**status, "conditions": conditions}})

    # Taints.

    def _taint(self, node: Obj) -> Obj:
        wanted = [*taints.no_schedule_taints(node), *self._no_execute(node)]
        now = self.clock.rfc3339()
        listed, new = taints.with_taints(node, wanted, now)
        if listed == dig(node, "spec", "taints", default=[]):
            return node
        name = node["metadata"]["name"]
        for key, effect in new:
            self.trace.note(f"{name}: taint {key}:{effect} added")
        spec = {field: value for field, value in (node.get("spec") or {}).items() if field != "taints"}
        return self.client.update("nodes", {**node, "spec": {**spec, "taints": listed} if listed else spec})

    def _no_execute(self, node: Obj) -> list[taints.Taint]:
        """The NoExecute taints that the node should have now: they follow a pass later, and one node at a time.

        Follows processTaintBaseEviction, doNoExecuteTaintingPass and handleDisruption.
        """
        name = node["metadata"]["name"]
        present = taints.no_execute_taints(node)
        key = taints.unready_key(node)
        wanted = [(key, "NoExecute")] if key else []
        if present == wanted:
            self._execute_due.pop(name, None)
            return present
        if wanted and not self._may_evict():
            self._execute_due.pop(name, None)
            return []
        now_us = self.clock.now_us
        due_us = self._execute_due.setdefault(name, self._next_pass_us(now_us + 1))
        if wanted and not present:
            due_us = max(due_us, self._next_eviction_us)
        if now_us < due_us:
            self._look_again(name, due_us, "NoExecute taint")
            return present
        del self._execute_due[name]
        if wanted and not present:
            self._next_eviction_us = now_us + EVICTION_INTERVAL_US
        return wanted

    def _may_evict(self) -> bool:
        """Whether so few nodes are lost that it must be they, and not the way to them.

        With all of them lost nothing is evicted, nor with most of a small cluster. Follows ComputeZoneState.
        """
        lost = sum(taints.ready_status(node) != "True" for node in self.nodes)
        count = len(self.nodes)
        if lost == count:
            self.trace.note(f"all {count} nodes are lost: no pod is evicted from any")
            return False
        if lost > 2 and lost / count >= UNHEALTHY_THRESHOLD and count <= MANY_NODES:
            self.trace.note(f"{lost} of {count} nodes are lost: no pod is evicted from them")
            return False
        return True

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


def _unknown_conditions(node: Obj, now: str) -> list[Obj]:
    """The node's conditions when nobody knows any more how it is."""
    present: list[Obj] = dig(node, "status", "conditions", default=[])
    known = {condition["type"] for condition in present}
    conditions = [_unknown(c, now) if c["type"] in _CONDITION_TYPES else c for c in present]
    for type_ in _CONDITION_TYPES:
        if type_ not in known:
            never = {
                "lastHeartbeatTime": node["metadata"]["creationTimestamp"],
                "lastTransitionTime": now,
                "message": "Kubelet never posted node status.",
                "reason": "NodeStatusNeverUpdated",
                "status": "Unknown",
                "type": type_,
            }
            conditions.append(never)
    return conditions


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
