"""A server's stream as something that a command can wait for, as it waits for a watch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol


class Stream(Protocol):
    """What `ByteStream` and `Exchange` have in common."""

    on_ready: Callable[[], None] | None
    ended: bool

    def stop(self) -> None: ...


class Pollable:
    """Tells when a stream has news. It is used where a `Watch` is: it has a length, an end and a caller."""

    def __init__(self, stream: Stream) -> None:
        self.stream = stream
        self._news = False
        self._on_ready: Callable[[], None] | None = None
        stream.on_ready = self._arrived

    def __len__(self) -> int:
        return int(self._news)

    @property
    def ended(self) -> bool:
        return self.stream.ended

    @property
    def on_ready(self) -> Callable[[], None] | None:
        return self._on_ready

    @on_ready.setter
    def on_ready(self, callback: Callable[[], None] | None) -> None:
        self._on_ready = callback

    def _arrived(self) -> None:
        self._news = True
        if self._on_ready is not None:
            self._on_ready()

    def look(self) -> None:
        """The reader looks now; what comes after this is news."""
        self._news = False

    def stop(self) -> None:
        self.stream.on_ready = None
        self.stream.stop()
