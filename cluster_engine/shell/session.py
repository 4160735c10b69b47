"""A terminal's session: lines are queued, run one after the other, and their output handed on.

The session is a component of its cluster: each line is a step caused by the person's input, and so is each time that a
waiting command goes on. Commands wait in virtual time.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from cluster_engine.client.component import Component
from cluster_engine.clock import Timer
from cluster_engine.cluster import Cluster
from cluster_engine.kubectl.process import Interrupt, Output, Process, Stream, Wait
from cluster_engine.shell import completion, interpreter, prompts
from cluster_engine.shell.builtins.registry import BUILTINS
from cluster_engine.shell.completion import Completion
from cluster_engine.shell.environment import Environment, Streams
from cluster_engine.shell.files import Files, TidyFiles
from cluster_engine.trace import Cause

MAX_OUTPUT_CHARACTERS = 1024 * 1024
MAX_SUBJECT = 200
INTERRUPTED = 130
FAILED = 1
_TOO_MUCH = f"\nbash: more than {MAX_OUTPUT_CHARACTERS:,} characters were printed; the rest is left out\n"

OnOutput = Callable[[int, str, str], None]
OnExit = Callable[[int, int], None]

__all__ = ["Completion", "Session"]


@dataclass(slots=True)
class _Running:
    """The command that runs: its number, its line, and how much it has printed."""

    number: int
    line: str
    process: Process
    printed: int = 0


class Session(Component):
    """One terminal. `on_output(command number, "stdout" or "stderr", text)`, `on_exit(command number, exit code)`."""

    def __init__(self, cluster: Cluster, *, name: str, files: Files, on_output: OnOutput, on_exit: OnExit) -> None:
        super().__init__(f"terminal-{name}", cluster.clock, cluster.trace, cluster.turns)
        self._cluster = cluster
        self._env = Environment(cluster, TidyFiles(files))
        self._on_output = on_output
        self._on_exit = on_exit
        self._queue: deque[tuple[int, str]] = deque()
        self._next_number = 1
        self._running: _Running | None = None
        self._resumable = False
        self._interrupted = False
        self._wait: Wait | None = None
        self._timer: Timer | None = None
        # What the present step has printed, adjacent pieces of one stream joined.
        self._pending: list[tuple[str, list[str]]] = []
        cluster.attach(self)

    @property
    def busy(self) -> bool:
        """Whether a command runs or waits for its turn."""
        return self._running is not None or bool(self._queue)

    def type_line(self, line: str) -> int:
        """Queues a line (several, when they were pasted together) and returns the command's number."""
        number = self._next_number
        self._next_number += 1
        self._queue.append((number, line))
        self.wake()
        return number

    def interrupt(self) -> None:
        """Ctrl-C: ends the command that runs, and forgets what was typed ahead."""
        while self._queue:
            number, _ = self._queue.popleft()
            self._on_exit(number, INTERRUPTED)
        if self._running is not None:
            self._interrupted = True
            self.wake()

    def complete(self, line: str, cursor: int) -> Completion:
        """What could stand at the cursor (an index into the line)."""
        return completion.complete(self._env, line, cursor)

    def has_work(self) -> bool:
        if self._running is not None:
            return self._resumable or self._interrupted
        return bool(self._queue)

    def step(self) -> None:
        running = self._running or self._start()
        with self.traced(running.line[:MAX_SUBJECT], Cause("input", f"command {running.number}")):
            self._advance(running)
        self._flush(running.number)
        if self._running is None:
            self._on_exit(running.number, self._env.status)

    def _start(self) -> _Running:
        number, line = self._queue.popleft()
        text = prompts.without_prompts(line, self._is_command)
        if text.strip():
            self._env.remember(text.strip("\n"))
        streams = Streams(Stream(closed=True), Output(self._writer("stdout")), Output(self._writer("stderr")))
        self._running = _Running(number, text.strip(), interpreter.run_text(self._env, text, streams))
        return self._running

    def _is_command(self, word: str) -> bool:
        return word == "kubectl" or word in BUILTINS or word in self._env.aliases

    def _advance(self, running: _Running) -> None:
        """Lets the command run up to where it waits or ends."""
        self._disarm()
        try:
            if self._interrupted:
                self._interrupted = False
                wait = running.process.throw(Interrupt())
            else:
                wait = next(running.process)
            self._arm(wait)
        except StopIteration as done:
            self._end(int(done.value))
        except Interrupt:
            self._end(INTERRUPTED)
        except Exception as error:
            # A fault of ours must not take the terminal with it.
            self.trace.note(f"internal error: {type(error).__name__}: {error}")
            name = running.line.split(None, 2)
            self._writer("stderr")(
                f"error: internal error in {' '.join(name[:2])}: {type(error).__name__}; it has been recorded\n"
            )
            self._end(FAILED)

    def _end(self, code: int) -> None:
        self._running = None
        self._env.status = code

    def _arm(self, wait: Wait) -> None:
        """Sees to it that the command goes on when what it waits for has happened."""
        self._wait = wait
        ready = not wait.watches and wait.deadline_us is None
        for watch in wait.watches:
            watch.on_ready = self._ready
            ready = ready or len(watch) > 0 or watch.ended
        if wait.deadline_us is not None:
            self._timer = self.clock.call_at(wait.deadline_us, self._ready)
        if ready:
            self._ready()

    def _disarm(self) -> None:
        self._resumable = False
        if self._wait is not None:
            for watch in self._wait.watches:
                watch.on_ready = None
            self._wait = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _ready(self) -> None:
        if not self._resumable:
            self._resumable = True
            self.wake()

    def _writer(self, stream: str) -> Callable[[str], None]:
        def write(text: str) -> None:
            running = self._running
            if not text or running is None or running.printed > MAX_OUTPUT_CHARACTERS:
                return
            room = MAX_OUTPUT_CHARACTERS - running.printed
            running.printed += len(text)
            self._hold(stream, text[:room])
            if len(text) > room:
                self._hold("stderr", _TOO_MUCH)

        return write

    def _hold(self, stream: str, text: str) -> None:
        if self._pending and self._pending[-1][0] == stream:
            self._pending[-1][1].append(text)
        else:
            self._pending.append((stream, [text]))

    def _flush(self, number: int) -> None:
        pending, self._pending = self._pending, []
        for stream, parts in pending:
            self._on_output(number, stream, "".join(parts))
