"""One container: its files, its environment, its main process and whatever else runs in it."""

from __future__ import annotations

import posixpath
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cluster_engine.containers import binaries
from cluster_engine.containers.files import ROOT, Directory, File, User
from cluster_engine.containers.filesystem import FileSystem
from cluster_engine.containers.logs import LogOptions, LogRing, render
from cluster_engine.containers.pipe import Pipe, empty
from cluster_engine.containers.process import SIGKILL, SIGTERM, Fd, Main, Process, decode
from cluster_engine.containers.runner import Waitable
from cluster_engine.containers.terminal import Terminal

if TYPE_CHECKING:
    from cluster_engine.containers.pod import PodWorld

MAX_PROCESSES = 128
MAX_INTERPRETERS = 4
OOM_CODE = 137


class ProgramNotFound(Exception):
    """No such program. `reason` is the runtime's words for it, `code` the shell's exit code."""

    def __init__(self, program: str, reason: str, code: int = 127) -> None:
        super().__init__(reason)
        self.program = program
        self.reason = reason
        self.code = code


@dataclass(slots=True)
class ContainerPlan:
    """What a container is made of, worked out of the pod's spec and the image."""

    name: str
    argv: list[str]
    env: dict[str, str]
    cwd: str = "/"
    user: User = ROOT
    # Bytes, or None for no limit.
    memory_limit: int | None = None
    tty: bool = False
    stdin: bool = False
    # The image's name in the catalogue, its tag, the family of its programs, and data for its servers.
    image: str = ""
    tag: str = ""
    family: str = "any"
    facts: dict[str, str] = field(default_factory=dict)
    termination_message_path: str = "/dev/termination-log"
    # Nobody knows this image: whatever it is told to run, it runs for ever.
    unknown: bool = False


class Output(Waitable):
    """The standard output of a main process: into the log, and to whoever is attached."""

    def __init__(self, container: ContainerWorld, stream: str) -> None:
        super().__init__()
        self._container = container
        self._stream = stream
        self.broken = False

    @property
    def ready(self) -> bool:
        return True

    @property
    def room(self) -> Waitable | None:
        return None

    def write(self, data: bytes) -> None:
        container = self._container
        if container.plan.tty:
            data = data.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
        container.log.write(self._stream, data, container.pod.runner.now_us)
        for listener in tuple(container.attached):
            listener(self._stream, data)


