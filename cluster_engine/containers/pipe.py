"""Bytes on their way from one process to another, and the ends that lead elsewhere."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator
from typing import Protocol

from cluster_engine.containers.runner import Wait, Waitable

# What a pipe holds before its writer has to wait.
MAX_BUFFER = 1024 * 1024


class Writer(Protocol):
    """Where a process writes. `broken` means that nobody will ever read it."""

    def write(self, data: bytes) -> None: ...

    @property
    def broken(self) -> bool: ...

    @property
    def room(self) -> Waitable | None:
        """What to wait for before writing more, or None while there is room."""


class Pipe(Waitable):
    """A pipe. `closed`: nothing more will be written; `broken`: nobody reads any more."""

    __slots__ = ("_parts", "_size", "broken", "closed", "drained", "writers")

    def __init__(self, data: bytes = b"", *, closed: bool = False) -> None:
        super().__init__()
        self._parts: deque[bytes] = deque([data] if data else [])
        self._size = len(data)
        self.closed = closed
        self.broken = False
        self.drained = _Drained(self)
        self.writers = 1

    @property
    def ready(self) -> bool:
        """Whether a reader would get something now: bytes, or the end."""
        return self._size > 0 or self.closed

    def __len__(self) -> int:
        return self._size

    @property
    def room(self) -> Waitable | None:
        return self.drained if self._size >= MAX_BUFFER and not self.broken else None

    def write(self, data: bytes) -> None:
        if data and not self.closed and not self.broken:
            self._parts.append(data)
            self._size += len(data)
            self.notify()

    def close(self) -> None:
        if not self.closed:
            self.closed = True
            self.notify()

    def break_(self) -> None:
        """Called by a reader that has enough."""
        self.broken = True
        self._parts.clear()
        self._size = 0
        self.drained.notify()
        self.notify()

    def take(self, limit: int | None = None) -> bytes:
        """What is there now, at most `limit` bytes; b"" when nothing is."""
        data = b"".join(self._parts)
        self._parts.clear()
        self._size = 0
        if limit is not None and len(data) > limit:
            self._parts.append(data[limit:])
            self._size = len(data) - limit
            data = data[:limit]
        self.drained.notify()
        return data

    def put_back(self, data: bytes) -> None:
        """Returns what was read too far."""
        if data:
            self._parts.appendleft(data)
            self._size += len(data)


class _Drained(Waitable):
    __slots__ = ("_pipe",)

    def __init__(self, pipe: Pipe) -> None:
        super().__init__()
        self._pipe = pipe

    @property
    def ready(self) -> bool:
        return self._pipe.room is None


class Sink:
    """An end that hands everything to a function."""

    __slots__ = ("_write", "broken")

    def __init__(self, write: Callable[[bytes], None]) -> None:
        self._write = write
        self.broken = False

    @property
    def room(self) -> Waitable | None:
        return None

    def write(self, data: bytes) -> None:
        if data and not self.broken:
            self._write(data)


NULL = Sink(lambda data: None)


def empty() -> Pipe:
    """A standard input that is at its end."""
    return Pipe(closed=True)


def read_some(source: Pipe, limit: int | None = None) -> Generator[Wait, None, bytes]:
    """What is there next, as soon as it is there; b"" at the end."""
    while True:
        data = source.take(limit)
        if data or source.closed:
            return data
        yield Wait(on=(source,))


def read_all(source: Pipe) -> Generator[Wait, None, bytes]:
    """Everything up to the end."""
    parts = []
    while data := (yield from read_some(source)):
        parts.append(data)
    return b"".join(parts)


def read_line(source: Pipe) -> Generator[Wait, None, bytes]:
    """The next line with its newline; without one at the end, b"" after it."""
    buffer = b""
    while True:
        data = yield from read_some(source)
        buffer += data
        end = buffer.find(b"\n") + 1
        if end:
            source.put_back(buffer[end:])
            return buffer[:end]
        if not data:
            return buffer
