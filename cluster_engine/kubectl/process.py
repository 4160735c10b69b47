"""A running command: a generator that yields what it waits for and returns its exit code."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator
from dataclasses import dataclass

from cluster_engine.apiserver.request import Watch


class Stream:
    """A pipe between two commands: one writes, one reads, neither knows the other.

    `closed` means that no more will be written; `abandoned` that nobody reads any more (a writer should end then).
    """

    def __init__(self, text: str = "", *, closed: bool = False) -> None:
        self._parts: deque[str] = deque([text] if text else [])
        self.closed = closed
        self.abandoned = False

    @property
    def ready(self) -> bool:
        """Whether a reader would get something now: text, or the end."""
        return bool(self._parts) or self.closed

    @property
    def held(self) -> int:
        """How many characters wait for a reader."""
        return sum(map(len, self._parts))

    def write(self, text: str) -> None:
        if text and not self.closed and not self.abandoned:
            self._parts.append(text)

    def close(self) -> None:
        self.closed = True

    def abandon(self) -> None:
        """Called by a reader that has enough."""
        self.abandoned = True
        self._parts.clear()

    def take(self) -> str:
        """All that is there now; "" when nothing is."""
        text = "".join(self._parts)
        self._parts.clear()
        return text

    def unread(self, text: str) -> None:
        """Gives back what a reader took too much of: it comes first at the next `take`."""
        if text:
            self._parts.appendleft(text)


@dataclass(frozen=True, slots=True)
class Wait:
    """What a command waits for: any of the watches to have events or to end, a stream to be ready, or the deadline
    (virtual microseconds).

    It is resumed when either happens; an interrupt (Ctrl-C) is thrown into it as `Interrupt`.
    """

    watches: tuple[Watch, ...] = ()
    deadline_us: int | None = None
    streams: tuple[Stream, ...] = ()


class Interrupt(BaseException):
    """Ctrl-C: commands may clean up, and end with exit code 130."""


Process = Generator[Wait, None, int]


class Output:
    """Where a command writes. `write` takes text as it would go to a terminal, newlines as "\\n"."""

    def __init__(self, write: Callable[[str], None]) -> None:
        self.write = write

    def line(self, text: str = "") -> None:
        self.write(text + "\n")


def read_all(stream: Stream) -> Generator[Wait, None, str]:
    """Everything until the end of the stream."""
    parts = []
    while True:
        text = stream.take()
        if text:
            parts.append(text)
        elif stream.closed:
            return "".join(parts)
        else:
            yield Wait(streams=(stream,))


def read_chunks(stream: Stream) -> Generator[Wait, None, str]:
    """What is there next, as soon as it is there; "" at the end."""
    while True:
        text = stream.take()
        if text or stream.closed:
            return text
        yield Wait(streams=(stream,))
