"""`test`, `[` and `[[`."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from cluster_engine.containers.files import Device, Directory, File, Symlink
from cluster_engine.containers.process import Process
from cluster_engine.containers.runner import Program
from cluster_engine.sh import expand, patterns
from cluster_engine.sh.syntax import Word

if TYPE_CHECKING:
    from cluster_engine.containers.shell.interpreter import Shell

_NUMERIC: dict[str, Callable[[int, int], bool]] = {
    "-eq": lambda a, b: a == b,
    "-ne": lambda a, b: a != b,
    "-lt": lambda a, b: a < b,
    "-le": lambda a, b: a <= b,
    "-gt": lambda a, b: a > b,
    "-ge": lambda a, b: a >= b,
}
_TEXT: dict[str, Callable[[str, str], bool]] = {
    "=": lambda a, b: a == b,
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    ">": lambda a, b: a > b,
}
BINARY = frozenset({*_NUMERIC, *_TEXT, "-nt", "-ot", "-ef", "=~"})
UNARY = frozenset(f"-{letter}" for letter in "abcdefghLkprsStuwxznoNOGv")


class TestFault(Exception):
    """An expression that is none; the message is the program's."""

    __test__ = False


def test(process: Process, words: list[str]) -> bool:
    """The value of `test WORDS`. Raises `TestFault`."""
    expression = _Expression(process, words)
    value = expression.either()
    if expression.rest:
        raise TestFault(f"{expression.rest[0]}: unknown operand")
    return value


class _Expression:
    def __init__(self, process: Process, words: list[str]) -> None:
        self._process = process
        self.rest = list(words)

    def either(self) -> bool:
        value = self.both()
        while self.rest and self.rest[0] in ("-o", "||"):
            self.rest.pop(0)
            value = self.both() or value
        return value

    def both(self) -> bool:
        value = self.term()
        while self.rest and self.rest[0] in ("-a", "&&"):
            self.rest.pop(0)
            value = self.term() and value
        return value

    def term(self) -> bool:
        words = self.rest
        if not words:
            return False
        if len(words) >= 3 and words[1] in BINARY:
            left, operator, right = words[:3]
            del words[:3]
            return self.binary(left, operator, right)
        if words[0] == "!" and len(words) > 1:
            words.pop(0)
            return not self.term()
        if words[0] == "(" and len(words) > 2:
            words.pop(0)
            value = self.either()
            if not words or words.pop(0) != ")":
                raise TestFault("closing paren expected")
            return value
        if words[0] in UNARY and len(words) > 1:
            operator, operand = words[:2]
            del words[:2]
            return self.unary(operator, operand)
        return bool(words.pop(0))

    def unary(self, operator: str, operand: str) -> bool:
        if operator == "-n":
            return bool(operand)
        if operator == "-z":
            return not operand
        if operator == "-v":
            return operand in self._process.env
        if operator == "-t":
            return self._process.env.get("TERM") is not None and operand.isdigit()
        process = self._process
        if operator in ("-h", "-L"):
            return isinstance(process.fs.find(operand, process.cwd, follow=False), Symlink)
        inode = process.fs.find(operand, process.cwd) if operand else None
        if inode is None:
            return False
        match operator:
            case "-f":
                return isinstance(inode, File)
            case "-d":
                return isinstance(inode, Directory)
            case "-s":
                return inode.size > 0 or (isinstance(inode, File) and bool(inode.data))
            case "-c":
                return isinstance(inode, Device)
            case "-r" | "-w" | "-x":
                return process.user.may(inode, {"-r": 4, "-w": 2, "-x": 1}[operator])
            case "-b" | "-p" | "-S" | "-g" | "-u" | "-k":
                return False
        return True

    def binary(self, left: str, operator: str, right: str) -> bool:
        if operator in _TEXT:
            return _TEXT[operator](left, right)
        if operator in _NUMERIC:
            return _NUMERIC[operator](_number(left), _number(right))
        process = self._process
        one, other = (process.fs.find(path, process.cwd) for path in (left, right))
        if operator == "-ef":
            return one is not None and one is other
        times = [inode.mtime_us if inode is not None else -1 for inode in (one, other)]
        return times[0] > times[1] if operator == "-nt" else times[0] < times[1]


def _number(text: str) -> int:
    if not re.fullmatch(r"\s*[+-]?\d+\s*", text):
        raise TestFault(f"{text}: bad number")
    return int(text)


def evaluate_conditional(shell: Shell, words: tuple[Word, ...]) -> Program:
    """`[[ … ]]`: no splitting, `==` takes a pattern, `=~` a regular expression."""
    texts: list[str] = []
    for index, word in enumerate(words):
        before = words[index - 1].plain if index else None
        if before in ("==", "=", "!="):
            texts.append((yield from shell.pattern_of(word)))
        else:
            texts.append((yield from expand.text_of(word, shell)))
    try:
        return int(not _Conditional(shell, texts).either())
    except TestFault as error:
        shell.complain(f"[[: {error}")
        return 2


class _Conditional(_Expression):
    def __init__(self, shell: Shell, words: list[str]) -> None:
        super().__init__(shell.process, words)
        self._shell = shell

    def unary(self, operator: str, operand: str) -> bool:
        return self._shell.get(operand) is not None if operator == "-v" else super().unary(operator, operand)

    def binary(self, left: str, operator: str, right: str) -> bool:
        if operator in ("=", "=="):
            return patterns.matches(right, left)
        if operator == "!=":
            return not patterns.matches(right, left)
        if operator == "=~":
            return self._regex(left, right)
        return super().binary(left, operator, right)

    def _regex(self, text: str, pattern: str) -> bool:
        try:
            found = re.search(pattern[:1000], text[:10_000])
        except re.error:
            raise TestFault("invalid regular expression") from None
        if found is not None:
            for index, group in enumerate((found[0], *found.groups())):
                self._shell.variables[f"BASH_REMATCH[{index}]"] = group or ""
        return found is not None
