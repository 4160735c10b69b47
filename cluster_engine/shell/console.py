"""The terminal on a text console: lines are read with the console's own editing, virtual time follows real time.

Called by `python -m cluster_engine.shell`. Only this file of the shell knows real time and a real console; files and
commands are the simulation's, as in a browser.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol, TextIO

from cluster_engine.cluster import Cluster, ClusterConfig
from cluster_engine.shell.files import MAX_FILE_BYTES, MAX_FILES, MemoryFiles
from cluster_engine.shell.parse import is_unfinished
from cluster_engine.shell.session import Session

MAX_STEPS_AT_ONCE = 2000
_NAP_SECONDS = 0.01
_WELCOME = "A simulated cluster of your own. `help` says what there is, Ctrl-D leaves.\n"


class Person(Protocol):
    """Who types."""

    def line(self, prompt: str) -> str | None:
        """The next line, or None at the end (Ctrl-D). Raises KeyboardInterrupt for Ctrl-C."""


class Console:
    """One session, driven by a person."""

    def __init__(
        self, cluster: Cluster, files: MemoryFiles, *, look: str, speed: float, out: TextIO, err: TextIO
    ) -> None:
        self._cluster = cluster
        self._speed = speed
        self._began = time.monotonic()
        self._began_us = cluster.clock.now_us
        self._streams = {"stdout": out, "stderr": err, "hint": err}
        self.code = 0
        self.session = Session(
            cluster,
            name="console",
            files=files,
            on_output=self._show,
            on_exit=self._ended,
            look=look,
            interactive=True,
        )

    def _show(self, number: int, stream: str, text: str) -> None:
        self._streams[stream].write(text)
        self._streams[stream].flush()

    def _ended(self, number: int, code: int) -> None:
        self.code = code

    def catch_up(self) -> bool:
        """Does what is due by now; False when there is more to do."""
        passed_us = round((time.monotonic() - self._began) * self._speed * 1_000_000)
        return self._cluster.run_until(self._began_us + passed_us, MAX_STEPS_AT_ONCE)

    def run(self, line: str, person: Person) -> None:
        """Types a line and waits for its end; Ctrl-C interrupts it, as often as it is pressed."""
        self.session.type_line(line)
        while self.session.busy:
            try:
                if self.session.reading:
                    typed = person.line("")
                    self.session.type_input("" if typed is None else typed + "\n")
                if self.catch_up():
                    time.sleep(_NAP_SECONDS)
            except KeyboardInterrupt:
                self.session.interrupt()

    def talk(self, person: Person) -> int:
        """Runs lines until there are no more; the last one's exit code."""
        while True:
            try:
                line = person.line(f"[root@podarium {self.session.directory}]# ")
                while line is not None and is_unfinished(line):
                    more = person.line("> ")
                    if more is None:
                        break
                    line = f"{line}\n{more}"
            except KeyboardInterrupt:
                self._show(0, "stdout", "\n")
                continue
            if line is None:
                return self.code
            while not self.catch_up():
                pass
            if line.strip():
                self.run(line, person)


class Typing:
    """A person at a console, with the console's line editing and this terminal's completion."""

    def __init__(self, session: Session, show: Callable[[str], object]) -> None:
        self._session, self._show = session, show
        self._found: list[str] = []
        try:
            import readline
        except ImportError:
            return
        readline.set_completer_delims(" \t\n;|&<>'\"")
        readline.parse_and_bind("tab: complete")
        readline.set_completer(self._complete)
        self._readline = readline

    def _complete(self, text: str, state: int) -> str | None:
        if state == 0:
            line, cursor = self._readline.get_line_buffer(), self._readline.get_endidx()
            completion = self._session.complete(line, cursor)
            # The console replaces from where its own word begins.
            skip = self._readline.get_begidx() - completion.start
            self._found = [word[max(skip, 0) :] for word in completion.candidates]
            if len(self._found) == 1 and not self._found[0].endswith(("/", "=", ":")):
                self._found[0] += " "
        return self._found[state] if state < len(self._found) else None

    def line(self, prompt: str) -> str | None:
        try:
            return input(prompt)
        except EOFError:
            self._show("\n")
            return None


class Script:
    """Lines from a pipe or a file: no prompts."""

    def __init__(self, source: TextIO) -> None:
        self._source = source

    def line(self, prompt: str) -> str | None:
        line = self._source.readline()
        return line.rstrip("\n") if line else None


def home(folder: Path | None) -> MemoryFiles:
    """A copy of a folder's texts; what the terminal writes stays in the terminal."""
    files = MemoryFiles()
    if folder is None:
        return files
    count = 0
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        hidden = any(part.startswith(".") for part in Path(name).parts)
        if hidden or not path.is_file() or path.stat().st_size > MAX_FILE_BYTES or count >= MAX_FILES:
            continue
        try:
            files.write(name, path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError):
            continue
        count += 1
    return files


def run(arguments: argparse.Namespace) -> int:
    """The terminal until its end; the exit code is the last command's."""
    catalogue = arguments.registry == "catalogue"
    config = ClusterConfig(
        seed=arguments.seed,
        nodes=arguments.nodes,
        start_us=int(time.time() * 1_000_000),
        registry=arguments.registry,
        start_seconds=None if catalogue else 1.0,
        stop_seconds=None if catalogue else 1.0,
    )
    cluster = Cluster(config)
    cluster.run_for(2)
    console = Console(
        cluster, home(arguments.home), look=arguments.look, speed=arguments.speed, out=sys.stdout, err=sys.stderr
    )
    if not sys.stdin.isatty():
        return console.talk(Script(sys.stdin))
    sys.stdout.write(_WELCOME)
    return console.talk(Typing(console.session, sys.stdout.write))
