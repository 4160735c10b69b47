"""One cluster, put together: store, API server, controllers, scheduler, kubelets, and the loop that gives them turns.

The loop is the whole of the concurrency: components take turns, one step each, and time moves only when nobody wants a
turn. Who drives it (a test, the site's worker) decides how virtual time follows real time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from cluster_engine import bootstrap
from cluster_engine.api import registry
from cluster_engine.api.document_look import with_document_look
from cluster_engine.apiserver.auth.policy import create_policy
from cluster_engine.apiserver.event_ttl import grant_again
from cluster_engine.apiserver.server import ApiServer
from cluster_engine.client.client import Client
from cluster_engine.client.component import Component, TurnQueue
from cluster_engine.client.informer import InformerFactory
from cluster_engine.clock import DEFAULT_START_US, SECOND_US, Clock
from cluster_engine.disks import EtcdKeeper
from cluster_engine.etcd.members import EtcdCluster
from cluster_engine.etcd.store import Store, StoreSnapshot
from cluster_engine.faults.fault import Fault
from cluster_engine.faults.injector import FaultInjector
from cluster_engine.faults.world import World
from cluster_engine.kubelet import added
from cluster_engine.kubelet.kubelet import KubeletConfig
from cluster_engine.processes import (
    ControllerManager,
    KubeletProcess,
    Machine,
    Process,
    SchedulerProcess,
    make_infrastructure,
)
from cluster_engine.rng import Rng
from cluster_engine.trace import START, Trace

_HEALTH_PORTS = {"controller-manager": 10257, "scheduler": 10259}


def _refused(port: int) -> str:
    """What a client says when nobody listens."""
    return f'Get "https://127.0.0.1:{port}/healthz": dial tcp 127.0.0.1:{port}: connect: connection refused'


@dataclass(frozen=True)
class ClusterConfig:
    """What a cluster is made of. `registry` "any" means that every image exists and keeps running.

    `start_seconds` and `stop_seconds` say how long a pod takes; None leaves it to the image catalogue.
    """

    seed: int = 1
    nodes: int = 3
    start_us: int = DEFAULT_START_US
    node_cpu: str = "4"
    node_memory: str = "8Gi"
    node_pods: int = 110
    registry: Literal["catalogue", "any"] = "catalogue"
    start_seconds: float | None = None
    stop_seconds: float | None = None
    etcd_members: int = 3
    # The tables that the server prints: today's, or those of v1.12.
    look: Literal["current", "document"] = "current"
    # What the tokens of service accounts are signed with; "" derives it from the seed.
    token_key: str = field(default="", repr=False)


@dataclass(frozen=True)
class Snapshot:
    """A cluster at rest: enough to go on from. Everything that is not here is rebuilt from the API objects."""

    store: StoreSnapshot
    time_us: int
    next_step: int


class Cluster:
    """A running cluster in virtual time."""

    def __init__(self, config: ClusterConfig | None = None, snapshot: Snapshot | None = None) -> None:
        self.config = config = config or ClusterConfig()
        self.clock = Clock(snapshot.time_us if snapshot else config.start_us)
        self.trace = Trace(self.clock, snapshot.next_step if snapshot else 1)
        self.store = Store(self.clock, self.trace, snapshot.store if snapshot else None)
        # After a restart the streams go on elsewhere, so that no name is drawn twice.
        self.rng = Rng(f"{config.seed}/{self.store.revision}")
        self.turns = TurnQueue()
        self.scheme = registry.scheme()
        strategies = registry.strategies()
        if config.look == "document":
            strategies = with_document_look(strategies)
        self.server = ApiServer(self.store, self.clock, self.rng, self.trace, strategies, self.scheme)
        self.server.token_key = (config.token_key or f"podarium/{config.seed}").encode()
        if snapshot is None:
            self._in_step("apiserver", self._create_first_objects)
        else:
            grant_again(self.store, self.clock.now_us)
        self.components: dict[str, Component] = {}
        self.etcd = EtcdCluster(config.etcd_members, self.clock, self.trace, self.rng.stream("etcd"))
        self._make_processes()
        for process in self.processes:
            process.start()
        self.server.component_faults = self._component_faults
        self.server.check_image = added.check
        self.faults = self._make_faults()
        self._attach(self.faults)

    def _create_first_objects(self) -> None:
        bootstrap.create_system_objects(self.client("kube-apiserver"))
        create_policy(self.server)

    @property
    def revision(self) -> int:
        """The latest revision of etcd."""
        return self.store.revision

    def client(self, user_agent: str) -> Client:
        """A client in the name of `user_agent`."""
        return Client(self.server, user_agent)

    def attach(self, component: Component) -> None:
        """Adds a component from outside (a terminal session), which wakes itself when it has work."""
        component.slow_seconds = self.faults.request_seconds
        self._attach(component)

    def _attach(self, component: Component) -> None:
        self.components[component.name] = component

    def detach(self, component: Component) -> None:
        self.components.pop(component.name, None)

    def _make_processes(self) -> None:
        machine = Machine(self.server, self.clock, self.trace, self.turns, self.rng, self._attach, self.detach)
        self.controller_manager = ControllerManager(machine)
        self.scheduler = SchedulerProcess(machine)
        pods = InformerFactory(self.client("kubelet"), self.clock, self.trace)
        self.kubelets: dict[str, KubeletProcess] = {}
        self.infrastructure = make_infrastructure(machine, self.kubelets, EtcdKeeper(self.store))
        for index in range(self.config.nodes):
            node = self._node(index)
            self.kubelets[node.name] = KubeletProcess(machine, pods, node, self.infrastructure)

    def _component_faults(self) -> dict[str, str]:
        """What the health checks of the control plane's components say against each: "" for one that is well."""
        running = {"controller-manager": self.controller_manager.running, "scheduler": self.scheduler.running}
        faults = {name: "" if up else _refused(_HEALTH_PORTS[name]) for name, up in running.items()}
        alone = "" if self.etcd.has_quorum else "context deadline exceeded"
        for member in self.etcd.members.values():
            faults[member.name] = alone if member.running else _refused(2379)
        return faults

    def _make_faults(self) -> FaultInjector:
        world = World(
            server=self.server,
            clock=self.clock,
            trace=self.trace,
            rng=self.rng.stream("faults"),
            etcd=self.etcd,
            controller_manager=self.controller_manager,
            scheduler=self.scheduler,
            kubelets=self.kubelets,
            components=self.components,
        )
        return FaultInjector(world, self.turns)

    def inject(self, fault: Fault) -> str:
        """Puts a fault in force and returns its name; a momentary one has happened then. Raises `ApiError`."""
        return self.faults.inject(fault)

    def lift(self, name: str) -> None:
        """Ends a fault, past an API server that may be down. Raises `ApiError` (NotFound)."""
        self.faults.lift(name)

    def etcd_snapshot(self) -> StoreSnapshot:
        """All of etcd's data at this moment; `etcd/backup.py` makes a file of it."""
        return self.store.snapshot()

    def etcd_restore(self, snapshot: StoreSnapshot) -> None:
        """Brings the data back to those of the snapshot, at new revisions; everybody lists anew, and goes on."""
        self.faults.restore(snapshot)

    @property
    def processes(self) -> list[Process]:
        """All that reach the API server by themselves, in the order of starting."""
        return [self.controller_manager, self.scheduler, *self.kubelets.values()]

    def _node(self, index: int) -> KubeletConfig:
        config = self.config
        return KubeletConfig(
            name=f"k8s-node{index + 1:02d}",
            index=index,
            cpu=config.node_cpu,
            memory=config.node_memory,
            pods=config.node_pods,
            registry=config.registry,
            start_seconds=config.start_seconds,
            stop_seconds=config.stop_seconds,
        )

    def _in_step(self, component: str, start: Callable[[], None]) -> None:
        """What a component does while it starts is a step of its own."""
        self.trace.begin(component, "start", START)
        try:
            start()
        finally:
            self.trace.end()

    # Driving.

    def step(self) -> bool:
        """One turn of one component, or the next timer; False when nothing at all is left to do."""
        component = self.turns.pop()
        if component is not None:
            component.take_turn()
            return True
        if self.clock.next_timer_us() is None:
            return False
        self.clock.fire_next()
        return True

    def run_until(self, time_us: int, max_steps: int | None = None) -> bool:
        """Does everything that is due up to `time_us` and moves the clock there.

        Stops after `max_steps` steps and returns False if there is more to do.
        """
        turns, clock = self.turns, self.clock
        steps = 0
        while True:
            component = turns.pop()
            if component is not None:
                component.take_turn()
            else:
                due_us = clock.next_timer_us()
                if due_us is None or due_us > time_us:
                    clock.advance_to(time_us)
                    return True
                clock.fire_next()
            steps += 1
            if max_steps is not None and steps >= max_steps:
                return False

    def run_for(self, seconds: float) -> None:
        """Lets `seconds` of virtual time pass."""
        self.run_until(self.clock.now_us + round(seconds * SECOND_US))

    def run_until_idle(self, max_seconds: float = 600) -> None:
        """Runs until nobody wants a turn and no timer waits, or `max_seconds` of virtual time have passed."""
        end_us = self.clock.now_us + round(max_seconds * SECOND_US)
        while len(self.turns) or ((due_us := self.clock.next_timer_us()) is not None and due_us <= end_us):
            self.step()

    @property
    def next_due_us(self) -> int | None:
        """When there is something to do: now if somebody wants a turn, else the next timer, else None."""
        return self.clock.now_us if len(self.turns) else self.clock.next_timer_us()

    def save_disks(self) -> None:
        """Writes down what containers have written and the kubelets have not put into etcd yet."""
        if self.infrastructure.unsaved:
            self._in_step("kubelet", self.infrastructure.save_all)

    def snapshot(self) -> Snapshot:
        """The cluster at this moment. Steps that have not been taken yet follow from the objects anew."""
        self.save_disks()
        return Snapshot(self.store.snapshot(), self.clock.now_us, self.trace.next_number)
