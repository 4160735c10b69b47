"""One process in a container."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from cluster_engine.containers.files import User
from cluster_engine.containers.filesystem import FileSystem
from cluster_engine.containers.pipe import NULL, Pipe, Writer, empty
from cluster_engine.containers.runner import Program, Wait, Waitable

if TYPE_CHECKING:
    from cluster_engine.containers.container import ContainerWorld
    from cluster_engine.containers.terminal import Terminal

SIGHUP, SIGINT, SIGQUIT, SIGKILL, SIGUSR1, SIGUSR2, SIGPIPE, SIGALRM, SIGTERM, SIGCHLD, SIGCONT, SIGSTOP, SIGWINCH = (
    1, 2, 3, 9, 10, 12, 13, 14, 15, 17, 18, 19, 28,
)  # fmt: skip
SIGNALS = {
    "HUP": 1, "INT": 2, "QUIT": 3, "ABRT": 6, "KILL": 9, "USR1": 10, "SEGV": 11, "USR2": 12, "PIPE": 13, "ALRM": 14,
    "TERM": 15, "CHLD": 17, "CONT": 18, "STOP": 19, "TSTP": 20, "WINCH": 28,
}  # fmt: skip
# Signals that do nothing to a process that does not ask for them.
_HARMLESS = frozenset({SIGCHLD, SIGCONT, SIGWINCH, SIGSTOP, 20})

Fd = Pipe | Writer
Main = Callable[["Process"], Program]


class Done(Waitable):
    """Ready when the process has ended."""

    __slots__ = ("_process",)

    def __init__(self, process: Process) -> None:
        super().__init__()
        self._process = process

    @property
    def ready(self) -> bool:
        return self._process.exit_code is not None


class Process:
    """A program that runs. `fds` are its open descriptors; `owned` are the pipe ends that close with it."""

    def __init__(
        self,
        container: ContainerWorld,
        argv: list[str],
        main: Main,
        *,
        parent: Process | None = None,
        env: dict[str, str],
        cwd: str,
        user: User,
        fds: dict[int, Fd],
        owned: tuple[Pipe, ...] = (),
        lazy: bool = False,
        quiet: bool = False,
    ) -> None:
        self.container = container
        self.pod = container.pod
        self.argv = argv
        # What a server calls itself in lists of processes, where that is not its command line.
        self.title = ""
        self.parent = parent
        self.env = env
        self.cwd = cwd
        self.user = user
        self.fds = fds
        self.owned = owned
        self.lazy = lazy
        # A probe's own: its coming and going is no news to probes.
        self.quiet: bool = quiet or (parent is not None and parent.quiet)
        # The terminal that it runs in, if any.
        self.terminal: Terminal | None = parent.terminal if parent is not None else None
        self.turn = 0
        self.alive = True
        self.exit_code: int | None = None
        self.done = Done(self)
        # What a signal does: a function, or None for "nothing". Missing: what it does by itself.
        self.handlers: dict[int, Callable[[int], None] | None] = {}
        self.started_us = container.pod.runner.now_us
        self.memory_bytes = 0
        # Called once at the end, with the process.
        self.on_end: list[Callable[[Process], None]] = []
        self.pid = container.pod.register(self)
        self._main = main
        self._generator: Program | None = None
        container.pod.runner.add(self)

    # What programs use.

    @property
    def now_us(self) -> int:
        return self.pod.runner.now_us

    @property
    def fs(self) -> FileSystem:
        return self.container.fs

    @property
    def stdin(self) -> Pipe:
        source = self.fds.get(0)
        return source if isinstance(source, Pipe) else empty()

    @property
    def stdout(self) -> Writer:
        return self.fds.get(1, NULL)

    @property
    def stderr(self) -> Writer:
        return self.fds.get(2, NULL)

    @property
    def name(self) -> str:
        """The program's name without its folder."""
        return self.argv[0].rsplit("/", 1)[-1]

    @property
    def command_line(self) -> str:
        """As lists of processes show it."""
        return self.title or " ".join(self.argv)

    def out(self, text: str) -> None:
        self.stdout.write(encode(text))

    def err(self, text: str) -> None:
        self.stderr.write(encode(text))

    def sleep(self, seconds: float) -> Wait:
        """A wait for so many seconds."""
        return Wait(deadline_us=self.now_us + round(seconds * 1_000_000))

    def asks_others(self) -> None:
        """It is about to ask somebody outside of its pod. In an endless loop that has to happen in its time: what was
        answered then cannot be found out later."""
        if self.lazy:
            self.pod.asks_others = True

    # What the runner uses.

    def resume(self) -> Wait | None:
        if self._generator is None:
            self._generator = self._main(self)
        try:
            return next(self._generator)
        except StopIteration as done:
            self.end(int(done.value) & 255)
        except OSError as error:
            self.err(f"{self.name}: {describe(error)}\n")
            self.end(1)
        except RecursionError:
            self.err(f"{self.name}: out of memory\n")
            self.end(2)
        except Exception:
            # A defect of ours: told, and the process ends as by a segmentation fault.
            self.pod.fault(f"{self.container.name}: {' '.join(self.argv)[:200]}")
            self.end(139)
        return None

    def end(self, code: int) -> None:
        """The process ends with that code."""
        if not self.alive:
            return
        self.alive = False
        self.exit_code = code
        if self._generator is not None:
            try:
                self._generator.close()
            except (RuntimeError, ValueError):
                pass  # it is the one that runs: it goes on to its next wait, unheard
            self._generator = None
        own, self.fds = self.fds, {}
        for pipe in self.owned:
            if pipe is own.get(0):
                pipe.break_()
            else:
                pipe.close()
        self.pod.unregister(self)
        callbacks, self.on_end = self.on_end, []
        for callback in callbacks:
            callback(self)
        self.done.notify()

    def signal(self, number: int, *, from_outside: bool = False) -> None:
        """Delivers a signal. The first process of a container hears only what it listens to."""
        if not self.alive:
            return
        if number in self.handlers and number not in (SIGKILL, SIGSTOP):
            handler = self.handlers[number]
            if handler is not None:
                handler(number)
            return
        if number in _HARMLESS or number == 0:
            return
        if self.container.is_init(self) and not (from_outside and number == SIGKILL):
            return
        self.end(128 + number)


def encode(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def decode(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def describe(error: OSError) -> str:
    """`PATH: Words`, as programs print a failed call."""
    words = error.strerror or str(error)
    return f"{error.filename}: {words}" if error.filename else words
