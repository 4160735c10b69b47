"""A running command: a generator that yields what it waits for and returns its exit code."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Protocol


class Stream:
    """A pipe between two commands: one writes, one reads, neither knows the other.

    `closed` means that no more will be written; `abandoned` that nobody reads any more (a writer should end then).
    `terminal` says that a person types into it; a reader sets `raw` while it wants every key instead of lines.
    """

    def __init__(self, text: str = "", *, closed: bool = False, terminal: bool = False) -> None:
        self._parts: deque[str] = deque([text] if text else [])
        self.closed = closed
        self.abandoned = False
        self.terminal = terminal
        self.raw = False
        # The size of the person's window, and who wants to know of another one.
        self.columns, self.rows = 80, 24
        self.on_resize: Callable[[int, int], None] | None = None

    def resize(self, columns: int, rows: int) -> bool:
        """Whether somebody wanted to know."""
        self.columns, self.rows = columns, rows
        if self.on_resize is not None:
            self.on_resize(columns, rows)
        return self.on_resize is not None

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


class Source(Protocol):
    """What a command can wait for as for a watch: it has a length and an end, and calls back when either changes."""

    on_ready: Callable[[], None] | None

    def __len__(self) -> int: ...

    @property
    def ended(self) -> bool: ...


class Bell:
    """A source that somebody else rings. A command `look`s before it waits for the next time."""

    ended = False

    def __init__(self) -> None:
        self.on_ready: Callable[[], None] | None = None
        self._rings = 0

    def __len__(self) -> int:
        return self._rings

    def ring(self) -> None:
        self._rings += 1
        if self.on_ready is not None:
            self.on_ready()

    def look(self) -> None:
        self._rings = 0


@dataclass(frozen=True, slots=True)
class Wait:
    """What a command waits for: any of the watches to have events or to end, a stream to be ready, or the deadline
    (virtual microseconds).

    It is resumed when either happens; an interrupt (Ctrl-C) is thrown into it as `Interrupt`.
    """

    watches: tuple[Source, ...] = ()
    deadline_us: int | None = None
    streams: tuple[Stream, ...] = ()


class Interrupt(BaseException):
    """Ctrl-C: commands may clean up, and let it go on. A command that heeds the signal sets another `code` to end with.

    It ends the whole line, so that a loop around a command ends as well.
    """

    code = 130


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
