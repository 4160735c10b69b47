"""History expansion: `!!`, `!5`, `!-2`, `!kube`, `!$`."""

from __future__ import annotations

import re
from collections.abc import Sequence

_EVENT = re.compile(r"!(?:(!)|(-?\d+)|(\$)|([A-Za-z][\w./-]*))")


class NoSuchEvent(ValueError):
    """A reference to a line that is not in the history; the message is bash's, without `bash: `."""


def recalled(line: str, history: Sequence[str]) -> str:
    """The line with its references to earlier lines replaced; quotes keep them, as in a script. Raises NoSuchEvent."""
    if "!" not in line or "\n" in line:
        return line
    pieces: list[str] = []
    position, in_single, in_double = 0, False, False
    while position < len(line):
        char = line[position]
        if char == "\\" and not in_single:
            pieces.append(line[position : position + 2])
            position += 2
            continue
        in_single = in_single != (char == "'" and not in_double)
        in_double = in_double != (char == '"' and not in_single)
        before = line[position - 1] if position else ""
        quoted = in_single or in_double
        found = None if quoted or before in ("$", "{", "[") else _EVENT.match(line, position)
        if found is None:
            pieces.append(char)
            position += 1
        else:
            pieces.append(_event(found, history))
            position = found.end()
    return "".join(pieces)


def _event(found: re.Match[str], history: Sequence[str]) -> str:
    last, number, word, beginning = found.groups()
    if last or word:
        if not history:
            raise NoSuchEvent(f"{found[0]}: event not found")
        return history[-1] if last else history[-1].split()[-1]
    if number:
        index = int(number)
        place = len(history) + index if index < 0 else index - 1
        if index and 0 <= place < len(history):
            return history[place]
    for line in reversed(history):
        if beginning and line.startswith(beginning):
            return line
    raise NoSuchEvent(f"{found[0]}: event not found")
