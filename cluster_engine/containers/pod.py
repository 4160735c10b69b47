"""One pod: containers that share a network, volumes and time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

from cluster_engine.containers.process import Main, Process
from cluster_engine.containers.runner import Runner
from cluster_engine.rng import Rng

if TYPE_CHECKING:
    from cluster_engine.containers.container import ContainerWorld
    from cluster_engine.containers.network.fabric import Fabric, Namespace


class Surroundings(Protocol):
    """What a pod's world tells whoever keeps it."""

    def changed(self) -> None:
        """Something that a probe could see has changed."""

    def woken(self) -> None:
        """The pod has something to do: `next_due_us` may be earlier than before."""

    def fault(self, subject: str) -> None:
        """A defect of the simulation: the exception that is being handled."""


class PodWorld:
    """The inside of one pod. `programs` are those that can run, by name."""

    def __init__(
        self,
        *,
        now_us: int,
        hostname: str,
        namespace: str,
        network: Namespace,
        fabric: Fabric,
        programs: Mapping[str, Main],
        rng: Rng,
        surroundings: Surroundings,
        share_processes: bool = False,
    ) -> None:
        self.runner = Runner(now_us)
        self.hostname = hostname
        self.namespace = namespace
        self.network = network
        self.fabric = fabric
        self.programs = programs
        self.rng = rng
        self.share_processes = share_processes
        self.containers: dict[str, ContainerWorld] = {}
        self.processes: dict[int, Process] = {}
        self.node_name = ""
        self.node_dns = "192.168.0.1"
        self.kernel = "6.1.0-31-amd64"
        self._surroundings = surroundings
        self.runner.on_ready = surroundings.woken
        # In a shared process namespace the pause container has the first number.
        self._next_pids: dict[str, int] = {}
        # Counts readings of the clock, of chance, and of the network: what makes an answer change by itself.
        self.clock_readings = 0
        self.remote_calls = 0
        self.watchers = 0
        # Whether an endless loop asks others for something: what they answer depends on when they are asked.
        self.asks_others = False
        # The processes that have to handle a signal: until they have, everything goes on in its time.
        self.hurried: set[int] = set()

    @property
    def now_us(self) -> int:
        return self.runner.now_us

    def begin(self, container: ContainerWorld) -> None:
        """A container is there, in the place of its run before, whose process numbers are forgotten."""
        self.containers[container.name] = container
        space = self._space(container)
        if not any(self._space(process.container) == space for process in self.processes.values()):
            self._next_pids.pop(space, None)

    def register(self, process: Process) -> int:
        space = self._space(process.container)
        pid = self._next_pids.get(space, 2 if self.share_processes else 1)
        self._next_pids[space] = pid + 1
        self.processes[id(process)] = process
        if not process.quiet:
            self.touch()
        return pid

    def unregister(self, process: Process) -> None:
        self.processes.pop(id(process), None)
        if not process.quiet:
            self.touch()

    def _space(self, container: ContainerWorld) -> str:
        return "" if self.share_processes else container.process_namespace or container.name

    def visible(self, container: ContainerWorld) -> list[Process]:
        """The processes that are seen from inside a container, by number."""
        space = self._space(container)
        seen = [process for process in self.processes.values() if self._space(process.container) == space]
        return sorted(seen, key=lambda process: process.pid)

    def find(self, container: ContainerWorld, pid: int) -> Process | None:
        return next((process for process in self.visible(container) if process.pid == pid), None)

    def touch(self) -> None:
        """Says that a probe might see something else now."""
        self._surroundings.changed()

    def fault(self, subject: str) -> None:
        self._surroundings.fault(subject)

    def read_clock(self) -> int:
        """The time, for programs whose output depends on it."""
        self.clock_readings += 1
        return self.runner.now_us

    def hurry(self, process: Process) -> None:
        """A process has a signal to handle."""
        if id(process) not in self.hurried:
            self.hurried.add(id(process))
            process.on_end.append(lambda ended: self.hurried.discard(id(ended)))
            self._surroundings.woken()

    def watch(self) -> None:
        """Somebody looks on: everything goes on in its time, lazy or not. Ends with `unwatch`."""
        self.watchers += 1
        self._surroundings.woken()

    def unwatch(self) -> None:
        self.watchers -= 1

    def advance(self, now_us: int) -> bool:
        """Brings the pod to that moment; False when there is more to do at once."""
        return self.runner.advance(now_us)

    def next_due_us(self) -> int | None:
        """When the pod wants to go on by itself."""
        return self.runner.next_due_us(lazy=self.watchers > 0 or self.asks_others or bool(self.hurried))
