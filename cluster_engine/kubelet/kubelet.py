"""The kubelet of one node: registers it, and gives each of its pods to a worker.

Follows pkg/kubelet/kubelet.go (syncLoop) and pkg/kubelet/pod_workers.go. A step is the sync of one pod, or of the node.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from cluster_engine.apimachinery.errors import ApiError
from cluster_engine.apimachinery.meta import Obj, key_of
from cluster_engine.client.component import Component
from cluster_engine.client.controller import ControllerContext
from cluster_engine.client.informer import EventType, Handler, Informer, InformerFactory
from cluster_engine.client.workqueue import WorkQueue
from cluster_engine.kubelet.config import KubeletConfig, NetworkState
from cluster_engine.kubelet.images import ImageStore
from cluster_engine.kubelet.mishaps import Mishaps
from cluster_engine.kubelet.node_status import register_node, renew_lease
from cluster_engine.kubelet.pod_worker import PodWorker
from cluster_engine.kubelet.pressure import EvictionManager
from cluster_engine.kubelet.runtime import AddressPool
from cluster_engine.trace import START, Cause

__all__ = ["Kubelet", "KubeletConfig"]

# Pod keys have a slash, so these cannot be any.
NODE = "node"
PRESSURE = "pressure"
# How often it tries again while the API server does not answer. Follows --node-status-update-frequency.
RETRY_SECONDS = 10.0


class Kubelet(Component):
    """One node. All kubelets of a cluster share one pod informer (`context.informers`) instead of a watch each: they
    live in one process here, and a pod event costs each of the others one comparison.

    `before` is the kubelet that ran here earlier: its images and its containers are still there, unless the machine was
    `rebooted` meanwhile, which ends all containers.
    """

    def __init__(
        self,
        context: ControllerContext,
        config: KubeletConfig,
        before: Kubelet | None = None,
        *,
        rebooted: bool = False,
    ) -> None:
        super().__init__(f"kubelet {config.name}", context.clock, context.trace, context.turns)
        self.context = context
        self.client = context.client
        self.recorder = context.recorder
        self.config = config
        self.rng = context.rng
        self.queue = WorkQueue(context.clock, self.wake)
        self.images: ImageStore = before.images if before is not None else ImageStore(config.registry)
        self.addresses = AddressPool(config.pod_cidr)
        self.network: NetworkState = before.network if before is not None else NetworkState()
        self.rebooted = rebooted
        # What there is to tell about the start, once the node is reported.
        self._started_again = before is not None or rebooted
        # What the container runtime still has, by the pod's uid.
        self._survivors = {worker.uid: worker for worker in before.running_pods()} if before and not rebooted else {}
        # The pods that were there when it started: what their statuses say about containers is taken as true.
        self.inherited: set[str] = set()
        self._starting = True
        self.workers: dict[str, PodWorker] = {}
        # Pods that wait for a ConfigMap or a Secret: (resource, namespace/name) -> pod keys, in order of asking.
        self._waiting: dict[tuple[str, str], dict[str, None]] = {}
        self._writing = ""
        # The Node as it was when it was last reported.
        self._node: Obj | None = None
        self.mishaps: Mishaps = before.mishaps if before is not None else {}
        full = before.pressure.full if before is not None else frozenset()
        self.pressure: EvictionManager = EvictionManager(self, full)
        self.queue.add(NODE, START)
        self.pods: Informer = context.informers.get("pods")
        self.pods.add_handler(self._on_pod)
        for resource in ("configmaps", "secrets"):
            context.informers.get(resource).add_handler(self._on_source(resource))
        self._starting = False

    def _on_pod(self, type_: EventType, pod: Obj, old: Obj | None, cause: Cause) -> None:
        if pod["spec"].get("nodeName") != self.config.name:
            return
        if self._starting:
            self.inherited.add(pod["metadata"]["uid"])
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

    def survivor(self, uid: str) -> PodWorker | None:
        """The pod as the container runtime still has it from the kubelet before this one."""
        return self._survivors.pop(uid, None)

    def set_mishaps(self, mishaps: Mishaps, cause: Cause) -> None:
        """What is wrong with which container, in the place of all that was wrong before."""
        before, self.mishaps = self.mishaps, mishaps
        for key in {**before, **mishaps}:
            worker = self.workers.get(key)
            if worker is not None and before.get(key) != mishaps.get(key):
                worker.disturb(mishaps.get(key, {}))
                self.queue.add(key, cause)

    def crash(self, key: str, name: str, code: int, cause: Cause) -> None:
        """The main process of a container ends; without a kubelet nobody notices for now."""
        for worker in self.running_pods():
            for container in (*worker.init, *worker.main):
                if worker.key != key or container.name != name or container.state != "running":
                    continue
                if self.stopped or worker.uid in self._survivors:
                    container.exit(code, self.clock.now_us)
                else:
                    worker.containers.crash(container, code)
                    self.queue.add(key, cause)

    def running_pods(self) -> list[PodWorker]:
        """Every pod of which there are containers, those that this kubelet has not looked at yet as well."""
        return [*self._survivors.values(), *self.workers.values()]

    def _clean_up(self) -> None:
        """Ends the containers of pods that the API no longer has. Follows HandlePodCleanups."""
        if not self._survivors:
            return
        if not self.context.informers.connected:
            self.queue.add_after(NODE, RETRY_SECONDS)
            return
        for uid, worker in list(self._survivors.items()):
            pod = self.pods.get(worker.key)
            if pod is None or pod["metadata"]["uid"] != uid:
                del self._survivors[uid]

    def source(self, resource: str, namespace: str, name: str) -> Obj | None:
        """A ConfigMap or Secret that a pod refers to, if it is there."""
        return self.context.informers.get(resource).get(f"{namespace}/{name}")

    def wait_for(self, resource: str, namespace: str, name: str, pod_key: str) -> None:
        """Syncs the pod again when that object appears or changes."""
        self._waiting.setdefault((resource, f"{namespace}/{name}"), {})[pod_key] = None

    def stop(self) -> None:
        """The process ends; the containers run on, and nobody looks after them."""
        super().stop()
        self.queue.close()
        for worker in self.workers.values():
            worker.pause()

    def cut_off(self, informers: InformerFactory) -> None:
        """Goes on with informers of its own: it knows what it knew, and all that it has to say waits."""
        self.context = replace(self.context, informers=informers)
        self.pods = informers.get("pods")
        for worker in self.workers.values():
            worker.unheard = True

    def reconnect(self) -> None:
        """The API server can be reached again: reports on the node; on the pods when they are listed again."""
        self.queue.add_after(NODE, self.rng.uniform(0.5, 4.0))

    def has_work(self) -> bool:
        return len(self.queue) > 0

    def step(self) -> None:
        key, cause = self.queue.pop()
        with self.traced(self.config.name if key in (NODE, PRESSURE) else key, cause):
            try:
                if key == NODE:
                    self._sync_node()
                elif key == PRESSURE:
                    self.pressure.sync()
                else:
                    self._sync_pod(key)
            except ApiError as error:
                self.trace.note(f"will try again: {error.message}")
                if error.code >= 500:
                    self.queue.add_after(key, RETRY_SECONDS)
                else:
                    self.queue.add_rate_limited(key)
            else:
                self.queue.forget(key)

    def _sync_node(self) -> None:
        """Registers the node, or reports that it is well again."""
        boot_id = self.rng.uid() if self.rebooted and self._started_again else ""
        now, pressures = self.clock.rfc3339(), self.pressure.conditions
        self._node, was_ready = node, _ = register_node(self.client, self.config, now, boot_id, pressures)
        renew_lease(self.client, self.config)
        name = self.config.name
        if self._started_again:
            self.recorder.event(node, "Normal", "Starting", "Starting kubelet.")
        if boot_id:
            words = f"Node {name} has been rebooted, boot id: {boot_id}"
            self.recorder.event(node, "Warning", "Rebooted", words)
        if not was_ready:
            self.recorder.event(node, "Normal", "NodeReady", f"Node {name} status is now: NodeReady")
        self._started_again = False
        self._clean_up()

    # What the eviction manager asks.

    @property
    def pods_here(self) -> Collection[PodWorker]:
        return self.workers.values()

    def node_event(self, type_: str, reason: str, message: str) -> None:
        if self._node is not None:
            self.recorder.event(self._node, type_, reason, message)

    def look_at_pressure_after(self, seconds: float) -> None:
        self.queue.add_after(PRESSURE, seconds, Cause("timer", "the eviction manager's next look"))

    def pressure_changed(self) -> None:
        """Reports the node's conditions, at once as the real kubelet does."""
        self.queue.add(NODE, Cause("timer", "node status"))

    def refuses(self, pod: Obj) -> str:
        return self.pressure.refuses(pod)

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
            worker.disturb(self.mishaps.get(key, {}))
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
