"""`head`, `tail`, `wc`, `cut`, `tr` and other commands that turn text into text, from pipes and files."""

from __future__ import annotations

import base64 as base64_code
import binascii
import hashlib
import re

from cluster_engine.kubectl.process import Process, read_all, read_chunks
from cluster_engine.shell.builtins.arguments import OptionError, lines, read, texts
from cluster_engine.shell.environment import Environment, Streams
from cluster_engine.shell.redirect import reason


def _count(options: dict[str, str], letter: str = "n") -> int:
    text = options.get(letter, "10")
    if not re.fullmatch(r"[+-]?\d{1,9}", text):
        what = "bytes" if letter == "c" else "lines"
        raise OptionError(f"invalid number of {what}: '{text}'")
    return int(text)


def _old_style(args: list[str]) -> list[str]:
    """`-5` means `-n 5`."""
    return [
        f"-n{arg[1:]}" if re.fullmatch(r"-\d+", arg) and args[index - 1 : index] not in (["-n"], ["-c"]) else arg
        for index, arg in enumerate(args)
    ]


def head(env: Environment, args: list[str], streams: Streams) -> Process:
    """Stops reading once it has its lines, which ends what writes into the pipe."""
    try:
        options, words = read(_old_style(args), "qv", "nc", long={"lines": "n", "bytes": "c", "quiet": "q"})
        count = _count(options, "c" if "c" in options else "n")
    except OptionError as error:
        streams.err.line(f"head: {error}")
        return 1
    if words or count < 0 or "c" in options:
        found, good = yield from texts(env, "head", words, streams)
        for index, (name, text) in enumerate(found):
            if len(words) > 1 and "q" not in options:
                streams.out.write("\n" * bool(index) + f"==> {name} <==\n")
            kept = text[:count] if "c" in options else "".join(text.splitlines(keepends=True)[:count])
            streams.out.write(kept)
        return int(not good)
    rest, left = "", count
    while left > 0 and (chunk := (yield from read_chunks(streams.stdin))):
        *whole, rest = (rest + chunk).split("\n")
        streams.out.write("".join(f"{line}\n" for line in whole[:left]))
        if len(whole) > left:
            streams.stdin.unread("\n".join([*whole[left:], rest]))
            return 0
        left -= len(whole)
    if rest and left > 0:
        streams.out.write(rest)
    elif rest:
        streams.stdin.unread(rest)
    return 0


def tail(env: Environment, args: list[str], streams: Streams) -> Process:
    try:
        options, words = read(_old_style(args), "qvfF", "nc", long={"lines": "n", "bytes": "c", "follow": "f"})
        letter = "c" if "c" in options else "n"
        text_count = options.get(letter, "10")
        count = _count(options, letter)
    except OptionError as error:
        streams.err.line(f"tail: {error}")
        return 1
    found, good = yield from texts(env, "tail", words, streams)
    for index, (name, text) in enumerate(found):
        if len(words) > 1 and "q" not in options:
            streams.out.write("\n" * bool(index) + f"==> {name} <==\n")
        units: list[str] = list(text) if letter == "c" else text.splitlines(keepends=True)
        if text_count.startswith("+"):
            units = units[max(0, count - 1) :]
        else:
            units = units[-abs(count) :] if count else []
        streams.out.write("".join(units))
    if ("f" in options or "F" in options) and words:
        streams.err.line("tail: files here change only by your own commands: there is nothing to follow")
    return int(not good)


def wc(env: Environment, args: list[str], streams: Streams) -> Process:
    try:
        options, words = read(args, "lwcmL", long={"lines": "l", "words": "w", "bytes": "c", "chars": "m"})
    except OptionError as error:
        streams.err.line(f"wc: {error}")
        return 1
    found, good = yield from texts(env, "wc", words, streams)
    chosen = [letter for letter in "lwmc" if letter in (options or {"l": "", "w": "", "c": ""})]
    rows: list[tuple[list[int], str]] = []
    for name, text in found:
        counts = {"l": text.count("\n"), "w": len(text.split()), "c": len(text.encode()), "m": len(text)}
        rows.append(([counts[letter] for letter in chosen], name))
    if len(rows) > 1:
        rows.append(([sum(column) for column in zip(*(row for row, _ in rows), strict=True)], "total"))
    width = max((len(str(number)) for row, _ in rows for number in row), default=0)
    width = 7 if not words and len(chosen) > 1 else width
    for numbers, name in rows:
        shown = " ".join(f"{number:{1 if len(chosen) == 1 and len(rows) == 1 else width}d}" for number in numbers)
        streams.out.line(f"{shown} {name}".rstrip())
    return int(not good)


