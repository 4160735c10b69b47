"""Reads JSONPath templates. Follows k8s.io/client-go/util/jsonpath/parser.go."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cluster_engine.apimachinery.jsonpath import steps
from cluster_engine.apimachinery.jsonpath.steps import JsonPathError, Run, Step, walk

_IDENTIFIER = re.compile(r"[^\s.,\[\]{}()$@'\"=!<>?*:|&]+")
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?\Z")
_CONDITION = re.compile(r"([^!<>=]+)([!<>=]+)(.+)\Z", re.DOTALL)
_OPERATORS = ("==", "!=", "<=", ">=", "<", ">")


@dataclass(slots=True)
class Range:
    """`{range path}body{end}`."""

    path: list[Step]
    body: list[Any]


class Parser:
    """A descent over the template's text."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0

    def parse(self) -> list[Any]:
        return self._nodes(inside_range=False)

    def _nodes(self, *, inside_range: bool) -> list[Any]:
        nodes: list[Any] = []
        while self.position < len(self.text):
            start = self.text.find("{", self.position)
            if start < 0:
                nodes.append(self.text[self.position :])
                self.position = len(self.text)
                break
            if start > self.position:
                nodes.append(self.text[self.position : start])
            self.position = start + 1
            if self._action(nodes, inside_range):
                return nodes
        return nodes

    def _action(self, nodes: list[Any], inside_range: bool) -> bool:
        """Reads up to the closing brace; True when it was the `{end}` of a range."""
        begin = len(nodes)
        while True:
            self._space()
            if self.position >= len(self.text):
                raise JsonPathError("unclosed action")
            char = self.text[self.position]
            if char == "}":
                self.position += 1
                if len(nodes) == begin:
                    # `{}` is the object itself.
                    nodes.append([steps.same])
                return False
            if char in "'\"":
                nodes.append(self._quoted())
                continue
            word = self._word()
            if word == "end":
                self._close()
                if inside_range:
                    return True
                nodes.append([steps.stray_end])
                return False
            if word == "range":
                self._space()
                path = self.path()
                self._close()
                nodes.append(Range(path, self._nodes(inside_range=True)))
                return False
            nodes.append(self.path())

    def _word(self) -> str:
        """`range` or `end` where one of them stands, else nothing."""
        for word in ("range", "end"):
            if re.match(rf"{word}(?=[\s}}.\[$@]|\Z)", self.text[self.position :]):
                self.position += len(word)
                return word
        return ""

    def _close(self) -> None:
        self._space()
        if self.text[self.position : self.position + 1] != "}":
            raise JsonPathError("unclosed action")
        self.position += 1

    def _space(self) -> None:
        while self.position < len(self.text) and self.text[self.position] in " \t\r\n":
            self.position += 1

    def _quoted(self) -> str:
        quote = self.text[self.position]
        end = self.position + 1
        while end < len(self.text) and self.text[end] != quote:
            end += 2 if self.text[end] == "\\" else 1
        if end >= len(self.text):
            raise JsonPathError("unterminated quoted string")
        body = self.text[self.position + 1 : end]
        self.position = end + 1
        return _unescaped(body)

    def path(self) -> list[Step]:
        path: list[Step] = []
        start = self.position
        while self.position < len(self.text):
            char = self.text[self.position]
            if char in "$@":
                self.position += 1
                path.append(steps.root if char == "$" else steps.same)
            elif self.text.startswith("..", self.position):
                self.position += 2
                path.append(steps.recursive)
                if self.text[self.position : self.position + 1] not in ("[", "}"):
                    path.append(self._field())
            elif char == ".":
                self.position += 1
                following = self.text[self.position : self.position + 1]
                if following not in ("[", "}", " ", ""):
                    path.append(self._field())
                elif following != "[":
                    path.append(steps.nothing)
            elif char == "[":
                path.append(self._brackets())
            elif (
                self.position == start
                and (char.isalnum() or char in "_-+")
                and (found := _IDENTIFIER.match(self.text, self.position))
            ):
                self.position = found.end()
                path.append(steps.unknown_identifier(found.group()))
            else:
                break
        if self.position == start:
            raise JsonPathError(f"unrecognized character in action: U+{ord(self.text[start]):04X} '{self.text[start]}'")
        return path

    def _field(self) -> Step:
        if self.text[self.position : self.position + 1] == "*":
            self.position += 1
            return steps.wildcard
        name = ""
        while self.position < len(self.text):
            if self.text[self.position] == "\\" and self.position + 1 < len(self.text):
                name += self.text[self.position + 1]
                self.position += 2
                continue
            found = _IDENTIFIER.match(self.text, self.position)
            if not found:
                break
            part = found.group().partition("\\")[0]
            name += part
            self.position += len(part)
        if not name:
            raise JsonPathError(f"unexpected character in path: {self.text[self.position : self.position + 1]!r}")
        return steps.field_step(name)

    def _brackets(self) -> Step:
        end = self._matching_bracket()
        body = self.text[self.position + 1 : end].strip()
        self.position = end + 1
        if body.startswith("?(") and body.endswith(")"):
            return _filter_step(body[2:-1].strip())
        if body == "*":
            return steps.wildcard
        parts = _split_commas(body)
        if len(parts) > 1:
            return steps.union_step([_bracket_part(part) for part in parts])
        return _bracket_part(body)

    def _matching_bracket(self) -> int:
        depth, index, quote = 0, self.position, ""
        while index < len(self.text):
            char = self.text[index]
            if quote:
                if char == "\\":
                    index += 1
                elif char == quote:
                    quote = ""
            elif char in "'\"":
                quote = char
            elif char == "[":
                depth += 1
            elif char == "]":
                depth -= 1
                if depth == 0:
                    return index
            index += 1
        raise JsonPathError("unterminated array")


