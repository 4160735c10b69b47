"""Follows pkg/controller/podgc/gc_controller.go."""

from __future__ import annotations

from cluster_engine.apimachinery.disruption import with_disruption_target
from cluster_engine.apimachinery.errors import ApiError
from cluster_engine.apimachinery.meta import Obj, condition_is, deleting, dig
from cluster_engine.client.controller import Controller, ControllerContext
from cluster_engine.client.informer import EventType
from cluster_engine.controllers.common.pods import phase_of
from cluster_engine.trace import Cause

BY_NODE = "node"
ENDED = "ended"
# How long a node may be missing before its pods are given up.
QUARANTINE_SECONDS = 40
# How many ended pods are kept: --terminated-pod-gc-threshold.
TERMINATED_POD_THRESHOLD = 12_500
OUT_OF_SERVICE = "node.kubernetes.io/out-of-service"
_TERMINATED_KEY = "ended pods"


class PodGCController(Controller):
    """One key is one node, there or not; or `_TERMINATED_KEY`."""

    def __init__(self, context: ControllerContext) -> None:
        super().__init__("pod-garbage-collector", context)
        self.pods = self.informer("pods")
        self.pods.add_index(BY_NODE, lambda pod: [pod["spec"].get("nodeName") or ""])
        self.pods.add_index(ENDED, lambda pod: [ENDED] if _has_ended(pod) else [])
        self.nodes = self.informer("nodes")
        self.nodes.add_handler(self._on_node)
        self.pods.add_handler(self._on_pod)

    def _on_node(self, type_: EventType, node: Obj, old: Obj | None, cause: Cause) -> None:
        name = node["metadata"]["name"]
        if type_ == "DELETED":
            self.queue.add_after(name, QUARANTINE_SECONDS, Cause("timer", f"{name} is missing"))
        elif _is_out_of_service(node):
            self.queue.add(name, cause)

    def _on_pod(self, type_: EventType, pod: Obj, old: Obj | None, cause: Cause) -> None:
        if type_ == "DELETED":
            return
        name = pod["spec"].get("nodeName")
        if name and (old is None or not old["spec"].get("nodeName")) and self.nodes.get(name) is None:
            self.queue.add_after(name, QUARANTINE_SECONDS, Cause("timer", f"{name} is missing"))
        if name and deleting(pod) and _is_out_of_service(self.nodes.get(name)):
            self.queue.add(name, cause)
        if _has_ended(pod) and (old is None or not _has_ended(old)):
            if self.pods.count(ENDED, ENDED) > TERMINATED_POD_THRESHOLD:
                self.queue.add(_TERMINATED_KEY, cause)

    def sync(self, key: str) -> None:
        if key == _TERMINATED_KEY:
            self._collect_ended()
        elif self.nodes.get(key) is None:
            self._collect_orphaned(key)
        elif _is_out_of_service(self.nodes.get(key)):
            self._collect_terminating(key)

    def _collect_orphaned(self, name: str) -> None:
        """The pods of a node that is gone: nobody will report of them again. Follows gcOrphaned."""
        pods = self.pods.by_index(BY_NODE, name)
        if not pods:
            return
        self.trace.note(f"{name} does not exist: its {len(pods)} pods are deleted by force")
        now = self.clock.rfc3339()
        for pod in pods:
            self._remove(with_disruption_target(pod, "DeletionByPodGC", "PodGC: node no longer exists", now))

    def _collect_terminating(self, name: str) -> None:
        """Pods that are being deleted on a node that is declared out of service. Follows gcTerminating."""
        pods = [pod for pod in self.pods.by_index(BY_NODE, name) if deleting(pod)]
        if pods:
            self.trace.note(f"{name} is out of service: {len(pods)} terminating pods are deleted by force")
        for pod in pods:
            self._remove(pod)

    def _collect_ended(self) -> None:
        """The oldest of too many pods that have ended. Follows gcTerminated."""
        pods = sorted(self.pods.by_index(ENDED, ENDED), key=lambda pod: str(pod["metadata"]["creationTimestamp"]))
        surplus = len(pods) - TERMINATED_POD_THRESHOLD
        for pod in pods[: max(surplus, 0)]:
            self._remove(pod)

    def _remove(self, pod: Obj) -> None:
        """Marks the pod as failed if it has not ended, and deletes it without grace."""
        meta = pod["metadata"]
        try:
            if not _has_ended(pod):
                self.client.update_status("pods", {**pod, "status": {**(pod.get("status") or {}), "phase": "Failed"}})
            self.client.delete("pods", meta["name"], meta["namespace"], grace_period_seconds=0)
        except ApiError as error:
            if error.code != 404:
                raise


def _has_ended(pod: Obj) -> bool:
    return phase_of(pod) in ("Succeeded", "Failed")


def _is_out_of_service(node: Obj | None) -> bool:
    """Whether a person has declared that the node will not come back, and it is not ready indeed."""
    if node is None or condition_is(node, "Ready"):
        return False
    return any(taint["key"] == OUT_OF_SERVICE for taint in dig(node, "spec", "taints", default=()))
