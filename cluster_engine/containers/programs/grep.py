"""`grep`, and the regular expressions that it shares with `sed`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cluster_engine.containers.files import Directory, File
from cluster_engine.containers.pipe import read_some
from cluster_engine.containers.process import decode
from cluster_engine.containers.programs.options import UsageFault, arguments, checked, inputs, number, parse
from cluster_engine.containers.runner import Program

if TYPE_CHECKING:
    from cluster_engine.containers.process import Process

MAX_PATTERN = 1000


def compile_pattern(pattern: str, options: dict[str, str], *, extended: bool) -> re.Pattern[str]:
    """A regular expression of grep or sed. Raises `UsageFault`."""
    if len(pattern) > MAX_PATTERN:
        raise UsageFault("the pattern is too long")
    if "F" in options:
        expression = "|".join(re.escape(line) for line in pattern.split("\n"))
    else:
        alternatives = pattern.split("\n")
        expression = "|".join(alternatives if extended else map(basic_to_extended, alternatives))
        expression = re.sub(r"\[\[:(\w+):\]\]", lambda found: _CLASSES.get(found[1], found[0]), expression)
        expression = re.sub(r"\[:(\w+):\]", lambda found: _CLASSES.get(found[1], "")[1:-1], expression)
    if re.search(r"[+*}]\)[+*{]", expression):
        raise UsageFault("the pattern repeats a repetition, which could take for ever")
    if "w" in options:
        expression = rf"\b(?:{expression})\b"
    if "x" in options:
        expression = rf"\A(?:{expression})\Z"
    try:
        return re.compile(expression, re.IGNORECASE if "i" in options or "I" in options else 0)
    except re.error as error:
        raise UsageFault(f"bad regex '{pattern}': {error}") from None


_CLASSES = {
    "digit": "[0-9]", "alpha": "[A-Za-z]", "alnum": "[A-Za-z0-9]", "space": r"[\s]", "upper": "[A-Z]", "lower": "[a-z]",
    "punct": r"[!-/:-@\[-`{-~]", "blank": r"[ \t]", "xdigit": "[0-9A-Fa-f]",
}  # fmt: skip


def basic_to_extended(pattern: str) -> str:
    """A basic expression, in which + ? | ( ) { } are plain unless they are escaped, as an extended one."""
    converted = re.sub(r"\\([+?|(){}])|([+?|(){}])", lambda found: found[1] or "\\" + found[2], pattern)
    return re.sub(r"\A\*", r"\\*", converted)


@checked
def grep(process: Process) -> Program:
    flags = {"ignore-case": "i", "invert-match": "v", "quiet": "q", "count": "c", "recursive": "r", "color": "C0"}
    words = [word for word in arguments(process) if not word.startswith("--color")]
    options, paths = parse(words, "iEFnvcoqwxhHsrRlLaPz", "ABCem", long=flags)
    if "e" in options:
        pattern = options["e"]
    elif paths:
        pattern, paths = paths[0], paths[1:]
    else:
        process.err("Usage: grep [OPTION]... PATTERNS [FILE]...\n")
        return 2
    matcher = compile_pattern(pattern, options, extended="E" in options or "P" in options or process.name == "egrep")
    if "r" in options or "R" in options:
        paths = _files_below(process, paths or ["."])
    if not paths:
        return (yield from _grep_stream(process, matcher, options))
    found, good = yield from inputs(process, paths)
    counted = 0
    for name, data in found:
        prefix = f"{name}:" if (len(paths) > 1 or "H" in options or "r" in options) and "h" not in options else ""
        search = _Grep(process, matcher, options, prefix)
        for line in decode(data).splitlines():
            search.take(line)
        search.end()
        counted += search.count
        if "l" in options and search.count:
            process.out(name + "\n")
    return 2 if not good and not ("q" in options and counted) else int(not counted)


def _files_below(process: Process, paths: list[str]) -> list[str]:
    found: list[str] = []
    for path in paths:
        inode = process.fs.find(path, process.cwd)
        if isinstance(inode, Directory):
            found += _files_below(process, [f"{path.rstrip('/')}/{name}" for name in inode.names()])
        elif isinstance(inode, File) or inode is None:
            found.append(path)
    return found[:1000]


def _grep_stream(process: Process, matcher: re.Pattern[str], options: dict[str, str]) -> Program:
    """Prints each matching line as soon as it comes."""
    search = _Grep(process, matcher, options, "")
    rest = b""
    while data := (yield from read_some(process.stdin)):
        *whole, rest = (rest + data).split(b"\n")
        for line in whole:
            search.take(decode(line))
            if "q" in options and search.count:
                process.stdin.break_()
                return 0
    if rest:
        search.take(decode(rest))
    search.end()
    return int(not search.count)


class _Grep:
    def __init__(self, process: Process, matcher: re.Pattern[str], options: dict[str, str], prefix: str) -> None:
        self._process, self._matcher, self._options, self._prefix = process, matcher, options, prefix
        self._after, self._before = (number(options.get(letter) or options.get("C") or "0") for letter in "AB")
        self._recent: list[tuple[int, str]] = []
        self._owed = self._number = self._last_shown = self.count = 0

    def take(self, line: str) -> None:
        self._number += 1
        limit = self._options.get("m")
        hit = bool(self._matcher.search(line)) != ("v" in self._options)
        if hit and not (limit and self.count >= number(limit)):
            self.count += 1
            for earlier_number, earlier in self._recent:
                self._show(earlier_number, earlier, "-")
            self._recent.clear()
            self._show(self._number, line, ":")
            self._owed = self._after
        elif self._owed:
            self._owed -= 1
            self._show(self._number, line, "-")
        elif self._before:
            self._recent = [*self._recent, (self._number, line)][-self._before :]

    def _show(self, line_number: int, line: str, mark: str) -> None:
        if any(letter in self._options for letter in "qcl"):
            return
        if (self._after or self._before) and self._last_shown and line_number > self._last_shown + 1:
            self._process.out("--\n")
        self._last_shown = line_number
        head_text = self._prefix + (f"{line_number}{mark}" if "n" in self._options else "")
        if "o" in self._options and "v" not in self._options:
            for found in self._matcher.finditer(line):
                if found[0]:
                    self._process.out(f"{head_text}{found[0]}\n")
        else:
            self._process.out(f"{head_text}{line}\n")

    def end(self) -> None:
        if "c" in self._options:
            self._process.out(f"{self._prefix}{self.count}\n")