def _unescaped(body: str) -> str:
    return re.sub(r"\\(.)", lambda found: {"n": "\n", "t": "\t", "r": "\r"}.get(found[1], found[1]), body)


def _split_commas(body: str) -> list[str]:
    return [part.strip() for part in re.findall(r"(?:'[^']*'|\"[^\"]*\"|[^,'\"])+", body)] or [body]


def _bracket_part(body: str) -> Step:
    if re.fullmatch(r"'[^']*'", body):
        # Quotes or not, dots separate fields here: `['metadata.name']` is a path.
        names = re.split(r"(?<!\\)\.", body[1:-1])
        return steps.chain_step([steps.field_step(_unescaped(name)) for name in names])
    if re.fullmatch(r"-?\d+", body):
        return steps.index_step(int(body))
    found = re.fullmatch(r"(-?\d*):(-?\d*)(?::(-?\d*))?", body)
    if found:
        start, end, step = (int(part) if part else None for part in found.groups())
        return steps.slice_step(start, end, step)
    raise JsonPathError(f"invalid array index {body}")


def _filter_step(condition: str) -> Step:
    left, operator, right = _split_condition(condition)
    left_of = _operand(left)
    right_of = _operand(right) if operator else None

    def holds(run: Run, item: Any) -> bool:
        lefts = left_of(run, item)
        if right_of is None:
            return bool(lefts)
        rights = right_of(run, item)
        return bool(lefts) and bool(rights) and _compare(lefts[0], operator, rights[0])

    def step(run: Run, values: list[Any]) -> list[Any]:
        relaxed_run = Run(run.root, allow_missing=True)
        return [item for item in steps.wildcard(run, values) if holds(relaxed_run, item)]

    return step


def _split_condition(condition: str) -> tuple[str, str, str]:
    found = _CONDITION.match(condition)
    if found is None:
        return condition.strip(), "", ""
    left, operator, right = (part.strip() for part in found.groups())
    if operator not in _OPERATORS:
        # What stands on the right is read first, and may be at fault itself.
        _operand(right)
        raise JsonPathError(f"unrecognized filter operator {operator}")
    return left, operator, right


def _operand(text: str) -> Callable[[Run, Any], list[Any]]:
    if len(text) >= 2 and text[0] in "'\"" and text[-1] == text[0]:
        literal: Any = _unescaped(text[1:-1])
        return lambda run, item: [literal]
    if _NUMBER.match(text):
        number = float(text) if "." in text else int(text)
        return lambda run, item: [number]
    if text in ("true", "false"):
        return lambda run, item: [text == "true"]
    nodes = Parser("{" + text + "}").parse()
    path = nodes[0] if nodes and isinstance(nodes[0], list) else [steps.nothing]
    return lambda run, item: walk(path, run, [item])


def _compare(left: Any, operator: str, right: Any) -> bool:
    if operator == "==":
        return bool(left == right)
    if operator == "!=":
        return bool(left != right)
    try:
        if operator == "<":
            return bool(left < right)
        if operator == "<=":
            return bool(left <= right)
        return bool(left > right if operator == ">" else left >= right)
    except TypeError:
        raise JsonPathError(f"incompatible types for comparison: {left!r} {operator} {right!r}") from None
