"""Enqueues DaemonSets, claims their pods, carries out the plans. Follows pkg/controller/daemon/daemon_controller.go."""

from __future__ import annotations

from cluster_engine.apimachinery.errors import ApiError
from cluster_engine.apimachinery.meta import Obj, annotations_of, deleting, key_of, labels_of, namespace_of
from cluster_engine.client.controller import ControllerContext
from cluster_engine.client.informer import EventType
from cluster_engine.controllers.common.owners import orphans_in, owned_by
from cluster_engine.controllers.common.pod_control import PodControl, is_namespace_terminating, pod_from_template
from cluster_engine.controllers.common.pod_owner import PodOwnerController
from cluster_engine.controllers.common.pods import is_pod_active, is_pod_ready, phase_of
from cluster_engine.controllers.common.ref_manager import ControllerRefManager
from cluster_engine.controllers.common.slow_start import slow_start_batch
from cluster_engine.controllers.daemonset.manage import FailedPodsBackoff, Plan, Situation, plan
from cluster_engine.controllers.daemonset.placement import daemon_tolerations, spec_for_node, target_node, verdict
from cluster_engine.controllers.daemonset.revisions import (
    GENERATION_ANNOTATION,
    GENERATION_LABEL,
    HASH_LABEL,
    clean_up_history,
    construct_history,
)
from cluster_engine.controllers.daemonset.status import RESOURCE, calculate_status, update_daemon_set_status
from cluster_engine.controllers.daemonset.update import allows_surge, rolling_update
from cluster_engine.controllers.history import History
from cluster_engine.trace import Cause

# How many pods one sync creates or deletes at most.
BURST_REPLICAS = 250


