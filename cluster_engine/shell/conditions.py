"""`test`, `[ … ]` and `[[ … ]]`."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from cluster_engine.shell import patterns
from cluster_engine.shell.arithmetic import ArithmeticFault, evaluate
from cluster_engine.shell.environment import Environment

_UNARY = frozenset({"-z", "-n", "-e", "-f", "-d", "-s", "-r", "-w", "-x", "-v", "-t", "-L", "-h"})
_COMPARE: dict[str, Callable[[int, int], bool]] = {
    "-eq": lambda a, b: a == b,
    "-ne": lambda a, b: a != b,
    "-lt": lambda a, b: a < b,
    "-le": lambda a, b: a <= b,
    "-gt": lambda a, b: a > b,
    "-ge": lambda a, b: a >= b,
}
_BINARY = frozenset({"=", "==", "!=", "<", ">", "=~", "-nt", "-ot", *_COMPARE})


class TestFault(ValueError):
    """A condition that cannot be read; the message is what follows `test: ` or `[: `."""


class Condition:
    """Reads a condition from its words. `double` is `[[`, where the right side of `==` is a pattern."""

    def __init__(self, env: Environment, words: Sequence[str], *, double: bool, operators: frozenset[int]) -> None:
        self._env, self._words, self._double = env, words, double
        # Where the words are operators and not texts that look like some.
        self._operators = operators
        self._position = 0

    def value(self) -> bool:
        """Raises TestFault."""
        if not self._words:
            return False
        result = self._or()
        if self._position < len(self._words):
            if self._double:
                raise TestFault(f"syntax error near `{self._words[self._position]}'")
            raise TestFault("too many arguments")
        return result

    def _at(self, *operators: str) -> bool:
        return (
            self._position < len(self._words)
            and self._words[self._position] in operators
            and (not self._double or self._position in self._operators)
        )

    def _or(self) -> bool:
        value = self._and()
        while self._at("||" if self._double else "-o"):
            self._position += 1
            value = self._and() or value
        return value

    def _and(self) -> bool:
        value = self._not()
        while self._at("&&" if self._double else "-a"):
            self._position += 1
            value = self._not() and value
        return value

    def _not(self) -> bool:
        if self._at("!") and len(self._words) - self._position > 1:
            self._position += 1
            return not self._not()
        if self._at("(") and len(self._words) - self._position > 2:
            self._position += 1
            value = self._or()
            if not self._at(")"):
                raise TestFault("`)' expected")
            self._position += 1
            return value
        return self._primary()

    def _primary(self) -> bool:
        words, at = self._words, self._position
        left = len(words) - at
        if left == 0:
            raise TestFault("argument expected")
        if left >= 3 and words[at + 1] in _BINARY:
            self._position += 3
            return self._binary(words[at], words[at + 1], words[at + 2])
        if left >= 2 and words[at] in _UNARY:
            self._position += 2
            return self._unary(words[at], words[at + 1])
        self._position += 1
        if left == 2 and not self._double and words[at].startswith("-"):
            raise TestFault(f"{words[at]}: unary operator expected")
        if left == 3 and not self._double and words[at + 1] not in ("-a", "-o", ")"):
            raise TestFault(f"{words[at + 1]}: binary operator expected")
        return words[at] != ""

    def _unary(self, operator: str, text: str) -> bool:
        files = self._env.files
        match operator:
            case "-z":
                return text == ""
            case "-n":
                return text != ""
            case "-v":
                return self._env.value(text) is not None
            case "-d":
                return files.is_directory(text)
            case "-f":
                return files.is_file(text)
            case "-s":
                return files.is_file(text) and files.read(text) != ""
            case "-t" | "-L" | "-h" | "-x":
                return operator == "-x" and files.is_directory(text)
            case _:
                return files.is_file(text) or files.is_directory(text)

    def _binary(self, left: str, operator: str, right: str) -> bool:
        if operator in _COMPARE:
            return _COMPARE[operator](self._number(left), self._number(right))
        match operator:
            case "=" | "==" | "!=":
                same = patterns.matches(left, right) if self._double else left == right
                return same == (operator != "!=")
            case "<":
                return left < right
            case ">":
                return left > right
            case "=~":
                return self._fits(left, right)
            case _:
                return False

    def _fits(self, text: str, expression: str) -> bool:
        from cluster_engine.sh.regex import RegexFault, compiled

        try:
            found = compiled(expression, extended=True).search(text)
        except RegexFault as error:
            raise TestFault(str(error)) from None
        groups = [found[0], *(group or "" for group in found.groups())] if found else []
        self._env.arrays["BASH_REMATCH"] = groups
        return found is not None

    def _number(self, text: str) -> int:
        if self._double:
            try:
                return evaluate(text, self._env)
            except ArithmeticFault as error:
                raise TestFault(str(error)) from None
        if not re.fullmatch(r"\s*[+-]?\d+\s*", text):
            raise TestFault(f"{text}: integer expression expected")
        return int(text)
