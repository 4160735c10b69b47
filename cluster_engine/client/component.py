"""Turns: a component asks for one, and does one step of work in it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from cluster_engine.clock import Clock
from cluster_engine.trace import Cause, Step, Trace


class TurnQueue:
    """Who wants a turn, in the order of asking. The cluster takes from it."""

    def __init__(self) -> None:
        self._waiting: deque[Component] = deque()

    def add(self, component: Component) -> None:
        self._waiting.append(component)

    def pop(self) -> Component | None:
        return self._waiting.popleft() if self._waiting else None

    def pop_where(self, wanted: Callable[[Component], bool]) -> Component | None:
        """The first that is wanted; the others keep their places."""
        found = next((one for one in self._waiting if wanted(one)), None)
        if found is not None:
            self._waiting.remove(found)
        return found

    def has(self, wanted: Callable[[Component], bool]) -> bool:
        """Whether one that is wanted waits."""
        return any(map(wanted, self._waiting))

    def __len__(self) -> int:
        return len(self._waiting)


class Component:
    """One process or loop of the control plane, a node, or a person's shell.

    `step()` does one unit of work (one reconcile, one pod scheduled, one sync) and returns; the cluster calls it again
    in a later turn as long as `has_work()`.
    """

    name: str

    def __init__(self, name: str, clock: Clock, trace: Trace, turns: TurnQueue) -> None:
        self.name = name
        self.clock = clock
        self.trace = trace
        # How long each of its steps takes. Nothing as a rule; a machine or an API server that is slow makes it so.
        self.slow_seconds = 0.0
        self.stopped = False
        self._turns = turns
        self._awake = False

    def wake(self) -> None:
        """Asks for a turn; asking twice gets one."""
        if not self._awake:
            self._awake = True
            if self.slow_seconds:
                self.clock.call_after(self.slow_seconds, partial(self._turns.add, self))
            else:
                self._turns.add(self)

    def stop(self) -> None:
        """Ends the process: it takes no more turns, and waits for nothing. What takes its place is made anew."""
        self.stopped = True

    def take_turn(self) -> None:
        """Called by the cluster only: one step, and back in the queue if there is more."""
        self._awake = False
        if self.has_work() and not self.stopped:
            self.step()
            if self.has_work():
                self.wake()

    def has_work(self) -> bool:
        raise NotImplementedError

    def step(self) -> None:
        raise NotImplementedError

    @contextmanager
    def traced(self, subject: str, cause: Cause) -> Iterator[Step]:
        """Brackets one step, so that what is written in it knows why."""
        step = self.trace.begin(self.name, subject, cause)
        try:
            yield step
        finally:
            self.trace.end()
