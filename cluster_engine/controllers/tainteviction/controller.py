"""Follows pkg/controller/tainteviction/taint_eviction.go."""

from __future__ import annotations

from cluster_engine.apimachinery.disruption import with_disruption_target
from cluster_engine.apimachinery.errors import ApiError
from cluster_engine.apimachinery.meta import Obj, deleting, dig, key_of, split_key
from cluster_engine.apimachinery.node_fit import tolerates
from cluster_engine.apimachinery.times import parse_time
from cluster_engine.client.controller import Controller, ControllerContext
from cluster_engine.client.informer import EventType
from cluster_engine.clock import SECOND_US
from cluster_engine.trace import Cause

BY_NODE = "node"


class TaintEvictionController(Controller):
    """One key is one pod."""

    def __init__(self, context: ControllerContext) -> None:
        super().__init__("taint-eviction-controller", context)
        # Pods that will be evicted, and since when their patience is counted (microseconds).
        self._scheduled: dict[str, int] = {}
        self.pods = self.informer("pods")
        self.pods.add_index(BY_NODE, lambda pod: [pod["spec"].get("nodeName") or ""])
        self.nodes = self.informer("nodes")
        self.pods.add_handler(self._on_pod)
        self.nodes.add_handler(self._on_node)

    def _on_node(self, type_: EventType, node: Obj, old: Obj | None, cause: Cause) -> None:
        taints = no_execute_taints(node)
        if taints != (no_execute_taints(old) if old is not None else []):
            for pod in self.pods.by_index(BY_NODE, node["metadata"]["name"]):
                self.queue.add(key_of(pod), cause)

    def _on_pod(self, type_: EventType, pod: Obj, old: Obj | None, cause: Cause) -> None:
        key = key_of(pod)
        if type_ == "DELETED":
            if key in self._scheduled:
                self.queue.add(key, cause)
            return
        node_name = pod["spec"].get("nodeName")
        if not node_name or (old is not None and old["spec"] is pod["spec"]):
            return
        if old is not None and old["spec"].get("nodeName") == node_name and _tolerations(old) == _tolerations(pod):
            return
        if no_execute_taints(self.nodes.get(node_name)):
            self.queue.add(key, cause)

    def sync(self, key: str) -> None:
        """Follows processPodOnNode: evicts at once, later, or not at all."""
        pod = self.pods.get(key)
        taints = no_execute_taints(self.nodes.get(pod["spec"].get("nodeName") or "")) if pod is not None else []
        patience = patience_seconds(taints, _tolerations(pod)) if pod is not None and taints else None
        if pod is None or deleting(pod) or patience is None:
            self._cancel(key, pod)
            return
        now_us = self.clock.now_us
        since_us = self._scheduled.setdefault(key, _tolerated_since_us(pod, taints, now_us))
        due_us = since_us + patience * SECOND_US
        node = pod["spec"]["nodeName"]
        if now_us < due_us:
            left_seconds = (due_us - now_us) / SECOND_US
            self.trace.note(f"{key} puts up with the taints of {node} for {left_seconds:.0f} s more")
            self.queue.add_after(key, left_seconds, Cause("timer", f"tolerationSeconds of {key}"))
            return
        why = f"its {patience} s of toleration are over" if patience else "it does not tolerate them"
        self.trace.note(f"{key} has to leave {node} for the taints there: {why}")
        del self._scheduled[key]
        self._evict(key, pod)

    def _cancel(self, key: str, pod: Obj | None) -> None:
        if self._scheduled.pop(key, None) is not None and (pod is None or not deleting(pod)):
            self.recorder.event(_reference(key), "Normal", "TaintManagerEviction", f"Cancelling deletion of Pod {key}")

    def _evict(self, key: str, pod: Obj) -> None:
        self.recorder.event(_reference(key), "Normal", "TaintManagerEviction", f"Marking for deletion Pod {key}")
        reason, message = "DeletionByTaintManager", "Taint manager: deleting due to NoExecute taint"
        marked = with_disruption_target(pod, reason, message, self.clock.rfc3339())
        namespace, name = split_key(key)
        try:
            if marked is not pod:
                self.client.update_status("pods", marked)
            self.client.delete("pods", name, namespace)
        except ApiError as error:
            if error.code != 404:
                self._scheduled[key] = 0
                raise


def no_execute_taints(node: Obj | None) -> list[Obj]:
    return [taint for taint in dig(node, "spec", "taints", default=()) if taint["effect"] == "NoExecute"]


def _tolerations(pod: Obj) -> list[Obj]:
    tolerations: list[Obj] = pod["spec"].get("tolerations") or []
    return tolerations


def patience_seconds(taints: list[Obj], tolerations: list[Obj]) -> int | None:
    """How long a pod stays with those taints: 0 where one is not tolerated, None for ever.

    Follows GetMatchingTolerations and getMinTolerationTime.
    """
    used = []
    for taint in taints:
        toleration = next((one for one in tolerations if tolerates(one, taint)), None)
        if toleration is None:
            return 0
        used.append(toleration)
    limits = [max(one["tolerationSeconds"], 0) for one in used if one.get("tolerationSeconds") is not None]
    return min(limits) if limits else None


def _tolerated_since_us(pod: Obj, taints: list[Obj], now_us: int) -> int:
    """From when patience counts: from the taint on, or from the pod's start if that was later."""
    added = [parse_time(taint["timeAdded"]) for taint in taints if taint.get("timeAdded")]
    started = dig(pod, "status", "startTime")
    if len(added) < len(taints) or started is None:
        return now_us
    return min(now_us, max(min(added), parse_time(started)))


def _reference(key: str) -> Obj:
    """What the events are about: the pod by its name alone, as in the real controller's."""
    namespace, name = split_key(key)
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": namespace}}
