"""From words to arguments: tilde, parameters, commands, arithmetic, splitting, file names, in sh's order.

Everything is a generator, because a command substitution has to run something; what it yields is its runner's business.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Sequence
from typing import Any, Protocol

from cluster_engine.sh import patterns
from cluster_engine.sh.arithmetic import evaluate
from cluster_engine.sh.syntax import Arithmetic, Parameter, Part, Script, Substitution, Text, Word

MAX_FIELDS = 10_000
MAX_TEXT = 1024 * 1024

Expansion = Generator[Any, None, str]


class ExpansionFault(Exception):
    """An expansion that fails, such as `${name:?message}`."""


class Scope(Protocol):
    """What a script sees around it."""

    def get(self, name: str) -> str | None:
        """A variable's or special parameter's value; None where it is not set."""

    def set(self, name: str, value: str) -> None: ...

    @property
    def strict(self) -> bool:
        """Whether a variable that is not set is a fault (`set -u`)."""

    def positional(self) -> Sequence[str]: ...

    def substitute(self, script: Script) -> Expansion:
        """Runs a script and returns what it printed."""

    def file_names(self, pattern: str) -> list[str]:
        """The files that a pattern fits, sorted."""


class _Fields:
    """Fields that grow piece by piece. Each piece is (text, whether it is quoted)."""

    def __init__(self) -> None:
        self.done: list[list[tuple[str, bool]]] = []
        self._open: list[tuple[str, bool]] | None = None

    def add(self, text: str, quoted: bool) -> None:
        if self._open is None:
            self._open = []
        self._open.append((text, quoted))

    def end(self) -> None:
        if self._open is not None:
            self.done.append(self._open)
            self._open = None
        if len(self.done) > MAX_FIELDS:
            raise ExpansionFault("Argument list too long")

    def add_split(self, value: str, separators: str) -> None:
        """Adds an unquoted value, which is split at the characters of IFS."""
        if not separators:
            if value:
                self.add(value, False)
            return
        blank = "".join(char for char in separators if char in " \t\n")
        other = "".join(char for char in separators if char not in " \t\n")
        rest = value
        if blank and rest[:1] and rest[0] in blank:
            self.end()
            rest = rest.lstrip(blank)
        while rest:
            found = re.search(f"[{re.escape(separators)}]", rest)
            if found is None:
                self.add(rest, False)
                return
            head, tail = rest[: found.start()], rest[found.start() :]
            if head or (other and tail[0] in other):
                self.add(head, False)
            self.end()
            tail = tail.lstrip(blank) if blank else tail
            rest = (tail[1:].lstrip(blank) if blank else tail[1:]) if other and tail[:1] and tail[0] in other else tail


def fields_of(words: Sequence[Word], scope: Scope) -> Generator[Any, None, list[str]]:
    """The arguments that words stand for."""
    found: list[str] = []
    for word in words:
        if (plain := word.plain) is not None and "~" not in plain and not patterns.is_pattern(plain):
            found.append(plain)
            continue
        fields = _Fields()
        for part in _with_home(word.parts, scope):
            yield from _add_part(part, fields, scope)
        fields.end()
        for pieces in fields.done:
            found.extend(_file_names(pieces, scope))
        if len(found) > MAX_FIELDS:
            raise ExpansionFault("Argument list too long")
    return found


def _file_names(pieces: list[tuple[str, bool]], scope: Scope) -> list[str]:
    text = "".join(piece for piece, _ in pieces)
    if any(not quoted and any(char in piece for char in "*?[") for piece, quoted in pieces):
        pattern = "".join(patterns.escape(piece) if quoted else piece for piece, quoted in pieces)
        return scope.file_names(pattern) or [text]
    return [text]


def _add_part(part: Part, fields: _Fields, scope: Scope) -> Generator[Any, None, None]:
    if isinstance(part, Text):
        if part.text or part.quoted:
            fields.add(part.text, part.quoted)
        return
    if isinstance(part, Parameter) and part.name in ("@", "*") and part.operator == "":
        _add_all(part, fields, scope)
        return
    if isinstance(part, Parameter) and not part.quoted and part.operator in (":-", "-", ":+", "+", ":=", "="):
        # Quotes in the word of `${x:-"a b"}` count.
        value = scope.get(part.name)
        empty = value is None or (not value and part.operator[0] == ":")
        if empty != (part.operator[-1] == "+") and part.argument is not None and part.operator[-1] != "=":
            for inner in part.argument.parts:
                yield from _add_part(inner, fields, scope)
            return
    value = yield from _value(part, scope)
    if part.quoted:
        fields.add(value, True)
    else:
        separators = scope.get("IFS")
        fields.add_split(value, " \t\n" if separators is None else separators)


def _add_all(part: Parameter, fields: _Fields, scope: Scope) -> None:
    values = scope.positional()
    if part.quoted and part.name == "*":
        separators = scope.get("IFS")
        fields.add((" " if separators is None else separators[:1]).join(values), True)
        return
    for index, value in enumerate(values):
        if index:
            fields.end()
        if part.quoted:
            fields.add(value, True)
        else:
            fields.add_split(value, " \t\n")


def text_of(word: Word, scope: Scope, *, as_pattern: bool = False) -> Expansion:
    """One text, without splitting and without file names: values, targets, here-documents, patterns of `case`."""
    out: list[str] = []
    for part in _with_home(word.parts, scope):
        if isinstance(part, Text):
            value = part.text
        else:
            value = yield from _value(part, scope)
        out.append(patterns.escape(value) if as_pattern and part.quoted else value)
    text = "".join(out)
    if len(text) > MAX_TEXT:
        raise ExpansionFault("out of memory")
    return text


def _with_home(parts: tuple[Part, ...], scope: Scope) -> tuple[Part, ...]:
    """`~` and `~/…` at the beginning of a word mean the home directory."""
    if parts and isinstance(first := parts[0], Text) and not first.quoted and first.text.startswith("~"):
        text = first.text
        if text == "~" or text.startswith("~/"):
            return (Text(scope.get("HOME") or "/root", True), Text(text[1:], False), *parts[1:])
    return parts


def _value(part: Part, scope: Scope) -> Expansion:
    if isinstance(part, Text):
        return part.text
    if isinstance(part, Substitution):
        return (yield from scope.substitute(part.script)).rstrip("\n")
    if isinstance(part, Arithmetic):
        expression = yield from text_of(part.expression, scope)
        return str(evaluate(expression, scope))
    return (yield from _parameter(part, scope))


def _parameter(part: Parameter, scope: Scope) -> Expansion:
    name, operator = part.name, part.operator
    value = " ".join(scope.positional()) if name in ("@", "*") else scope.get(name)
    if value is None and scope.strict and operator.lstrip(":") not in ("-", "=", "?", "+"):
        raise ExpansionFault(f"{name}: parameter not set")
    if operator == "":
        return value or ""
    if operator == "length":
        return str(len(scope.positional()) if name in ("@", "*") else len(value or ""))
    argument = part.argument or Word(())
    if operator.lstrip(":") in ("-", "=", "?", "+") and operator != ":":
        return (yield from _default(name, value, operator, argument, scope))
    text = value or ""
    if operator == ":":
        return _substring(text, (yield from text_of(argument, scope)), scope)
    if operator in ("/", "//"):
        pattern, _, replacement = (yield from text_of(argument, scope)).partition("/")
        return re.sub(patterns.translate(pattern), lambda _: replacement, text, count=int(operator == "/"))
    pattern = yield from text_of(argument, scope, as_pattern=True)
    return _trimmed(text, pattern, operator)


def _default(name: str, value: str | None, operator: str, argument: Word, scope: Scope) -> Expansion:
    unset = value is None or (operator.startswith(":") and not value)
    kind = operator[-1]
    if kind == "+":
        return "" if unset else (yield from text_of(argument, scope))
    if not unset:
        return value or ""
    text = yield from text_of(argument, scope)
    if kind == "=":
        scope.set(name, text)
    elif kind == "?":
        raise ExpansionFault(f"{name}: {text or 'parameter not set or null'}")
    return text


def _substring(text: str, bounds: str, scope: Scope) -> str:
    offset_text, _, length_text = bounds.partition(":")
    offset = evaluate(offset_text, scope)
    start = max(len(text) + offset, 0) if offset < 0 else offset
    if not length_text:
        return text[start:]
    length = evaluate(length_text, scope)
    return text[start : len(text) + length] if length < 0 else text[start : start + length]


def _trimmed(text: str, pattern: str, operator: str) -> str:
    """`#`, `##`, `%`, `%%`: the shortest or longest fitting head or tail is taken off."""
    lengths = range(len(text) + 1)
    if operator in ("#", "##"):
        for length in lengths if operator == "#" else reversed(lengths):
            if patterns.matches(pattern, text[:length]):
                return text[length:]
    else:
        for length in lengths if operator == "%" else reversed(lengths):
            if patterns.matches(pattern, text[len(text) - length :]):
                return text[: len(text) - length]
    return text
