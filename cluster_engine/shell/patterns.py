"""Patterns of the shell: `*`, `?`, `[…]` for file names and `case`, and `{a,b}` and `{1..3}`."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise

from cluster_engine.shell.files import TidyFiles
from cluster_engine.shell.syntax import Part, Text, Word

MAX_WORDS = 10_000
_SPECIAL = re.compile(r"([*?\[])")
_RANGE = re.compile(r"(-?\d+|[A-Za-z])\.\.(-?\d+|[A-Za-z])(?:\.\.(-?\d+))?\Z")


def quoted(text: str) -> str:
    """The pattern that only this text fits."""
    return _SPECIAL.sub(r"[\1]", text)


@lru_cache(maxsize=512)
def expression(pattern: str) -> re.Pattern[str]:
    """The pattern as a regular expression."""
    return re.compile(fnmatch.translate(pattern), re.DOTALL)


def matches(text: str, pattern: str) -> bool:
    return expression(pattern).match(text) is not None


def has_pattern(text: str) -> bool:
    return _SPECIAL.search(text) is not None


def file_names(pattern: str, files: TidyFiles) -> list[str]:
    """The files and directories that a pattern fits, sorted; `*` does not go beyond a `/`."""
    absolute = pattern.startswith("/")
    levels = [level for level in pattern.split("/") if level]
    found = ["/" if absolute else ""]
    for index, level in enumerate(levels):
        last = index == len(levels) - 1
        following: list[str] = []
        for base in found:
            following.extend(_one_level(base, level, files, directories_only=not last))
            if len(following) > MAX_WORDS:
                raise OSError("Argument list too long")
        found = following
    if pattern.endswith("/"):
        return [f"{name}/" for name in found if files.is_directory(name)]
    return sorted(found)


def _one_level(base: str, level: str, files: TidyFiles, *, directories_only: bool) -> list[str]:
    if not has_pattern(level):
        name = base + level
        good = files.is_directory(name) or (not directories_only and files.is_file(name))
        return [name + "/" if directories_only else name] if good else []
    names = []
    for child in files.children(base or "."):
        name = child.rstrip("/")
        hidden = name.startswith(".") and not level.startswith(".")
        if hidden or (directories_only and not child.endswith("/")) or not matches(name, level):
            continue
        names.append(base + name + ("/" if directories_only else ""))
    return names


def braces(word: Word) -> list[Word]:
    """The words that `{a,b}` and `{1..3}` make of one."""
    if not any(isinstance(part, Text) and not part.quoted and "{" in part.text for part in word.parts):
        return [word]
    items: list[str | Part] = []
    for part in word.parts:
        items.extend(part.text if isinstance(part, Text) and not part.quoted else [part])
    return [_joined(one) for one in _expanded(items)]


def _joined(items: Sequence[str | Part]) -> Word:
    parts: list[Part] = []
    plain = ""
    for item in items:
        if isinstance(item, str):
            plain += item
            continue
        if plain:
            parts.append(Text(plain))
            plain = ""
        parts.append(item)
    if plain or not parts:
        parts.append(Text(plain))
    return Word(tuple(parts))


def _expanded(items: list[str | Part]) -> list[list[str | Part]]:
    for start, item in enumerate(items):
        if item != "{":
            continue
        end, commas = _group(items, start)
        if end < 0:
            continue
        choices = _choices(items[start + 1 : end], [comma - start - 1 for comma in commas])
        if choices is None:
            continue
        tails = _expanded(items[end + 1 :])
        heads = [one for choice in choices for one in _expanded(choice)]
        if len(heads) * len(tails) > MAX_WORDS:
            raise OSError("Argument list too long")
        return [[*items[:start], *head, *tail] for head in heads for tail in tails]
    return [items]


def _group(items: Sequence[str | Part], start: int) -> tuple[int, list[int]]:
    """(where the brace is closed or -1, the commas that stand directly in it)."""
    depth = 0
    commas: list[int] = []
    for index in range(start, len(items)):
        item = items[index]
        if item == "{":
            depth += 1
        elif item == "}":
            depth -= 1
            if depth == 0:
                return index, commas
        elif item == "," and depth == 1:
            commas.append(index)
    return -1, []


def _choices(inner: list[str | Part], commas: list[int]) -> list[list[str | Part]] | None:
    if commas:
        bounds = [-1, *commas, len(inner)]
        return [inner[low + 1 : high] for low, high in pairwise(bounds)]
    if not all(isinstance(item, str) for item in inner):
        return None
    found = _RANGE.match("".join(item for item in inner if isinstance(item, str)))
    return [list(text) for text in _sequence(found)] if found else None


def _sequence(found: re.Match[str]) -> list[str]:
    first, last, step_text = found.groups()
    if first.lstrip("-").isdigit() != last.lstrip("-").isdigit():
        return [found[0].join("{}")]
    step = abs(int(step_text or 1)) or 1
    if not first.lstrip("-").isdigit():
        low, high = ord(first), ord(last)
        return [chr(code) for code in _steps(low, high, step)]
    width = max(len(first), len(last)) if re.match(r"-?0\d", first) or re.match(r"-?0\d", last) else 0
    return [f"{number:0{width}d}" for number in _steps(int(first), int(last), step)]


def _steps(low: int, high: int, step: int) -> range:
    if abs(high - low) // step >= MAX_WORDS:
        raise OSError("Argument list too long")
    return range(low, high + 1, step) if low <= high else range(low, high - 1, -step)
