"""The processes of a cluster: each has its own way to the API server, its own caches, and the loops that run in it.

Made and started by `cluster.py`. A process that is stopped forgets everything; what is started in its place is made
anew, and learns what there is by listing. What survives is what lies outside of the process: etcd, and the containers
of a node.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from cluster_engine.apimachinery.errors import ApiError
from cluster_engine.apiserver.server import ApiServer
from cluster_engine.client.client import Client
from cluster_engine.client.component import Component, TurnQueue
from cluster_engine.client.controller import ControllerContext
from cluster_engine.client.informer import InformerFactory
from cluster_engine.client.recorder import EventRecorder
from cluster_engine.clock import Clock
from cluster_engine.containers.volumes import Keeper
from cluster_engine.controllers.registry import CONTROLLERS
from cluster_engine.kubelet.config import NetworkState
from cluster_engine.kubelet.infrastructure import Infrastructure
from cluster_engine.kubelet.kubelet import Kubelet, KubeletConfig
from cluster_engine.proxy.network import ClusterNetwork
from cluster_engine.rng import Rng
from cluster_engine.scheduler.scheduler import Scheduler
from cluster_engine.trace import START, Cause, Trace

CONTROLLER_MANAGER = "kube-controller-manager"
SCHEDULER = "kube-scheduler"


@dataclass(frozen=True, slots=True)
class Machine:
    """What every process runs on. `attach` and `detach` tell the cluster which components there are."""

    server: ApiServer
    clock: Clock
    trace: Trace
    turns: TurnQueue
    rng: Rng
    attach: Callable[[Component], None]
    detach: Callable[[Component], None]

    @contextmanager
    def starting(self, component: str, cause: Cause) -> Iterator[None]:
        """What a component does while it starts is a step of its own."""
        self.trace.begin(component, "start", cause)
        try:
            yield
        finally:
            self.trace.end()


class Process:
    """Base of the processes. `components` are those that run, by name."""

    informers: InformerFactory

    def __init__(self, name: str, machine: Machine) -> None:
        self.name = name
        self.machine = machine
        self.client = Client(machine.server, name)
        self.components: dict[str, Component] = {}
        self.slow_seconds = 0.0
        # How often it was started, so that no life draws the same random values as the one before.
        self._lives = 0

    @property
    def target(self) -> str:
        """How it is called among all processes of the cluster, e.g. `kube-scheduler` or `kubelet/k8s-node01`."""
        return self.name

    @property
    def running(self) -> bool:
        return bool(self.components)

    def start(self, cause: Cause = START) -> None:
        """Starts the process as a new one."""
        self._lives += 1
        self.informers = self._new_informers()
        self._start(cause)

    def _start(self, cause: Cause) -> None:
        raise NotImplementedError

    def stop(self) -> None:
        """Ends the process in the middle of whatever it was doing."""
        for key in list(self.components):
            self._end(key)
        self.informers.stop()

    def cut_off(self, error: ApiError) -> None:
        """Every request fails with `error` from now on, and the watches hear no more."""
        self.client.cut = error
        self.informers.break_off()

    def reconnect(self) -> None:
        """The way to the API server is there again; the process finds out when it tries next."""
        self.client.cut = None

    def slow_down(self, seconds: float) -> None:
        """From now on each step of its components takes that long (0: no time)."""
        self.slow_seconds = seconds
        for component in self.components.values():
            component.slow_seconds = seconds

    def _new_informers(self) -> InformerFactory:
        return InformerFactory(self.client, self.machine.clock, self.machine.trace)

    def _context(self, name: str, recorder: EventRecorder | None = None) -> ControllerContext:
        machine = self.machine
        return ControllerContext(
            client=self.client,
            informers=self.informers,
            clock=machine.clock,
            trace=machine.trace,
            turns=machine.turns,
            rng=machine.rng.stream(name if self._lives == 1 else f"{name}/{self._lives}"),
            recorder=recorder or EventRecorder(self.client, machine.clock, machine.trace, name),
        )

    def _begin(self, key: str, make: Callable[[], Component], cause: Cause) -> None:
        """Makes a component; the handlers that it adds to informers are known as its own by `key`."""
        with self.machine.starting(self.name, cause), self.informers.subscribing(key):
            component = make()
        component.slow_seconds = self.slow_seconds
        self.components[key] = component
        self.machine.attach(component)

    def _end(self, key: str) -> None:
        component = self.components.pop(key)
        self.informers.unsubscribe(key)
        component.stop()
        self.machine.detach(component)


class ControllerManager(Process):
    """kube-controller-manager. Single controllers can be switched off, as with its `--controllers`."""

    def __init__(self, machine: Machine) -> None:
        super().__init__(CONTROLLER_MANAGER, machine)
        self._disabled: set[str] = set()
        self._up = False

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all controllers, running or not."""
        return tuple(CONTROLLERS)

    @property
    def running(self) -> bool:
        return self._up

    def _start(self, cause: Cause) -> None:
        self._up = True
        for name in CONTROLLERS:
            if name not in self._disabled:
                self._start_one(name, cause)

    def stop(self) -> None:
        self._up = False
        super().stop()

    def _start_one(self, name: str, cause: Cause) -> None:
        self._begin(name, lambda: CONTROLLERS[name](self._context(f"{name}-controller")), cause)

    def disable(self, name: str) -> None:
        """Stops one controller, until it is enabled; a restart of the process does not start it."""
        self._disabled.add(name)
        if name in self.components:
            self._end(name)

    def enable(self, name: str, cause: Cause = START) -> None:
        """Starts a controller that was switched off."""
        self._disabled.discard(name)
        if self._up and name not in self.components:
            self._lives += 1
            self._start_one(name, cause)


