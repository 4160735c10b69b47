"""The kubelet of one node: registers it, and gives each of its pods to a worker.

Follows pkg/kubelet/kubelet.go (syncLoop) and pkg/kubelet/pod_workers.go. A step is the sync of one pod, or of the node.
"""

from __future__ import annotations

from cluster_engine.apimachinery.errors import ApiError
from cluster_engine.apimachinery.meta import Obj, key_of
from cluster_engine.client.component import Component
from cluster_engine.client.controller import ControllerContext
from cluster_engine.client.informer import EventType, Handler, Informer
from cluster_engine.client.workqueue import WorkQueue
from cluster_engine.kubelet.config import KubeletConfig
from cluster_engine.kubelet.images import ImageStore
from cluster_engine.kubelet.node_status import register_node, renew_lease
from cluster_engine.kubelet.pod_worker import PodWorker
from cluster_engine.kubelet.runtime import AddressPool
from cluster_engine.trace import START, Cause

__all__ = ["Kubelet", "KubeletConfig"]

# Pod keys have a slash, so this cannot be one.
NODE = "node"


class Kubelet(Component):
    """One node. All kubelets of a cluster share one pod informer (`context.informers`) instead of a watch each: they
    live in one process here, and a pod event costs each of the others one comparison."""

    def __init__(self, context: ControllerContext, config: KubeletConfig) -> None:
        super().__init__(f"kubelet {config.name}", context.clock, context.trace, context.turns)
        self.context = context
        self.client = context.client
        self.recorder = context.recorder
        self.config = config
        self.rng = context.rng
        self.queue = WorkQueue(context.clock, self.wake)
        self.images = ImageStore(config.registry)
        self.addresses = AddressPool(config.pod_cidr)
        self.workers: dict[str, PodWorker] = {}
        # Pods that wait for a ConfigMap or a Secret: (resource, namespace/name) -> pod keys, in order of asking.
        self._waiting: dict[tuple[str, str], dict[str, None]] = {}
        self._writing = ""
        self.queue.add(NODE, START)
        self.pods: Informer = context.informers.get("pods")
        self.pods.add_handler(self._on_pod)
        for resource in ("configmaps", "secrets"):
            context.informers.get(resource).add_handler(self._on_source(resource))

    def _on_pod(self, type_: EventType, pod: Obj, old: Obj | None, cause: Cause) -> None:
        if pod["spec"].get("nodeName") != self.config.name:
            return
        key = key_of(pod)
        # What this kubelet writes itself is no news to it.
        if key != self._writing:
            self.queue.add(key, cause)

    def _on_source(self, resource: str) -> Handler:
        def on_event(type_: EventType, obj: Obj, _old: Obj | None, cause: Cause) -> None:
            if self._waiting and type_ != "DELETED":
                for key in self._waiting.pop((resource, key_of(obj)), ()):
                    self.queue.add(key, cause)

        return on_event

    def source(self, resource: str, namespace: str, name: str) -> Obj | None:
        """A ConfigMap or Secret that a pod refers to, if it is there."""
        return self.context.informers.get(resource).get(f"{namespace}/{name}")

    def wait_for(self, resource: str, namespace: str, name: str, pod_key: str) -> None:
        """Syncs the pod again when that object appears or changes."""
        self._waiting.setdefault((resource, f"{namespace}/{name}"), {})[pod_key] = None

    def has_work(self) -> bool:
        return len(self.queue) > 0

    def step(self) -> None:
        key, cause = self.queue.pop()
        with self.traced(key if key != NODE else self.config.name, cause):
            try:
                if key == NODE:
                    register_node(self.client, self.config, self.clock.rfc3339())
                    renew_lease(self.client, self.config)
                else:
                    self._sync_pod(key)
            except ApiError as error:
                self.trace.note(f"will try again: {error.message}")
                self.queue.add_rate_limited(key)
            else:
                self.queue.forget(key)

    def _sync_pod(self, key: str) -> None:
        pod = self.pods.get(key)
        worker = self.workers.get(key)
        if pod is not None and pod["spec"].get("nodeName") != self.config.name:
            pod = None
        if worker is not None and (pod is None or pod["metadata"]["uid"] != worker.uid):
            worker.forget()
            del self.workers[key]
            worker = None
        if pod is None:
            return
        if worker is None:
            worker = self.workers[key] = PodWorker(self, pod)
        worker.sync(pod)

    def write_status(self, pod: Obj, status: Obj) -> Obj:
        """Writes a pod's status; the event that comes of it wakes nobody here."""
        self._writing = key_of(pod)
        try:
            return self.client.update_status("pods", {**pod, "status": status})
        finally:
            self._writing = ""

    def remove_pod(self, pod: Obj) -> None:
        """Takes a pod out of the API, and forgets it unless a finalizer holds it there. Raises `ApiError`."""
        meta = pod["metadata"]
        key = self._writing = key_of(pod)
        try:
            self.client.delete("pods", meta["name"], meta["namespace"], grace_period_seconds=0, uid=meta["uid"])
        finally:
            self._writing = ""
        if self.pods.get(key) is None and (worker := self.workers.pop(key, None)) is not None:
            worker.forget()
