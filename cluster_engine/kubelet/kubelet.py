"""The kubelet of one node: registers it, and gives each of its pods to a worker.

Follows pkg/kubelet/kubelet.go (syncLoop) and pkg/kubelet/pod_workers.go. A step is the sync of one pod, or of the node.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from cluster_engine.apimachinery.errors import ApiError
from cluster_engine.apimachinery.meta import Obj, get_condition, key_of
from cluster_engine.client.component import Component
from cluster_engine.client.controller import ControllerContext
from cluster_engine.client.informer import EventType, Handler, Informer, InformerFactory
from cluster_engine.client.workqueue import WorkQueue
from cluster_engine.containers.network.fabric import Namespace
from cluster_engine.containers.volumes import Volume
from cluster_engine.kubelet import admission, references
from cluster_engine.kubelet.added import AddedImages
from cluster_engine.kubelet.admission import Rejection
from cluster_engine.kubelet.config import KubeletConfig, NetworkState
from cluster_engine.kubelet.images import ImageStore
from cluster_engine.kubelet.infrastructure import Infrastructure
from cluster_engine.kubelet.inside import tokens
from cluster_engine.kubelet.inside.sources import SourceHistory
from cluster_engine.kubelet.mishaps import Mishaps
from cluster_engine.kubelet.node_status import LEASE_NAMESPACE, LEASES, register_node, renew_lease, wants_allocatable
from cluster_engine.kubelet.pod_worker import PodWorker
from cluster_engine.kubelet.pressure import EvictionManager
from cluster_engine.kubelet.runtime import AddressPool
from cluster_engine.kubelet.server import KubeletServer
from cluster_engine.trace import START, Cause

__all__ = ["Kubelet", "KubeletConfig"]

# Pod keys have a slash, so these cannot be any.
NODE = "node"
PRESSURE = "pressure"
# Before a pod's key: its processes have something to do. Before a disk's name: it is to be written down.
PROCESSES = "!"
DISK = "#"
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
        infrastructure: Infrastructure,
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
        self._added = AddedImages()
        self.images: ImageStore = before.images if before is not None else ImageStore(config.registry)
        self.addresses = infrastructure.addresses if config.shares_addresses else AddressPool(config.pod_cidr)
        if before is not None and self.addresses is not before.addresses:
            self.addresses.go_on_from(before.addresses)
        self.pods_by_ip: dict[str, str] = {}
        self.infrastructure = infrastructure
        infrastructure.nodes[config.name] = self
        self.own_network: Namespace = before.own_network if before else infrastructure.node_network(config)
        gateway = config.pod_cidr.replace(".0/24", ".1")
        self.probe_network = Namespace(gateway, config.address)
        # The machine has no power.
        self.dark = False
        self.sources = SourceHistory(context.clock)
        context.client.server.kubelets[config.name] = KubeletServer(self)
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
        context.informers.get("nodes").add_handler(self._on_node)
        context.informers.get(LEASES)
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

    def _on_node(self, type_: EventType, node: Obj, old: Obj | None, cause: Cause) -> None:
        """Corrects a controller that has taken the node for lost, as a kubelet does that reports every ten seconds;
        offers what somebody has advertised.
        """
        name = self.config.name
        if node["metadata"]["name"] != name or type_ == "DELETED" or self._node is None:
            return
        if wants_allocatable(node):
            self.queue.add_after(NODE, self.rng.uniform(0.5, RETRY_SECONDS), cause)
            return
        ready = get_condition((node.get("status") or {}).get("conditions"), "Ready")
        if ready is None or ready["status"] != "Unknown":
            return
        lease = self.context.informers.get(LEASES).get(f"{LEASE_NAMESPACE}/{name}")
        if lease is not None and "renewTime" not in lease["spec"]:
            self.queue.add_after(NODE, self.rng.uniform(0.5, RETRY_SECONDS), cause)

    def _on_source(self, resource: str) -> Handler:
        def on_event(type_: EventType, obj: Obj, _old: Obj | None, cause: Cause) -> None:
            if resource == "configmaps":
                self._added.follow(type_, obj)
                self.images.added = self._added.by_repository
            if self._waiting and type_ != "DELETED":
                for key in self._waiting.pop((resource, key_of(obj)), ()):
                    self.queue.add(key, cause)
            if type_ == "MODIFIED" and _old is not None and self.workers:
                self._source_changed(resource, obj, _old)

        return on_event

    def _source_changed(self, resource: str, obj: Obj, old: Obj) -> None:
        """Running containers keep the variables that they have; volumes follow in their own time."""
        key = key_of(obj)
        self.sources.changed(resource, key, old)
        for worker in self.workers.values():
            if worker.pod["metadata"]["namespace"] != obj["metadata"]["namespace"]:
                continue
            if references.refers_to(worker.pod, resource, obj["metadata"]["name"]):
                with self.sources.as_before(resource, key, old):
                    for container in (*worker.init, *worker.main):
                        if container.state == "running":
                            worker.inside.keep_environment(container)
                if worker.inside.world is not None:
                    self.queue.add_after(PROCESSES + worker.key, self.sources.delay_seconds(worker.uid))

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
                    worker.inside.end(container)
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
                worker.inside.close(for_good=True)
                del self._survivors[uid]

    def source(self, resource: str, namespace: str, name: str) -> Obj | None:
        """A ConfigMap, a Secret, a claim or the like that a pod refers to, if it is there."""
        key = f"{namespace}/{name}" if namespace else name
        return self.sources.overridden(resource, key) or self.context.informers.get(resource).get(key)

    def seen(self, resource: str, namespace: str, name: str, pod_uid: str) -> Obj | None:
        """A ConfigMap or Secret as it has reached a pod's volumes by now."""
        key = f"{namespace}/{name}"
        return self.sources.seen(resource, key, self.context.informers.get(resource).get(key), pod_uid)

    def services(self, namespace: str) -> list[Obj]:
        return self.context.informers.get("services").by_index("namespace", namespace)

    def service_account_token(self, pod: Obj, source: Obj) -> str:
        """A token of the pod's service account, bound to the pod; "" while there is no way to get one."""
        return tokens.token_for(self.client, pod, source)

    # The network and the machine.

    @property
    def running(self) -> bool:
        return not self.stopped

    @property
    def node_disk(self) -> Volume:
        return self.infrastructure.node_disk(self.config)

    def namespace_of(self, pod: Obj, ip: str) -> Namespace:
        """The network that a pod lives in."""
        return self.own_network if pod["spec"].get("hostNetwork") else Namespace(ip, self.config.address)

    def network_at(self, ip: str) -> Namespace | None:
        """The network of the pod with that address, if there is one."""
        key = self.pods_by_ip.get(ip)
        for worker in self._survivors.values() if key is None else ():
            if worker.ip == ip:
                return worker.inside.network
        worker_here = self.workers.get(key) if key is not None else None
        return worker_here.inside.network if worker_here is not None and worker_here.sandbox_ready else None

    def lose_power(self) -> None:
        """The machine is dead, and everything on it."""
        self.dark = True
        for worker in self.running_pods():
            worker.inside.close(for_good=False)

    def run_processes(self, pod_key: str, cause: Cause) -> None:
        """Lets the processes of a pod go on in a step of their own."""
        self.queue.add(PROCESSES + pod_key, cause)

    def save_later(self, disk: str, seconds: float) -> None:
        self.queue.add_after(DISK + disk, seconds, Cause("timer", "disk"))

    def note(self, text: str) -> None:
        self.trace.note(text)

    def _run_processes(self, pod_key: str) -> None:
        worker = self.workers.get(pod_key)
        if worker is not None and worker.inside.world is not None:
            worker.inside.run()
            worker.inside.volumes.refresh()

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

    def reconnect(self) -> None:
        """The API server can be reached again: reports on the node; on the pods when they are listed again."""
        self.queue.add_after(NODE, self.rng.uniform(0.5, 4.0))

    def has_work(self) -> bool:
        return len(self.queue) > 0

    def step(self) -> None:
        key, cause = self.queue.pop()
        subject = self.config.name if key in (NODE, PRESSURE) or key[0] == DISK else key.removeprefix(PROCESSES)
        with self.traced(subject, cause):
            try:
                if key == NODE:
                    self._sync_node()
                elif key == PRESSURE:
                    self.pressure.sync()
                elif key.startswith(PROCESSES):
                    self._run_processes(key[1:])
                elif key.startswith(DISK):
                    self.infrastructure.save(key[1:])
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

    def refuses(self, pod: Obj) -> Rejection | None:
        """Why the node does not take a pod in, if it does not."""
        pressed = self.pressure.refuses(pod)
        if pressed is not None:
            return pressed
        node = self.context.informers.get("nodes").get(self.config.name)
        uid = pod["metadata"]["uid"]
        others = (worker.pod for worker in self.workers.values() if worker.uid != uid and not worker.finished)
        return admission.check(pod, node, list(others) if admission.looks_at_others(pod) else ())

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
