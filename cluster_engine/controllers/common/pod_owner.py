"""What the controllers that own pods by a selector hear: ReplicaSets, ReplicationControllers, DaemonSets, Jobs.

Follows the event handlers that these controllers of pkg/controller have in common.
"""

from __future__ import annotations

from typing import ClassVar

from cluster_engine.apimachinery.labels import Selector, from_label_selector
from cluster_engine.apimachinery.meta import Obj, controller_of, deleting, key_of, labels_of, namespace_of
from cluster_engine.client.controller import Controller, ControllerContext
from cluster_engine.client.informer import EventType
from cluster_engine.controllers.common.expectations import Expectations
from cluster_engine.controllers.common.owners import index_by_owner, resolve_controller
from cluster_engine.controllers.common.pods import is_pod_ready
from cluster_engine.trace import Cause


class PodOwnerController(Controller):
    """Base of those controllers: keeps expectations, and wakes the owner that a pod event concerns.

    Subclasses set `kind` and `resource`, and call `watch()` at the end of their `__init__`.
    """

    kind: ClassVar[str]
    resource: ClassVar[str]

    def __init__(self, name: str, context: ControllerContext) -> None:
        super().__init__(name, context)
        self.expectations = Expectations(context.clock)
        self.owners = index_by_owner(self.informer(self.resource))
        self.pods = index_by_owner(self.informer("pods"))

    def watch(self) -> None:
        """From now on events come in, those of all that exists first."""
        self.owners.add_handler(self.on_owner)
        self.pods.add_handler(self.on_pod)

    def selector_of(self, owner: Obj) -> Selector:
        """Which pods the owner selects."""
        return from_label_selector(owner["spec"].get("selector"))

    def enqueue_owner(self, owner: Obj, cause: Cause) -> None:
        """Called for the owner of a pod that changed."""
        self.queue.add(key_of(owner), cause)

    def on_owner(self, type_: EventType, owner: Obj, old: Obj | None, cause: Cause) -> None:
        if type_ == "DELETED" or (old is not None and old["metadata"]["uid"] != owner["metadata"]["uid"]):
            self.expectations.forget(key_of(owner))
        self.queue.add(key_of(owner), cause)

    def on_pod(self, type_: EventType, pod: Obj, old: Obj | None, cause: Cause) -> None:
        if not len(self.owners) or self._is_another_kinds(pod, old):
            return
        if type_ == "DELETED":
            self._pod_deleted(pod, cause)
        elif type_ == "ADDED":
            self._pod_added(pod, cause)
        elif old is not None:
            self._pod_updated(pod, old, cause)

    def _is_another_kinds(self, pod: Obj, old: Obj | None) -> bool:
        """Whether the pod is and was the business of another controller. All of them hear of every pod."""
        reference = controller_of(pod)
        if reference is None or reference["kind"] == self.kind:
            return False
        before = controller_of(old) if old is not None else None
        return before is None or before["kind"] != self.kind

    def _pod_added(self, pod: Obj, cause: Cause) -> None:
        if deleting(pod):
            self._pod_deleted(pod, cause)
        elif controller_of(pod) is not None:
            owner = resolve_controller(self.owners, pod, self.kind)
            if owner is not None:
                self.expectations.creation_observed(key_of(owner))
                self.enqueue_owner(owner, cause)
        else:
            self._enqueue_matching(pod, cause)

    def _pod_updated(self, pod: Obj, old: Obj, cause: Cause) -> None:
        if deleting(pod):
            # The pod no longer counts from this moment on, not only when it is gone.
            self._pod_deleted(pod, cause)
            if labels_of(pod) != labels_of(old):
                self._pod_deleted(old, cause)
            return
        reference, old_reference = controller_of(pod), controller_of(old)
        changed_hands = reference != old_reference
        if changed_hands and old_reference is not None:
            former = resolve_controller(self.owners, old, self.kind)
            if former is not None:
                self.enqueue_owner(former, cause)
        if reference is None:
            if changed_hands or labels_of(pod) != labels_of(old):
                self._enqueue_matching(pod, cause)
            return
        owner = resolve_controller(self.owners, pod, self.kind)
        if owner is None:
            return
        self.enqueue_owner(owner, cause)
        min_ready_seconds = owner["spec"].get("minReadySeconds", 0)
        if min_ready_seconds and is_pod_ready(pod) and not is_pod_ready(old):
            # One second more, since the time of becoming ready is known to the second only.
            cause = Cause("timer", f"minReadySeconds of {key_of(pod)}")
            self.queue.add_after(key_of(owner), min_ready_seconds + 1, cause)

    def _pod_deleted(self, pod: Obj, cause: Cause) -> None:
        owner = resolve_controller(self.owners, pod, self.kind)
        if owner is not None:
            self.expectations.deletion_observed(key_of(owner), key_of(pod))
            self.enqueue_owner(owner, cause)

    def _enqueue_matching(self, pod: Obj, cause: Cause) -> None:
        """An orphan: every owner whose selector matches may want it."""
        for owner in self.owners.by_index("namespace", namespace_of(pod)):
            if self.selector_of(owner).matches(labels_of(pod)):
                self.enqueue_owner(owner, cause)
