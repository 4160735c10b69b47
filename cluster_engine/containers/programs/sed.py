"""`sed`: addresses, `s`, `d`, `p`, `q`, `y`, `a`, `i`, `c`, `=`, `n`, and editing in place."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cluster_engine.containers.process import decode, encode
from cluster_engine.containers.programs.grep import compile_pattern
from cluster_engine.containers.programs.options import UsageFault, arguments, checked, inputs
from cluster_engine.containers.runner import Program

if TYPE_CHECKING:
    from collections.abc import Callable

    from cluster_engine.containers.process import Process

Address = str | int | re.Pattern[str]


@dataclass(slots=True)
class _Command:
    first: Address | None
    last: Address | None
    negated: bool
    name: str
    argument: str = ""
    pattern: re.Pattern[str] | None = None
    replacement: str = ""
    flags: str = ""
    # Within a range of lines.
    inside: bool = False


class _Script:
    """Reads commands."""

    def __init__(self, text: str, *, extended: bool) -> None:
        self._text = text
        self._position = 0
        self._extended = extended

    def commands(self) -> list[_Command]:
        found: list[_Command] = []
        while True:
            while self._position < len(self._text) and self._text[self._position] in " \t\n;{}":
                self._position += 1
            if self._position >= len(self._text):
                return found
            found.append(self._command())

    def _peek(self) -> str:
        return self._text[self._position : self._position + 1]

    def _take(self) -> str:
        char = self._peek()
        if not char:
            raise UsageFault("-e expression #1, char 0: unterminated command")
        self._position += 1
        return char

    def _address(self) -> Address | None:
        char = self._peek()
        if char.isdigit():
            found = re.compile(r"\d+").match(self._text, self._position)
            assert found is not None
            self._position = found.end()
            return int(found[0])
        if char == "$":
            self._position += 1
            return "$"
        if char in ("/", "\\") and char:
            self._position += 1
            limit = "/" if char == "/" else self._take()
            return compile_pattern(self._until(limit), {}, extended=self._extended)
        return None

    def _until(self, limit: str) -> str:
        """Text up to an unescaped `limit`, which is taken."""
        out = []
        while (char := self._take()) != limit:
            if char == "\\":
                following = self._take()
                out.append(following if following == limit else char + following)
            else:
                out.append(char)
        return "".join(out)

    def _command(self) -> _Command:
        first = self._address()
        last = None
        if first is not None and self._peek() == ",":
            self._position += 1
            last = self._address()
        while self._peek() == " ":
            self._position += 1
        negated = self._peek() == "!"
        if negated:
            self._position += 1
        command = _Command(first, last, negated, self._take())
        if command.name in "sy":
            self._substitution(command)
        elif command.name in "aic":
            end = self._text.find("\n", self._position)
            end = len(self._text) if end < 0 else end
            command.argument = re.sub(r"\A\\?\s*", "", self._text[self._position : end])
            self._position = end
        elif command.name not in "dpq=nDPGhHxgN":
            raise UsageFault(f"unsupported command {command.name}")
        return command

    def _substitution(self, command: _Command) -> None:
        limit = self._take()
        pattern, replacement = self._until(limit), self._until(limit)
        if command.name == "y":
            command.argument, command.replacement = pattern, replacement
            return
        found = re.compile(r"[gpiIe0-9mM]*").match(self._text, self._position)
        command.flags = found[0] if found else ""
        self._position += len(command.flags)
        options = {"i": "i"} if "i" in command.flags or "I" in command.flags else {}
        command.pattern = compile_pattern(pattern, options, extended=self._extended)
        command.replacement = replacement


def _replacer(text: str) -> Callable[[re.Match[str]], str]:
    """`&` and `\\1` in a replacement."""
    pieces = re.split(r"(\\[0-9&n\\/]|&|\\.)", text)

    def replaced(found: re.Match[str]) -> str:
        out = []
        for piece in pieces:
            if piece == "&":
                out.append(found[0])
            elif len(piece) == 2 and piece[0] == "\\":
                code = piece[1]
                if code.isdigit():
                    out.append((found[int(code)] or "") if int(code) <= (found.re.groups or 0) else "")
                else:
                    out.append({"n": "\n", "t": "\t"}.get(code, code))
            else:
                out.append(piece)
        return "".join(out)

    return replaced


class _Editor:
    """Runs commands over lines."""

    def __init__(self, commands: list[_Command], *, quiet: bool) -> None:
        self._commands = commands
        self._quiet = quiet
        self.output: list[str] = []
        self.quit = False

    def run(self, lines: list[str]) -> None:
        for number, line in enumerate(lines, 1):
            self._line(line, number, number == len(lines))
            if self.quit:
                return

    def _line(self, line: str, number: int, last: bool) -> None:
        after: list[str] = []
        deleted = False
        for command in self._commands:
            if self._selects(command, line, number, last) == command.negated:
                continue
            match command.name:
                case "s":
                    line = self._substituted(command, line)
                case "y":
                    line = line.translate(str.maketrans(command.argument, command.replacement))
                case "p":
                    self.output.append(line)
                case "=":
                    self.output.append(str(number))
                case "i":
                    self.output.append(command.argument)
                case "a":
                    after.append(command.argument)
                case "c":
                    self.output.append(command.argument)
                    deleted = True
                case "d" | "D":
                    deleted = True
                case "q":
                    self.quit = True
            if deleted or self.quit:
                break
        if not deleted and not self._quiet:
            self.output.append(line)
        self.output.extend(after)

    def _substituted(self, command: _Command, line: str) -> str:
        assert command.pattern is not None
        number = re.search(r"\d+", command.flags)
        replace = _replacer(command.replacement)
        if number:
            seen = 0

            def nth(found: re.Match[str]) -> str:
                nonlocal seen
                seen += 1
                return replace(found) if seen == int(number[0]) else found[0]

            changed = command.pattern.sub(nth, line)
        else:
            changed = command.pattern.sub(replace, line, count=0 if "g" in command.flags else 1)
        if "p" in command.flags and changed != line:
            self.output.append(changed)
        return changed

    def _selects(self, command: _Command, line: str, number: int, last: bool) -> bool:
        if command.first is None:
            return True
        if command.last is None:
            return _fits(command.first, line, number, last)
        if not command.inside:
            if not _fits(command.first, line, number, last):
                return False
            command.inside = not (isinstance(command.last, int) and command.last <= number)
            return True
        if _fits(command.last, line, number, last) or (isinstance(command.last, int) and number >= command.last):
            command.inside = False
        return True


def _fits(address: Address, line: str, number: int, last: bool) -> bool:
    if isinstance(address, int):
        return number == address
    if isinstance(address, str):
        return last
    return address.search(line) is not None


@checked
def sed(process: Process) -> Program:
    quiet = extended = in_place = False
    scripts: list[str] = []
    rest: list[str] = []
    queue = arguments(process)
    while queue:
        word = queue.pop(0)
        if word in ("-e", "--expression") and queue:
            scripts.append(queue.pop(0))
        elif word in ("-n", "--quiet", "--silent"):
            quiet = True
        elif word in ("-E", "-r", "--regexp-extended"):
            extended = True
        elif word.startswith(("-i", "--in-place")):
            in_place = True
        elif word in ("-ne", "-nE", "-En", "-nr"):
            quiet, extended = True, extended or "E" in word or "r" in word
            if word == "-ne" and queue:
                scripts.append(queue.pop(0))
        else:
            rest.append(word)
    if not scripts:
        if not rest:
            raise UsageFault("usage: sed [OPTION]... {script} [FILE]...")
        scripts.append(rest.pop(0))
    found, good = yield from inputs(process, rest)
    groups = found if in_place else [("-", b"".join(data for _, data in found))]
    for path, data in groups:
        editor = _Editor(_Script("\n".join(scripts), extended=extended).commands(), quiet=quiet)
        editor.run(decode(data).splitlines())
        text = "".join(f"{line}\n" for line in editor.output)
        if in_place:
            process.fs.write(path, encode(text), process.cwd, process.user)
        else:
            process.out(text)
    return 0 if good else 2
