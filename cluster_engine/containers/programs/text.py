"""`head`, `tail`, `wc`, `sort`, `uniq`, `cut`, `tr`, `diff` and other programs about lines."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING

from cluster_engine.containers.pipe import read_all, read_some
from cluster_engine.containers.process import decode, describe
from cluster_engine.containers.programs.options import UsageFault, arguments, checked, inputs, number, parse
from cluster_engine.containers.runner import Program, Wait
from cluster_engine.containers.shell.builtins.words import unescape

if TYPE_CHECKING:
    from collections.abc import Generator

    from cluster_engine.containers.process import Process


def _old_style(words: list[str]) -> list[str]:
    """`-5` means `-n 5`."""
    return [f"-n{word[1:]}" if re.fullmatch(r"-\d+", word) else word for word in words]


@checked
def head(process: Process) -> Program:
    options, paths = parse(_old_style(arguments(process)), "qv", "nc", long={"lines": "n", "bytes": "c"})
    count = number(options.get("n", "10"), "number of lines")
    if "c" not in options and count >= 0 and not paths:
        return (yield from _head_stream(process, count))
    if "c" in options and not paths and (left := number(options["c"])) >= 0:
        return (yield from _head_bytes(process, left))
    found, good = yield from inputs(process, paths)
    for index, (name, data) in enumerate(found):
        if len(paths) > 1 and "q" not in options:
            process.out(("\n" if index else "") + f"==> {name} <==\n")
        if "c" in options:
            process.stdout.write(data[: number(options["c"])])
        else:
            lines = data.splitlines(keepends=True)
            process.stdout.write(b"".join(lines[:count]))
    return int(not good)


def _head_stream(process: Process, left: int) -> Program:
    """Stops reading once it has its lines, which ends what writes into the pipe."""
    while left > 0:
        data = yield from read_some(process.stdin)
        if not data:
            return 0
        lines = data.splitlines(keepends=True)
        process.stdout.write(b"".join(lines[:left]))
        left -= sum(line.endswith(b"\n") for line in lines[:left])
    process.stdin.break_()
    return 0


def _head_bytes(process: Process, left: int) -> Program:
    while left > 0:
        data = yield from read_some(process.stdin)
        if not data:
            return 0
        process.stdout.write(data[:left])
        left -= len(data[:left])
    process.stdin.break_()
    return 0


@checked
def tail(process: Process) -> Program:
    options, paths = parse(
        _old_style(arguments(process)), "fFqv", "ncs", long={"follow": "f", "lines": "n", "bytes": "c", "retry": "F"}
    )
    text = options.get("n", "10")
    follows = "f" in options or "F" in options
    if follows and paths:
        return (yield from _follow(process, paths, text))
    found, good = yield from inputs(process, paths)
    for index, (name, data) in enumerate(found):
        if len(paths) > 1 and "q" not in options:
            process.out(("\n" if index else "") + f"==> {name} <==\n")
        process.stdout.write(data[-number(options["c"]) :] if "c" in options else _last(data, text))
    return int(not good)


def _last(data: bytes, text: str) -> bytes:
    lines = data.splitlines(keepends=True)
    count = number(text, "number of lines")
    if text.startswith("+"):
        return b"".join(lines[max(0, count - 1) :])
    return b"".join(lines[-abs(count) :]) if count else b""


def _follow(process: Process, paths: list[str], text: str) -> Program:
    """`tail -f`: goes on when the disk under a file changes."""
    sizes: dict[str, int] = {}
    for path in paths:
        try:
            data = process.fs.read(path, process.cwd, process.user)
        except OSError as error:
            process.err(f"tail: can't open '{path}': {error.strerror}\n")
            data = b""
            if "F" not in process.argv[1]:
                continue
        process.stdout.write(_last(data, text))
        sizes[path] = len(data)
    if not sizes:
        process.err("tail: no files\n")
        return 1
    while not process.stdout.broken:
        spaces = {id(space): space for path in sizes if (space := _space_of(process, path)) is not None}
        waits = tuple(space.change_after(space.version) for space in spaces.values())
        yield Wait(on=waits)
        for path, size in sizes.items():
            try:
                data = process.fs.read(path, process.cwd, process.user)
            except OSError:
                continue
            if len(data) != size:
                process.stdout.write(data[size:] if len(data) > size else data)
                sizes[path] = len(data)
    return 141


def _space_of(process: Process, path: str):  # type: ignore[no-untyped-def]
    try:
        return process.fs.mount_of(path, process.cwd).space
    except OSError:
        return None


@checked
def wc(process: Process) -> Program:
    options, paths = parse(arguments(process), "lwcm", long={"lines": "l", "words": "w", "bytes": "c"})
    found, good = yield from inputs(process, paths)
    letters = [letter for letter in "lwmc" if letter in options] or ["l", "w", "c"]
    totals = dict.fromkeys(letters, 0)
    for name, data in found:
        counts = {"l": data.count(b"\n"), "w": len(data.split()), "c": len(data), "m": len(decode(data))}
        for letter in letters:
            totals[letter] += counts[letter]
        _show_counts(process, [counts[letter] for letter in letters], "" if name == "-" else name)
    if len(found) > 1:
        _show_counts(process, list(totals.values()), "total")
    return int(not good)


def _show_counts(process: Process, counts: list[int], name: str) -> None:
    numbers = (
        str(counts[0])
        if len(counts) == 1
        else "".join(f"{count:>9}" if i else f"{count:>8}" for i, count in enumerate(counts))
    )
    process.out(f"{numbers} {name}".rstrip() + "\n")


# Lines as a whole.


def _lines(process: Process, paths: list[str]) -> Generator[Wait, None, tuple[list[str], bool]]:
    found, good = yield from inputs(process, paths)
    return [line for _, data in found for line in decode(data).splitlines()], good


@checked
def sort(process: Process) -> Program:
    options, paths = parse(
        arguments(process), "rnufhVbds", "kto", long={"reverse": "r", "numeric-sort": "n", "unique": "u"}
    )
    lines, good = yield from _lines(process, paths)
    field = re.match(r"(\d+)", options.get("k", ""))
    numeric = "n" in options or "h" in options or "n" in options.get("k", "")

    def key(line: str) -> tuple[object, ...]:
        part = line
        if field:
            parts = line.split(options["t"]) if "t" in options else line.split()
            part = parts[int(field[1]) - 1] if int(field[1]) <= len(parts) else ""
        if "V" in options:
            return tuple((0, int(p), "") if p.isdigit() else (1, 0, p) for p in re.split(r"(\d+)", part))
        value = re.match(r"\s*(-?\d+\.?\d*)([KMGT]?)", part) if numeric else None
        scale = 1024 ** " KMGT".index(value[2] or " ") if value and "h" in options else 1
        return (float(value[1]) * scale if value else 0.0, part.lower() if "f" in options else part)

    lines.sort(key=key, reverse="r" in options)
    if "u" in options:
        lines = list(dict.fromkeys(lines))
    process.out("".join(f"{line}\n" for line in lines))
    return 0 if good else 2


@checked
def uniq(process: Process) -> Program:
    options, paths = parse(arguments(process), "cdui")
    lines, good = yield from _lines(process, paths)
    groups: list[tuple[str, int]] = []
    for line in lines:
        if groups and groups[-1][0] == line:
            groups[-1] = (line, groups[-1][1] + 1)
        else:
            groups.append((line, 1))
    for line, count in groups:
        if ("d" in options and count == 1) or ("u" in options and count > 1):
            continue
        process.out(f"{count:7d} {line}\n" if "c" in options else f"{line}\n")
    return int(not good)


@checked
def cut(process: Process) -> Program:
    options, paths = parse(arguments(process), "s", "dfcb", long={"delimiter": "d", "fields": "f"})
    spec = options.get("f") or options.get("c") or options.get("b")
    if not spec:
        raise UsageFault("you must specify a list of bytes, characters, or fields")
    ranges = []
    for part in spec.split(","):
        found = re.fullmatch(r"(\d*)(-?)(\d*)", part)
        if found is None or part in ("", "-"):
            raise UsageFault(f"bad list '{spec}'")
        low = int(found[1] or 1)
        ranges.append((low, int(found[3]) if found[3] else 10**9 if found[2] else low))
    lines, good = yield from _lines(process, paths)
    separator = options.get("d", "\t")
    for line in lines:
        if "f" in options and separator not in line:
            if "s" not in options:
                process.out(line + "\n")
            continue
        parts = line.split(separator) if "f" in options else list(line)
        chosen = [part for index, part in enumerate(parts, 1) if any(low <= index <= high for low, high in ranges)]
        process.out((separator if "f" in options else "").join(chosen) + "\n")
    return int(not good)


def _characters(spec: str) -> str:
    text = unescape(spec)[0]
    text = re.sub(r"\[:(\w+):\]", lambda found: _SETS.get(found[1], ""), text)
    return re.sub(r"(.)-(.)", lambda f: "".join(map(chr, range(ord(f[1]), ord(f[2]) + 1))), text, flags=re.DOTALL)


_SETS = {
    "upper": "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "lower": "abcdefghijklmnopqrstuvwxyz", "digit": "0123456789",
    "space": " \t\n\r\v\f", "alpha": "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
    "alnum": "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", "blank": " \t",
    "punct": "!\"#$%&'()*+,./:;<=>?@[\\]^_`{|}~-",
}  # fmt: skip


@checked
def tr(process: Process) -> Program:
    options, sets = parse(arguments(process), "dscC")
    if not sets:
        raise UsageFault("missing operand")
    text = decode((yield from read_all(process.stdin)))
    first = _characters(sets[0])
    second = _characters(sets[1]) if len(sets) > 1 else ""
    inverse = "c" in options or "C" in options

    def member(char: str) -> bool:
        return (char in first) != inverse

    if "d" in options:
        text = "".join(char for char in text if not member(char))
    elif second:
        text = "".join(_translated(char, first, second, inverse) if member(char) else char for char in text)
    if "s" in options:
        squeezed = second or first
        text = re.sub(r"(.)\1+", lambda f: f[1] if f[1] in squeezed else f[0], text, flags=re.DOTALL)
    process.out(text)
    return 0


def _translated(char: str, first: str, second: str, inverse: bool) -> str:
    index = len(second) if inverse else first.index(char)
    return second[min(index, len(second) - 1)]


@checked
def nl(process: Process) -> Program:
    _, paths = parse(arguments(process), "", "bnw")
    lines, good = yield from _lines(process, paths)
    count = 0
    for line in lines:
        count += bool(line)
        process.out(f"{count:6d}\t{line}\n" if line else "\n")
    return int(not good)


@checked
def tac(process: Process) -> Program:
    lines, good = yield from _lines(process, arguments(process))
    process.out("".join(f"{line}\n" for line in reversed(lines)))
    return int(not good)


@checked
def rev(process: Process) -> Program:
    lines, good = yield from _lines(process, arguments(process))
    process.out("".join(f"{line[::-1]}\n" for line in lines))
    return int(not good)


@checked
def paste(process: Process) -> Program:
    options, paths = parse(arguments(process), "s", "d")
    separator = unescape(options.get("d", "\t"))[0]
    if "s" in options or len(paths) < 2:
        lines, good = yield from _lines(process, paths)
        process.out(separator.join(lines) + "\n" if "s" in options else "".join(f"{line}\n" for line in lines))
        return int(not good)
    found, good = yield from inputs(process, paths)
    columns = [decode(data).splitlines() for _, data in found]
    for index in range(max(map(len, columns), default=0)):
        process.out(separator.join(c[index] if index < len(c) else "" for c in columns) + "\n")
    return int(not good)


@checked
def fold(process: Process) -> Program:
    options, paths = parse(_old_style(arguments(process)), "s", "wn")
    width = max(1, number(options.get("w") or options.get("n") or "80"))
    lines, good = yield from _lines(process, paths)
    for line in lines:
        for start in range(0, max(len(line), 1), width):
            process.out(line[start : start + width] + "\n")
    return int(not good)


@checked
def diff(process: Process) -> Program:
    """Says which lines differ, in the short form of old."""
    options, paths = parse(arguments(process), "uqrNabB")
    if len(paths) != 2:
        raise UsageFault("two files are needed")
    texts = []
    for path in paths:
        try:
            texts.append(decode(process.fs.read(path, process.cwd, process.user)).splitlines(keepends=True))
        except OSError as error:
            process.err(f"diff: {describe(error)}\n")
            return 2
    if texts[0] == texts[1]:
        return 0
    if "q" in options:
        process.out(f"Files {paths[0]} and {paths[1]} differ\n")
    else:
        process.out("".join(difflib.unified_diff(texts[0], texts[1], paths[0], paths[1])))
    return 1
    yield
