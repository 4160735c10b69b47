"""What a session remembers between commands, and what a command is given."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from cluster_engine.cluster import Cluster
from cluster_engine.kubectl.local_ports import LocalPorts
from cluster_engine.kubectl.process import Output, Process, Stream
from cluster_engine.rng import Rng
from cluster_engine.shell.editor_pane import EditorPane
from cluster_engine.shell.files import HOME, TidyFiles
from cluster_engine.shell.syntax import Command, Script

if TYPE_CHECKING:
    from cluster_engine.shell.jobs import Jobs

MAX_HISTORY = 1000
MAX_VARIABLES = 500
MAX_VALUE = 128 * 1024
MAX_COMMANDS = 100_000
MAX_CALLS = 40
# After so much work a line lets others have their turn, and a little time passes.
SLICE_COST = 100
KUBECTL_COST = 10
SLICE_US = 5_000


@dataclass(slots=True)
class Streams:
    """Where a command reads and writes."""

    stdin: Stream
    out: Output
    err: Output


class ShellLimit(Exception):
    """A line that goes beyond a bound: it is stopped, and the message told."""


class ExpansionFault(Exception):
    """A word that stands for nothing (`${x:?gone}`, `$((1/0))`): the command is not run, and the message told."""


class ShellExit(Exception):
    """`exit`, or a failure under `set -e`."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class FunctionReturn(Exception):
    """`return`."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class LoopControl(Exception):
    """`break` and `continue`, out of `levels` loops."""

    def __init__(self, kind: str, levels: int) -> None:
        super().__init__(kind)
        self.kind = kind
        self.levels = levels


@dataclass(slots=True)
class Budget:
    """How much one line may still do, shared with the shells within it."""

    commands: int = 0
    cost: int = 0

    def spend(self, cost: int) -> bool:
        """Counts a command; whether it is time to let others have a turn. Raises ShellLimit."""
        self.commands += 1
        if self.commands > MAX_COMMANDS:
            raise ShellLimit(f"one line may run {MAX_COMMANDS:,} commands; it was stopped")
        self.cost += cost
        if self.cost < SLICE_COST:
            return False
        self.cost = 0
        return True


@dataclass(slots=True)
class Environment:
    """A shell's state: variables, functions, aliases, options, the last exit code. A subshell has a copy."""

    cluster: Cluster
    files: TidyFiles
    # How scripts and command lines are run: set by the session, so that small commands can run others.
    run_script: Callable[[Environment, Script, Streams], Process]
    run_words: Callable[[Environment, Sequence[str], Streams], Process]
    jobs: Jobs
    rng: Rng
    editor: EditorPane = field(default_factory=lambda: EditorPane(None))
    ports: LocalPorts = field(default_factory=LocalPorts)
    # Says something that a real terminal would not: a suggestion, beside what the command printed.
    hint: Callable[[str], None] = lambda text: None
    look: str = "current"
    variables: dict[str, str] = field(
        default_factory=lambda: {
            "HOME": HOME, "PWD": HOME, "USER": "root", "LOGNAME": "root", "SHELL": "/bin/bash", "HOSTNAME": "podarium",
            "TERM": "xterm-256color", "LANG": "C.UTF-8", "EDITOR": "edit",
        }
    )  # fmt: skip
    arrays: dict[str, list[str]] = field(default_factory=dict)
    exported: set[str] = field(default_factory=lambda: {"HOME", "PWD", "USER", "LOGNAME", "SHELL", "TERM", "LANG"})
    functions: dict[str, Command] = field(default_factory=dict)
    aliases: dict[str, str] = field(
        default_factory=lambda: {"k": "kubectl", "ll": "ls -l", "la": "ls -a", "egrep": "grep -E", "fgrep": "grep -F"}
    )
    history: list[str] = field(default_factory=list)
    positional: list[str] = field(default_factory=list)
    # Names that functions made their own, with what they were before: one mapping a call.
    locals: list[dict[str, str | None]] = field(default_factory=list)
    options: set[str] = field(default_factory=set)
    budget: Budget = field(default_factory=Budget)
    status: int = 0
    last_job: int = 0
    # How many conditions we are in, where a failure does not end a `set -e` shell.
    tested: int = 0
    loops: int = 0

    def subshell(self) -> Environment:
        """A copy that cannot change this one; files, cluster, history, jobs and the budget are shared."""
        return replace(
            self,
            files=self.files.within(self.files.directory),
            variables=dict(self.variables),
            arrays={name: list(values) for name, values in self.arrays.items()},
            exported=set(self.exported),
            functions=dict(self.functions),
            aliases=dict(self.aliases),
            positional=list(self.positional),
            locals=[dict(one) for one in self.locals],
            options=set(self.options),
            loops=0,
        )

    def lookup(self, name: str) -> str:
        """A variable's value, "" where there is none."""
        return self.value(name) or ""

    def value(self, name: str) -> str | None:
        """A variable's value, None where it is not set."""
        if name in self.variables:
            return self.variables[name]
        if name in self.arrays:
            return self.arrays[name][0] if self.arrays[name] else None
        if name.endswith("]"):
            return self._element(name)
        if name.isdigit() and name != "0":
            return self.positional[int(name) - 1] if int(name) <= len(self.positional) else None
        return self._special(name)

    def _element(self, name: str) -> str | None:
        array, _, index = name[:-1].partition("[")
        values = self.arrays.get(array, [])
        number = self.lookup(index) or index
        return values[int(number)] if number.isdigit() and int(number) < len(values) else None

    def _special(self, name: str) -> str | None:
        clock = self.cluster.clock
        match name:
            case "?":
                return str(self.status)
            case "#":
                return str(len(self.positional))
            case "@" | "*":
                return " ".join(self.positional) if self.positional else None
            case "!":
                return str(self.last_job) if self.last_job else None
            case "$" | "PPID":
                return "1"
            case "0":
                return "bash"
            case "-":
                return "himBHs"
            case "RANDOM":
                return str(self.rng.choice_index(32768))
            case "SECONDS":
                return str((clock.now_us - self.cluster.config.start_us) // 1_000_000)
            case _:
                return None

    def assign(self, name: str, value: str) -> None:
        """Sets a variable. Raises OSError for too many, and for what is too long."""
        if name.endswith("]"):
            array, _, index = name[:-1].partition("[")
            self.assign_element(array, index, value)
            return
        if len(value) > MAX_VALUE:
            raise OSError(f"{name}: a value has at most {MAX_VALUE:,} characters")
        if name not in self.variables and len(self.variables) + len(self.arrays) >= MAX_VARIABLES:
            raise OSError(f"too many variables: at most {MAX_VARIABLES} are kept")
        if name in self.arrays:
            self.assign_element(name, "0", value)
            return
        self.variables[name] = value

    def assign_element(self, name: str, index: str, value: str) -> None:
        number = self.lookup(index) or index
        values = self.arrays.setdefault(name, [])
        if not number.isdigit() or int(number) >= MAX_VARIABLES:
            raise OSError(f"{name}[{index}]: bad array subscript")
        values.extend([""] * (int(number) + 1 - len(values)))
        values[int(number)] = value

    def unset(self, name: str) -> None:
        self.variables.pop(name, None)
        self.arrays.pop(name, None)
        self.exported.discard(name)

    def remember(self, line: str) -> None:
        self.history.append(line)
        del self.history[:-MAX_HISTORY]


# (environment, the words after the command's name, streams) → a process
Builtin = Callable[[Environment, list[str], Streams], Process]
