"""JSONPath templates: `{.metadata.name}`, `{range .items[*]}…{end}`, filters, unions. Follows k8s.io/client-go/util/jsonpath."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from cluster_engine.apimachinery.gotext import quote
from cluster_engine.kubectl.printers.json_printer import compact

MAX_TEMPLATE = 10_000
MAX_RESULTS = 200_000
_IDENTIFIER = re.compile(r"[^\s.,\[\]{}()$@'\"=!<>?*:|&]+")
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?\Z")
_OPERATORS = ("==", "!=", "<=", ">=", "<", ">")


class JsonPathError(ValueError):
    """A template that cannot be read, or that does not fit the object; the message is kubectl's own."""


Step = Callable[["_Run", list[Any]], list[Any]]


@dataclass(slots=True)
class _Run:
    """One evaluation: the whole object, and whether missing fields are a fault."""

    root: Any
    allow_missing: bool
    out: list[str] = field(default_factory=list)
    count: int = 0


@dataclass(slots=True)
class _Range:
    path: list[Step]
    body: list[Any]


def evaluate(template: str, data: Any, *, allow_missing: bool = True) -> str:
    """The text of a template for an object. Raises `JsonPathError`."""
    run = _Run(data, allow_missing)
    _execute(_parsed(template), run, data)
    return "".join(run.out)


def render(template: str, data: Any, *, allow_missing: bool = True) -> str:
    """As `-o jsonpath=` prints it; the `JsonPathError` says what kubectl says."""
    try:
        _parsed(template)
    except JsonPathError as error:
        raise JsonPathError(f"error parsing jsonpath {template}, {error}") from None
    try:
        return evaluate(template, data, allow_missing=allow_missing)
    except JsonPathError as error:
        raise JsonPathError(
            f'error executing jsonpath "{template}": Error executing template: {error}. Printing more information for debugging '
            f"the template:\n\ttemplate was:\n\t\t{template}\n\tobject given to jsonpath engine was:\n\t\t{go_syntax(data)}\n\n\n"
        ) from None


def go_syntax(value: Any) -> str:
    """A value as Go's `%#v` prints it."""
    if isinstance(value, dict):
        return "map[string]interface {}{" + ", ".join(f"{quote(k)}:{go_syntax(value[k])}" for k in sorted(value)) + "}"
    if isinstance(value, list | tuple):
        return "[]interface {}{" + ", ".join(go_syntax(item) for item in value) + "}"
    if value is None:
        return "interface {}(nil)"
    if isinstance(value, bool):
        return "true" if value else "false"
    return quote(value) if isinstance(value, str) else str(value)


def find(template: str, data: Any, *, allow_missing: bool = True) -> list[Any]:
    """The values that the first path of a template finds: for sorting and custom columns."""
    for node in _parsed(template):
        if isinstance(node, list):
            return _walk(node, _Run(data, allow_missing), [data])
    return []


_RELAXED = re.compile(r"^\{\.?([^{}]+)\}$|^\.?([^{}]+)$")


def relaxed(expression: str) -> str:
    """A path as people write it (`metadata.name`, `.metadata.name`, `{.metadata.name}`) as a template.

    Follows get.RelaxedJSONPathExpression. Raises `JsonPathError`.
    """
    if not expression:
        return ""
    found = _RELAXED.match(expression)
    if found is None:
        raise JsonPathError(
            "unexpected path string, expected a 'name1.name2' or '.name1.name2' or '{name1.name2}' or '{.name1.name2}'"
        )
    return "{." + (found[1] or found[2]) + "}"


@lru_cache(maxsize=256)
def _parsed(template: str) -> list[Any]:
    if len(template) > MAX_TEMPLATE:
        raise JsonPathError(f"template is longer than {MAX_TEMPLATE} characters")
    return _Parser(template).parse()


def _execute(nodes: list[Any], run: _Run, current: Any) -> None:
    for node in nodes:
        if isinstance(node, str):
            run.out.append(node)
        elif isinstance(node, _Range):
            for item in _walk(node.path, run, [current]):
                _execute(node.body, run, item)
        else:
            run.out.append(" ".join(text_of(value) for value in _walk(node, run, [current])))


