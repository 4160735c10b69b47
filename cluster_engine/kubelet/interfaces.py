"""What the parts of a kubelet know of each other: a worker of its `Host`, the containers of their `Sandbox`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from cluster_engine.apimachinery.meta import Obj
from cluster_engine.client.recorder import EventRecorder
from cluster_engine.client.workqueue import WorkQueue
from cluster_engine.clock import Clock
from cluster_engine.kubelet.config import KubeletConfig
from cluster_engine.kubelet.images import ImageStore
from cluster_engine.kubelet.runtime import AddressPool, Container
from cluster_engine.rng import Rng


class Host(Protocol):
    """The node that a pod runs on."""

    clock: Clock
    rng: Rng
    recorder: EventRecorder
    config: KubeletConfig
    queue: WorkQueue
    images: ImageStore
    addresses: AddressPool
    # The machine was started anew: what the statuses say to be running has ended.
    rebooted: bool
    # The uids of the pods that were there already when the kubelet started.
    inherited: set[str]

    def refuses(self, pod: Obj) -> str: ...

    def survivor(self, uid: str) -> Sandbox | None: ...

    def source(self, resource: str, namespace: str, name: str) -> Obj | None: ...

    def wait_for(self, resource: str, namespace: str, name: str, pod_key: str) -> None: ...

    def write_status(self, pod: Obj, status: Obj) -> Obj: ...

    def remove_pod(self, pod: Obj) -> None: ...


class Sandbox(Protocol):
    """The pod that containers belong to, and its agenda."""

    host: Host
    pod: Obj
    uid: str
    init: list[Container]
    main: list[Container]
    ip: str
    sandbox_ready: bool
    prepaid: bool
    terminating: bool
    dirty: bool

    @property
    def now_us(self) -> int: ...

    def jitter(self, seconds: float) -> float: ...

    def plan(
        self, seconds: float, action: Callable[[], None], what: str, container: Container | None = None
    ) -> None: ...

    def lookup(self, resource: str, name: str) -> Obj | None: ...

    def wait_for(self, resource: str, name: str, action: Callable[[], None]) -> None: ...

    def hold_address(self, address: str) -> None: ...

    def event(self, type_: str, reason: str, message: str, container: Container | None = None) -> None: ...
