"""The feed of one sandbox: all that browsers are told, in order, each entry only once its rows are written.

A reader keeps a cursor and pulls what came after it. The feed is bounded; a reader that fell out of it starts over from
a snapshot. Nothing is pushed: a nudge over the channel layer only says that there is something to pull.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from cluster_engine.apimachinery.meta import Obj
from cluster_engine.trace import Step
from playground.sandboxes.limits import FEED_ENTRIES


@dataclass(slots=True, eq=False)
class Change:
    """One committed revision. `value` is None for a deletion. `shown` is room for the reader's rendering of it, so that
    many readers render it once."""

    revision: int
    time_us: int
    key: str
    value: Obj | None
    step: int
    shown: Any = field(default=None, repr=False)


# A message for browsers as it is: what a command printed, a saved file, a new pace.
Frame = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Told:
    """A frame in the feed. `to` is the only visitor whom it is for, `but` the one whom it is not for, if any."""

    frame: Frame
    to: object = None
    but: object = None

    def is_for(self, visitor: object) -> bool:
        return (self.to is None or self.to is visitor) and (self.but is None or self.but is not visitor)


Entry = Change | Step | Told


class GapError(Exception):
    """The cursor or revision lies before the feed's oldest entry (or beyond its newest): start over from a snapshot."""


class Feed:
    """The last entries and their positions. `revision` is the last committed one."""

    def __init__(self, revision: int, limit: int = FEED_ENTRIES) -> None:
        self._entries: deque[Entry] = deque()
        self._limit = limit
        self.end = 0  # the position after the newest entry
        self.revision = revision
        self._first_revision = revision  # every change after this one is still here

    def append(self, entry: Entry) -> None:
        while len(self._entries) >= self._limit:
            dropped = self._entries.popleft()
            if isinstance(dropped, Change):
                self._first_revision = dropped.revision
        self._entries.append(entry)
        self.end += 1
        if isinstance(entry, Change):
            self.revision = entry.revision

    def after(self, cursor: int) -> list[Entry]:
        """The entries from position `cursor` on."""
        start = self.end - len(self._entries)
        if not start <= cursor <= self.end:
            raise GapError
        return list(islice(self._entries, cursor - start, None))

    def since_revision(self, revision: int) -> list[Change | Step]:
        """The changes after `revision`, and the steps that belong to them."""
        if not self._first_revision <= revision <= self.revision:
            raise GapError
        found: list[Change | Step] = []
        for entry in self._entries:
            if isinstance(entry, Change):
                if entry.revision > revision:
                    found.append(entry)
            elif isinstance(entry, Step) and entry.writes and entry.writes[-1][0] > revision:
                found.append(entry)
        return found
