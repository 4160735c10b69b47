"""What a shell knows: variables, functions, options, traps, and where its script stands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from cluster_engine.containers.filesystem import FileSystem
from cluster_engine.containers.process import SIGNALS
from cluster_engine.containers.runner import Waitable
from cluster_engine.sh.syntax import Command, Script

if TYPE_CHECKING:
    from cluster_engine.containers.process import Process
    from cluster_engine.sh.expand import Expansion

MAX_VARIABLES = 1000
MAX_VALUE = 256 * 1024
MAX_DEPTH = 60


class Leave(Exception):
    """Control that leaves commands on the way: see the subclasses."""


class Break(Leave):
    def __init__(self, levels: int, *, again: bool) -> None:
        super().__init__()
        self.levels = levels
        self.again = again


class Return(Leave):
    def __init__(self, code: int) -> None:
        super().__init__()
        self.code = code


class Exit(Leave):
    def __init__(self, code: int) -> None:
        super().__init__()
        self.code = code


class Signalled(Waitable):
    """Ready when a trapped signal waits to be handled."""

    __slots__ = ("_pending",)

    def __init__(self, pending: list[str]) -> None:
        super().__init__()
        self._pending = pending

    @property
    def ready(self) -> bool:
        return bool(self._pending)


class State:
    """One shell's memory. A subshell gets a copy."""

    def __init__(self, process: Process, name: str) -> None:
        self.process = process
        self.name = name
        self.variables: dict[str, str] = dict(process.env)
        self.exported: set[str] = set(process.env)
        self.read_only: set[str] = set()
        self.functions: dict[str, Command] = {}
        self.arguments: list[str] = []
        self.options: set[str] = set()
        self.traps: dict[str, str] = {}
        self.status = 0
        self.line = 1
        self.depth = 0
        self.loops = 0
        # Where errexit does not count: conditions and all but the last of an and-or list.
        self.unchecked = 0
        self.jobs: list[Process] = []
        self.last_job = 0
        self.interactive = False
        # Where `getopts` is within a word of several options.
        self.option_at = 0
        self.locals: list[dict[str, str | None]] = []
        # Trapped signals that have come and are not handled yet.
        self.pending: list[str] = []
        self.signalled = Signalled(self.pending)

    @property
    def fs(self) -> FileSystem:
        return self.process.fs

    # The scope of expansions.

    def get(self, name: str) -> str | None:
        if name in self.variables:
            return self.variables[name]
        if name.isdigit():
            index = int(name)
            if index == 0:
                return self.name
            return self.arguments[index - 1] if index <= len(self.arguments) else None
        return self._special(name)

    def _special(self, name: str) -> str | None:
        match name:
            case "?":
                return str(self.status)
            case "#":
                return str(len(self.arguments))
            case "$":
                return str(self.process.pid)
            case "!":
                return str(self.last_job) if self.last_job else ""
            case "-":
                return "".join(sorted(option for option in self.options if len(option) == 1))
            case "RANDOM":
                self.process.pod.clock_readings += 1
                return str(self.process.pod.rng.choice_index(32768))
            case "SECONDS":
                return str((self.process.pod.read_clock() - self.process.started_us) // 1_000_000)
            case "LINENO":
                return str(self.line)
            case "PPID":
                return str(self.process.parent.pid if self.process.parent else 0)
            case "UID" | "EUID":
                return str(self.process.user.uid)
        return None

    def set(self, name: str, value: str) -> None:
        """Sets a variable. OSError where it may not be."""
        if name in self.read_only:
            raise PermissionError(0, "is read only", name)
        if len(value) > MAX_VALUE or (name not in self.variables and len(self.variables) >= MAX_VARIABLES):
            raise MemoryError(0, "out of memory", name)
        self.variables[name] = value
        if "a" in self.options:
            self.exported.add(name)

    def unset(self, name: str) -> None:
        self.variables.pop(name, None)
        self.exported.discard(name)

    @property
    def strict(self) -> bool:
        return "u" in self.options

    def positional(self) -> Sequence[str]:
        return self.arguments

    def file_names(self, pattern: str) -> list[str]:
        return [] if "f" in self.options else self.fs.glob(pattern, self.process.cwd)

    def substitute(self, script: Script) -> Expansion:
        raise NotImplementedError

    def environment(self) -> dict[str, str]:
        """What children are given."""
        return {name: self.variables[name] for name in self.exported if name in self.variables}

    def copy_to(self, other: State) -> None:
        """Makes `other` a subshell of this one."""
        other.variables = dict(self.variables)
        other.exported = set(self.exported)
        other.read_only = set(self.read_only)
        other.functions = dict(self.functions)
        other.arguments = list(self.arguments)
        other.options = set(self.options)
        other.status = self.status
        other.line = self.line
        other.depth = self.depth + 1
        other.last_job = self.last_job

    # Functions' own variables.

    def make_local(self, name: str) -> None:
        if self.locals and name not in self.locals[-1]:
            self.locals[-1][name] = self.variables.get(name)

    def leave_function(self) -> None:
        for name, value in self.locals.pop().items():
            if value is None:
                self.unset(name)
            else:
                self.variables[name] = value

    # Signals.

    def trap(self, signal: str, action: str | None) -> None:
        """`action` None: what it does by itself; "": nothing."""
        if signal in ("EXIT", "0"):
            if action:
                self.traps["EXIT"] = action
            else:
                self.traps.pop("EXIT", None)
            return
        number = SIGNALS[signal]
        if action is None:
            self.traps.pop(signal, None)
            self.process.handlers.pop(number, None)
            return
        self.traps[signal] = action
        self.process.handlers[number] = (lambda _: self._raise(signal)) if action else None

    def _raise(self, signal: str) -> None:
        self.pending.append(signal)
        # A loop that nobody watches has to come to its trap in its time.
        self.process.pod.hurry(self.process)
        self.signalled.notify()

    # Words of failure, by the kind of shell.

    def complain(self, text: str) -> None:
        """An error in the words of this shell: `sh: …`, `sh: 1: …`, `bash: line 1: …`."""
        self.process.err(f"{self.prefix}{text}\n")

    @property
    def prefix(self) -> str:
        flavour = self.flavour
        if flavour == "bash":
            return f"{self.name}: " if self.interactive else f"{self.name}: line {self.line}: "
        if flavour == "dash":
            return f"{self.name}: {self.line}: "
        return (
            f"{self.name}: " if self.interactive or self.name in ("sh", "ash") else f"{self.name}: line {self.line}: "
        )

    @property
    def flavour(self) -> str:
        """bash, dash or ash."""
        if self.process.name == "bash":
            return "bash"
        family = self.process.container.plan.family
        if family.startswith("debian"):
            return "dash"
        return "bash" if family == "redhat" else "ash"
