"""`$(( … ))`: whole numbers of 64 bits, C's operators, variables and assignments."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Protocol

_TOKEN = re.compile(
    r"\s*(?:(0[xX][0-9a-fA-F]+|\d+)|([A-Za-z_]\w*)|(<<=|>>=|\*\*|\+\+|--|<<|>>|[<>=!+*/%&|^-]=|&&|\|\||.))"
)
_BINARY: tuple[tuple[str, ...], ...] = (
    ("||",), ("&&",), ("|",), ("^",), ("&",), ("==", "!="), ("<=", ">=", "<", ">"), ("<<", ">>"), ("+", "-"),
    ("*", "/", "%"),
)  # fmt: skip
_ASSIGNING = frozenset({"=", "+=", "-=", "*=", "/=", "%=", "<<=", ">>=", "&=", "|=", "^="})
MAX_LENGTH = 2000
MAX_DEPTH = 50


class ArithmeticFault(ValueError):
    """An expression that cannot be computed; the message is dash's."""


class Variables(Protocol):
    def get(self, name: str) -> str | None: ...

    def set(self, name: str, value: str) -> None: ...


def evaluate(expression: str, variables: Variables) -> int:
    """The value of an expression; an empty one is 0. Raises `ArithmeticFault`."""
    if len(expression) > MAX_LENGTH:
        raise ArithmeticFault("arithmetic expression: too long")
    return _Evaluator(expression, variables, 0).value()


def _wrapped(number: int) -> int:
    """As a signed number of 64 bits."""
    return (number + 2**63) % 2**64 - 2**63


class _Evaluator:
    def __init__(self, expression: str, variables: Variables, depth: int) -> None:
        self._expression = expression
        self._variables = variables
        self._depth = depth
        if depth > MAX_DEPTH:
            raise ArithmeticFault("arithmetic expression: nested too deeply")
        self._tokens: list[tuple[str, str]] = []
        for found in _TOKEN.finditer(expression.rstrip()):
            kind = "number" if found[1] else "name" if found[2] else "operator"
            self._tokens.append((kind, found[1] or found[2] or found[3]))
        self._position = 0
        self._quiet = 0

    def value(self) -> int:
        if not self._tokens:
            return 0
        result = self._comma()
        if self._position < len(self._tokens):
            raise self._fault()
        return result

    def _fault(self) -> ArithmeticFault:
        return ArithmeticFault(f'arithmetic expression: expecting EOF: "{self._expression.strip()}"')

    def _peek(self, ahead: int = 0) -> str:
        index = self._position + ahead
        return self._tokens[index][1] if index < len(self._tokens) else ""

    def _take(self) -> tuple[str, str]:
        if self._position >= len(self._tokens):
            raise ArithmeticFault(f'arithmetic expression: expecting primary: "{self._expression.strip()}"')
        self._position += 1
        return self._tokens[self._position - 1]

    def _comma(self) -> int:
        result = self._assignment()
        while self._peek() == ",":
            self._take()
            result = self._assignment()
        return result

    def _assignment(self) -> int:
        if self._position < len(self._tokens) and self._tokens[self._position][0] == "name":
            operator = self._peek(1)
            if operator in _ASSIGNING:
                name = self._take()[1]
                self._take()
                right = self._assignment()
                value = right if operator == "=" else self._apply(operator[:-1], self._read(name), lambda: right)
                return self._write(name, value)
        return self._conditional()

    def _conditional(self) -> int:
        condition = self._binary(0)
        if self._peek() != "?":
            return condition
        self._take()
        yes = self._skipping(not condition, self._comma)
        if self._take()[1] != ":":
            raise self._fault()
        no = self._skipping(bool(condition), self._conditional)
        return yes if condition else no

    def _skipping(self, skip: bool, read: Callable[[], int]) -> int:
        """Reads a part whose effects do not count."""
        self._quiet += skip
        try:
            return read()
        finally:
            self._quiet -= skip

    def _binary(self, level: int) -> int:
        if level == len(_BINARY):
            return self._power()
        left = self._binary(level + 1)
        while self._peek() in _BINARY[level]:
            operator = self._take()[1]
            skip = (operator == "&&" and not left) or (operator == "||" and bool(left))
            right = self._skipping(skip, lambda: self._binary(level + 1))
            left = self._apply(operator, left, lambda value=right: value)  # type: ignore[misc]
        return left

    def _power(self) -> int:
        base = self._unary()
        if self._peek() != "**":
            return base
        self._take()
        exponent = self._power()
        if not 0 <= exponent <= 64 * 64:
            raise ArithmeticFault("arithmetic expression: exponent out of range")
        return _wrapped(pow(base, exponent, 2**64))

    def _unary(self) -> int:
        sign = self._peek()
        if sign in ("+", "-", "!", "~"):
            self._take()
            value = self._unary()
            return {"+": value, "-": _wrapped(-value), "!": int(not value), "~": ~value}[sign]
        if sign in ("++", "--"):
            self._take()
            kind, name = self._take()
            if kind != "name":
                raise self._fault()
            return self._write(name, self._read(name) + (1 if sign == "++" else -1))
        return self._primary()

    def _primary(self) -> int:
        kind, text = self._take()
        if kind == "number":
            return _wrapped(_number(text))
        if kind == "name":
            value = self._read(text)
            if self._peek() in ("++", "--"):
                step = 1 if self._take()[1] == "++" else -1
                self._write(text, value + step)
            return value
        if text == "(":
            value = self._comma()
            if self._take()[1] != ")":
                raise self._fault()
            return value
        raise ArithmeticFault(f'arithmetic expression: expecting primary: "{self._expression.strip()}"')

    def _read(self, name: str) -> int:
        text = (self._variables.get(name) or "").strip()
        if re.fullmatch(r"-?\d+", text):
            return _wrapped(int(text))
        return _Evaluator(text, self._variables, self._depth + 1).value() if text else 0

    def _write(self, name: str, value: int) -> int:
        value = _wrapped(value)
        if not self._quiet:
            self._variables.set(name, str(value))
        return value

    def _apply(self, operator: str, left: int, right_of: Callable[[], int]) -> int:
        right = right_of()
        if operator in ("/", "%"):
            if right == 0:
                if self._quiet:
                    return 0
                raise ArithmeticFault(f'arithmetic expression: division by zero: "{self._expression.strip()}"')
            quotient = abs(left) // abs(right) * (1 if (left < 0) == (right < 0) else -1)
            return _wrapped(quotient if operator == "/" else left - quotient * right)
        return _wrapped(_OPERATIONS[operator](left, right))


def _number(text: str) -> int:
    if text[:2] in ("0x", "0X"):
        return int(text, 16)
    if len(text) > 1 and text[0] == "0":
        try:
            return int(text, 8)
        except ValueError:
            raise ArithmeticFault(f'arithmetic expression: expecting EOF: "{text}"') from None
    return int(text[:40])


_OPERATIONS: dict[str, Callable[[int, int], int]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "<<": lambda a, b: a << (b & 63),
    ">>": lambda a, b: a >> (b & 63),
    "<": lambda a, b: int(a < b),
    ">": lambda a, b: int(a > b),
    "<=": lambda a, b: int(a <= b),
    ">=": lambda a, b: int(a >= b),
    "==": lambda a, b: int(a == b),
    "!=": lambda a, b: int(a != b),
    "&": lambda a, b: a & b,
    "|": lambda a, b: a | b,
    "^": lambda a, b: a ^ b,
    "&&": lambda a, b: int(bool(a) and bool(b)),
    "||": lambda a, b: int(bool(a) or bool(b)),
}
