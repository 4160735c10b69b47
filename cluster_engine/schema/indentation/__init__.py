"""Gives a manifest whose indentation was lost the indentation that the schema implies, and asks where that is open.

Copied from a web page or a book, a manifest often comes as flat lines. The schema knows at which level each key may
stand, so most lines have one place only. `repair(text)` looks for all placements of all lines that offend the schema
least. Where they agree, the place is certain; where they differ, a `Question` names the places, and
`repair(text, answers)` takes the choice. Nothing but leading space is ever changed: a wrong key or value stays, for the
editor to complain of.

`reading` cuts lines into entries, `frames` says where one entry may stand and what offends, `search` finds the best
placements of all, this file puts them together. The editor calls it; it is pure, and bounded by lines and states.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cluster_engine.schema.indentation.frames import root_of
from cluster_engine.schema.indentation.reading import Entry, Part, read
from cluster_engine.schema.indentation.search import Choice, Found, Question, search

__all__ = ["MAX_LINES", "MAX_QUESTIONS", "Choice", "Question", "Repair", "is_flat", "repair"]

MAX_LINES = 3_000
MAX_QUESTIONS = 20


@dataclass(frozen=True, slots=True)
class Repair:
    """A text with its indentation, line by line that which was given, and what is still to be asked."""

    text: str
    questions: tuple[Question, ...] = ()
    more_questions: int = 0


def is_flat(text: str) -> bool:
    """Whether a text of several lines has no indentation at all, and an entry that waits for something below it."""
    lines = [line for line in text.split("\n") if line.strip()]
    if any(line[0] in " \t" for line in lines):
        return False
    return len(lines) > 2 and any(part.kinds and _waits(part.entries) for part in read(text))


def repair(text: str, answers: Mapping[int, str] | None = None) -> Repair:
    """The text indented as the schema implies. `answers` are choices by line (from 1), as earlier questions named them.

    Raises ValueError for a text of more than `MAX_LINES` lines.
    """
    lines = [line.strip() for line in text.split("\n")]
    if len(lines) > MAX_LINES:
        raise ValueError(f"the indentation of {len(lines):,} lines is too much to find; at most {MAX_LINES:,} are read")
    questions: list[Question] = []
    original = text.split("\n")
    for part in read(text):
        if not part.kinds:
            # It does not say what it is, so nothing is known of it.
            lines[part.start : part.end] = original[part.start : part.end]
            continue
        found = _best(part, answers or {})
        _indent(lines, part, found)
        questions += found.questions
    shown = tuple(questions[:MAX_QUESTIONS])
    return Repair("\n".join(lines), shown, len(questions) - len(shown))


def _waits(entries: Sequence[Entry]) -> bool:
    return any(entry.key is not None and entry.value is None for entry in entries[:-1])


def _best(part: Part, answers: Mapping[int, str]) -> Found:
    """The best reading of a document, as the first kind that fits it best."""
    best: Found | None = None
    for kind in part.kinds:
        found = search(part.entries, (root_of(*kind),), answers)
        if best is None or found.hard < best.hard:
            best = found
        if best.hard == 0:
            break
    assert best is not None
    return best


def _indent(lines: list[str], part: Part, found: Found) -> None:
    """Puts the found columns before the lines; comments and empty lines go with the entry that follows them."""
    columns: dict[int, int] = {}
    for entry, column in zip(part.entries, found.columns, strict=True):
        columns[entry.line] = column
        for offset in range(1, entry.line_count):
            columns[entry.line + offset] = column + 2 * (entry.dashes + 1)
    column = found.columns[-1] if found.columns else 0
    for number in range(part.end - 1, part.start - 1, -1):
        column = columns.get(number, column)
        if lines[number]:
            lines[number] = " " * column + lines[number]
