"""Enqueues StatefulSets and claims their pods. Follows pkg/controller/statefulset/stateful_set.go."""

from __future__ import annotations

from cluster_engine.apimachinery.labels import Selector, from_label_selector
from cluster_engine.apimachinery.meta import Obj, controller_of, deleting, key_of, labels_of, namespace_of
from cluster_engine.client.controller import Controller, ControllerContext
from cluster_engine.client.informer import EventType
from cluster_engine.controllers.common.owners import index_by_owner, orphans_in, owned_by, resolve_controller
from cluster_engine.controllers.common.pods import is_pod_ready
from cluster_engine.controllers.common.ref_manager import ControllerRefManager
from cluster_engine.controllers.history import History, is_orphan
from cluster_engine.controllers.statefulset import util
from cluster_engine.controllers.statefulset.control import StatefulSetControl
from cluster_engine.controllers.statefulset.pod_control import StatefulPodControl
from cluster_engine.trace import Cause

KIND = "StatefulSet"


class StatefulSetController(Controller):
    """Keeps the pods of each StatefulSet: named, ordered, each with its storage."""

    def __init__(self, context: ControllerContext) -> None:
        super().__init__("statefulset-controller", context)
        self.sets = self.enqueue_on("statefulsets.apps")
        self.pods = index_by_owner(self.informer("pods"))
        claims = self.informer("persistentvolumeclaims")
        self.history = History(context.client, self.informer("controllerrevisions.apps"))
        pod_control = StatefulPodControl(context.client, context.recorder, claims)
        self.control = StatefulSetControl(context, pod_control, self.history)
        self.pods.add_handler(self._on_pod)

    def _on_pod(self, type_: EventType, pod: Obj, old: Obj | None, cause: Cause) -> None:
        set_ = resolve_controller(self.sets, pod, KIND)
        if set_ is not None:
            key = key_of(set_)
            self.queue.add(key, cause)
            min_ready_seconds = util.min_ready_seconds_of(set_)
            if min_ready_seconds and is_pod_ready(pod) and (old is None or not is_pod_ready(old)):
                # One second more, since the time of becoming ready is known to the second only.
                self.queue.add_after(key, min_ready_seconds + 1, Cause("timer", f"minReadySeconds of {key_of(pod)}"))
        if old is not None and controller_of(old) != controller_of(pod):
            former = resolve_controller(self.sets, old, KIND)
            if former is not None:
                self.queue.add(key_of(former), cause)
        if controller_of(pod) is None and type_ != "DELETED":
            self._enqueue_matching(pod, cause)

    def _enqueue_matching(self, pod: Obj, cause: Cause) -> None:
        """An orphan: a set whose selector and name fit may adopt it."""
        for set_ in self.sets.by_index("namespace", namespace_of(pod)):
            if util.is_member_of(set_, pod) and self._selector(set_).matches(labels_of(pod)):
                self.queue.add(key_of(set_), cause)

    def _selector(self, set_: Obj) -> Selector:
        return from_label_selector(set_["spec"].get("selector"))

    def sync(self, key: str) -> None:
        """One step: adopt orphaned revisions, claim pods, then what `StatefulSetControl` does."""
        set_ = self.sets.get(key)
        if set_ is None:
            self.control.waits.forget(key)
            return
        self._adopt_orphan_revisions(set_)
        status = self.control.update_stateful_set(set_, self._claim_pods(set_))
        min_ready_seconds = util.min_ready_seconds_of(set_)
        if min_ready_seconds and status["availableReplicas"] != util.replicas_of(set_):
            self.queue.add_after(key, min_ready_seconds, Cause("timer", f"minReadySeconds of {key}"))

    def _adopt_orphan_revisions(self, set_: Obj) -> None:
        if deleting(set_):
            return
        for revision in self.history.list(set_, self._selector(set_)):
            if is_orphan(revision):
                self.history.adopt(set_, revision)
                self.trace.note(f"adopts {revision['metadata']['name']}")

    def _claim_pods(self, set_: Obj) -> list[Obj]:
        """The set's pods, with those that it adopts, without those that it releases."""
        candidates = [*owned_by(self.pods, set_), *orphans_in(self.pods, namespace_of(set_))]
        manager = ControllerRefManager(self.client, self.trace, "pods", set_, "statefulsets.apps", self._selector(set_))
        claimed = manager.claim(candidates, also=lambda pod: util.is_member_of(set_, pod))
        return [self.pods.get(key_of(pod)) or pod for pod in claimed]
