"""A running command: a generator that yields what it waits for and returns its exit code."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass

from cluster_engine.apiserver.request import Watch


@dataclass(frozen=True, slots=True)
class Wait:
    """What a command waits for: any of the watches to have events or to end, or the deadline (virtual microseconds).

    It is resumed when either happens; an interrupt (Ctrl-C) is thrown into it as `Interrupt`.
    """

    watches: tuple[Watch, ...] = ()
    deadline_us: int | None = None


class Interrupt(BaseException):  # noqa: N818 - like KeyboardInterrupt, it is no error
    """Ctrl-C: commands may clean up, and end with exit code 130."""


Process = Generator[Wait, None, int]


class Output:
    """Where a command writes. `write` takes text as it would go to a terminal, newlines as "\\n"."""

    def __init__(self, write: Callable[[str], None]) -> None:
        self.write = write

    def line(self, text: str = "") -> None:
        self.write(text + "\n")
