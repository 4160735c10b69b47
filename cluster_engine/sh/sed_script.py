"""A small `sed`: addresses, `s`, `y`, `d`, `p`, `q`, `a`, `i`, `c`, `n`, `b`, `t`, blocks. Here scripts are read."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from cluster_engine.sh.regex import RegexFault, compiled

MAX_COMMANDS = 500


class SedFault(ValueError):
    """A script that sed does not understand; the message is what follows `sed: `."""


@dataclass(slots=True)
class Address:
    """A line number, `$`, `first~step`, or an expression."""

    line: int = 0
    step: int = 0
    last: bool = False
    pattern: re.Pattern[str] | None = None
    relative: bool = False

    def fits(self, number: int, text: str, is_last: bool) -> bool:
        if self.pattern is not None:
            return self.pattern.search(text) is not None
        if self.last:
            return is_last
        if self.step:
            return number >= self.line and (number - self.line) % self.step == 0
        return number == self.line


@dataclass(slots=True)
class SedCommand:
    letter: str
    addresses: tuple[Address, ...] = ()
    negated: bool = False
    text: str = ""
    pattern: re.Pattern[str] | None = None
    replacement: Callable[[re.Match[str]], str] | None = None
    flags: str = ""
    count: int = 0
    block: list[SedCommand] = field(default_factory=list)
    # Whether a range of two addresses is open, and at which line it ends.
    open: bool = False
    until: int = 0


class _Reader:
    def __init__(self, text: str, extended: bool) -> None:
        self.text, self.extended = text, extended
        self.position = 0
        self.count = 0

    def _peek(self) -> str:
        return self.text[self.position : self.position + 1]

    def _skip(self, chars: str) -> None:
        while self._peek() and self._peek() in chars:
            self.position += 1

    def commands(self, *, inner: bool = False) -> list[SedCommand]:
        found: list[SedCommand] = []
        while True:
            self._skip(" \t\n;")
            if not self._peek():
                if inner:
                    raise SedFault("-e expression #1, char 0: unmatched `{'")
                return found
            if self._peek() == "}":
                if not inner:
                    raise self._fault("unexpected `}'")
                self.position += 1
                return found
            if self._peek() == "#":
                self._to_line_end()
                continue
            found.append(self._command())
            self.count += 1
            if self.count > MAX_COMMANDS:
                raise SedFault(f"a script has at most {MAX_COMMANDS} commands")

    def _fault(self, what: str) -> SedFault:
        return SedFault(f"-e expression #1, char {self.position + 1}: {what}")

    def _to_line_end(self) -> str:
        end = self.text.find("\n", self.position)
        end = len(self.text) if end < 0 else end
        line = self.text[self.position : end]
        self.position = end
        return line

    def _address(self) -> Address | None:
        char = self._peek()
        if char == "$":
            self.position += 1
            return Address(last=True)
        if char in ("/", "\\") and char:
            if char == "\\":
                self.position += 1
            delimiter = self._peek()
            self.position += 1
            body = self._until(delimiter)
            ignore = self._peek() == "I"
            self.position += ignore
            return Address(pattern=self._regex(body, ignore))
        found = re.compile(r"(\+?)(\d{1,9})(?:~(\d{1,9}))?").match(self.text, self.position)
        if found is None:
            return None
        self.position = found.end()
        return Address(line=int(found[2]), step=int(found[3] or 0), relative=bool(found[1]))

    def _regex(self, body: str, ignore_case: bool) -> re.Pattern[str]:
        try:
            return compiled(body, extended=self.extended, ignore_case=ignore_case)
        except RegexFault as error:
            raise self._fault(str(error)) from None

    def _until(self, delimiter: str) -> str:
        """The text up to the delimiter, which may be escaped, and stands for itself in brackets."""
        pieces: list[str] = []
        in_brackets = False
        while True:
            char = self._peek()
            if not char:
                raise self._fault("unterminated `s' command" if pieces else "unterminated address regex")
            self.position += 1
            if char == "\\" and self._peek():
                following = self._peek()
                self.position += 1
                pieces.append(
                    following
                    if following == delimiter and delimiter not in ".*[]^$+?(){}|"
                    else {"n": "\n"}.get(following) or f"\\{following}"
                )
            elif char == delimiter and not in_brackets:
                return "".join(pieces)
            else:
                in_brackets = (in_brackets or char == "[") and not (in_brackets and char == "]")
                pieces.append(char)

    def _command(self) -> SedCommand:
        addresses: list[Address] = []
        first = self._address()
        if first is not None:
            addresses.append(first)
            self._skip(" ")
            if self._peek() == ",":
                self.position += 1
                self._skip(" ")
                second = self._address()
                if second is None:
                    raise self._fault("unexpected `,'")
                addresses.append(second)
        self._skip(" ")
        negated = self._peek() == "!"
        self.position += negated
        self._skip(" ")
        command = SedCommand(self._peek(), tuple(addresses), negated)
        self.position += 1
        self._arguments(command)
        return command

    def _arguments(self, command: SedCommand) -> None:
        letter = command.letter
        if letter == "{":
            command.block = self.commands(inner=True)
        elif letter == "s":
            self._substitute(command)
        elif letter == "y":
            delimiter = self._peek()
            self.position += 1
            source, target = self._until(delimiter), self._until(delimiter)
            if len(source) != len(target):
                raise self._fault("strings for `y' command are different lengths")
            command.text = source + target
        elif letter and letter in "aic":
            self._skip(" \t")
            if self._peek() == "\\":
                self.position += 1
                self._skip(" \t\n")
            command.text = self._to_line_end().replace("\\n", "\n")
        elif letter and letter in "qQ":
            found = re.compile(r"\s*(\d{1,3})").match(self.text, self.position)
            if found:
                command.count, self.position = int(found[1]), found.end()
        elif letter and letter in ":btT":
            found = re.compile(r"[ \t]*([^\s;}]*)").match(self.text, self.position)
            assert found is not None
            command.text, self.position = found[1], found.end()
            if letter == ":" and not command.text:
                raise SedFault(f"-e expression #1, char {self.position}: \":\" lacks a label")
        elif not letter:
            raise self._fault("missing command")
        elif letter not in "dpnNDPhHgGx=":
            raise SedFault(f"-e expression #1, char {self.position}: unknown command: `{letter}'")

    def _substitute(self, command: SedCommand) -> None:
        delimiter = self._peek()
        self.position += 1
        source = self._until(delimiter)
        target = self._until(delimiter)
        found = re.compile(r"[gpiIeMm0-9]*").match(self.text, self.position)
        command.flags = found[0] if found else ""
        self.position += len(command.flags)
        number = re.search(r"\d+", command.flags)
        command.count = int(number[0]) if number else 0
        command.pattern = self._regex(source, "i" in command.flags.lower())
        command.replacement = _replacement(target, command.pattern.groups, self._fault)


def _replacement(text: str, groups: int, fault: Callable[[str], SedFault]) -> Callable[[re.Match[str]], str]:
    pieces: list[str | int] = []
    for found in re.finditer(r"\\(\d)|\\(.)|(&)|([^\\&]+)", text, re.DOTALL):
        group, escape, whole, plain = found.groups()
        if group:
            if int(group) > groups:
                raise fault(f"invalid reference \\{group} on `s' command's RHS")
            pieces.append(int(group))
        elif whole:
            pieces.append(0)
        else:
            pieces.append(plain or {"t": "\t", "n": "\n"}.get(escape, escape))
    return lambda found: "".join(one if isinstance(one, str) else found[one] or "" for one in pieces)


def parse(script: str, *, extended: bool) -> list[SedCommand]:
    """Raises SedFault."""
    commands = _Reader(script, extended).commands()
    labels = {command.text for command in commands if command.letter == ":"}
    jumps = [inner for command in commands for inner in (command, *command.block) if inner.letter in tuple("btT")]
    for jump in jumps:
        if jump.text and jump.text not in labels:
            raise SedFault(f"-e expression #1, char {len(script)}: can't find label for jump to `{jump.text}'")
    return commands
