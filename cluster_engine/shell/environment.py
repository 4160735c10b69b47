"""What a session remembers between commands, and what a command is given."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from cluster_engine.cluster import Cluster
from cluster_engine.kubectl.process import Output, Process, Stream
from cluster_engine.shell.files import HOME, TidyFiles

MAX_HISTORY = 1000
MAX_VARIABLES = 200


@dataclass(slots=True)
class Streams:
    """Where a command reads and writes."""

    stdin: Stream
    out: Output
    err: Output


@dataclass(slots=True)
class Environment:
    """A session's state: variables, aliases, the lines typed so far, the last exit code."""

    cluster: Cluster
    files: TidyFiles
    variables: dict[str, str] = field(
        default_factory=lambda: {"HOME": HOME, "PWD": HOME, "USER": "root", "SHELL": "/bin/bash"}
    )
    aliases: dict[str, str] = field(default_factory=lambda: {"k": "kubectl"})
    history: list[str] = field(default_factory=list)
    status: int = 0

    def lookup(self, name: str) -> str:
        """A variable's value, "" where there is none."""
        if name == "?":
            return str(self.status)
        return {"#": "0", "@": "", "*": "", "0": "bash", "$": "1"}.get(name) or self.variables.get(name, "")

    def remember(self, line: str) -> None:
        self.history.append(line)
        del self.history[:-MAX_HISTORY]


# (environment, the words after the command's name, streams) → a process
Builtin = Callable[[Environment, list[str], Streams], Process]
