"""The API server, the scheduler, the controller manager and its controllers: stopped, slow, or cut off.

An API server that is down refuses every request and ends every watch. One whose etcd has no leader answers what it has
in its cache (reads at resourceVersion 0, watches), and passes etcd's error on for everything else.
"""

from __future__ import annotations

from collections.abc import Sequence

from cluster_engine.apimachinery import errors
from cluster_engine.apimachinery.errors import ConnectionLost
from cluster_engine.apiserver.request import Request
from cluster_engine.etcd.members import NO_QUORUM, REQUEST_TIMEOUT_SECONDS
from cluster_engine.faults.fault import Fault
from cluster_engine.faults.world import World, find
from cluster_engine.processes import Process
from cluster_engine.trace import Cause

API_SERVER = "kube-apiserver"
# How long a process takes from its start until it does its work.
START_SECONDS = {API_SERVER: 4.0, "kube-scheduler": 2.0, "kube-controller-manager": 3.0}
TIMED_OUT = "dial tcp 192.168.0.1:6443: i/o timeout"
_READS = ("get", "list")


class ControlPlane:
    """Makes the processes of the control plane as the faults in force want them."""

    def __init__(self, world: World) -> None:
        self._world = world
        # How long everything takes that has to ask the API server, and through it etcd.
        self.request_seconds = 0.0
        world.etcd.on_change = self.update_gate

    # Answering.

    def update_gate(self) -> None:
        """Puts a gate before the API server where it cannot answer everything, and takes it away where it can."""
        server, etcd = self._world.server, self._world.etcd
        without_etcd = etcd.problem() is not None
        server.gate = self._check if server.down is not None or without_etcd else None
        server.failing_checks = ("etcd",) if without_etcd else ()

    def _check(self, request: Request) -> None:
        if self._world.server.down is not None:
            raise self._world.server.down
        problem = self._world.etcd.problem()
        if problem is None:
            return
        # What the health checks of components say is not kept in etcd.
        cached = request.verb in _READS and (request.resource_version == 0 or request.resource == "componentstatuses")
        if cached or (request.verb == "watch" and request.resource_version is not None):
            return
        raise errors.etcd_error(problem, REQUEST_TIMEOUT_SECONDS if problem == NO_QUORUM else 0.0)

    # Processes.

    def settle(self, faults: Sequence[Fault], cause: Cause) -> None:
        world = self._world
        self._settle_api_server(faults)
        for process in (world.controller_manager, world.scheduler):
            self._settle_process(process, faults, cause)
        for name in world.controller_manager.names:
            if find(faults, "Stop", f"controller/{name}") is not None:
                world.controller_manager.disable(name)
            else:
                world.controller_manager.enable(name, cause)
        self._settle_speed(faults)

    def _settle_api_server(self, faults: Sequence[Fault]) -> None:
        world = self._world
        if find(faults, "Stop", API_SERVER) is not None:
            world.cancel(API_SERVER)
            self._go_down()
        elif world.server.down is not None:
            world.later(API_SERVER, START_SECONDS[API_SERVER], self._come_up)

    def _go_down(self) -> None:
        server = self._world.server
        if server.down is None:
            server.down = errors.connection_refused()
            self.update_gate()
            server.break_watches()

    def _come_up(self) -> None:
        self._world.server.down = None
        self.update_gate()

    def _settle_process(self, process: Process, faults: Sequence[Fault], cause: Cause) -> None:
        world, name = self._world, process.name
        if find(faults, "Stop", name) is not None:
            world.cancel(name)
            if process.running:
                process.stop()
        elif not process.running:
            world.later(name, START_SECONDS[name], lambda: process.start(cause))
        is_cut = process.client.cut is not None
        if (find(faults, "CutOff", name) is not None) != is_cut:
            if is_cut:
                process.reconnect()
            else:
                process.cut_off(ConnectionLost(TIMED_OUT))

    def _settle_speed(self, faults: Sequence[Fault]) -> None:
        """Who asks a slow API server, or one over a slow etcd, is slow: everybody, then."""
        world = self._world
        self.request_seconds = common = _seconds(faults, API_SERVER) + _seconds(faults, "etcd")
        own: set[str] = set()
        for process in world.processes:
            seconds = common + _seconds(faults, process.target)
            own.update(component.name for component in process.components.values())
            if seconds != process.slow_seconds:
                process.slow_down(seconds)
        for component in world.components.values():
            if component.name not in own:
                component.slow_seconds = common

    def restart(self, fault: Fault, faults: Sequence[Fault], cause: Cause) -> None:
        """Ends a process, which then starts again as after any end."""
        if fault.target == API_SERVER:
            self._go_down()
        for process in (self._world.controller_manager, self._world.scheduler):
            if process.name == fault.target and process.running:
                process.stop()
        self.settle(faults, cause)


def _seconds(faults: Sequence[Fault], target: str) -> float:
    fault = find(faults, "Slow", target)
    return fault.number("seconds") if fault is not None else 0.0
