"""Time inside a pod: processes take turns and wait for each other, for bytes, or for a moment.

A process is a generator that yields a `Wait` and returns its exit code. The runner is told how far virtual time has
come and does everything that is due up to then, in order. Processes that can never end by themselves (the body of
`while true`) are marked lazy: they need no timer, and are brought up to date when somebody looks.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Protocol

# Turns that one call of `advance` may take before it says that there is more to do.
MAX_TURNS = 20_000


class Waitable:
    """Something that a process can wait for. `ready` says whether it has happened."""

    __slots__ = ("_waiters",)

    def __init__(self) -> None:
        self._waiters: list[Callable[[], None]] = []

    @property
    def ready(self) -> bool:
        raise NotImplementedError

    def subscribe(self, callback: Callable[[], None]) -> None:
        """Calls `callback` once, at the next change."""
        self._waiters.append(callback)

    def notify(self) -> None:
        """Something has changed: whoever waits looks again."""
        if self._waiters:
            waiters, self._waiters = self._waiters, []
            for callback in waiters:
                callback()


@dataclass(frozen=True, slots=True)
class Wait:
    """What a process waits for: any of these, or the moment (virtual microseconds). Nothing at all means for ever."""

    on: tuple[Waitable, ...] = ()
    deadline_us: int | None = None


Program = Generator[Wait, None, int]


class Task(Protocol):
    """What the runner runs."""

    lazy: bool
    # Counts the resumptions, so that what was asked for before is known to be out of date.
    turn: int
    alive: bool

    def resume(self) -> Wait | None:
        """Goes on up to the next wait; None when it has ended."""


class Runner:
    """The processes of one pod. `now_us` is how far they have come, `horizon_us` how far they may go."""

    def __init__(self, now_us: int) -> None:
        self.now_us = now_us
        self.horizon_us = now_us
        self._ready: deque[tuple[Task, int]] = deque()
        self._timed: list[tuple[int, int, Task, int]] = []
        self._lazy: list[tuple[int, int, Task, int]] = []
        self._calls: list[tuple[int, int, Callable[[], None]]] = []
        self._sequence = 0
        self._running = False
        # Called when something becomes ready while nothing runs: whoever drives the runner should come by.
        self.on_ready: Callable[[], None] = lambda: None

    def add(self, task: Task) -> None:
        """A new task gets its first turn at the next `advance`."""
        self._make_ready(task, task.turn)

    def _make_ready(self, task: Task, turn: int) -> None:
        self._ready.append((task, turn))
        if not self._running:
            self.on_ready()

    def call_at(self, when_us: int, callback: Callable[[], None]) -> None:
        """Calls `callback` at that moment: for what servers do later."""
        self._sequence += 1
        heapq.heappush(self._calls, (max(when_us, self.now_us), self._sequence, callback))
        if not self._running:
            self.on_ready()

    @property
    def has_ready(self) -> bool:
        return any(task.alive and task.turn == turn for task, turn in self._ready)

    def next_due_us(self, *, lazy: bool) -> int | None:
        """When the next thing is due; lazy tasks count only where asked for."""
        if self.has_ready:
            return self.now_us
        dues = []
        for heap in (self._timed, self._lazy) if lazy else (self._timed,):
            while heap and not (heap[0][2].alive and heap[0][2].turn == heap[0][3]):
                heapq.heappop(heap)
            if heap:
                dues.append(heap[0][0])
        if self._calls:
            dues.append(self._calls[0][0])
        return min(dues, default=None)

    @property
    def has_lazy(self) -> bool:
        """Whether some task goes on without a timer."""
        self.next_due_us(lazy=True)
        return bool(self._lazy)

    def advance(self, to_us: int) -> bool:
        """Does what is due up to `to_us`; False when there is more to do at once. Called from within, does nothing."""
        if self._running:
            return True
        self._running = True
        self.horizon_us = max(self.horizon_us, to_us)
        turns = 0
        try:
            while turns < MAX_TURNS:
                turns += 1
                if self._ready:
                    self._turn(*self._ready.popleft())
                    continue
                due_us = self.next_due_us(lazy=True)
                if due_us is None or due_us > to_us:
                    self.now_us = max(self.now_us, to_us)
                    return True
                self.now_us = max(self.now_us, due_us)
                self._fire()
            return False
        finally:
            self._running = False

    def _fire(self) -> None:
        """What is due now becomes ready."""
        while self._calls and self._calls[0][0] <= self.now_us:
            heapq.heappop(self._calls)[2]()
        for heap in (self._timed, self._lazy):
            while heap and heap[0][0] <= self.now_us:
                _, _, task, turn = heapq.heappop(heap)
                self._ready.append((task, turn))

    def _turn(self, task: Task, turn: int) -> None:
        if not task.alive or task.turn != turn:
            return
        task.turn += 1
        wait = task.resume()
        if wait is not None and task.alive:
            self._park(task, wait)

    def _park(self, task: Task, wait: Wait) -> None:
        turn = task.turn
        if any(waitable.ready for waitable in wait.on):
            self._ready.append((task, turn))
            return
        for waitable in wait.on:
            waitable.subscribe(lambda: self._make_ready(task, turn))
        if wait.deadline_us is not None:
            self._sequence += 1
            heap = self._lazy if task.lazy else self._timed
            heapq.heappush(heap, (max(wait.deadline_us, self.now_us), self._sequence, task, turn))
