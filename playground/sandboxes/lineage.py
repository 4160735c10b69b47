"""Which commands of a sandbox hold at present: those that were typed and not taken back.

Commands are numbered as they come, and so are the undos, redos and resets among them. Each of these leads back to the
point before another command, its target, so that what holds after it is what held before its target. Nothing is ever
renumbered or forgotten: an undo of two commands and a redo are three more entries of the same list.

    1 create · 2 scale · 3 undo (to 2) · 4 set image     holds: 1, 4
    5 undo (to 4) · 6 redo (to 5)                        holds: 1, 4
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Entry:
    """One command as far as this is concerned. An undo, redo or reset without a `target` was refused.

    One that only `looks` leaves what was taken back to be done again.
    """

    number: int
    kind: str = "typed"
    target: int | None = None
    looks: bool = False


@dataclass(frozen=True, slots=True)
class Held:
    """What holds at a moment: the typed commands, and the undos (or resets) that a redo can take back, last one last.

    `spans` are the numbers whose doings hold, as (first, end) with the end left out; the last one is open (None).
    """

    typed: tuple[int, ...] = ()
    undone: tuple[int, ...] = ()
    spans: tuple[tuple[int, int | None], ...] = ((0, None),)


class Lineage:
    """The commands of a sandbox, read in their order."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._before: dict[int, Held] = {}
        self.now = self._start = Held()
        for entry in entries:
            self._take(entry)

    def before(self, number: int) -> Held:
        """What held when a command was typed; of 0, what held at the start."""
        return self._before.get(number, self._start)

    def _take(self, entry: Entry) -> None:
        here = self._before[entry.number] = self.now
        if entry.kind == "typed":
            undone = here.undone if entry.looks else ()
            self.now = Held((*here.typed, entry.number), undone, here.spans)
            return
        if entry.target is None:
            return
        there = self.before(entry.target)
        undone = there.undone if entry.kind == "redo" else (*here.undone, entry.number)
        self.now = Held(there.typed, undone, (*_closed(there.spans, entry.target), (entry.number, None)))


def _closed(spans: tuple[tuple[int, int | None], ...], end: int) -> tuple[tuple[int, int | None], ...]:
    """The spans up to `end`, which is left out."""
    *whole, (first, _) = spans
    return (*whole, (first, end)) if first < end else tuple(whole)
