"""The steps of a JSONPath: each takes the values found so far to the values one step further."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

MAX_RESULTS = 200_000
# Every step takes the run and the values, though some need only one of them.
# ruff: noqa: ARG001


class JsonPathError(ValueError):
    """A template that cannot be read, or that does not fit the object; the message is kubectl's own."""


@dataclass(slots=True)
class Run:
    """One evaluation: the whole object, and whether missing fields are a fault."""

    root: Any
    allow_missing: bool
    out: list[str] = field(default_factory=list)
    count: int = 0


Step = Callable[[Run, list[Any]], list[Any]]


def walk(steps: list[Step], run: Run, values: list[Any]) -> list[Any]:
    for step in steps:
        values = step(run, values)
        run.count += len(values)
        if run.count > MAX_RESULTS:
            raise JsonPathError("the template finds too much")
    return values


def root(run: Run, values: list[Any]) -> list[Any]:
    return [run.root]


def same(run: Run, values: list[Any]) -> list[Any]:
    return values


def stray_end(run: Run, values: list[Any]) -> list[Any]:
    raise JsonPathError("not in range, nothing to end")


def nothing(run: Run, values: list[Any]) -> list[Any]:
    return []


def unknown_identifier(word: str) -> Step:
    def step(run: Run, values: list[Any]) -> list[Any]:
        raise JsonPathError(f"unrecognized identifier {word}")

    return step


def wildcard(run: Run, values: list[Any]) -> list[Any]:
    found: list[Any] = []
    for value in values:
        if isinstance(value, dict):
            found.extend(value[key] for key in sorted(value))
        elif isinstance(value, list | tuple):
            found.extend(value)
    return found


def recursive(run: Run, values: list[Any]) -> list[Any]:
    found: list[Any] = []
    waiting = list(reversed(values))
    while waiting:
        value = waiting.pop()
        found.append(value)
        if len(found) > MAX_RESULTS:
            raise JsonPathError("the template finds too much")
        waiting.extend(reversed(wildcard(run, [value])))
    return found


def field_step(name: str) -> Step:
    def step(run: Run, values: list[Any]) -> list[Any]:
        found = [value[name] for value in values if isinstance(value, dict) and name in value]
        if not found and values and not run.allow_missing:
            raise JsonPathError(f"{name} is not found")
        return found

    return step


def index_step(index: int) -> Step:
    def step(run: Run, values: list[Any]) -> list[Any]:
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


def slice_step(start: int | None, end: int | None, step_size: int | None) -> Step:
    def step(run: Run, values: list[Any]) -> list[Any]:
        found: list[Any] = []
        for value in values:
            if not isinstance(value, list | tuple):
                raise JsonPathError(f"{_go_type(value)} is not array or slice")
            found.extend(_slice(value, start, end, step_size))
        return found

    return step


def _slice(value: Any, start: int | None, end: int | None, step_size: int | None) -> Any:
    """Follows evalArray: bounds that do not fit are a fault."""
    length = len(value)
    first = 0 if start is None else start + (length if start < 0 else 0)
    last = length if end is None else end + (length if end < 0 else 0)
    if first == last:
        return []
    if not 0 <= first < length:
        raise JsonPathError(f"array index out of bounds: index {first}, length {length}")
    if not 0 <= last <= length:
        raise JsonPathError(f"array index out of bounds: index {last - 1}, length {length}")
    if first > last:
        raise JsonPathError(f"starting index {first} is greater than ending index {last}")
    if step_size is not None and step_size <= 0:
        raise JsonPathError("step must be > 0")
    return value[first : last : step_size or 1]


def _go_type(value: Any) -> str:
    for type_, name in ((bool, "bool"), (str, "string"), (int, "int64"), (float, "float64")):
        if isinstance(value, type_):
            return name
    return "map[string]interface {}"


def chain_step(steps: list[Step]) -> Step:
    return steps[0] if len(steps) == 1 else lambda run, values: walk(steps, run, values)


def union_step(steps: list[Step]) -> Step:
    return lambda run, values: [item for step in steps for item in step(run, values)]
