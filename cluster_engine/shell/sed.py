"""A small `sed`: addresses, `s`, `y`, `d`, `p`, `q`, `a`, `i`, `c`, `n`, `=`, blocks. Pure: lines in, lines out."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
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
        letter = self._peek()
        self.position += 1
        command = SedCommand(letter, tuple(addresses), negated)
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
        elif not letter:
            raise self._fault("missing command")
        elif letter not in "dpnNDPhHgGx=":
            raise SedFault(f"-e expression #1, char {self.position}: unknown command: `{letter}'")
        return command

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
    return _Reader(script, extended).commands()


class _Next(Exception):
    """The rest of the script is not run for this line."""


class _Quit(Exception):
    def __init__(self, code: int, *, show: bool) -> None:
        super().__init__(code)
        self.code, self.show = code, show


class Editor:
    """Runs a script over lines; `out` gets what is printed, with its newlines."""

    def __init__(self, commands: Sequence[SedCommand], out: Callable[[str], None], *, quiet: bool) -> None:
        self._commands, self._out, self._quiet = commands, out, quiet
        self._lines: Sequence[str] = ()
        self._index = 0
        self._space = ""
        self._hold = ""
        self._after: list[str] = []

    def run(self, lines: Sequence[str]) -> int:
        """The exit code."""
        self._lines = lines
        self._index = 0
        while self._index < len(lines):
            self._space = lines[self._index]
            show = not self._quiet
            try:
                self._do(self._commands)
            except _Next as done:
                show = show and not done.args
            except _Quit as quit_:
                self._finish(show=show and quit_.show)
                return quit_.code
            self._finish(show=show)
            self._index += 1
        return 0

    def _finish(self, *, show: bool) -> None:
        if show:
            self._out(self._space + "\n")
        for text in self._after:
            self._out(text + "\n")
        self._after.clear()

    def _selected(self, command: SedCommand) -> bool:
        number, is_last = self._index + 1, self._index == len(self._lines) - 1
        addresses = command.addresses
        if not addresses:
            return True
        if len(addresses) == 1:
            return addresses[0].fits(number, self._space, is_last)
        begin, end = addresses
        if command.open:
            if end.line and not end.relative:
                command.open = number < end.line
                return number <= end.line
            if end.relative:
                command.open = number < command.until
            elif end.fits(number, self._space, is_last):
                command.open = False
            return True
        if begin.fits(number, self._space, is_last) or (
            begin.line == 0 and begin.pattern is None and not begin.last and number == 1
        ):
            command.until = number + end.line if end.relative else 0
            command.open = not (end.line and not end.relative and end.line <= number) and not (
                end.relative and not end.line
            )
            return True
        return False

    def _do(self, commands: Sequence[SedCommand]) -> None:
        for command in commands:
            if self._selected(command) != command.negated:
                self._one(command)

    def _one(self, command: SedCommand) -> None:
        match command.letter:
            case "{":
                self._do(command.block)
            case "s":
                self._replace(command)
            case "y":
                half = len(command.text) // 2
                self._space = self._space.translate(str.maketrans(command.text[:half], command.text[half:]))
            case "d" | "D":
                raise _Next("deleted")
            case "p":
                self._out(self._space + "\n")
            case "P":
                self._out(self._space.partition("\n")[0] + "\n")
            case "=":
                self._out(f"{self._index + 1}\n")
            case "a":
                self._after.append(command.text)
            case "i":
                self._out(command.text + "\n")
            case "c":
                if not command.open:
                    self._out(command.text + "\n")
                raise _Next("deleted")
            case "q" | "Q":
                raise _Quit(command.count, show=command.letter == "q")
            case "n" | "N":
                self._following(command.letter)
            case _:
                self._swap(command.letter)

    def _replace(self, command: SedCommand) -> None:
        assert command.pattern is not None
        nth, seen = command.count, 0
        done = False

        def change(found: re.Match[str]) -> str:
            nonlocal seen, done
            seen += 1
            if seen < (nth or 1) or (seen > (nth or 1) and "g" not in command.flags):
                return found[0]
            done = True
            assert command.replacement is not None
            return command.replacement(found)

        self._space = command.pattern.sub(change, self._space)
        if done and "p" in command.flags:
            self._out(self._space + "\n")

    def _following(self, letter: str) -> None:
        if self._index == len(self._lines) - 1:
            raise _Quit(0, show=True)
        if letter == "n" and not self._quiet:
            self._out(self._space + "\n")
        self._index += 1
        line = self._lines[self._index]
        self._space = line if letter == "n" else f"{self._space}\n{line}"

    def _swap(self, letter: str) -> None:
        match letter:
            case "h":
                self._hold = self._space
            case "H":
                self._hold += "\n" + self._space
            case "g":
                self._space = self._hold
            case "G":
                self._space += "\n" + self._hold
            case "x":
                self._space, self._hold = self._hold, self._space
