"""`$((…))` and `((…))`: bash's arithmetic on whole numbers of 64 bits."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Protocol

MAX_LENGTH = 2000
MAX_DEPTH = 50
_TOKEN = re.compile(
    r"\s*(?:(0[xX][0-9a-fA-F]+|\d+#\w+|\d+)|([A-Za-z_]\w*(?:\[[^\]]*\])?)"
    r"|(\*\*|<<=|>>=|<<|>>|<=|>=|==|!=|&&|\|\||\+\+|--|[-+*/%&|^]=|[-+*/%<>!~&|^?:=(),]))"
)
_BINARY = {
    ",": 1, "=": 2, "?": 3, "||": 4, "&&": 5, "|": 6, "^": 7, "&": 8, "==": 9, "!=": 9, "<": 10, ">": 10, "<=": 10,
    ">=": 10, "<<": 11, ">>": 11, "+": 12, "-": 12, "*": 13, "/": 13, "%": 13, "**": 14,
}  # fmt: skip
_STEPS = {"++": 1, "--": -1}
_ASSIGNMENTS = frozenset({"=", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "<<=", ">>="})


class ArithmeticFault(ValueError):
    """What bash says about an expression that it cannot work out."""


class Variables(Protocol):
    def lookup(self, name: str) -> str: ...
    def assign(self, name: str, value: str) -> None: ...


def evaluate(text: str, variables: Variables) -> int:
    """The value of an expression; nothing is 0. Raises `ArithmeticFault`."""
    if len(text) > MAX_LENGTH:
        raise ArithmeticFault(f"an expression has at most {MAX_LENGTH:,} characters")
    return _Reader(text, variables, 0).whole()


class _Reader:
    def __init__(self, text: str, variables: Variables, depth: int) -> None:
        self.text, self.variables, self.depth = text, variables, depth
        self.tokens: list[str] = []
        position = 0
        while position < len(text.rstrip()):
            found = _TOKEN.match(text, position)
            if found is None:
                raise self._fault(text[position:].strip())
            self.tokens.append(found[0].strip())
            position = found.end()
        self.position = 0
        self.skipping = 0

    def _fault(self, token: str, what: str = "syntax error: operand expected") -> ArithmeticFault:
        return ArithmeticFault(f'{self.text.strip()}: {what} (error token is "{token}")')

    def whole(self) -> int:
        if not self.tokens:
            return 0
        value = self.expression(1)
        if self.position < len(self.tokens):
            rest = " ".join(self.tokens[self.position :])
            raise self._fault(rest, "syntax error in expression")
        return value

    def _look(self) -> str:
        return self.tokens[self.position] if self.position < len(self.tokens) else ""

    def expression(self, least: int) -> int:
        """An operand and the operators that bind at least as tightly as `least`. Follows precedence climbing."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise ArithmeticFault("expression recursion level exceeded")
        left = self._assignment() if least <= 2 else None
        if left is None:
            left = self.operand()
        while (power := _BINARY.get(self._look(), 0)) >= least:
            operator = self._look()
            if operator == "=":
                raise self._fault("=", "attempted assignment to non-variable")
            self.position += 1
            if operator == "?":
                left = self._choice(left)
            elif operator in ("&&", "||"):
                left = self._short(operator, left, power)
            else:
                right = self.expression(power if operator == "**" else power + 1)
                left = self._apply(operator, left, right)
        self.depth -= 1
        return left

    def _assignment(self) -> int | None:
        name = self._look()
        operator = self.tokens[self.position + 1] if self.position + 1 < len(self.tokens) else ""
        if operator not in _ASSIGNMENTS or not re.match(r"[A-Za-z_]", name):
            return None
        self.position += 2
        value = self.expression(2)
        if operator != "=":
            value = self._apply(operator[:-1], self._value(name), value)
        return self._store(name, value)

    def _store(self, name: str, value: int) -> int:
        if not self.skipping:
            self.variables.assign(name, str(value))
        return value

    def _choice(self, condition: int) -> int:
        self.skipping += not condition
        yes = self.expression(2)
        self.skipping -= not condition
        if self._look() != ":":
            raise self._fault(self._look(), "`:' expected for conditional expression")
        self.position += 1
        self.skipping += bool(condition)
        no = self.expression(3)
        self.skipping -= bool(condition)
        return yes if condition else no

    def _short(self, operator: str, left: int, power: int) -> int:
        decided = bool(left) == (operator == "||")
        self.skipping += decided
        right = self.expression(power + 1)
        self.skipping -= decided
        return int(bool(left)) if decided else int(bool(right))

    def operand(self) -> int:
        token = self._look()
        self.position += 1
        if token in ("+", "-", "!", "~"):
            value = self.expression(15)
            return {"+": value, "-": _wrap(-value), "!": int(not value), "~": ~value}[token]
        if token in _STEPS:
            name = self._look()
            self.position += 1
            return self._store(name, self._value(name) + _STEPS[token])
        if token[:1] == "(":
            value = self.expression(1)
            if self._look() != ")":
                raise self._fault(self._look(), "missing `)'")
            self.position += 1
            return value
        if token[:1].isdigit():
            return self._number(token)
        if re.match(r"[A-Za-z_]", token):
            value = self._value(token)
            if self._look() in _STEPS:
                self._store(token, value + _STEPS[self._look()])
                self.position += 1
            return value
        raise self._fault(token)

    def _number(self, token: str) -> int:
        try:
            if "#" in token:
                base, _, digits = token.partition("#")
                return _wrap(int(digits, int(base)))
            if token[:2] in ("0x", "0X"):
                return _wrap(int(token, 16))
            return _wrap(int(token, 8 if len(token) > 1 and token[0] == "0" else 10))
        except ValueError:
            raise self._fault(token, "value too great for base") from None

    def _value(self, name: str) -> int:
        text = self.variables.lookup(name).strip()
        if not text:
            return 0
        if re.fullmatch(r"-?[1-9]\d{0,18}|0", text):
            return int(text)
        return _Reader(text, self.variables, self.depth + 1).whole()

    def _apply(self, operator: str, left: int, right: int) -> int:
        if operator in ("/", "%") and right == 0:
            if self.skipping:
                return 0
            raise self._fault(self.tokens[self.position - 1], "division by 0")
        if operator == "**" and right < 0:
            raise self._fault(str(right), "exponent less than 0")
        return _wrap(_OPERATIONS[operator](left, right))


def _wrap(value: int) -> int:
    """As a signed number of 64 bits."""
    return (value + 2**63) % 2**64 - 2**63


def _divide(left: int, right: int) -> int:
    """Towards zero, as C does."""
    quotient = abs(left) // abs(right)
    return quotient if (left < 0) == (right < 0) else -quotient


_OPERATIONS: dict[str, Callable[[int, int], int]] = {
    ",": lambda a, b: b,
    "|": lambda a, b: a | b,
    "^": lambda a, b: a ^ b,
    "&": lambda a, b: a & b,
    "==": lambda a, b: int(a == b),
    "!=": lambda a, b: int(a != b),
    "<": lambda a, b: int(a < b),
    ">": lambda a, b: int(a > b),
    "<=": lambda a, b: int(a <= b),
    ">=": lambda a, b: int(a >= b),
    "<<": lambda a, b: a << (b % 64),
    ">>": lambda a, b: a >> (b % 64),
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": _divide,
    "%": lambda a, b: a - b * _divide(a, b),
    "**": lambda a, b: pow(a, b, 2**64),
}
