"""A node that runs out of memory, disk or process numbers: its conditions, and which pods have to go.

Follows pkg/kubelet/eviction (eviction_manager.go, helpers.go) with the default hard thresholds. That the node is
full is said from outside (`fill`), or follows from leaks; how much a container uses is a rule of thumb. While it is
full one pod goes every ten seconds, as where something beside the pods has taken the room.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Protocol

from cluster_engine.apimachinery import quantity
from cluster_engine.apimachinery.meta import Obj, deleting
from cluster_engine.clock import SECOND_US, Clock
from cluster_engine.kubelet import mishaps
from cluster_engine.kubelet.admission import Rejection
from cluster_engine.kubelet.config import KubeletConfig
from cluster_engine.kubelet.runtime import Container
from cluster_engine.kubelet.status import qos_class
from cluster_engine.rng import Rng

MONITOR_SECONDS = 10.0
# How long a condition outlives its cause.
TRANSITION_SECONDS = 300.0
MEBIBYTE = 1024 * 1024
# What a container uses that says nothing of itself.
NOMINAL_BYTES = 24 * MEBIBYTE
# From here on a pod is critical, and never evicted (system-cluster-critical).
CRITICAL_PRIORITY = 2_000_000_000


@dataclass(frozen=True, slots=True)
class Signal:
    """What a node can be short of: the condition, the resource's name, and the words of the threshold."""

    condition: str
    resource: str
    threshold: str
    available: str
    full_event: str
    free_event: str


SIGNALS: Mapping[str, Signal] = {
    "memory": Signal(
        "MemoryPressure", "memory", "100Mi", "62400Ki", "NodeHasInsufficientMemory", "NodeHasSufficientMemory"
    ),
    "disk": Signal(
        "DiskPressure", "ephemeral-storage", "10Gi", "9621432Ki", "NodeHasDiskPressure", "NodeHasNoDiskPressure"
    ),
    # By default a kubelet has no such threshold; this is that of `--eviction-hard=pid.available<10%`.
    "pids": Signal("PIDPressure", "pids", "3276", "2518", "NodeHasInsufficientPID", "NodeHasSufficientPID"),
}


# The default threshold: memory.available<100Mi.
SPARE_BYTES = 100 * MEBIBYTE


class EvictablePod(Protocol):
    """A pod as the eviction manager sees it: its worker."""

    pod: Obj
    init: list[Container]
    main: list[Container]
    evicted: str
    terminating: bool
    finished: bool

    @property
    def now_us(self) -> int: ...

    def evict(self, message: str) -> None: ...


class Node(Protocol):
    """What the eviction manager asks of the kubelet."""

    clock: Clock
    rng: Rng
    config: KubeletConfig

    @property
    def pods_here(self) -> Collection[EvictablePod]: ...

    def node_event(self, type_: str, reason: str, message: str) -> None: ...

    def look_at_pressure_after(self, seconds: float) -> None: ...

    def pressure_changed(self) -> None: ...


