"""What faults can reach: the parts of one cluster, and etcd past an API server that may be down."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from cluster_engine.apimachinery.meta import Obj, with_meta
from cluster_engine.apiserver.server import ApiServer
from cluster_engine.client.component import Component
from cluster_engine.clock import Clock, Timer
from cluster_engine.etcd.members import EtcdCluster
from cluster_engine.faults.fault import Fault
from cluster_engine.processes import ControllerManager, KubeletProcess, Process, SchedulerProcess
from cluster_engine.rng import Rng
from cluster_engine.trace import Trace


@dataclass(slots=True)
class World:
    """One cluster as the faults see it."""

    server: ApiServer
    clock: Clock
    trace: Trace
    rng: Rng
    etcd: EtcdCluster
    controller_manager: ControllerManager
    scheduler: SchedulerProcess
    kubelets: Mapping[str, KubeletProcess]
    # All components, those of people (terminals) too.
    components: Mapping[str, Component]
    # What is to happen soon, by what it happens to.
    _pending: dict[str, Timer] = field(default_factory=dict)

    @property
    def processes(self) -> list[Process]:
        return [self.controller_manager, self.scheduler, *self.kubelets.values()]

    def later(self, key: str, seconds: float, action: Callable[[], None]) -> None:
        """Does `action` after `seconds`, unless something is to happen to `key` already."""
        if not self.is_pending(key):
            self._pending[key] = self.clock.call_after(seconds, action)

    def is_pending(self, key: str) -> bool:
        timer = self._pending.get(key)
        return timer is not None and timer.active

    def cancel(self, key: str) -> None:
        timer = self._pending.pop(key, None)
        if timer is not None:
            timer.cancel()

    def put(self, key: str, obj: Obj, ttl_seconds: float | None = None) -> None:
        """Writes an object into etcd itself. Only for what no component could write, and for restoring."""
        store = self.server.store
        store.put(key, with_meta(obj, resourceVersion=str(store.revision + 1)), ttl_seconds=ttl_seconds)

    def delete(self, key: str) -> None:
        store = self.server.store
        item = store.get(key)
        if item is not None:
            store.delete(key, with_meta(item.value, resourceVersion=str(store.revision + 1)))


def find(faults: Iterable[Fault], type_: str, target: str) -> Fault | None:
    """The fault of that type on that target, if it is in force."""
    return next((fault for fault in faults if fault.type == type_ and fault.target == target), None)
