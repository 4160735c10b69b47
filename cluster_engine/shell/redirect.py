"""Redirections of one command: `<`, `>`, `>>`, `2>&1`, `&>`, here-documents."""

from __future__ import annotations

from collections.abc import Callable, Generator

from cluster_engine.kubectl.process import Output, Stream, Wait
from cluster_engine.shell.environment import Environment, Streams
from cluster_engine.shell.expand import Expander
from cluster_engine.shell.files import MAX_FILE_BYTES
from cluster_engine.shell.syntax import Redirection


def reason(error: OSError) -> str:
    """What bash says of a file that cannot be opened."""
    path = str(error.args[0]) if error.args else ""
    if isinstance(error, FileNotFoundError):
        return f"{path}: No such file or directory"
    if isinstance(error, IsADirectoryError):
        return f"{path}: Is a directory"
    if isinstance(error, NotADirectoryError):
        return f"{path}: Not a directory"
    return str(error)


class Redirected:
    """The streams of one command after its redirections, taken in their order."""

    def __init__(self, env: Environment, streams: Streams) -> None:
        self._env = env
        self._stdin = streams.stdin
        self._sinks: dict[int, Callable[[str], None]] = {1: streams.out.write, 2: streams.err.write}
        self._files: list[_Target] = []

    def add(self, redirection: Redirection, expander: Expander) -> Generator[Wait, None, None]:
        """Raises OSError for a file that is not there, and ExpansionFault."""
        target = yield from expander.text(redirection.target)
        match redirection.operator:
            case "<<":
                self._stdin = Stream(target, closed=True)
            case "<<<":
                self._stdin = Stream(target + "\n", closed=True)
            case "<":
                if not target.isdigit():
                    text = "" if target == "/dev/null" else self._env.files.read(target)
                    self._stdin = Stream(text, closed=True)
            case ">&":
                self._duplicate(redirection.fd, target)
            case ">" | ">>":
                sink = self._sink(target, append=redirection.operator == ">>")
                for fd in (1, 2) if redirection.fd == -1 else (redirection.fd,):
                    self._sinks[fd] = sink

    def _duplicate(self, fd: int, target: str) -> None:
        if target == "-":
            self._sinks[fd] = _drop
        elif target.isdigit() and int(target) in self._sinks:
            self._sinks[fd] = self._sinks[int(target)]
        else:
            raise OSError(f"{target}: Bad file descriptor")

    def _sink(self, path: str, *, append: bool) -> Callable[[str], None]:
        if path in ("/dev/null", "/dev/stdout", "/dev/stderr", "/dev/tty"):
            kept = {"/dev/stdout": self._sinks[1], "/dev/stderr": self._sinks[2], "/dev/tty": self._sinks[1]}
            return kept.get(path, _drop)
        before = ""
        if append:
            try:
                before = self._env.files.read(path)
            except FileNotFoundError:
                before = ""
        if not path:
            raise FileNotFoundError(path)
        self._env.files.write(path, before)
        target = _Target(path, before)
        self._files.append(target)
        return target.write

    def streams(self) -> Streams:
        return Streams(self._stdin, Output(self._sinks[1]), Output(self._sinks[2]))

    def finish(self) -> None:
        """Writes the files. Raises OSError for what is too large."""
        for target in self._files:
            if target.parts:
                self._env.files.write(target.path, target.before + "".join(target.parts))


class _Target:
    """A file that is being written."""

    def __init__(self, path: str, before: str) -> None:
        self.path = path
        self.before = before
        self.parts: list[str] = []
        self._size = 0

    def write(self, text: str) -> None:
        # What goes beyond is refused when the file is written; there is no need to hold more of it.
        if self._size <= MAX_FILE_BYTES:
            self._size += len(text)
            self.parts.append(text)


def _drop(text: str) -> None:
    """`/dev/null`"""