class ContainerWorld:
    """A container that runs. `on_exit(exit code, out of memory)` is called when its main process has ended."""

    def __init__(
        self, pod: PodWorld, plan: ContainerPlan, fs: FileSystem, on_exit: Callable[[int, bool], None]
    ) -> None:
        self.pod = pod
        self.plan = plan
        self.name = plan.name
        self.fs = fs
        self.log = LogRing()
        self.main: Process | None = None
        self.exit_code: int | None = None
        self.out_of_memory = False
        self.asked_to_stop = False
        # Whose processes it sees: its own, or those of the container that it was added to look at.
        self.process_namespace = ""
        self.attached: list[Callable[[str, bytes], None]] = []
        # With `tty` the main process has a terminal, which is there before anybody looks at it.
        self.terminal: Terminal | None = Terminal(self._echo) if plan.tty else None
        self.stdin: Pipe = Pipe() if plan.stdin else empty()
        if self.terminal is not None and plan.stdin:
            self.stdin = self.terminal.stdin
        # What servers remember that is worth keeping (a database's content), by server.
        self.memory: dict[str, object] = {}
        self._on_exit = on_exit

    def _echo(self, data: bytes) -> None:
        """What the terminal itself shows: the keys that are typed."""
        self.log.write("stdout", data, self.pod.runner.now_us)
        for listener in tuple(self.attached):
            listener("stdout", data)

    @property
    def running(self) -> bool:
        return self.main is not None and self.exit_code is None

    # Programs.

    def find(self, program: str, env: dict[str, str], cwd: str) -> str:
        """The path of a program. Raises `ProgramNotFound`."""
        if "/" in program:
            inode = self.fs.find(program, cwd)
            if inode is None:
                raise ProgramNotFound(program, "no such file or directory")
            if isinstance(inode, Directory):
                raise ProgramNotFound(program, "is a directory", 126)
            if not inode.mode & 0o111:
                raise ProgramNotFound(program, "permission denied", 126)
            return program
        for folder in (env.get("PATH") or binaries.DEFAULT_PATH).split(":"):
            path = posixpath.join(folder or ".", program)
            inode = self.fs.find(path, cwd)
            if isinstance(inode, File) and inode.mode & 0o111:
                return path
        raise ProgramNotFound(program, "executable file not found in $PATH")

    def load(self, argv: list[str], env: dict[str, str], cwd: str) -> tuple[Main, list[str]]:
        """What runs for a command line: the simulated program, and the words it is started with."""
        words = list(argv)
        for _ in range(MAX_INTERPRETERS):
            path = self.find(words[0], env, cwd)
            inode = self.fs.lookup(path, cwd)
            data = inode.data if isinstance(inode, File) else b""
            name = binaries.program_of(data)
            if name is not None:
                found = self.pod.programs.get(name)
                if found is None:
                    raise ProgramNotFound(words[0], "exec format error", 126)
                return found, words
            if not data.startswith(b"#!"):
                if not data.strip() or b"\0" in data[:200]:
                    raise ProgramNotFound(words[0], "exec format error", 126)
                words = ["/bin/sh", path, *words[1:]]
                continue
            line = decode(data[2 : data.find(b"\n") if b"\n" in data else len(data)]).strip().split(None, 1)
            words = [*line, path, *words[1:]]
        raise ProgramNotFound(argv[0], "too many levels of symbolic links")

    def spawn(
        self,
        argv: list[str],
        *,
        fds: dict[int, Fd],
        parent: Process | None = None,
        env: dict[str, str] | None = None,
        cwd: str | None = None,
        main: Main | None = None,
        owned: tuple[Pipe, ...] = (),
        lazy: bool | None = None,
        quiet: bool = False,
    ) -> Process:
        """Starts a process. Raises `ProgramNotFound`; `main` runs that instead of a file's program."""
        if sum(process.container is self for process in self.pod.processes.values()) >= MAX_PROCESSES:
            raise ProgramNotFound(argv[0], "resource temporarily unavailable", 126)
        environment = dict(self.plan.env if env is None else env)
        where = (parent.cwd if parent is not None else self.plan.cwd) if cwd is None else cwd
        if main is None:
            main, argv = self.load(argv, environment, where)
        if lazy is None:
            lazy = parent.lazy if parent is not None else False
        return Process(
            self,
            argv,
            main,
            parent=parent,
            env=environment,
            cwd=where,
            user=parent.user if parent is not None else self.plan.user,
            fds=fds,
            owned=owned,
            lazy=lazy,
            quiet=quiet,
        )

    # Life.

    def start(self) -> None:
        """Starts the main process. Raises `ProgramNotFound`."""
        fds: dict[int, Fd] = {0: self.stdin, 1: Output(self, "stdout"), 2: Output(self, "stderr")}
        if self.plan.tty:
            fds[2] = fds[1]
        plan = self.plan
        if not self.fs.exists(plan.cwd):
            self.fs.make_directory(plan.cwd, parents=True)
        known = None if not plan.unknown else self.pod.programs["unknown"]
        main = self.spawn(plan.argv, fds=fds, main=known)
        self.main = main
        if self.terminal is not None:
            main.terminal = self.terminal
            self.terminal.leader = main
        main.on_end.append(self._main_ended)

    def go_on_idle(self) -> None:
        """The main process has ended, and the container is to run on as if it had not."""
        self.exit_code = None
        fds: dict[int, Fd] = {1: Output(self, "stdout"), 2: Output(self, "stderr")}
        self.main = self.spawn(self.plan.argv, fds=fds, main=self.pod.programs["pause"])
        self.main.on_end.append(self._main_ended)

    def _main_ended(self, process: Process) -> None:
        if self.exit_code is not None:
            return
        self.exit_code = process.exit_code or 0
        for other in self.processes():
            other.end(128 + SIGKILL)
        self.log.flush(self.pod.runner.now_us)
        self._on_exit(self.exit_code, self.out_of_memory)

    def processes(self) -> list[Process]:
        """All that run in it, the oldest first."""
        return [process for process in self.pod.processes.values() if process.container is self]

    def is_init(self, process: Process) -> bool:
        """Whether it is the first of its process namespace, which signals do not end."""
        return process is self.main and not self.pod.share_processes and not self.process_namespace

    def ask_to_stop(self) -> None:
        """SIGTERM, from the runtime."""
        self.asked_to_stop = True
        if self.main is not None:
            self.main.signal(SIGTERM, from_outside=True)

    def kill(self) -> None:
        """Ends everything at once, whatever the processes want."""
        if self.main is not None and self.main.alive:
            self.main.end(128 + SIGKILL)

    def check_memory(self) -> None:
        """The kernel ends a container that has taken more memory than its limit."""
        limit = self.plan.memory_limit
        if limit is None or sum(process.memory_bytes for process in self.processes()) <= limit:
            return
        self.out_of_memory = True
        self.kill()

    def last_words(self, policy: str | None, code: int) -> str:
        """What the container has written for its status, at most 4096 bytes; with FallbackToLogsOnError the end of
        its log where it failed in silence.
        """
        inode = self.fs.find(self.plan.termination_message_path)
        data = inode.data if isinstance(inode, File) else b""
        if not data and policy == "FallbackToLogsOnError" and code:
            lines, _ = self.log.select(LogOptions(tail_lines=80))
            data = render(lines, LogOptions())[-2048:]
        return data[:4096].decode("utf-8", "replace")
