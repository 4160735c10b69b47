"""The scheduler: takes a pod from the queue, finds a node for it, binds it. One pod a step.

Follows pkg/scheduler/schedule_one.go: filter every node, score those that pass, choose among the best by chance.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from functools import partial

from cluster_engine.apimachinery.disruption import with_disruption_target
from cluster_engine.apimachinery.errors import ApiError
from cluster_engine.apimachinery.meta import Obj, deleting, get_condition, key_of
from cluster_engine.client.component import Component
from cluster_engine.client.controller import ControllerContext
from cluster_engine.client.informer import EventType, Handler
from cluster_engine.clock import Timer
from cluster_engine.scheduler import preemption
from cluster_engine.scheduler.cache import Cache, NodeInfo
from cluster_engine.scheduler.diagnosis import Diagnosis
from cluster_engine.scheduler.framework import ClusterChange, ClusterEvent, CycleState, Handle, Scores
from cluster_engine.scheduler.plugins.registry import PLUGINS
from cluster_engine.scheduler.plugins.volume_binding import VolumeBinding
from cluster_engine.scheduler.queue import QueuedPod, SchedulingQueue
from cluster_engine.scheduler.resources import pod_resources, priority_of
from cluster_engine.scheduler.runtime import Framework
from cluster_engine.trace import Cause

DEFAULT_SCHEDULER = "default-scheduler"
# As long as an event's message may be. Follows truncateMessage of schedule_one.go.
MAX_MESSAGE = 1024
# How long a pod waits on its node for volumes. Follows VolumeBindingArgs.BindTimeoutSeconds.
BIND_TIMEOUT_SECONDS = 600
# Of how many nodes, beside the chosen one, a decision tells the whole sum.
MAX_SUMS = 8


@dataclass(slots=True)
class WaitingPod:
    """A pod that waits on its node for its volumes, and until when."""

    entry: QueuedPod
    node: str
    deadline: Timer


class Scheduler(Component):
    """The default scheduler of a cluster."""

    def __init__(self, context: ControllerContext) -> None:
        super().__init__("scheduler", context.clock, context.trace, context.turns)
        self.client = context.client
        self.recorder = context.recorder
        self.rng = context.rng
        self.cache = Cache()
        self.queue = SchedulingQueue(context.clock, self.wake)
        self.framework = Framework(Handle(self.cache, context.informers), PLUGINS)
        # Pods that have a node and wait there for their volumes, and those whose wait is over, with the cause.
        self._waiting: dict[str, WaitingPod] = {}
        self._ready: deque[tuple[str, Cause]] = deque()
        self._budgets = context.informers.get("poddisruptionbudgets.policy")
        self._nodes = context.informers.get("nodes")
        self._nodes.add_handler(self._on_node)
        self._pods = context.informers.get("pods")
        self._pods.add_handler(self._on_pod)
        context.informers.get("persistentvolumeclaims").add_handler(self._on_storage("claim"))
        context.informers.get("persistentvolumes").add_handler(self._on_storage("volume"))
        context.informers.get("storageclasses.storage.k8s.io").add_handler(self._on_storage("class"))

    # What happens in the cluster. Follows pkg/scheduler/eventhandlers.go.

    def _changed(self, event: ClusterEvent, obj: Obj, old: Obj | None, cause: Cause) -> None:
        """Brings back the waiting pods that the change may help, as the plugins that refused them see it."""
        if self.queue.anybody_waits:
            change = ClusterChange(event, obj, old)
            self.queue.cluster_changed(partial(self._helps, change), cause)

    def _helps(self, change: ClusterChange, entry: QueuedPod) -> bool:
        plugins = [self.framework.by_name[name] for name in entry.refused_by]
        return any(change.event in plugin.events and plugin.may_help(entry.pod, change) for plugin in plugins)

    def _on_node(self, type_: EventType, node: Obj, old: Obj | None, cause: Cause) -> None:
        if type_ == "DELETED":
            self.cache.remove_node(node["metadata"]["name"])
            return
        self.cache.set_node(node)
        if old is None or _schedulable_part(old) != _schedulable_part(node):
            self._changed("node", node, old, cause)

    def _on_pod(self, type_: EventType, pod: Obj, old: Obj | None, cause: Cause) -> None:
        key = key_of(pod)
        if type_ == "DELETED" or (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed"):
            self.queue.remove(key)
            self._stop_waiting(key)
            # Its place is free: that of a pod on a node, or the one that was kept for it.
            if self.cache.remove(key) or self.framework.nominator.remove(key):
                self._changed("pod-deleted", pod, None, cause)
        elif pod["spec"].get("nodeName"):
            self._on_placed_pod(key, pod, old, cause)
        elif key not in self._waiting and pod["spec"].get("schedulerName", DEFAULT_SCHEDULER) == DEFAULT_SCHEDULER:
            if self.framework.nominator.update(pod):
                self._changed("pod-deleted", pod, None, cause)
            if pod["spec"].get("schedulingGates"):
                self.queue.remove(key)
            else:
                self.queue.add(pod, cause)

    def _on_placed_pod(self, key: str, pod: Obj, old: Obj | None, cause: Cause) -> None:
        node = pod["spec"]["nodeName"]
        if self.cache.place(pod, node, key):
            self.queue.remove(key)
            kept = self.framework.nominator.remove(key)
            self._changed("pod-added", pod, None, cause)
            if kept is not None and kept != node:
                self._changed("pod-deleted", pod, None, cause)
        elif old is not None:
            before, after = old["metadata"].get("labels"), pod["metadata"].get("labels")
            if before is not after and before != after:
                self._changed("pod-changed", pod, old, cause)

    def _on_storage(self, event: ClusterEvent) -> Handler:
        def on_event(_type: EventType, obj: Obj, old: Obj | None, cause: Cause) -> None:
            self._changed(event, obj, old, cause)
            for key in self._waiting:
                self._ready.append((key, cause))
            if self._ready:
                self.wake()

        return on_event

    # One attempt.

    def stop(self) -> None:
        super().stop()
        self.queue.close()
        for key in list(self._waiting):
            self._stop_waiting(key)

    def has_work(self) -> bool:
        return bool(self._ready) or len(self.queue) > 0

    def step(self) -> None:
        if self._ready:
            self._look_after(*self._ready.popleft())
            return
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
        feasible, diagnosis = self.framework.find_feasible(state)
        if not feasible:
            self._failed(entry, state, diagnosis)
            return
        node, explanation = self._choose(state, feasible)
        meta = pod["metadata"]
        self.trace.note(f"{meta['name']} → {node}: {explanation}")
        if diagnosis.nodes or diagnosis.left_out:
            self.trace.note(diagnosis.explanation())
        if VolumeBinding.name in state.kept and self._bind_volumes(entry, state, node):
            return
        self._bind(pod, node)

    def _bind(self, pod: Obj, node: str) -> None:
        meta = pod["metadata"]
        self.client.bind(pod, node)
        self.recorder.event(
            pod,
            "Normal",
            "Scheduled",
            f"Successfully assigned {meta['namespace']}/{meta['name']} to {node}",
            action="Binding",
        )

    # A pod whose volumes are bound, or made, for the node that it got. Follows the binding cycle of schedule_one.go.

    @property
    def _volume_binding(self) -> VolumeBinding:
        plugin = self.framework.by_name[VolumeBinding.name]
        assert isinstance(plugin, VolumeBinding)
        return plugin

    def _bind_volumes(self, entry: QueuedPod, state: CycleState, node: str) -> bool:
        """Sees to the claims that waited for the pod; whether it has to wait for them now."""
        for words in self._volume_binding.pre_bind(state, node, self.client):
            self.trace.note(words)
        if self._volume_binding.all_bound(entry.pod):
            return False
        key, pod = entry.key, entry.pod
        # Its place is taken from now on.
        self.cache.place({**pod, "spec": {**pod["spec"], "nodeName": node}}, node)
        self.framework.nominator.remove(key)
        self._changed("pod-added", pod, None, entry.cause)
        over = self.clock.call_after(BIND_TIMEOUT_SECONDS, partial(self._on_deadline, key))
        self._waiting[key] = WaitingPod(entry, node, over)
        return True

    def _on_deadline(self, key: str) -> None:
        self._ready.append((key, Cause("timer", f"volumes of {key}")))
        self.wake()

    def _stop_waiting(self, key: str) -> WaitingPod | None:
        waiting = self._waiting.pop(key, None)
        if waiting is not None:
            waiting.deadline.cancel()
        return waiting

    def _look_after(self, key: str, cause: Cause) -> None:
        """Binds a pod whose volumes are there; gives up on one that has waited too long."""
        waiting, pod = self._waiting.get(key), self._pods.get(key)
        if waiting is None or pod is None:
            return
        there = self._volume_binding.all_bound(pod)
        if not there and waiting.deadline.active:
            return
        self._stop_waiting(key)
        with self.traced(key, cause):
            waiting.entry.pod = pod
            try:
                if there:
                    self.trace.note(f"{pod['metadata']['name']} → {waiting.node}: its volumes are bound")
                    self._bind(pod, waiting.node)
                    return
                words = 'running PreBind plugin "VolumeBinding": binding volumes: context deadline exceeded'
                self._give_up(waiting.entry, words)
            except ApiError as error:
                self._give_up(waiting.entry, f"binding rejected: {error.message}")

    def _give_up(self, entry: QueuedPod, message: str) -> None:
        """Takes the pod off the node that it did not reach, and tries it again later."""
        self.trace.note(f"will try again: {message}")
        self.cache.remove(entry.key)
        self.queue.retry(entry)
        self.recorder.event(entry.pod, "Warning", "FailedScheduling", message, action="Scheduling")
        self._update_status(entry.pod, message, "", reason="SchedulerError")

    def _choose(self, state: CycleState, nodes: list[NodeInfo]) -> tuple[str, str]:
        """The node with the highest weighted score, by chance among equals; and the sums in words."""
        if len(nodes) == 1:
            return nodes[0].name, _why_alone(state.pod, nodes[0].name)
        totals = dict.fromkeys((node.name for node in nodes), 0)
        opinions = self.framework.scores(state, nodes)
        for plugin, scores in opinions:
            for name, score in scores.items():
                totals[name] += plugin.weight * score
        highest = max(totals.values())
        best = [name for name, total in totals.items() if total == highest]
        chosen = best[self.rng.choice_index(len(best))] if len(best) > 1 else best[0]
        drawn = f", drawn from {len(best)} equals" if len(best) > 1 else ""
        parts = [(f"{plugin.name} {plugin.weight}×", scores) for plugin, scores in opinions]
        others = [name for name in totals if name != chosen]
        told = [f"{_terms(parts, chosen)} = {highest}{drawn}"]
        told += [f"{name}: {_terms(parts, name)} = {totals[name]}" for name in others[:MAX_SUMS]]
        if len(others) > MAX_SUMS:
            told.append(f"{len(others) - MAX_SUMS} more nodes")
        return chosen, "; ".join(told)

    # A pod that fits nowhere. Follows handleSchedulingFailure.

    def _failed(self, entry: QueuedPod, state: CycleState, diagnosis: Diagnosis) -> None:
        """Looks whom the pod may push out, parks it, and says why it waits."""
        pod = entry.pod
        # First into the queue: what is written below are events of a pod that is known to wait, and victims without
        # grace are gone at once.
        self.queue.park(entry, diagnosis.plugins)
        nominated = (pod.get("status") or {}).get("nominatedNodeName") or ""
        if diagnosis.node_count:
            self.trace.note(diagnosis.explanation())
            nominated = self._preempt(state, diagnosis, nominated)
        else:
            self.trace.note(diagnosis.message())
        message = diagnosis.message()
        if len(message) > MAX_MESSAGE:
            message = f"{message[: MAX_MESSAGE - 4]} ..."
        self.recorder.event(pod, "Warning", "FailedScheduling", message, action="Scheduling")
        self._update_status(pod, message, nominated)

    def _preempt(self, state: CycleState, diagnosis: Diagnosis, nominated: str) -> str:
        """Pushes pods of lower priority out, where that helps; the node that is then nominated, "" for none."""
        pod, now = state.pod, self.clock.rfc3339()
        verdict = preemption.preempt(self.framework, state, diagnosis, list(self._budgets), now)
        if not verdict.candidates:
            diagnosis.preemption = verdict.why_not
            return nominated if verdict.keeps_nomination else ""
        equals, chosen_by = preemption.best(verdict.candidates, now)
        candidate = equals[self.rng.choice_index(len(equals))] if len(equals) > 1 else equals[0]
        drawn = f", drawn from {len(equals)} equals" if len(equals) > 1 else ""
        names = ", ".join(f"{key_of(victim)} (priority {priority_of(victim)})" for victim in candidate.victims)
        self.trace.note(
            f"DefaultPreemption: priority {priority_of(pod)} pushes {names} out of {candidate.node}; chosen from "
            f"{len(verdict.candidates)} nodes: {chosen_by}{drawn}"
        )
        for victim in candidate.victims:
            self._evict(victim, pod, candidate.node)
        for waiting in self.framework.nominator.pods_for(candidate.node):
            # A pod of lower priority that was to have the place would not fit any more.
            if priority_of(waiting) < priority_of(pod):
                self._clear_nomination(waiting)
        return candidate.node

    def _evict(self, victim: Obj, pod: Obj, node: str) -> None:
        """Marks a victim, deletes it with its own grace, and tells it. Follows prepareCandidate."""
        name = pod["spec"].get("schedulerName") or DEFAULT_SCHEDULER
        words = f"{name}: preempting to accommodate a higher priority pod"
        marked = with_disruption_target(victim, preemption.REASON, words, self.clock.rfc3339())
        meta = victim["metadata"]
        try:
            if marked is not victim:
                self.client.update_status("pods", marked)
            self.client.delete("pods", meta["name"], meta["namespace"], uid=meta["uid"])
        except ApiError as error:
            if error.code != 404:
                raise
        self.recorder.event(
            victim,
            "Normal",
            "Preempted",
            f"Preempted by pod {pod['metadata']['uid']} on node {node}",
            action="Preempting",
            related=pod,
        )

    def _clear_nomination(self, pod: Obj) -> None:
        status = {field: value for field, value in pod["status"].items() if field != "nominatedNodeName"}
        try:
            self.client.update_status("pods", {**pod, "status": status})
        except ApiError as error:
            self.trace.note(f"the nomination of {key_of(pod)} stays: {error.message}")

    def _update_status(self, pod: Obj, message: str, nominated: str, *, reason: str = "Unschedulable") -> None:
        """Writes PodScheduled and the nominated node, where they are not as they were."""
        status = pod.get("status") or {}
        conditions = status.get("conditions") or []
        old = get_condition(conditions, "PodScheduled")
        same = old is not None and (old["status"], old.get("reason"), old.get("message")) == (
            "False",
            reason,
            message,
        )
        if same and nominated == (status.get("nominatedNodeName") or ""):
            return
        since = old["lastTransitionTime"] if old is not None and old["status"] == "False" else self.clock.rfc3339()
        condition = {
            "lastProbeTime": None,
            "lastTransitionTime": since,
            "message": message,
            "reason": reason,
            "status": "False",
            "type": "PodScheduled",
        }
        changed = {field: value for field, value in status.items() if field != "nominatedNodeName"}
        changed["conditions"] = [*(c for c in conditions if c["type"] != "PodScheduled"), condition]
        if nominated:
            changed["nominatedNodeName"] = nominated
        self.client.update_status("pods", {**pod, "status": changed})


def _why_alone(pod: Obj, node: str) -> str:
    if (pod.get("status") or {}).get("nominatedNodeName") == node:
        return "the node that it was nominated for"
    return "the only node that fits"


def _terms(parts: list[tuple[str, Scores]], node: str) -> str:
    """What each plugin gives a node, as `NodeResourcesFit 1×93 + TaintToleration 3×100`."""
    return " + ".join([f"{plugin}{scores[node]}" for plugin, scores in parts])


def _schedulable_part(node: Obj) -> tuple[object, ...]:
    """What of a node may let a waiting pod in: its labels, taints, cordon and room."""
    spec = node.get("spec") or {}
    allocatable = (node.get("status") or {}).get("allocatable")
    return node["metadata"].get("labels"), spec.get("taints"), spec.get("unschedulable"), allocatable
