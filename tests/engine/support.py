"""A terminal on a cluster, for tests: types a line, lets virtual time pass until it has ended, and reads it."""

from __future__ import annotations

from dataclasses import dataclass

from cluster_engine.clock import SECOND_US
from cluster_engine.cluster import Cluster, ClusterConfig
from cluster_engine.shell.files import MemoryFiles
from cluster_engine.shell.session import Session

COMMAND_SECONDS = 120.0


@dataclass(frozen=True)
class Result:
    """What a command printed, and how it ended."""

    stdout: str
    stderr: str
    code: int

    @property
    def text(self) -> str:
        return self.stdout + self.stderr


class Terminal:
    """One terminal. Images all exist, and pods take a second, as in the recordings."""

    def __init__(self, files: dict[str, str] | None = None, cluster: Cluster | None = None) -> None:
        self.cluster = cluster or Cluster(ClusterConfig(seed=1, registry="any", start_seconds=1.0, stop_seconds=1.0))
        self.cluster.run_for(2)
        self.files = MemoryFiles(files)
        self.output: dict[int, list[tuple[str, str]]] = {}
        self.codes: dict[int, int] = {}
        self.session = Session(
            self.cluster,
            name="test",
            files=self.files,
            on_output=lambda number, stream, text: self.output.setdefault(number, []).append((stream, text)),
            on_exit=self.codes.__setitem__,
        )

    def type(self, line: str) -> int:
        """Types a line without waiting for it; the command's number."""
        return self.session.type_line(line)

    def printed(self, number: int, stream: str | None = None) -> str:
        return "".join(text for name, text in self.output.get(number, ()) if stream in (None, name))

    def run(self, line: str, seconds: float = COMMAND_SECONDS) -> Result:
        """Types a line and waits for its end, `seconds` of virtual time at most."""
        number = self.type(line)
        deadline_us = self.cluster.clock.now_us + round(seconds * SECOND_US)
        while number not in self.codes:
            assert self.cluster.clock.now_us <= deadline_us, f"{line!r} does not end: {self.printed(number)!r}"
            assert self.cluster.step(), f"{line!r} waits for nothing: {self.printed(number)!r}"
        return Result(self.printed(number, "stdout"), self.printed(number, "stderr"), self.codes[number])

    def ok(self, line: str) -> str:
        """Standard output of a line that has to succeed in silence."""
        result = self.run(line)
        assert (result.code, result.stderr) == (0, ""), result
        return result.stdout

    def settle(self, limit_seconds: float = 90.0) -> None:
        """Lets time pass until nothing has changed for three seconds."""
        same, last = 0, -1
        end_us = self.cluster.clock.now_us + round(limit_seconds * SECOND_US)
        while same < 6 and self.cluster.clock.now_us < end_us:
            same = same + 1 if self.cluster.revision == last else 0
            last = self.cluster.revision
            self.cluster.run_for(0.5)


def run(cluster: Cluster, line: str) -> tuple[str, str, int]:
    """(stdout, stderr, code) of one line in a terminal of its own."""
    result = Terminal(cluster=cluster).run(line)
    return result.stdout, result.stderr, result.code
