"""Runs a sed script over lines. The script itself is read by `sed_script.py`."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from cluster_engine.sh.sed_script import SedCommand, SedFault, parse

__all__ = ["Editor", "SedCommand", "SedFault", "parse"]

MAX_JUMPS = 10_000


class _Next(Exception):
    """The rest of the script is not run for this line."""


class _Jump(Exception):
    """The script goes on behind a label; "" is its end."""

    def __init__(self, label: str) -> None:
        super().__init__(label)
        self.label = label


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
        self._replaced = False

    def run(self, lines: Sequence[str]) -> int:
        """The exit code."""
        self._lines = lines
        self._index = 0
        while self._index < len(lines):
            self._space = lines[self._index]
            show = not self._quiet
            try:
                self._cycle()
            except _Next as done:
                show = show and not done.args
            except _Quit as quit_:
                self._finish(show=show and quit_.show)
                return quit_.code
            self._finish(show=show)
            self._index += 1
        return 0

    def _cycle(self) -> None:
        """Runs the script for a line, jumps included."""
        self._replaced = False
        start = 0
        for _ in range(MAX_JUMPS):
            try:
                self._do(self._commands[start:])
            except _Jump as jump:
                if not jump.label:
                    return
                start = next(i for i, one in enumerate(self._commands) if (one.letter, one.text) == (":", jump.label))
            else:
                return
        raise SedFault(f"a script jumps at most {MAX_JUMPS} times for a line")

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
            case "p" | "P" | "=":
                shown = {"p": self._space, "P": self._space.partition("\n")[0], "=": str(self._index + 1)}
                self._out(shown[command.letter] + "\n")
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
            case "b" | "t" | "T" | ":":
                self._jump(command)
            case _:
                self._swap(command.letter)

    def _jump(self, command: SedCommand) -> None:
        if command.letter == ":":
            return
        goes = command.letter == "b" or self._replaced is (command.letter == "t")
        self._replaced = self._replaced and command.letter == "b"
        if goes:
            raise _Jump(command.text)

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
        self._replaced = self._replaced or done
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