def cut(env: Environment, args: list[str], streams: Streams) -> Process:
    try:
        options, words = read(args, "s", "dfcb", long={"delimiter": "d", "fields": "f", "output-delimiter": "b"})
        ranges = _ranges(options.get("f") or options.get("c") or options.get("b") or "")
    except OptionError as error:
        streams.err.line(f"cut: {error}")
        return 1
    found, good = yield from lines(env, "cut", words, streams)
    separator = options.get("d", "\t")
    if len(separator) != 1:
        streams.err.line("cut: the delimiter must be a single character")
        return 1
    for line in found:
        if "f" in options and separator not in line:
            if "s" not in options:
                streams.out.line(line)
            continue
        parts = line.split(separator) if "f" in options else list(line)
        chosen = [part for index, part in enumerate(parts, 1) if any(low <= index <= high for low, high in ranges)]
        streams.out.line((separator if "f" in options else "").join(chosen))
    return int(not good)


def _ranges(text: str) -> list[tuple[int, int]]:
    ranges = []
    for part in text.split(","):
        found = re.fullmatch(r"(\d{0,9})(-?)(\d{0,9})", part)
        if not part or found is None or part == "-":
            raise OptionError("you must specify a list of bytes, characters, or fields")
        low = int(found[1] or 1)
        high = int(found[3]) if found[3] else (10**9 if found[2] else low)
        ranges.append((low, high))
    return ranges


_TR_CLASSES = {
    "upper": "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "lower": "abcdefghijklmnopqrstuvwxyz", "digit": "0123456789",
    "space": " \t\n\r\v\f", "blank": " \t", "punct": "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~",
}  # fmt: skip
_TR_CLASSES["alpha"] = _TR_CLASSES["upper"] + _TR_CLASSES["lower"]
_TR_CLASSES["alnum"] = _TR_CLASSES["alpha"] + _TR_CLASSES["digit"]


def _characters(text: str) -> str:
    """A set of `tr`: classes, ranges, escapes."""
    text = re.sub(r"\[:(\w+):\]", lambda found: _TR_CLASSES.get(found[1], ""), text)
    text = re.sub(r"\\([ntr\\])", lambda found: {"n": "\n", "t": "\t", "r": "\r", "\\": "\\"}[found[1]], text)

    def spread(found: re.Match[str]) -> str:
        return "".join(map(chr, range(ord(found[1]), ord(found[2]) + 1)))

    return re.sub(r"(.)-(.)", spread, text, flags=re.DOTALL)


def tr(env: Environment, args: list[str], streams: Streams) -> Process:
    try:
        options, words = read(args, "dscCt", long={"delete": "d", "squeeze-repeats": "s", "complement": "c"})
    except OptionError as error:
        streams.err.line(f"tr: {error}")
        return 1
    if not words or (len(words) == 1 and not {"d", "s"} & set(options)):
        streams.err.line("tr: missing operand" + (f" after '{words[0]}'" if words else ""))
        return 1
    source = _characters(words[0])
    target = _characters(words[1]) if len(words) > 1 else ""
    opposite = "c" in options or "C" in options
    while chunk := (yield from read_chunks(streams.stdin)):
        if "d" in options:
            chunk = "".join(char for char in chunk if (char in source) == opposite)
        elif target:
            if opposite:
                chunk = "".join(char if char in source else target[-1] for char in chunk)
            else:
                padded = target + target[-1] * (len(source) - len(target))
                chunk = chunk.translate(
                    {ord(old): new for old, new in reversed(list(zip(source, padded, strict=False)))}
                )
        if "s" in options:
            squeezed = re.escape(target or source)
            chunk = re.sub(rf"([{'^' if opposite and not target else ''}{squeezed}])\1+", r"\1", chunk)
        streams.out.write(chunk)
    return 0


