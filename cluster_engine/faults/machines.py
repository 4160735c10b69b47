"""Nodes and what runs on them: kubelets that are stopped or cut off, machines without power, registries.

A kubelet that falls silent leaves the time of its last heartbeat in its Lease (see docs/adr/0006): it is written here,
since on a real cluster it would be there already. What follows is the node lifecycle controller's business.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cluster_engine.apimachinery.errors import ConnectionLost
from cluster_engine.apiserver.context import LEASE_RENEWAL_US, NODE_LEASE_NAMESPACE
from cluster_engine.clock import rfc3339_micro
from cluster_engine.faults.control_plane import TIMED_OUT
from cluster_engine.faults.fault import RESOURCE, Fault
from cluster_engine.faults.world import World, find
from cluster_engine.kubelet.config import NetworkState
from cluster_engine.kubelet.images import RegistryState
from cluster_engine.processes import KubeletProcess
from cluster_engine.trace import Cause

KUBELET_START_SECONDS = 2.0
BOOT_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class _Wanted:
    """How a node should be."""

    powered: bool
    running: bool
    connected: bool


class Machines:
    """Makes the nodes as the faults in force want them."""

    def __init__(self, world: World) -> None:
        self._world = world

    def settle(self, faults: Sequence[Fault], cause: Cause) -> None:
        registry = _registry(faults)
        for process in self._world.kubelets.values():
            self._settle_node(process, faults, cause)
            if process.kubelet is not None:
                process.kubelet.images.registry = registry
                process.kubelet.network = self._network(faults, process.node)
                process.kubelet.pressure.fill(_full(faults, process.node))

    def _settle_node(self, process: KubeletProcess, faults: Sequence[Fault], cause: Cause) -> None:
        node = process.node
        powered = find(faults, "PowerOff", f"node/{node}") is None
        wanted = _Wanted(
            powered,
            powered and find(faults, "Stop", f"kubelet/{node}") is None,
            find(faults, "CutOff", f"kubelet/{node}") is None and find(faults, "CutOff", f"node/{node}") is None,
        )
        if not (wanted.running and wanted.connected):
            self._leave_heartbeat(node)
        if not wanted.powered and process.powered:
            process.power_off()
        if not wanted.running:
            self._world.cancel(f"kubelet/{node}")
            process.stop()
        elif not process.running:
            self._start_later(process, cause)
        is_cut = process.client.cut is not None
        if wanted.connected == is_cut:
            if is_cut:
                process.reconnect()
            else:
                process.cut_off(ConnectionLost(TIMED_OUT))

    def _network(self, faults: Sequence[Fault], node: str) -> NetworkState:
        frozen = find(faults, "Stop", f"kube-proxy/{node}")
        item = self._world.server.store.get(RESOURCE.key("", frozen.name)) if frozen is not None else None
        return NetworkState(
            proxy_frozen_at=item.create_revision if item is not None else None,
            partitioned=find(faults, "CutOff", f"node/{node}") is not None,
            dns_down=find(faults, "Stop", "coredns") is not None,
        )

    def _start_later(self, process: KubeletProcess, cause: Cause) -> None:
        seconds = KUBELET_START_SECONDS + (0.0 if process.powered else BOOT_SECONDS)
        self._world.later(f"kubelet/{process.node}", seconds, lambda: process.start(cause))

    def _leave_heartbeat(self, node: str) -> None:
        world = self._world
        key = f"/registry/leases.coordination.k8s.io/{NODE_LEASE_NAMESPACE}/{node}"
        item = world.server.store.get(key)
        if item is None or "renewTime" in item.value["spec"]:
            return
        now_us = world.clock.now_us
        beat = rfc3339_micro(now_us - now_us % LEASE_RENEWAL_US)
        world.put(key, {**item.value, "spec": {**item.value["spec"], "renewTime": beat}})

    def restart(self, fault: Fault, cause: Cause) -> None:
        """The kubelet's process ends and starts again; too soon for anybody to miss its heartbeat."""
        process = self._world.kubelets[fault.names[0]]
        if process.running:
            process.stop()
            self._start_later(process, cause)

    def reboot(self, fault: Fault, cause: Cause) -> None:
        """The machine goes off and on again."""
        process = self._world.kubelets[fault.names[0]]
        if process.running:
            self._leave_heartbeat(process.node)
            process.power_off()
            self._start_later(process, cause)


def _full(faults: Sequence[Fault], node: str) -> frozenset[str]:
    fill = find(faults, "Fill", f"node/{node}")
    return frozenset({fill.word("resource")}) if fill is not None else frozenset()


def _registry(faults: Sequence[Fault]) -> RegistryState:
    stopped, slow = find(faults, "Stop", "registry"), find(faults, "Slow", "registry")
    outage: Any = stopped.word("reason") if stopped is not None else ""
    return RegistryState(outage, slow.number("factor") if slow is not None else 1.0)
