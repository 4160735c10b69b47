"""The scheduler: takes a pod from the queue, finds a node for it, binds it. One pod a step.

Follows pkg/scheduler/schedule_one.go: filter every node, score those that pass, choose among the best by chance.
"""

from __future__ import annotations

from cluster_engine.apimachinery.errors import ApiError
from cluster_engine.apimachinery.meta import Obj, deleting, get_condition, key_of
from cluster_engine.client.component import Component
from cluster_engine.client.controller import ControllerContext
from cluster_engine.client.informer import EventType, Handler
from cluster_engine.scheduler.cache import Cache, NodeInfo
from cluster_engine.scheduler.diagnosis import Diagnosis
from cluster_engine.scheduler.framework import ClusterEvent, CycleState, Handle, Plugin
from cluster_engine.scheduler.plugins.registry import PLUGINS
from cluster_engine.scheduler.queue import QueuedPod, SchedulingQueue
from cluster_engine.scheduler.resources import pod_resources
from cluster_engine.trace import Cause

DEFAULT_SCHEDULER = "default-scheduler"
_EVENTS: tuple[ClusterEvent, ...] = ("node", "pod-deleted", "pod-added", "claim", "volume", "class")


class Scheduler(Component):
    """The default scheduler of a cluster."""

    def __init__(self, context: ControllerContext) -> None:
        super().__init__("scheduler", context.clock, context.trace, context.turns)
        self.client = context.client
        self.recorder = context.recorder
        self.rng = context.rng
        self.cache = Cache()
        self.queue = SchedulingQueue(context.clock, self.wake)
        handle = Handle(self.cache, context.informers)
        self.plugins: list[Plugin] = [plugin(handle) for plugin in PLUGINS]
        self._filters = [plugin for plugin in self.plugins if type(plugin).filter is not Plugin.filter]
        self._scorers = [plugin for plugin in self.plugins if plugin.weight]
        # Which plugins care about which change of the cluster.
        self._interested = {event: frozenset(p.name for p in self.plugins if event in p.events) for event in _EVENTS}
        self._nodes = context.informers.get("nodes")
        self._nodes.add_handler(self._on_node)
        self._pods = context.informers.get("pods")
        self._pods.add_handler(self._on_pod)
        context.informers.get("persistentvolumeclaims").add_handler(self._on_storage("claim"))
        context.informers.get("persistentvolumes").add_handler(self._on_storage("volume"))

    # What happens in the cluster. Follows pkg/scheduler/eventhandlers.go.

    def _on_node(self, type_: EventType, node: Obj, old: Obj | None, cause: Cause) -> None:
        if type_ == "DELETED":
            self.cache.remove_node(node["metadata"]["name"])
            return
        self.cache.set_node(node)
        if old is None or _schedulable_part(old) != _schedulable_part(node):
            self.queue.cluster_changed(self._interested["node"], cause)

    def _on_pod(self, type_: EventType, pod: Obj, old: Obj | None, cause: Cause) -> None:
        key = key_of(pod)
        ended = type_ == "DELETED" or (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed")
        node = pod["spec"].get("nodeName")
        if ended:
            self.queue.remove(key)
            if self.cache.remove(key):
                self.queue.cluster_changed(self._interested["pod-deleted"], cause)
        elif node:
            is_new = self.cache.node_of(key) is None
            self.cache.place(pod, node)
            if is_new:
                self.queue.remove(key)
                self.queue.cluster_changed(self._interested["pod-added"], cause)
        elif pod["spec"].get("schedulerName", DEFAULT_SCHEDULER) == DEFAULT_SCHEDULER:
            self.queue.add(pod, cause)

    def _on_storage(self, event: ClusterEvent) -> Handler:
        def on_event(_type: EventType, _obj: Obj, _old: Obj | None, cause: Cause) -> None:
            self.queue.cluster_changed(self._interested[event], cause)

        return on_event

    # One attempt.

    def stop(self) -> None:
        super().stop()
        self.queue.close()

    def has_work(self) -> bool:
        return len(self.queue) > 0

    def step(self) -> None:
        entry = self.queue.pop()
        if entry is None:
            return
        pod = self._pods.get(entry.key)
        if pod is None or deleting(pod) or pod["spec"].get("nodeName"):
            return
        entry.pod = pod
        with self.traced(entry.key, entry.cause):
            try:
                self._schedule(entry)
            except ApiError as error:
                self.trace.note(f"will try again: {error.message}")
                self.queue.retry(entry)

    def _schedule(self, entry: QueuedPod) -> None:
        pod = entry.pod
        state = CycleState(pod, pod_resources(pod))
        feasible, diagnosis = self._find_feasible(state)
        if not feasible:
            self._failed(entry, diagnosis)
            return
        node, explanation = self._choose(state, feasible)
        meta = pod["metadata"]
        self.trace.note(f"{meta['name']} → {node}: {explanation}")
        if diagnosis.nodes:
            self.trace.note(diagnosis.explanation())
        self.client.bind(pod, node)
        self.recorder.event(
            pod,
            "Normal",
            "Scheduled",
            f"Successfully assigned {meta['namespace']}/{meta['name']} to {node}",
            action="Binding",
        )

    def _find_feasible(self, state: CycleState) -> tuple[list[NodeInfo], Diagnosis]:
        """The nodes that every plugin lets through, and why the others are refused."""
        nodes = list(self.cache)
        diagnosis = Diagnosis(len(nodes))
        for plugin in self.plugins:
            refusal = plugin.pre_filter(state)
            if refusal is not None:
                diagnosis.pre_filter = refusal
                diagnosis.plugins.add(plugin.name)
                return [], diagnosis
        feasible = []
        for node in nodes:
            for plugin in self._filters:
                refusal = plugin.filter(state, node)
                if refusal is not None:
                    diagnosis.nodes[node.name] = (plugin.name, refusal)
                    diagnosis.plugins.add(plugin.name)
                    break
            else:
                feasible.append(node)
        return feasible, diagnosis

    def _choose(self, state: CycleState, nodes: list[NodeInfo]) -> tuple[str, str]:
        """The node with the highest weighted score, by chance among equals; and the sums in words."""
        if len(nodes) == 1:
            return nodes[0].name, "the only node that fits"
        totals = dict.fromkeys((node.name for node in nodes), 0)
        parts = []
        for plugin in self._scorers:
            scores = plugin.scores(state, nodes)
            if scores is None:
                continue
            for name, score in scores.items():
                totals[name] += plugin.weight * score
            parts.append((plugin, scores))
        highest = max(totals.values())
        best = [name for name, total in totals.items() if total == highest]
        chosen = best[self.rng.choice_index(len(best))] if len(best) > 1 else best[0]
        terms = " + ".join(f"{plugin.name} {plugin.weight}×{scores[chosen]}" for plugin, scores in parts)
        others = ", ".join(f"{name} {total}" for name, total in totals.items() if name != chosen)
        drawn = f", drawn from {len(best)} equals" if len(best) > 1 else ""
        return chosen, f"{terms} = {highest}{drawn}; {others}"

    def _failed(self, entry: QueuedPod, diagnosis: Diagnosis) -> None:
        """Parks the pod and says why. Follows handleSchedulingFailure."""
        pod = entry.pod
        message = diagnosis.message(pod["spec"].get("preemptionPolicy") or "PreemptLowerPriority")
        self.trace.note(diagnosis.explanation() or message)
        # First into the queue: the status written below is an event of a pod that is known to wait.
        self.queue.park(entry, diagnosis.plugins)
        self.recorder.event(pod, "Warning", "FailedScheduling", message, action="Scheduling")
        self._set_condition(pod, message)

    def _set_condition(self, pod: Obj, message: str) -> None:
        status = pod.get("status") or {}
        conditions = status.get("conditions") or []
        old = get_condition(conditions, "PodScheduled")
        if old is not None and old["status"] == "False" and old.get("message") == message:
            return
        since = old["lastTransitionTime"] if old is not None and old["status"] == "False" else self.clock.rfc3339()
        condition = {
            "lastProbeTime": None,
            "lastTransitionTime": since,
            "message": message,
            "reason": "Unschedulable",
            "status": "False",
            "type": "PodScheduled",
        }
        others = [c for c in conditions if c["type"] != "PodScheduled"]
        self.client.update_status("pods", {**pod, "status": {**status, "conditions": [*others, condition]}})


def _schedulable_part(node: Obj) -> tuple[object, ...]:
    """What of a node may let a waiting pod in: its labels, taints, cordon and room."""
    spec = node.get("spec") or {}
    allocatable = (node.get("status") or {}).get("allocatable")
    return node["metadata"].get("labels"), spec.get("taints"), spec.get("unschedulable"), allocatable
