"""Transcripts: the steps of a recording, typed into a terminal on a fresh cluster, with what they print.

A recording is a mapping with `files` (name → text) and `steps`. A step is one of `run` (a command line), `settle` (wait
until nothing changes), `sleep` (seconds), `start` (a command in a terminal beside, with a `name`) and `stop` (Ctrl-C in
that terminal). Called by `python -m cluster_engine.shell --transcript` and by tests; it must not touch real files.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cluster_engine.clock import SECOND_US
from cluster_engine.cluster import Cluster, ClusterConfig
from cluster_engine.shell.files import MemoryFiles
from cluster_engine.shell.session import Session

COMMAND_SECONDS = 120.0
SETTLE_SECONDS = 90.0
NO_END = 124
# What a person takes to type, or a process to start.
_PAUSE_SECONDS = 0.1
_UNCHANGED_CHECKS = 6


def fresh_cluster(seed: int = 1) -> Cluster:
    """A cluster like the recorded one: every image exists, pods take a second, nodes have room for anything."""
    config = ClusterConfig(
        seed=seed,
        node_cpu="32",
        node_memory="64Gi",
        node_pods=5000,
        registry="any",
        start_seconds=1.0,
        stop_seconds=1.0,
    )
    cluster = Cluster(config)
    cluster.run_for(2)
    return cluster


class Typist:
    """One terminal that is typed into from outside, while virtual time passes."""

    def __init__(self, cluster: Cluster, files: MemoryFiles, name: str = "transcript", look: str = "current") -> None:
        self._cluster = cluster
        self._printed: dict[int, list[tuple[str, str]]] = {}
        self._codes: dict[int, int] = {}
        self._last = 0
        self.session = Session(
            cluster,
            name=name,
            files=files,
            on_output=lambda number, stream, text: self._printed.setdefault(number, []).append((stream, text)),
            on_exit=self._codes.__setitem__,
            look=look,
        )

    def start(self, line: str) -> None:
        """Types a line and lets it begin."""
        self._last = self.session.type_line(line)
        self._cluster.run_for(0.01)

    def stop(self) -> str:
        """Ctrl-C; what the line that was started printed."""
        self.session.interrupt()
        self._cluster.run_for(0.01)
        return "".join(text for _, text in self._printed.pop(self._last, []))

    def run(self, line: str, seconds: float = COMMAND_SECONDS) -> dict[str, Any]:
        """Types a line and waits for its end: what it printed, and its exit code."""
        number = self.session.type_line(line)
        clock = self._cluster.clock
        began_us = clock.now_us
        end_us = began_us + round(seconds * SECOND_US)
        while number not in self._codes and clock.now_us < end_us and self._cluster.step():
            pass
        printed = self._printed.pop(number, [])
        result: dict[str, Any] = {
            "stdout": "".join(text for stream, text in printed if stream == "stdout").rstrip("\n"),
            "stderr": "".join(text for stream, text in printed if stream == "stderr").rstrip("\n"),
            "exit": self._codes.get(number, NO_END),
            "took": round((clock.now_us - began_us) / SECOND_US, 1),
        }
        if number not in self._codes:
            self.session.interrupt()
            result["stderr"] = f"no end after {seconds:.0f} s"
        self._cluster.run_for(_PAUSE_SECONDS)
        return result


def settle(cluster: Cluster, limit_seconds: float = SETTLE_SECONDS) -> None:
    """Lets time pass until nothing has changed for three seconds."""
    unchanged, last = 0, -1
    end_us = cluster.clock.now_us + round(limit_seconds * SECOND_US)
    while unchanged < _UNCHANGED_CHECKS and cluster.clock.now_us < end_us:
        unchanged = unchanged + 1 if cluster.revision == last else 0
        last = cluster.revision
        cluster.run_for(0.5)


def transcribe(recording: Mapping[str, Any], look: str = "current", seed: int = 1) -> dict[str, Any]:
    """The recording with what this terminal printed in place of what was recorded."""
    cluster = fresh_cluster(seed)
    files = MemoryFiles(recording.get("files") or {})
    terminal = Typist(cluster, files, look=look)
    beside: dict[str, Typist] = {}
    steps = [_play(step, cluster, files, terminal, beside, look) for step in recording["steps"]]
    return {**recording, "steps": steps}


def _play(
    step: Mapping[str, Any],
    cluster: Cluster,
    files: MemoryFiles,
    terminal: Typist,
    beside: dict[str, Typist],
    look: str,
) -> dict[str, Any]:
    if "run" in step:
        result = terminal.run(step["run"])
        if not result["stderr"]:
            del result["stderr"]
        return {"run": step["run"], **result}
    if "start" in step:
        name = step["name"]
        beside[name] = Typist(cluster, files, name, look)
        beside[name].start(step["start"])
    elif "stop" in step:
        return {**step, "output": beside.pop(step["stop"]).stop()}
    elif "sleep" in step:
        cluster.run_for(step["sleep"])
    elif "settle" in step:
        settle(cluster)
    return dict(step)
