"""Values of awk: floats, texts, and input, which is a number where it looks like one."""

from __future__ import annotations

import re

from cluster_engine.sh.regex import RegexFault, compiled

_NUMBER = re.compile(r"\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?)")


class AwkFault(Exception):
    """What ends a program; the message is what follows `awk: `."""


class Leave(Exception):
    """`break`, `continue`, `next`, `exit`, `return`."""

    def __init__(self, kind: str, value: float | str = "") -> None:
        super().__init__(kind)
        self.kind, self.value = kind, value


class Input(str):
    """A text that came from outside: a field, a record, an element of `split`, `-v name=value`."""

    @property
    def is_number(self) -> bool:
        found = _NUMBER.match(self)
        return not self.strip() if found is None else not self[found.end() :].strip()


Value = float | str


def number(value: Value) -> float:
    if isinstance(value, float):
        return value
    found = _NUMBER.match(value)
    return float(found[1]) if found else 0.0


def text(value: Value) -> str:
    if isinstance(value, str):
        return str(value)
    if value.is_integer() and abs(value) < 1e16:
        return str(int(value))
    return f"{value:.6g}"


def regex(pattern: str) -> re.Pattern[str]:
    try:
        return compiled(pattern, extended=True)
    except RegexFault as error:
        raise AwkFault(str(error)) from None


def split_fields(line: str, separator: str) -> list[str]:
    """The fields of a record: between blanks, between single characters, or by an expression."""
    if separator == " ":
        return line.split()
    if not line:
        return []
    if separator == "":
        return list(line)
    if len(separator) == 1 and separator != "\\":
        return line.split(separator)
    return regex(separator).split(line)
