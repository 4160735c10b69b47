"""Cuts a text without indentation into documents and entries: a key, a list item, or a line of text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from cluster_engine.apimachinery.yaml_scalars import ScalarError, resolve_plain
from cluster_engine.schema.types import types

ValueKind = Literal["string", "integer", "number", "boolean", "null", "list", "map", "block"]

MAX_KINDS = 4
MAX_JOINED_LINES = 200  # of one value in brackets or quotes

# A key is in quotes, or goes on to the first colon with a space or nothing behind it.
_KEY = re.compile(
    r"""(?P<key>"(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|[^\s"'#\[\]{}&*!|>%@`,][^#]*?)\s*:(?:[ \t]+(?P<value>.*))?$"""
)
_BLOCK = re.compile(r"[|>][-+0-9]{0,2}")
_COMMENT = re.compile(r"(?:^|\s)#.*$")
_PROPERTIES = re.compile(r"(?:[&!]\S*(?:\s+|$))+")  # anchors and tags before a value
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"|\'(?:[^\']|\'\')*\'')


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that has a place: `dashes` list markers, then a key (`value` None: it is still to come), or a text."""

    line: int  # from 0
    line_count: int
    dashes: int
    key: str | None
    value: str | None
    value_kind: ValueKind
    source: str


@dataclass(frozen=True, slots=True)
class Part:
    """One document of a text: its lines from `start` to before `end`, and the (apiVersion, kind) that it may have.

    There may be several: without indentation, a kind that it only speaks of looks like its own.
    """

    start: int
    end: int
    entries: tuple[Entry, ...]
    kinds: tuple[tuple[str, str], ...]


def read(text: str) -> list[Part]:
    """The documents of a text."""
    lines = [line.strip() for line in text.split("\n")]
    marks = [number for number, line in enumerate(lines) if re.fullmatch(r"(---|\.\.\.)(\s+#.*)?", line)]
    parts = []
    for start, end in zip([-1, *marks], [*marks, len(lines)], strict=True):
        entries = tuple(_entries(lines, start + 1, end))
        parts.append(Part(start + 1, end, entries, kinds_of(entries)))
    return parts


def kinds_of(entries: Sequence[Entry]) -> tuple[tuple[str, str], ...]:
    """All (apiVersion, kind) said that there is a schema for, at most `MAX_KINDS`; where there is none, the first."""
    versions = [_plain(entry.value) for entry in entries if entry.key == "apiVersion" and entry.value]
    kinds = [_plain(entry.value) for entry in entries if entry.key == "kind" and entry.value]
    if "v1" in versions and "List" in kinds:
        return (("v1", "List"),)
    pairs = dict.fromkeys((version, kind) for kind in kinds[:20] for version in versions[:20])
    known = [pair for pair in pairs if types.for_kind(*pair) is not None]
    return tuple(known[:MAX_KINDS] or list(pairs)[:1])


def value_kind(value: str) -> ValueKind:
    """What a value is, as YAML reads it."""
    value = _PROPERTIES.sub("", value, count=1)
    if value[:1] in ("[", "{"):
        return "list" if value[0] == "[" else "map"
    if value[:1] in ('"', "'", "*"):
        return "string"
    if _BLOCK.fullmatch(value):
        return "block"
    try:
        found = resolve_plain(value)
    except ScalarError:
        return "number"
    if isinstance(found, bool):
        return "boolean"
    if found is None:
        return "null"
    return "integer" if isinstance(found, int) else "number" if isinstance(found, float) else "string"


def _entries(lines: Sequence[str], start: int, end: int) -> Iterator[Entry]:
    number = start
    while number < end:
        line = lines[number]
        if line and not line.startswith("#"):
            entry = _entry(lines, number, end)
            yield entry
            number += entry.line_count
        else:
            number += 1


def _entry(lines: Sequence[str], number: int, end: int) -> Entry:
    rest, dashes = lines[number], 0
    while rest == "-" or rest.startswith("- "):
        rest, dashes = rest[1:].lstrip(), dashes + 1
    found = _KEY.match(rest)
    if found is None:
        bare = _bare(rest)
        count = _joined(lines, number, end, rest) if dashes else 1
        return Entry(number, count, dashes, None, bare or None, value_kind(bare) if bare else "null", lines[number])
    value = _bare(found["value"] or "")
    count = _joined(lines, number, end, value)
    kind = value_kind(value) if value else "null"
    bare = _PROPERTIES.sub("", value, count=1)
    return Entry(number, count, dashes, _plain(found["key"]), bare or None, kind, lines[number])


def _bare(value: str) -> str:
    """A value without the comment behind it."""
    value = value.strip()
    quoted = _QUOTED.match(value)
    if quoted is not None:
        return quoted[0]
    return value if value[:1] in ("'", '"') else _COMMENT.sub("", value).strip()


def _joined(lines: Sequence[str], number: int, end: int, value: str) -> int:
    """Over how many lines a value in brackets or quotes goes; 1 where it is never closed."""
    if value[:1] not in ("[", "{", '"', "'"):
        return 1
    text = value
    for count in range(1, min(MAX_JOINED_LINES, end - number) + 1):
        if _is_closed(text):
            return count
        if number + count < end:
            text += " " + lines[number + count]
    return 1


def _is_closed(text: str) -> bool:
    rest = _QUOTED.sub("", text)
    if '"' in rest or (text[0] == "'" and "'" in rest):
        return False
    return sum(rest.count(c) for c in "[{") <= sum(rest.count(c) for c in "]}")


def _plain(text: str | None) -> str:
    return text[1:-1] if text and text[0] in "\"'" and text[-1] == text[0] else text or ""
