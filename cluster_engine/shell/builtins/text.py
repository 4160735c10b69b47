"""`grep`, `head`, `tail`, `wc`, `sort`, `uniq`, `cut`: text from pipes and files."""

from __future__ import annotations

import re
from collections.abc import Generator

from cluster_engine.kubectl.process import Process, Wait, read_all, read_chunks
from cluster_engine.shell.builtins.arguments import OptionError, read
from cluster_engine.shell.environment import Environment, Streams

MAX_PATTERN = 1000


def _lines(
    env: Environment, name: str, words: list[str], streams: Streams
) -> Generator[Wait, None, tuple[list[str], bool]]:
    """(the lines of the files, or of standard input; whether all files were there)."""
    if not words:
        return (yield from read_all(streams.stdin)).splitlines(), True
    lines: list[str] = []
    good = True
    for word in words:
        try:
            text = (yield from read_all(streams.stdin)) if word == "-" else env.files.read(word)
        except FileNotFoundError:
            streams.err.line(f"{name}: {word}: No such file or directory")
            good = False
            continue
        lines.extend(text.splitlines())
    return lines, good


def grep(env: Environment, args: list[str], streams: Streams) -> Process:
    """Prints each matching line as soon as it comes, so that `kubectl get -w | grep` works."""
    try:
        options, words = read(args, "iEFnvcoqwxhs", "ABCem")
        pattern, files = (options["e"], words) if "e" in options else (words[0], words[1:])
        matcher = _matcher(pattern, options)
        after, before = (int(options.get(letter) or options.get("C") or 0) for letter in "AB")
    except IndexError:
        streams.err.line("Usage: grep [OPTION]... PATTERNS [FILE]...")
        return 2
    except (OptionError, ValueError, re.error) as error:
        streams.err.line(f"grep: {error}")
        return 2
    search = _Grep(matcher, options, after, before, streams)
    if files:
        lines, good = yield from _lines(env, "grep", files, streams)
        for line in lines:
            search.take(line)
        search.end()
        return 2 if not good else int(not search.count)
    rest = ""
    while chunk := (yield from read_chunks(streams.stdin)):
        *whole, rest = (rest + chunk).split("\n")
        for line in whole:
            search.take(line)
    if rest:
        search.take(rest)
    search.end()
    return int(not search.count)


def _matcher(pattern: str, options: dict[str, str]) -> re.Pattern[str]:
    if len(pattern) > MAX_PATTERN:
        raise ValueError(f"the pattern is longer than {MAX_PATTERN} characters")
    if "F" in options:
        expression = "|".join(re.escape(line) for line in pattern.split("\n"))
    elif "E" in options:
        expression = pattern
    else:
        # In a basic expression + ? | ( ) { } are plain unless they are escaped.
        expression = re.sub(r"\\([+?|(){}])|([+?|(){}])", lambda found: found[1] or "\\" + found[2], pattern)
    if _is_dangerous(expression):
        raise ValueError("the pattern repeats a repetition, which could take for ever")
    if "w" in options:
        expression = rf"\b(?:{expression})\b"
    if "x" in options:
        expression = rf"\A(?:{expression})\Z"
    return re.compile(expression, re.IGNORECASE if "i" in options else 0)


def _is_dangerous(expression: str) -> bool:
    """Whether a group that repeats something is itself repeated, as in `(a+)+`."""
    return re.search(r"[+*}]\)[+*{]", expression) is not None


class _Grep:
    def __init__(
        self, matcher: re.Pattern[str], options: dict[str, str], after: int, before: int, streams: Streams
    ) -> None:
        self._matcher, self._options, self._streams = matcher, options, streams
        self._after, self._before = after, before
        self._recent: list[tuple[int, str]] = []
        self._owed = 0
        self._number = 0
        self._last_shown = 0
        self.count = 0

    def take(self, line: str) -> None:
        self._number += 1
        limit = self._options.get("m")
        found = bool(self._matcher.search(line)) != ("v" in self._options) and not (limit and self.count >= int(limit))
        if found:
            self.count += 1
            for number, earlier in self._recent:
                self._show(number, earlier, "-")
            self._recent.clear()
            self._show(self._number, line, ":")
            self._owed = self._after
        elif self._owed:
            self._owed -= 1
            self._show(self._number, line, "-")
        elif self._before:
            self._recent = [*self._recent, (self._number, line)][-self._before :]

    def _show(self, number: int, line: str, mark: str) -> None:
        if "q" in self._options or "c" in self._options:
            return
        if (self._after or self._before) and self._last_shown and number > self._last_shown + 1:
            self._streams.out.line("--")
        self._last_shown = number
        head = f"{number}{mark}" if "n" in self._options else ""
        if "o" in self._options and "v" not in self._options:
            for found in self._matcher.finditer(line):
                if found[0]:
                    self._streams.out.line(head + found[0])
        else:
            self._streams.out.line(head + line)

    def end(self) -> None:
        if "c" in self._options:
            self._streams.out.line(str(self.count))


def _count(options: dict[str, str], letter: str = "n") -> int:
    text = options.get(letter, "10")
    if not re.fullmatch(r"[+-]?\d+", text):
        raise OptionError(f"invalid number of lines: '{text}'")
    return int(text)