class SchedulerProcess(Process):
    """kube-scheduler."""

    def __init__(self, machine: Machine) -> None:
        super().__init__(SCHEDULER, machine)

    def _start(self, cause: Cause) -> None:
        machine = self.machine
        recorder = EventRecorder(self.client, machine.clock, machine.trace, "default-scheduler", events_v1=True)
        self._begin("scheduler", lambda: Scheduler(self._context("scheduler", recorder)), cause)


class KubeletProcess(Process):
    """The kubelet of one node, and the machine that it runs on.

    All kubelets share one set of informers as long as they have a connection; one that is cut off gets its own.
    """

    def __init__(
        self, machine: Machine, shared: InformerFactory, config: KubeletConfig, infrastructure: Infrastructure
    ) -> None:
        super().__init__("kubelet", machine)
        self._infrastructure = infrastructure
        self.node = config.name
        self._config = config
        self._shared = shared
        # The one that runs, or the last one that did: its containers may run on without it.
        self.kubelet: Kubelet | None = None
        self.powered = True
        self._rebooted = False

    @property
    def target(self) -> str:
        return f"kubelet/{self.node}"

    @property
    def _key(self) -> str:
        return f"kubelet-{self.node}"

    def _new_informers(self) -> InformerFactory:
        return super()._new_informers() if self.client.cut is not None else self._shared

    def _start(self, cause: Cause) -> None:
        machine = self.machine
        recorder = EventRecorder(self.client, machine.clock, machine.trace, "kubelet", self.node)
        before, rebooted = self.kubelet, self._rebooted

        def make() -> Kubelet:
            context = self._context(self._key, recorder)
            return Kubelet(context, self._config, self._infrastructure, before, rebooted=rebooted)

        self._begin(self._key, make, cause)
        kubelet = self.components[self._key]
        assert isinstance(kubelet, Kubelet)
        self.kubelet = kubelet
        self.powered, self._rebooted = True, False

    def stop(self) -> None:
        if self.running:
            self._end(self._key)
            self._leave_shared()

    def _leave_shared(self) -> None:
        if self.informers is not self._shared:
            self.informers.stop()

    def power_off(self) -> None:
        """The machine is dead: no kubelet, no containers."""
        self.stop()
        if self.kubelet is not None:
            self.kubelet.lose_power()
        self.powered = False
        self._rebooted = True

    def cut_off(self, error: ApiError) -> None:
        self.client.cut = error
        if not self.running or self.kubelet is None:
            return
        if self.informers is self._shared:
            self.informers = self._shared.fork(self._key, self.client)
        else:
            self.informers.break_off()
        self.kubelet.cut_off(self.informers)

    def reconnect(self) -> None:
        super().reconnect()
        if self.kubelet is not None and self.running:
            self.kubelet.reconnect()


def make_infrastructure(machine: Machine, kubelets: Mapping[str, KubeletProcess], keeper: Keeper) -> Infrastructure:
    """The network between the nodes of a cluster, and their disks. `kubelets` may be filled in later."""
    client = Client(machine.server, "kube-proxy")
    informers = InformerFactory(client, machine.clock, machine.trace)
    network = ClusterNetwork(client, informers, machine.clock, machine.rng.stream("proxy"))
    infrastructure = Infrastructure(machine.clock, informers, network, network, keeper)
    network.node_of = infrastructure.node_name
    network.on_change = infrastructure.network_changed

    def state(node_ip: str) -> NetworkState:
        process = kubelets.get(infrastructure.node_name(node_ip))
        return process.kubelet.network if process is not None and process.kubelet is not None else NetworkState()

    network.state_of = state
    return infrastructure