class EvictionManager:
    """The eviction manager of one kubelet. A kubelet that starts anew has forgotten what it saw."""

    def __init__(self, node: Node, full: frozenset[str] = frozenset()) -> None:
        self._node = node
        # Of what there is too little on the machine, whether or not the kubelet has seen it.
        self.full = full
        self._seen_us: dict[str, int] = {}
        if full:
            node.look_at_pressure_after(MONITOR_SECONDS)

    @property
    def conditions(self) -> frozenset[str]:
        """The pressure conditions that are true."""
        return frozenset(SIGNALS[name].condition for name in self._seen_us)

    def fill(self, full: frozenset[str]) -> None:
        """Of that there is too little from now on; the kubelet finds out at its next look."""
        if full != self.full:
            self.full = full
            self._node.look_at_pressure_after(MONITOR_SECONDS / 2)

    @property
    def spare_bytes(self) -> int:
        """How much memory may be used up, of the machine's, until it is short of it: the threshold, and the others."""
        return SPARE_BYTES + self._used_bytes(leaks=False)

    def look_soon(self) -> None:
        """Memory runs short: it is seen at the next look."""
        self._node.look_at_pressure_after(self._node.rng.uniform(0.0, MONITOR_SECONDS))

    def tell_of_system_oom(self, process: str) -> None:
        """The kernel has ended a process for want of memory on the whole machine. Follows pkg/kubelet/oom."""
        pid = 2000 + self._node.rng.choice_index(28000)
        words = f"System OOM encountered, victim process: {process}, pid: {pid}"
        self._node.node_event("Warning", "SystemOOM", words)

    def _used_bytes(self, *, leaks: bool = True) -> int:
        memory, now_us = self._node.config.memory, self._node.clock.now_us
        containers = [c for pod in self._node.pods_here for c in (*pod.init, *pod.main)]
        return sum(usage_bytes(c, "memory", now_us, memory) for c in containers if leaks or not c.leaks)

    def _short_of(self) -> frozenset[str]:
        """Of what there is too little now: what was said from outside, and memory that leaks have used up."""
        capacity = quantity.value(self._node.config.memory)
        leaking = any(c.leaks for pod in self._node.pods_here for c in (*pod.init, *pod.main))
        if leaking and self._used_bytes() >= capacity - SPARE_BYTES:
            return self.full | {"memory"}
        return self.full

    def sync(self) -> None:
        """One look: conditions that come and go, and one pod that has to go. Follows synchronize."""
        node, now_us = self._node, self._node.clock.now_us
        name, short = node.config.name, self._short_of()
        for key, signal in SIGNALS.items():
            if key in short:
                if key not in self._seen_us:
                    node.node_event("Normal", signal.full_event, f"Node {name} status is now: {signal.full_event}")
                self._seen_us[key] = now_us
            elif key in self._seen_us and now_us - self._seen_us[key] >= TRANSITION_SECONDS * SECOND_US:
                del self._seen_us[key]
                node.node_event("Normal", signal.free_event, f"Node {name} status is now: {signal.free_event}")
        node.pressure_changed()
        for key in sorted(short, reverse=True):
            signal = SIGNALS[key]
            node.node_event("Warning", "EvictionThresholdMet", f"Attempting to reclaim {signal.resource}")
            if self._evict_one(signal):
                break
        if short:
            node.look_at_pressure_after(MONITOR_SECONDS)
        elif self._seen_us:
            due_us = min(self._seen_us.values()) + round(TRANSITION_SECONDS * SECOND_US)
            node.look_at_pressure_after(max((due_us - now_us) / SECOND_US, 1.0))

    def _evict_one(self, signal: Signal) -> bool:
        candidates = [pod for pod in self._node.pods_here if _evictable(pod)]
        if not candidates:
            return False
        memory = self._node.config.memory
        first = min(candidates, key=lambda pod: _rank(pod, signal.resource, memory))
        first.evict(_message(first, signal, memory))
        return True

    def refuses(self, pod: Obj) -> Rejection | None:
        """Why a new pod is not taken in, if it is not. Follows Admit: under memory pressure alone most pods are."""
        if not self._seen_us or (pod["spec"].get("priority") or 0) >= CRITICAL_PRIORITY:
            return None
        if set(self._seen_us) == {"memory"} and qos_class(pod) != "BestEffort":
            return None
        return Rejection("Evicted", f"The node had condition: [{' '.join(sorted(self.conditions))}]. ")


def _evictable(pod: EvictablePod) -> bool:
    if pod.evicted or pod.terminating or pod.finished or deleting(pod.pod):
        return False
    if (pod.pod["spec"].get("priority") or 0) >= CRITICAL_PRIORITY:
        return False
    return any(container.state != "terminated" for container in pod.main)


def usage_bytes(container: Container, resource: str, now_us: int, limit: str) -> int:
    """How much a container uses: what it asks for or a nominal amount, and what it has leaked."""
    if container.state != "running":
        return 0
    used = min(NOMINAL_BYTES, _request(container, resource) or NOMINAL_BYTES)
    return max(used, mishaps.leaked_bytes(container, limit, now_us)) if resource == "memory" else used


def _request(container: Container, resource: str) -> int:
    requests = (container.spec.get("resources") or {}).get("requests") or {}
    return quantity.value(requests.get(resource, "0"))


def _rank(pod: EvictablePod, resource: str, memory: str) -> tuple[bool, int, int]:
    """Who goes first: those that use more than they asked for, then low priority, then the most above the request."""
    priority = pod.pod["spec"].get("priority") or 0
    if resource == "pids":
        # By priority alone here: each container counts as one process.
        return True, priority, -sum(container.state == "running" for container in pod.main)
    containers = [*pod.init, *pod.main]
    used = sum(usage_bytes(container, resource, pod.now_us, memory) for container in containers)
    above = used - sum(_request(container, resource) for container in containers)
    return above <= 0, priority, -above


def _message(pod: EvictablePod, signal: Signal, memory: str) -> str:
    words = [
        f"The node was low on resource: {signal.resource}. "
        f"Threshold quantity: {signal.threshold}, available: {signal.available}. "
    ]
    # How many processes a container has is not said.
    for container in pod.main if signal.resource != "pids" else ():
        used, asked = usage_bytes(container, signal.resource, pod.now_us, memory), _request(container, signal.resource)
        if used > asked:
            shown = quantity.canonical(f"{used // 1024}Ki"), quantity.canonical(f"{asked // 1024}Ki") if asked else "0"
            words.append(
                f"Container {container.name} was using {shown[0]}, request is {shown[1]}, has larger consumption of "
                f"{signal.resource}. "
            )
    return "".join(words)