class DaemonSetsController(PodOwnerController):
    """Keeps one pod of each DaemonSet on every node that its template fits."""

    kind = "DaemonSet"
    resource = RESOURCE

    def __init__(self, context: ControllerContext) -> None:
        super().__init__("daemonset-controller", context)
        self.pod_control = PodControl(context.client, context.recorder)
        self.history = History(context.client, self.informer("controllerrevisions.apps"))
        self.backoff = FailedPodsBackoff(context.clock)
        self.nodes = self.informer("nodes")
        self.watch()
        self.nodes.add_handler(self._on_node)

    def _on_node(self, type_: EventType, node: Obj, old: Obj | None, cause: Cause) -> None:
        """Wakes the DaemonSets for which the node has become fit or unfit."""
        if old is not None and type_ == "MODIFIED" and _same_for_daemons(old, node):
            return
        for ds in self.owners:
            spec = ds["spec"]["template"]["spec"]
            tolerations = daemon_tolerations(spec)
            now = verdict(spec, tolerations, node)
            if old is None or type_ != "MODIFIED":
                concerned = now.run
            else:
                concerned = now != verdict(spec, tolerations, old)
            if concerned:
                self.queue.add(key_of(ds), cause)

    def sync(self, key: str) -> None:
        """Follows syncDaemonSet: history, pods, roll-out, clean-up, status."""
        ds = self.owners.get(key)
        if ds is None:
            self.expectations.forget(key)
            return
        if ds["spec"].get("selector") == {}:
            message = "This daemon set is selecting all pods. A non-empty selector is required."
            self.recorder.event(ds, "Warning", "SelectingAll", message)
            return
        if deleting(ds):
            return
        revisions = construct_history(self.history, self.trace, ds, self.selector_of(ds))
        failure: ApiError | None = None
        satisfied = self.expectations.satisfied(key)
        if satisfied:
            failure = self._update(key, ds, revisions.hash)
            if failure is None:
                pods = [pod for pods in self._situation(ds, revisions.hash).pods.values() for pod in pods]
                clean_up_history(self.history, ds, revisions.old, pods)
        situation = self._situation(ds, revisions.hash)
        status = calculate_status(situation, revisions.collision_count, observed=satisfied)
        update_daemon_set_status(self.client, ds, status)
        self._check_availability_later(key, situation)
        if failure is not None:
            raise failure

    def _check_availability_later(self, key: str, situation: Situation) -> None:
        """Looks again after minReadySeconds where a pod is ready and not yet available.

        Kubernetes counts nodes for that, so that a new pod beside an available old one is missed; a restart in the
        middle of a surge must not lose the wait.
        """
        min_ready_seconds = situation.ds["spec"].get("minReadySeconds", 0)
        if not min_ready_seconds:
            return
        pods = [pod for found in situation.pods.values() for pod in found if is_pod_active(pod)]
        if any(is_pod_ready(pod) and not situation.available(pod) for pod in pods):
            self.queue.add_after(key, min_ready_seconds, Cause("timer", f"minReadySeconds of {key}"))

    def _update(self, key: str, ds: Obj, hash_: str) -> ApiError | None:
        """Creates and deletes what it takes; the first refusal, if any."""
        situation = self._situation(ds, hash_, with_ended=False)
        managed = plan(situation, self.backoff)
        for type_, reason, message in managed.events:
            self.recorder.event(ds, type_, reason, message)
        if managed.retry_seconds is not None:
            cause = Cause("timer", f"back-off of a failed pod of {key}")
            self.queue.add_after(key, managed.retry_seconds, cause)
        if managed.nodes:
            self.trace.note(f"without a pod: {', '.join(managed.nodes)}")
        if managed.doomed:
            self.trace.note(f"deletes {len(managed.doomed)} pods that are too many, ended, or where they should not be")
        failure = self._carry_out(key, ds, managed, hash_)
        rolling = (ds["spec"].get("updateStrategy") or {}).get("type", "RollingUpdate") == "RollingUpdate"
        if failure is not None or not rolling or not self.expectations.satisfied(key):
            return failure
        update, why = rolling_update(self._situation(ds, hash_))
        if why:
            self.trace.note(why)
        return self._carry_out(key, ds, update, hash_)

    def _situation(self, ds: Obj, hash_: str, *, with_ended: bool = True) -> Situation:
        """The DaemonSet's pods by node, after adoption and release, and what each node is to it.

        `with_ended` counts pods that have ended and are being deleted, too.
        """
        spec = ds["spec"]["template"]["spec"]
        tolerations = daemon_tolerations(spec)
        verdicts = {node["metadata"]["name"]: verdict(spec, tolerations, node) for node in self.nodes}
        pods: dict[str, list[Obj]] = {}
        for pod in self._claim_pods(ds):
            if not with_ended and deleting(pod) and phase_of(pod) in ("Succeeded", "Failed"):
                continue
            node = target_node(pod)
            if node:
                pods.setdefault(node, []).append(pod)
        return Situation(ds, pods, verdicts, hash_, allows_surge(ds), self.clock.now_us)

    def _claim_pods(self, ds: Obj) -> list[Obj]:
        candidates = [*owned_by(self.pods, ds), *orphans_in(self.pods, namespace_of(ds))]
        manager = ControllerRefManager(self.client, self.trace, "pods", ds, RESOURCE, self.selector_of(ds))
        claimed = manager.claim(candidates)
        return [self.pods.get(key_of(pod)) or pod for pod in claimed]

    def _carry_out(self, key: str, ds: Obj, todo: Plan, hash_: str) -> ApiError | None:
        """Creates and deletes, at most a burst of each. Follows syncNodes."""
        nodes, doomed = todo.nodes[:BURST_REPLICAS], todo.doomed[:BURST_REPLICAS]
        if not nodes and not doomed:
            return None
        self.expectations.expect(key, len(nodes), [key_of(pod) for pod in doomed])
        failure = self._create_pods(key, ds, nodes, hash_) if nodes else None
        for pod in doomed:
            try:
                self.pod_control.delete_pod(pod, ds)
            except ApiError as error:
                self.expectations.deletion_observed(key, key_of(pod))
                if error.code != 404:
                    failure = failure or error
        return failure

    def _create_pods(self, key: str, ds: Obj, nodes: list[str], hash_: str) -> ApiError | None:
        template = _pod_template(ds, hash_)
        waiting = iter(nodes)

        def create() -> None:
            spec = spec_for_node(template["spec"], next(waiting))
            try:
                self.pod_control.create_pod(pod_from_template({**template, "spec": spec}, ds), ds)
            except ApiError as error:
                if not is_namespace_terminating(error):
                    raise

        created, failure = slow_start_batch(len(nodes), create)
        self.expectations.creation_observed(key, len(nodes) - created)
        return failure


def _pod_template(ds: Obj, hash_: str) -> Obj:
    """The template with what daemons add: labels of its revision, tolerations. Follows CreatePodTemplate."""
    template = ds["spec"]["template"]
    labels = {**(template.get("metadata", {}).get("labels") or {}), HASH_LABEL: hash_}
    generation = annotations_of(ds).get(GENERATION_ANNOTATION)
    if generation is not None:
        labels[GENERATION_LABEL] = generation
    spec = {**template["spec"], "tolerations": daemon_tolerations(template["spec"])}
    return {"metadata": {**template.get("metadata", {}), "labels": labels}, "spec": spec}


def _same_for_daemons(old: Obj, new: Obj) -> bool:
    """Whether a change of a node cannot matter to any DaemonSet. Heartbeats and status are such."""
    return labels_of(old) == labels_of(new) and (old.get("spec") or {}) == (new.get("spec") or {})
