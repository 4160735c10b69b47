"""Running commands of a session: what each waits for, and when it can go on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from cluster_engine.clock import Clock, Timer
from cluster_engine.kubectl.process import Process, Wait
from cluster_engine.shell.jobs import Job


@dataclass(slots=True)
class Task:
    """One command that runs: the foreground's, or a job's. `number` is that of the command that started it."""

    number: int
    line: str
    process: Process
    wake: Callable[[], None]
    job: Job | None = None
    printed: int = 0
    ready: bool = True
    interrupted: bool = False
    wait: Wait | None = None
    _timer: Timer | None = field(default=None, repr=False)

    @property
    def can_go_on(self) -> bool:
        """Streams are looked at, the rest is told: streams are written only while a task of the session runs."""
        if self.ready or self.interrupted:
            return True
        return self.wait is not None and any(stream.ready for stream in self.wait.streams)

    def arm(self, wait: Wait, clock: Clock) -> None:
        """Sees to it that the task goes on when what it waits for has happened."""
        self.wait = wait
        ready = not wait.watches and wait.deadline_us is None and not wait.streams
        for watch in wait.watches:
            watch.on_ready = self._go_on
            ready = ready or len(watch) > 0 or watch.ended
        if wait.deadline_us is not None:
            self._timer = clock.call_at(wait.deadline_us, self._go_on)
        if ready:
            self._go_on()

    def disarm(self) -> None:
        self.ready = False
        if self.wait is not None:
            for watch in self.wait.watches:
                watch.on_ready = None
            self.wait = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _go_on(self) -> None:
        if not self.ready:
            self.ready = True
            self.wake()