def _old_style(args: list[str]) -> list[str]:
    """`-5` means `-n 5`."""
    return [f"-n{arg[1:]}" if re.fullmatch(r"-\d+", arg) else arg for arg in args]


def head(env: Environment, args: list[str], streams: Streams) -> Process:
    """Stops reading once it has its lines, which ends what writes into the pipe."""
    try:
        options, words = read(_old_style(args), "q", "nc")
        count = _count(options)
    except OptionError as error:
        streams.err.line(f"head: {error}")
        return 1
    if words or count < 0:
        lines, good = yield from _lines(env, "head", words, streams)
        streams.out.write("".join(f"{line}\n" for line in lines[:count]))
        return int(not good)
    rest, left = "", count
    while left > 0 and (chunk := (yield from read_chunks(streams.stdin))):
        *whole, rest = (rest + chunk).split("\n")
        streams.out.write("".join(f"{line}\n" for line in whole[:left]))
        left -= len(whole)
    if rest and left > 0:
        streams.out.write(rest)
    return 0


def tail(env: Environment, args: list[str], streams: Streams) -> Process:
    try:
        options, words = read(_old_style(args), "q", "n")
        text = options.get("n", "10")
        count = _count(options)
    except OptionError as error:
        streams.err.line(f"tail: {error}")
        return 1
    lines, good = yield from _lines(env, "tail", words, streams)
    if text.startswith("+"):
        chosen = lines[max(0, count - 1) :]
    else:
        chosen = lines[-abs(count) :] if count else []
    streams.out.write("".join(f"{line}\n" for line in chosen))
    return int(not good)


def wc(env: Environment, args: list[str], streams: Streams) -> Process:
    try:
        options, words = read(args, "lwcm")
    except OptionError as error:
        streams.err.line(f"wc: {error}")
        return 1
    code = 0
    for word in words or [""]:
        try:
            text = env.files.read(word) if word else (yield from read_all(streams.stdin))
        except FileNotFoundError:
            streams.err.line(f"wc: {word}: No such file or directory")
            code = 1
            continue
        counts = {"l": text.count("\n"), "w": len(text.split()), "c": len(text.encode()), "m": len(text)}
        shown = [counts[letter] for letter in "lwmc" if letter in (options or {"l": "", "w": "", "c": ""})]
        numbers = str(shown[0]) if len(shown) == 1 else " ".join(f"{number:7d}" for number in shown)
        streams.out.line(f"{numbers} {word}".rstrip())
    return code


def sort(env: Environment, args: list[str], streams: Streams) -> Process:
    try:
        options, words = read(args, "rnuf", "kt")
    except OptionError as error:
        streams.err.line(f"sort: {error}")
        return 2
    lines, good = yield from _lines(env, "sort", words, streams)
    column = re.match(r"\d+", options.get("k", ""))

    def key(line: str) -> tuple[float, str]:
        part = line
        if column:
            fields = line.split(options.get("t")) if "t" in options else line.split()
            part = fields[int(column[0]) - 1] if int(column[0]) <= len(fields) else ""
        number = re.match(r"\s*(-?\d+\.?\d*)", part) if "n" in options else None
        return (float(number[1]) if number else 0.0, part.lower() if "f" in options else part)

    lines.sort(key=key, reverse="r" in options)
    if "u" in options:
        lines = list(dict.fromkeys(lines))
    streams.out.write("".join(f"{line}\n" for line in lines))
    return 0 if good else 2


def uniq(env: Environment, args: list[str], streams: Streams) -> Process:
    try:
        options, words = read(args, "c")
    except OptionError as error:
        streams.err.line(f"uniq: {error}")
        return 1
    lines, good = yield from _lines(env, "uniq", words, streams)
    groups: list[tuple[str, int]] = []
    for line in lines:
        if groups and groups[-1][0] == line:
            groups[-1] = (line, groups[-1][1] + 1)
        else:
            groups.append((line, 1))
    for line, count in groups:
        streams.out.line(f"{count:7d} {line}" if "c" in options else line)
    return int(not good)


def cut(env: Environment, args: list[str], streams: Streams) -> Process:
    try:
        options, words = read(args, "s", "dfc")
        ranges = _ranges(options.get("f") or options.get("c") or "")
    except OptionError as error:
        streams.err.line(f"cut: {error}")
        return 1
    lines, good = yield from _lines(env, "cut", words, streams)
    separator = options.get("d", "\t")
    for line in lines:
        if "f" in options and separator not in line:
            streams.out.line(line)
            continue
        parts = line.split(separator) if "f" in options else list(line)
        chosen = [part for index, part in enumerate(parts, 1) if any(low <= index <= high for low, high in ranges)]
        streams.out.line((separator if "f" in options else "").join(chosen))
    return int(not good)


def _ranges(text: str) -> list[tuple[int, int]]:
    ranges = []
    for part in text.split(","):
        found = re.fullmatch(r"(\d*)(-?)(\d*)", part)
        if not part or found is None or part == "-":
            raise OptionError("you must specify a list of bytes, characters, or fields")
        low = int(found[1] or 1)
        high = int(found[3]) if found[3] else (10**9 if found[2] else low)
        ranges.append((low, high))
    return ranges
