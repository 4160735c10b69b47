"""What the parts of a kubelet know of each other: a worker of its `Host`, the containers of their `Sandbox`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from cluster_engine.apimachinery.meta import Obj
from cluster_engine.client.recorder import EventRecorder
from cluster_engine.client.workqueue import WorkQueue
from cluster_engine.clock import Clock
from cluster_engine.containers.network.fabric import Namespace
from cluster_engine.containers.volumes import Volume
from cluster_engine.kubelet.admission import Rejection
from cluster_engine.kubelet.config import KubeletConfig
from cluster_engine.kubelet.images import ImageStore
from cluster_engine.kubelet.infrastructure import Infrastructure
from cluster_engine.kubelet.runtime import AddressPool, Container
from cluster_engine.rng import Rng
from cluster_engine.trace import Cause, Trace

if TYPE_CHECKING:
    from cluster_engine.kubelet.inside.pod_inside import PodInside
    from cluster_engine.kubelet.pressure import EvictionManager


class Host(Protocol):
    """The node that a pod runs on."""

    clock: Clock
    rng: Rng
    recorder: EventRecorder
    config: KubeletConfig
    queue: WorkQueue
    images: ImageStore
    addresses: AddressPool
    infrastructure: Infrastructure
    trace: Trace
    # Who asks probes in the node's name.
    probe_network: Namespace
    # Which pod has which address.
    pods_by_ip: dict[str, str]
    # The machine was started anew: what the statuses say to be running has ended.
    rebooted: bool
    # The uids of the pods that were there already when the kubelet started.
    inherited: set[str]
    pressure: EvictionManager

    @property
    def running(self) -> bool:
        """The kubelet's process is there."""

    @property
    def node_disk(self) -> Volume: ...

    def refuses(self, pod: Obj) -> Rejection | None: ...

    def survivor(self, uid: str) -> Sandbox | None: ...

    def source(self, resource: str, namespace: str, name: str) -> Obj | None: ...

    def seen(self, resource: str, namespace: str, name: str, pod_uid: str) -> Obj | None: ...

    def services(self, namespace: str) -> list[Obj]: ...

    def service_account_token(self, pod: Obj, source: Obj) -> str: ...

    def namespace_of(self, pod: Obj, ip: str) -> Namespace: ...

    def run_processes(self, pod_key: str, cause: Cause) -> None: ...

    def note(self, text: str) -> None: ...

    def wait_for(self, resource: str, namespace: str, name: str, pod_key: str) -> None: ...

    def write_status(self, pod: Obj, status: Obj) -> Obj: ...

    def remove_pod(self, pod: Obj) -> None: ...


class Containers(Protocol):
    """What looks after a pod's containers."""

    def process_ended(self, container: Container, code: int, out_of_memory: bool) -> None: ...

    def look_at_probes(self) -> None: ...


class PodEnding(Protocol):
    """How a pod ends by itself."""

    begun: bool

    def look(self, ended: Container) -> None: ...


class Sandbox(Protocol):
    """The pod that containers belong to, and its agenda."""

    host: Host
    pod: Obj
    uid: str
    key: str
    init: list[Container]
    main: list[Container]
    # Ephemeral ones.
    extra: list[Container]
    inside: PodInside
    ip: str
    sandbox_ready: bool
    prepaid: bool
    terminating: bool
    dirty: bool

    @property
    def containers(self) -> Containers: ...

    @property
    def now_us(self) -> int: ...

    def jitter(self, seconds: float) -> float: ...

    def plan(
        self, seconds: float, action: Callable[[], None], what: str, container: Container | None = None
    ) -> None: ...

    def lookup(self, resource: str, name: str) -> Obj | None: ...

    def wait_for(self, resource: str, name: str, action: Callable[[], None]) -> None: ...

    def wake(self) -> None: ...

    def rearm(self) -> None: ...

    def evict(self, message: str) -> None: ...

    def take_inside(self, inside: PodInside) -> None: ...

    @property
    def ending(self) -> PodEnding: ...

    def container_ended(self, container: Container) -> None: ...

    def hold_address(self, address: str) -> None: ...

    def event(self, type_: str, reason: str, message: str, container: Container | None = None) -> None: ...