def rev(env: Environment, args: list[str], streams: Streams) -> Process:
    found, good = yield from lines(env, "rev", args, streams)
    streams.out.write("".join(f"{line[::-1]}\n" for line in found))
    return int(not good)


def tac(env: Environment, args: list[str], streams: Streams) -> Process:
    found, good = yield from lines(env, "tac", args, streams)
    streams.out.write("".join(f"{line}\n" for line in reversed(found)))
    return int(not good)


def nl(env: Environment, args: list[str], streams: Streams) -> Process:
    found, good = yield from lines(env, "nl", [arg for arg in args if not arg.startswith("-")], streams)
    number = 0
    for line in found:
        number += bool(line) or "-ba" in args
        streams.out.line(f"{number:6d}\t{line}" if line or "-ba" in args else f"       {line}")
    return int(not good)


def paste(env: Environment, args: list[str], streams: Streams) -> Process:
    try:
        options, words = read(args, "s", "d")
    except OptionError as error:
        streams.err.line(f"paste: {error}")
        return 1
    found, good = yield from texts(env, "paste", words, streams)
    separator = options.get("d", "\t").replace("\\n", "\n")[:1]
    columns = [text.splitlines() for _, text in found]
    if "s" in options:
        streams.out.write("".join(f"{separator.join(column)}\n" for column in columns))
        return int(not good)
    for index in range(max(map(len, columns), default=0)):
        streams.out.line(separator.join(column[index] if index < len(column) else "" for column in columns))
    return int(not good)


def column(env: Environment, args: list[str], streams: Streams) -> Process:
    try:
        options, words = read(args, "t", "so", long={"table": "t", "separator": "s"})
    except OptionError as error:
        streams.err.line(f"column: {error}")
        return 1
    found, good = yield from lines(env, "column", words, streams)
    rows = [line.split(options.get("s")) for line in found if line.strip()]
    count = max(map(len, rows), default=0)
    widths = [max((len(row[index]) for row in rows if index < len(row)), default=0) for index in range(count)]
    for row in rows if "t" in options else []:
        streams.out.line((options.get("o") or "  ").join(cell.ljust(widths[i]) for i, cell in enumerate(row)).rstrip())
    if "t" not in options:
        streams.out.write("".join(f"{line}\n" for line in found))
    return int(not good)


def base64(env: Environment, args: list[str], streams: Streams) -> Process:
    try:
        options, words = read(args, "dDi", "w", long={"decode": "d", "wrap": "w", "ignore-garbage": "i"})
    except OptionError as error:
        streams.err.line(f"base64: {error}")
        return 1
    try:
        text = env.files.read(words[0]) if words and words[0] != "-" else (yield from read_all(streams.stdin))
    except OSError as error:
        streams.err.line(f"base64: {reason(error)}")
        return 1
    if "d" in options or "D" in options:
        try:
            streams.out.write(base64_code.b64decode("".join(text.split()), validate=True).decode("utf-8", "replace"))
        except (binascii.Error, ValueError):
            streams.err.line("base64: invalid input")
            return 1
        return 0
    code = base64_code.b64encode(text.encode()).decode()
    width = int(options.get("w", "76")) if options.get("w", "76").isdigit() else 76
    pieces = [code[at : at + width] for at in range(0, len(code), width)] if width else [code]
    streams.out.write("\n".join(pieces) + ("\n" if width else ""))
    return 0


def _checksum(name: str, algorithm: str, env: Environment, args: list[str], streams: Streams) -> Process:
    found, good = yield from texts(env, name, [arg for arg in args if arg == "-" or not arg.startswith("-")], streams)
    for path, text in found:
        streams.out.line(f"{hashlib.new(algorithm, text.encode(), usedforsecurity=False).hexdigest()}  {path or '-'}")
    return int(not good)


def md5sum(env: Environment, args: list[str], streams: Streams) -> Process:
    return (yield from _checksum("md5sum", "md5", env, args, streams))


def sha1sum(env: Environment, args: list[str], streams: Streams) -> Process:
    return (yield from _checksum("sha1sum", "sha1", env, args, streams))


def sha256sum(env: Environment, args: list[str], streams: Streams) -> Process:
    return (yield from _checksum("sha256sum", "sha256", env, args, streams))
