"""`sort`, `uniq`, `diff`: lines in order, and against each other."""

from __future__ import annotations

import difflib
import re

from cluster_engine.kubectl.process import Process
from cluster_engine.shell.builtins.arguments import OptionError, lines, read
from cluster_engine.shell.environment import Environment, Streams

MAX_DIFF_LINES = 5000
_LONG = {"numeric-sort": "n", "reverse": "r", "unique": "u", "key": "k", "field-separator": "t", "version-sort": "V"}
_HUMAN = {"": 0, "K": 1, "M": 2, "G": 3, "T": 4, "P": 5}
Key = tuple[float, tuple[tuple[int, int | str], ...] | str]


def sort(env: Environment, args: list[str], streams: Streams) -> Process:
    try:
        options, words = read(args, "rnufhVbcsdigM", "to", several="k", long=_LONG)
        keys = [_key(text) for text in options["k"].split("\n")] if "k" in options else []
    except OptionError as error:
        streams.err.line(f"sort: {error}")
        return 2
    found, good = yield from lines(env, "sort", words, streams)
    letters = {letter for letter in options if letter in "nrfhVg"}
    separator = options.get("t")
    ordered = sorted(found)
    if letters - {"r"} or keys:
        # Later keys first: each sort keeps the order of what is equal to it.
        for begin, end, own in reversed(keys or [(0, 0, "")]):
            used = set(own) or letters

            def value(line: str, begin: int = begin, end: int = end, used: set[str] = used) -> Key:
                return _value(_part(line, begin, end, separator), used)

            ordered.sort(key=value, reverse="r" in used)
    elif "r" in options:
        ordered.reverse()
    if "u" in options:
        seen: dict[object, str] = {}
        for line in ordered:
            seen.setdefault(
                _value(_part(line, *keys[0][:2], separator), set(keys[0][2]) or letters) if keys else line, line
            )
        ordered = list(seen.values())
    text = "".join(f"{line}\n" for line in ordered)
    if "o" in options:
        env.files.write(options["o"], text)
    else:
        streams.out.write(text)
    return 0 if good else 2


def _key(text: str) -> tuple[int, int, str]:
    """(first field, last field or 0 for the line's end, letters) of `-k`."""
    found = re.fullmatch(r"(\d{1,6})(?:\.\d+)?([a-zA-Z]*)(?:,(\d{1,6})(?:\.\d+)?([a-zA-Z]*))?", text)
    if found is None or found[1] == "0":
        raise OptionError(f"invalid number at field start: invalid count at start of '{text}'")
    return int(found[1]), int(found[3] or 0), found[2] + (found[4] or "")


def _part(line: str, begin: int, end: int, separator: str | None) -> str:
    if not begin:
        return line
    fields = line.split(separator) if separator else line.split()
    return (separator or " ").join(fields[begin - 1 : end or None])


def _value(text: str, letters: set[str]) -> Key:
    if "n" in letters or "g" in letters:
        number = re.match(r"\s*(-?\d*\.?\d+)", text)
        return float(number[1]) if number else 0.0, ""
    if "h" in letters:
        found = re.match(r"\s*(-?\d+\.?\d*)\s*([KMGTP]?)", text)
        return (float(found[1]) * 1024 ** _HUMAN[found[2]] if found else 0.0), ""
    if "V" in letters:
        pieces = re.findall(r"\d+|\D+", text)
        return 0.0, tuple((0, int(piece)) if piece.isdigit() else (1, piece) for piece in pieces)
    return 0.0, text.lower() if "f" in letters else text


def uniq(env: Environment, args: list[str], streams: Streams) -> Process:
    try:
        options, words = read(args, "cdui", "fs", long={"count": "c", "repeated": "d", "unique": "u"})
    except OptionError as error:
        streams.err.line(f"uniq: {error}")
        return 1
    found, good = yield from lines(env, "uniq", words[:1], streams)
    groups: list[tuple[str, int]] = []
    for line in found:
        if groups and (groups[-1][0] == line or ("i" in options and groups[-1][0].lower() == line.lower())):
            groups[-1] = (groups[-1][0], groups[-1][1] + 1)
        else:
            groups.append((line, 1))
    for line, count in groups:
        if ("d" in options and count == 1) or ("u" in options and count > 1):
            continue
        streams.out.line(f"{count:7d} {line}" if "c" in options else line)
    return int(not good)


def diff(env: Environment, args: list[str], streams: Streams) -> Process:
    words = [arg for arg in args if arg == "-" or not arg.startswith("-")]
    if len(words) != 2:
        streams.err.line("diff: missing operand" if len(words) < 2 else "diff: extra operand")
        return 2
    one, good = yield from lines(env, "diff", words[:1], streams)
    two, also = yield from lines(env, "diff", words[1:], streams)
    if not good or not also:
        return 2
    if len(one) + len(two) > MAX_DIFF_LINES:
        streams.err.line(f"diff: files of more than {MAX_DIFF_LINES:,} lines are not compared")
        return 2
    if one == two:
        return 0
    if any(arg.startswith("-q") for arg in args):
        streams.out.line(f"Files {words[0]} and {words[1]} differ")
    elif any(arg.startswith("-u") for arg in args):
        for line in difflib.unified_diff(one, two, words[0], words[1], lineterm=""):
            streams.out.line(line)
    else:
        _normal(one, two, streams)
    return 1


def _normal(one: list[str], two: list[str], streams: Streams) -> None:
    def span(low: int, high: int) -> str:
        return str(high) if high - low <= 1 else f"{low + 1},{high}"

    for kind, a, b, c, d in difflib.SequenceMatcher(None, one, two, autojunk=False).get_opcodes():
        if kind == "equal":
            continue
        letter = {"replace": "c", "delete": "d", "insert": "a"}[kind]
        left = str(a) if kind == "insert" else span(a, b)
        right = str(c) if kind == "delete" else span(c, d)
        streams.out.line(f"{left}{letter}{right}")
        streams.out.write("".join(f"< {line}\n" for line in one[a:b]))
        streams.out.write("---\n" * (kind == "replace") + "".join(f"> {line}\n" for line in two[c:d]))
