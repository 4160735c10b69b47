"""One cluster, put together: store, API server, controllers, scheduler, kubelets, and the loop that gives them turns.

The loop is the whole of the concurrency: components take turns, one step each, and time moves only when nobody wants a
turn. Who drives it (a test, the site's worker) decides how virtual time follows real time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Literal

from cluster_engine import bootstrap
from cluster_engine.api import registry
from cluster_engine.apiserver.auth.policy import create_policy
from cluster_engine.apiserver.server import ApiServer
from cluster_engine.client.client import Client
from cluster_engine.client.component import Component, TurnQueue
from cluster_engine.client.controller import Controller, ControllerContext
from cluster_engine.client.informer import InformerFactory
from cluster_engine.client.recorder import EventRecorder
from cluster_engine.clock import DEFAULT_START_US, SECOND_US, Clock
from cluster_engine.controllers.registry import CONTROLLERS
from cluster_engine.etcd.store import Store, StoreSnapshot
from cluster_engine.kubelet.kubelet import Kubelet, KubeletConfig
from cluster_engine.rng import Rng
from cluster_engine.scheduler.scheduler import Scheduler
from cluster_engine.trace import START, Trace


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
        self.server = ApiServer(self.store, self.clock, self.rng, self.trace, registry.strategies(), self.scheme)
        self.server.token_key = (config.token_key or f"podarium/{config.seed}").encode()
        if snapshot is None:
            self._in_step("apiserver", self._create_first_objects)
        self.components: dict[str, Component] = {}
        self._start_components()

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
        self.components[component.name] = component

    def detach(self, component: Component) -> None:
        self.components.pop(component.name, None)

    def _start_components(self) -> None:
        manager = self.client("kube-controller-manager")
        shared = InformerFactory(manager, self.clock, self.trace)
        for name, controller in CONTROLLERS.items():
            context = self._context(manager, shared, f"{name}-controller")
            self._in_step("kube-controller-manager", partial(self._start_controller, controller, context))
        self._in_step("kube-scheduler", self._start_scheduler)
        nodes = self.client("kubelet")
        pods = InformerFactory(nodes, self.clock, self.trace)
        for index in range(self.config.nodes):
            self._in_step("kubelet", partial(self._start_kubelet, nodes, pods, index))

    def _start_controller(
        self, controller: Callable[[ControllerContext], Controller], context: ControllerContext
    ) -> None:
        self.attach(controller(context))

    def _start_scheduler(self) -> None:
        client = self.client("kube-scheduler")
        recorder = EventRecorder(client, self.clock, self.trace, "default-scheduler", events_v1=True)
        self.attach(
            Scheduler(self._context(client, InformerFactory(client, self.clock, self.trace), "scheduler", recorder))
        )

    def _start_kubelet(self, client: Client, informers: InformerFactory, index: int) -> None:
        config = self.config
        name = f"k8s-node{index + 1:02d}"
        recorder = EventRecorder(client, self.clock, self.trace, "kubelet", name)
        context = self._context(client, informers, f"kubelet-{name}", recorder)
        node = KubeletConfig(
            name=name,
            index=index,
            cpu=config.node_cpu,
            memory=config.node_memory,
            pods=config.node_pods,
            registry=config.registry,
            start_seconds=config.start_seconds,
            stop_seconds=config.stop_seconds,
        )
        self.attach(Kubelet(context, node))

    def _context(
        self, client: Client, informers: InformerFactory, name: str, recorder: EventRecorder | None = None
    ) -> ControllerContext:
        return ControllerContext(
            client=client,
            informers=informers,
            clock=self.clock,
            trace=self.trace,
            turns=self.turns,
            rng=self.rng.stream(name),
            recorder=recorder or EventRecorder(client, self.clock, self.trace, name),
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

    def snapshot(self) -> Snapshot:
        """The cluster at this moment. Steps that have not been taken yet follow from the objects anew."""
        return Snapshot(self.store.snapshot(), self.clock.now_us, self.trace.next_number)
