"""A controller: informers put keys into a work queue, `sync` brings the world closer to what a key's object asks
for.
"""

from __future__ import annotations

from dataclasses import dataclass

from cluster_engine.apimachinery.errors import ApiError
from cluster_engine.apimachinery.meta import Obj, key_of
from cluster_engine.client.client import Client
from cluster_engine.client.component import Component, TurnQueue
from cluster_engine.client.informer import EventType, Informer, InformerFactory
from cluster_engine.client.recorder import EventRecorder
from cluster_engine.client.workqueue import WorkQueue
from cluster_engine.clock import Clock
from cluster_engine.rng import Rng
from cluster_engine.trace import Cause, Trace


@dataclass(frozen=True, slots=True)
class ControllerContext:
    """What a controller is given. `client` and `recorder` are made for it under its own name."""

    client: Client
    informers: InformerFactory
    clock: Clock
    trace: Trace
    turns: TurnQueue
    rng: Rng
    recorder: EventRecorder


class Controller(Component):
    """Base of the controllers. Subclasses set `name`, subscribe to informers in `__init__`, and write `sync`."""

    def __init__(self, name: str, context: ControllerContext) -> None:
        super().__init__(name, context.clock, context.trace, context.turns)
        self.context = context
        self.client = context.client
        self.recorder = context.recorder
        self.queue = WorkQueue(context.clock, self.wake)

    def sync(self, key: str) -> None:
        """Reconciles one key, from state read anew. May run at any time and any number of times.

        An exception means: try again later, with back-off.
        """
        raise NotImplementedError

    def informer(self, resource: str) -> Informer:
        return self.context.informers.get(resource)

    def enqueue(self, obj: Obj, cause: Cause) -> None:
        self.queue.add(key_of(obj), cause)

    def enqueue_on(self, resource: str) -> Informer:
        """Watches a resource whose own keys are this controller's work, and returns its informer."""
        informer = self.informer(resource)

        def on_event(_type: EventType, obj: Obj, _old: Obj | None, cause: Cause) -> None:
            self.queue.add(key_of(obj), cause)

        informer.add_handler(on_event)
        return informer

    def stop(self) -> None:
        super().stop()
        self.queue.close()

    def has_work(self) -> bool:
        return len(self.queue) > 0

    def step(self) -> None:
        key, cause = self.queue.pop()
        with self.traced(key, cause):
            try:
                self.sync(key)
            except ApiError as error:
                # A conflict means that our cache was behind: the next try reads anew.
                self.trace.note(f"will try again: {error.message}")
                self.queue.add_rate_limited(key)
            except Exception:
                # A defect of ours must neither stop the other keys nor vanish.
                self.trace.fault(self.name, key)
                self.queue.add_rate_limited(key)
            else:
                self.queue.forget(key)
