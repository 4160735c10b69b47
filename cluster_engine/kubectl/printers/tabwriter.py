"""Columns of text. Follows Go's text/tabwriter, and the fork of it that kubectl uses for tables.

A cell is a text that ends with a tab; the text after the last tab of a line belongs to no column. A column is a run of
lines that all have a cell there, and is as wide as its widest cell.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence


def width_of(text: str) -> int:
    """How many cells of a terminal a text takes."""
    if text.isascii():
        return len(text)
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else not unicodedata.combining(char) for char in text)


def align(text: str, *, min_width: int = 0, padding: int = 2) -> str:
    """The text with its tabs turned into columns. `describe` uses the defaults."""
    lines = [line.split("\t") for line in text.split("\n")]
    out: list[str] = []
    _format(lines, 0, len(lines), [], min_width, padding, out)
    return "\n".join(out)


def _format(
    lines: list[list[str]], start: int, end: int, widths: list[int], min_width: int, padding: int, out: list[str]
) -> None:
    column = len(widths)
    line = start
    while line < end:
        if column >= len(lines[line]) - 1:
            line += 1
            continue
        _write(lines, start, line, widths, out)
        start = line
        width = min_width
        while line < end and column < len(lines[line]) - 1:
            width = max(width, width_of(lines[line][column]) + padding)
            line += 1
        _format(lines, start, line, [*widths, width], min_width, padding, out)
        start = line
    _write(lines, start, end, widths, out)


def _write(lines: list[list[str]], start: int, end: int, widths: list[int], out: list[str]) -> None:
    for cells in lines[start:end]:
        parts = [cell + " " * (widths[i] - width_of(cell)) if i < len(widths) else cell for i, cell in enumerate(cells)]
        out.append("".join(parts))


class TableWriter:
    """Rows in columns three spaces apart and at least six wide. It remembers its widths from one write to the next."""

    MIN_WIDTH = 6
    PADDING = 3

    def __init__(self) -> None:
        self._widths: list[int] = []

    def render(self, rows: Sequence[Sequence[str]]) -> str:
        """The rows as lines; the last cell of a row is not padded."""
        widths = self._widths
        for row in rows:
            for index, cell in enumerate(row[:-1]):
                needed = max(self.MIN_WIDTH, width_of(cell) + self.PADDING)
                if index >= len(widths):
                    widths.append(needed)
                elif needed > widths[index]:
                    widths[index] = needed
        return "".join(self._line(row) for row in rows)

    def _line(self, row: Sequence[str]) -> str:
        if not row:
            return "\n"
        cells = [cell + " " * (self._widths[index] - width_of(cell)) for index, cell in enumerate(row[:-1])]
        return "".join(cells) + row[-1] + "\n"
