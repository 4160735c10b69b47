"""`grep`: each matching line is printed as soon as it comes, so that `kubectl get -w | grep` works."""

from __future__ import annotations

import re
from dataclasses import dataclass

from cluster_engine.kubectl.process import Process, read_chunks
from cluster_engine.sh.regex import RegexFault, compiled
from cluster_engine.shell.builtins.arguments import OptionError, read, split, texts
from cluster_engine.shell.environment import Environment, Streams
from cluster_engine.shell.files import HOME

_LONG = {
    "ignore-case": "i", "invert-match": "v", "count": "c", "line-number": "n", "quiet": "q", "silent": "q",
    "only-matching": "o", "word-regexp": "w", "line-regexp": "x", "extended-regexp": "E", "fixed-strings": "F",
    "after-context": "A", "before-context": "B", "context": "C", "regexp": "e", "max-count": "m", "color": "U",
    "recursive": "r", "files-with-matches": "l", "with-filename": "H", "no-filename": "h",
}  # fmt: skip


def grep(env: Environment, args: list[str], streams: Streams) -> Process:
    args = [f"-C{arg[1:]}" if re.fullmatch(r"-\d+", arg) else arg for arg in args]
    try:
        options, words = read(args, "iEFPGnvcoqwxhHslLrRUay", "ABCm", several="e", long=_LONG)
        if "e" not in options and not words:
            streams.err.line("Usage: grep [OPTION]... PATTERNS [FILE]...")
            return 2
        pattern, files = (options["e"], words) if "e" in options else (words[0], words[1:])
        if "r" in options or "R" in options:
            files = _below(env, files or ["."])
        settings = _Settings(
            _matcher(pattern, options),
            options,
            after=_count(options, "A"),
            before=_count(options, "B"),
            most=int(options["m"]) if "m" in options else None,
        )
    except (OptionError, RegexFault, ValueError) as error:
        streams.err.line(f"grep: {error}")
        return 2
    if files:
        return (yield from _in_files(env, files, settings, streams))
    search = _Search(settings, streams, "")
    rest = ""
    while chunk := (yield from read_chunks(streams.stdin)):
        *whole, rest = (rest + chunk).split("\n")
        for line in whole:
            search.take(line)
        if search.has_enough:
            break
    if rest:
        search.take(rest)
    search.end()
    return int(not search.count)


def _in_files(env: Environment, files: list[str], settings: _Settings, streams: Streams) -> Process:
    named = (len(files) > 1 or bool({"H", "r", "R"} & set(settings.options))) and "h" not in settings.options
    found, good = yield from texts(env, "grep", files, streams)
    count = 0
    for name, text in found:
        search = _Search(settings, streams, name if named else "", name)
        for line in split(text):
            search.take(line)
        search.end()
        count += search.count
    return 2 if not good else int(not count)


def _below(env: Environment, places: list[str]) -> list[str]:
    found: list[str] = []
    for place in places:
        if env.files.is_directory(place):
            here = env.files.directory
            for path in env.files.below(place):
                found.append(
                    path[len(here) + 1 :]
                    if here and path.startswith(f"{here}/")
                    else path
                    if not here
                    else f"{HOME}/{path}"
                )
        else:
            found.append(place)
    return found


def _count(options: dict[str, str], letter: str) -> int:
    text = options.get(letter) or options.get("C") or "0"
    if not text.isdigit():
        raise OptionError(f"{text}: invalid context length argument")
    return int(text)


def _matcher(pattern: str, options: dict[str, str]) -> re.Pattern[str]:
    extended = "E" in options or "P" in options
    parts = []
    for line in pattern.split("\n"):
        source = re.escape(line) if "F" in options else line
        expression = compiled(source, extended=extended or "F" in options).pattern
        if "w" in options:
            expression = rf"(?<!\w)(?:{expression})(?!\w)"
        if "x" in options:
            expression = rf"\A(?:{expression})\Z"
        parts.append(f"(?:{expression})" if "\n" in pattern else expression)
    return re.compile("|".join(parts), re.IGNORECASE if "i" in options or "y" in options else 0)


@dataclass(frozen=True, slots=True)
class _Settings:
    matcher: re.Pattern[str]
    options: dict[str, str]
    after: int
    before: int
    most: int | None


class _Search:
    """One input, line by line. `shown` goes before each line; `name` is the file's."""

    def __init__(self, settings: _Settings, streams: Streams, shown: str, name: str = "(standard input)") -> None:
        self._settings, self._streams, self._head, self._name = settings, streams, shown, name
        self._recent: list[tuple[int, str]] = []
        self._owed = 0
        self._number = 0
        self._last_shown = 0
        self.count = 0

    @property
    def has_enough(self) -> bool:
        most = self._settings.most
        quiet = bool({"q", "l"} & set(self._settings.options))
        return (most is not None and self.count >= most and not self._owed) or (quiet and self.count > 0)

    def take(self, line: str) -> None:
        settings = self._settings
        self._number += 1
        full = settings.most is not None and self.count >= settings.most
        found = not full and bool(settings.matcher.search(line)) != ("v" in settings.options)
        if found:
            self.count += 1
            for number, earlier in self._recent:
                self._show(number, earlier, "-")
            self._recent.clear()
            self._show(self._number, line, ":")
            self._owed = settings.after
        elif self._owed:
            self._owed -= 1
            self._show(self._number, line, "-")
        elif settings.before:
            self._recent = [*self._recent, (self._number, line)][-settings.before :]

    def _show(self, number: int, line: str, mark: str) -> None:
        settings, out = self._settings, self._streams.out
        if {"q", "c", "l", "L"} & set(settings.options):
            return
        if (settings.after or settings.before) and self._last_shown and number > self._last_shown + 1:
            out.line("--")
        self._last_shown = number
        head = f"{self._head}{mark}" if self._head else ""
        head += f"{number}{mark}" if "n" in settings.options else ""
        if "o" not in settings.options or "v" in settings.options:
            out.line(head + line)
        elif mark == ":":
            for found in settings.matcher.finditer(line):
                if found[0]:
                    out.line(head + found[0])

    def end(self) -> None:
        options = self._settings.options
        if ("l" in options and self.count) or ("L" in options and not self.count):
            self._streams.out.line(self._name)
        elif "c" in options and "q" not in options:
            self._streams.out.line((f"{self._head}:" if self._head else "") + str(self.count))