def _walk(steps: list[Step], run: _Run, values: list[Any]) -> list[Any]:
    for step in steps:
        values = step(run, values)
        run.count += len(values)
        if run.count > MAX_RESULTS:
            raise JsonPathError("the template finds too much")
    return values


def text_of(value: Any) -> str:
    """A value as a template prints it: text as it is, everything with structure as JSON."""
    if isinstance(value, str):
        return value
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict | list | tuple):
        return compact(value)
    return str(value)


class _Parser:
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
                nodes.append(self.text[self.position:])
                self.position = len(self.text)
                break
            if start > self.position:
                nodes.append(self.text[self.position:start])
            self.position = start + 1
            if self._action(nodes, inside_range):
                return nodes
        return nodes

    def _action(self, nodes: list[Any], inside_range: bool) -> bool:
        """Reads up to the closing brace; True when it was the `{end}` of a range."""
        while True:
            self._space()
            if self.position >= len(self.text):
                raise JsonPathError("unclosed action")
            char = self.text[self.position]
            if char == "}":
                self.position += 1
                return False
            if char in "'\"":
                nodes.append(self._quoted())
                continue
            word = self._word()
            if word == "end":
                self._close()
                if inside_range:
                    return True
                nodes.append([_stray_end])
                return False
            if word == "range":
                self._space()
                path = self._path()
                self._close()
                nodes.append(_Range(path, self._nodes(inside_range=True)))
                return False
            nodes.append(self._path())

    def _word(self) -> str:
        """`range` or `end` where one of them stands, else nothing."""
        for word in ("range", "end"):
            if re.match(rf"{word}(?=[\s}}.\[$@]|\Z)", self.text[self.position:]):
                self.position += len(word)
                return word
        return ""

    def _close(self) -> None:
        self._space()
        if self.text[self.position:self.position + 1] != "}":
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
        body = self.text[self.position + 1:end]
        self.position = end + 1
        return _unescaped(body)

    def _path(self) -> list[Step]:
        steps: list[Step] = []
        start = self.position
        while self.position < len(self.text):
            char = self.text[self.position]
            if char in "$@":
                self.position += 1
                steps.append(_root if char == "$" else _self)
            elif self.text.startswith("..", self.position):
                self.position += 2
                steps.append(_recursive)
                if self.text[self.position:self.position + 1] != "[":
                    steps.append(self._field())
            elif char == ".":
                self.position += 1
                following = self.text[self.position:self.position + 1]
                if following not in ("[", "}", " ", ""):
                    steps.append(self._field())
                elif following != "[":
                    steps.append(_nothing)
            elif char == "[":
                steps.append(self._brackets())
            elif self.position == start and (found := _IDENTIFIER.match(self.text, self.position)):
                self.position = found.end()
                steps.append(_unknown_identifier(found.group()))
            else:
                break
        if self.position == start:
            raise JsonPathError(f"unrecognized character in action: U+{ord(self.text[start]):04X} '{self.text[start]}'")
        return steps

    def _field(self) -> Step:
        if self.text[self.position:self.position + 1] == "*":
            self.position += 1
            return _wildcard
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
            raise JsonPathError(f"unexpected character in path: {self.text[self.position:self.position + 1]!r}")
        return _field_step(name)

    def _brackets(self) -> Step:
        end = self._matching_bracket()
        body = self.text[self.position + 1:end].strip()
        self.position = end + 1
        if body.startswith("?(") and body.endswith(")"):
            return _filter_step(body[2:-1].strip())
        if body == "*":
            return _wildcard
        parts = _split_commas(body)
        if len(parts) > 1:
            return _union_step([_bracket_part(part) for part in parts])
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
    if len(body) >= 2 and body[0] in "'\"" and body[-1] == body[0]:
        return _field_step(_unescaped(body[1:-1]))
    if re.fullmatch(r"-?\d+", body):
        return _index_step(int(body))
    found = re.fullmatch(r"(-?\d*):(-?\d*)(?::(-?\d*))?", body)
    if found:
        start, end, step = (int(part) if part else None for part in found.groups())
        return _slice_step(start, end, step)
    raise JsonPathError(f"invalid array index {body}")


def _root(run: _Run, values: list[Any]) -> list[Any]:
    return [run.root]


def _self(run: _Run, values: list[Any]) -> list[Any]:
    return values


def _stray_end(run: _Run, values: list[Any]) -> list[Any]:
    raise JsonPathError("not in range, nothing to end")


def _nothing(run: _Run, values: list[Any]) -> list[Any]:
    return []


def _unknown_identifier(word: str) -> Step:
    def step(run: _Run, values: list[Any]) -> list[Any]:
        raise JsonPathError(f"unrecognized identifier {word}")

    return step


def _wildcard(run: _Run, values: list[Any]) -> list[Any]:
    found: list[Any] = []
    for value in values:
        if isinstance(value, dict):
            found.extend(value[key] for key in sorted(value))
        elif isinstance(value, list | tuple):
            found.extend(value)
    return found


def _recursive(run: _Run, values: list[Any]) -> list[Any]:
    found: list[Any] = []
    waiting = list(reversed(values))
    while waiting:
        value = waiting.pop()
        found.append(value)
        if len(found) > MAX_RESULTS:
            raise JsonPathError("the template finds too much")
        waiting.extend(reversed(_wildcard(run, [value])))
    return found


def _field_step(name: str) -> Step:
    def step(run: _Run, values: list[Any]) -> list[Any]:
        found = [value[name] for value in values if isinstance(value, dict) and name in value]
        if not found and values and not run.allow_missing:
            raise JsonPathError(f"{name} is not found")
        return found

    return step


def _index_step(index: int) -> Step:
    def step(run: _Run, values: list[Any]) -> list[Any]:
        found = []
        for value in values:
            if value is None:
                continue
            if not isinstance(value, list | tuple):
                raise JsonPathError(f"{_go_type(value)} is not array or slice")
            position = index if index >= 0 else len(value) + index
            if not 0 <= position < len(value):
                raise JsonPathError(f"array index out of bounds: index {index}, length {len(value)}")
            found.append(value[position])
        return found

    return step


def _slice_step(start: int | None, end: int | None, step_size: int | None) -> Step:
    def step(run: _Run, values: list[Any]) -> list[Any]:
        found: list[Any] = []
        for value in values:
            if not isinstance(value, list | tuple):
                raise JsonPathError(f"{_go_type(value)} is not array or slice")
            found.extend(value[start:end:step_size or 1])
        return found

    return step


def _go_type(value: Any) -> str:
    for type_, name in ((bool, "bool"), (str, "string"), (int, "int64"), (float, "float64")):
        if isinstance(value, type_):
            return name
    return "map[string]interface {}"


def _union_step(steps: list[Step]) -> Step:
    return lambda run, values: [item for step in steps for item in step(run, values)]


def _filter_step(condition: str) -> Step:
    left, operator, right = _split_condition(condition)
    left_of = _operand(left)
    right_of = _operand(right) if operator else None

    def holds(run: _Run, item: Any) -> bool:
        lefts = left_of(run, item)
        if right_of is None:
            return bool(lefts)
        rights = right_of(run, item)
        return bool(lefts) and bool(rights) and _compare(lefts[0], operator, rights[0])

    def step(run: _Run, values: list[Any]) -> list[Any]:
        relaxed_run = _Run(run.root, allow_missing=True)
        return [item for item in _wildcard(run, values) if holds(relaxed_run, item)]

    return step


def _split_condition(condition: str) -> tuple[str, str, str]:
    quote = ""
    for index, char in enumerate(condition):
        if quote:
            quote = "" if char == quote else quote
        elif char in "'\"":
            quote = char
        else:
            for operator in _OPERATORS:
                if condition.startswith(operator, index):
                    return condition[:index].strip(), operator, condition[index + len(operator):].strip()
    return condition.strip(), "", ""


def _operand(text: str) -> Callable[[_Run, Any], list[Any]]:
    if len(text) >= 2 and text[0] in "'\"" and text[-1] == text[0]:
        literal: Any = _unescaped(text[1:-1])
        return lambda run, item: [literal]
    if _NUMBER.match(text):
        number = float(text) if "." in text else int(text)
        return lambda run, item: [number]
    if text in ("true", "false"):
        return lambda run, item: [text == "true"]
    parser = _Parser(text)
    steps = parser._path()
    return lambda run, item: _walk(steps, run, [item])


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
