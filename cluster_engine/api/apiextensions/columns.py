"""The table of a custom kind: the columns of its definition, their values found by JSONPath.

Follows k8s.io/apiextensions-apiserver/pkg/registry/customresource/tableconvertor.
"""

from __future__ import annotations

from typing import Any

import orjson

from cluster_engine.api.apiextensions.values import number
from cluster_engine.api.strategy import NAME, Column
from cluster_engine.apimachinery.jsonpath.parser import Parser
from cluster_engine.apimachinery.jsonpath.steps import JsonPathError, Run, Step, walk
from cluster_engine.apimachinery.meta import Obj
from cluster_engine.apimachinery.times import age

_AGE: Obj = {
    "name": "Age",
    "type": "date",
    "description": (
        "CreationTimestamp is a timestamp representing the server time when this object was created. It is not "
        "guaranteed to be set in happens-before order across separate operations. Clients may not set this value. It "
        "is represented in RFC3339 form and is in UTC.\n\nPopulated by the system. Read-only. Null for lists. More "
        "info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata"
    ),
    "jsonPath": ".metadata.creationTimestamp",
}


def compile_path(path: str) -> list[Step] | None:
    """The steps of a path such as `.spec.replicas`, or None for one that cannot be read."""
    try:
        nodes = Parser(f"{{{path}}}").parse()
    except JsonPathError:
        return None
    steps: list[Step] | None = nodes[0] if len(nodes) == 1 and isinstance(nodes[0], list) else None
    return steps


def find(steps: list[Step], obj: Obj) -> Any:
    """The first value that a path finds, or None."""
    try:
        found = walk(steps, Run(obj, allow_missing=True), [obj])
    except JsonPathError:
        return None
    return found[0] if found else None


class Columns:
    """The columns of one version. Those after one that cannot be read are not there."""

    def __init__(self, definitions: list[Obj]) -> None:
        self._paths: list[tuple[str, list[Step]]] = []
        shown = [NAME]
        for definition in definitions or [_AGE]:
            steps = compile_path(definition.get("jsonPath") or "")
            if steps is None:
                break
            path = definition.get("jsonPath") or ""
            self._paths.append((definition.get("type") or "", steps))
            described = f"Custom resource definition column (in JSONPath format): {path}"
            shown.append(
                Column(
                    definition.get("name") or "",
                    definition.get("type") or "",
                    definition.get("format") or "",
                    definition.get("priority") or 0,
                    definition.get("description") or described,
                )
            )
        self.columns = tuple(shown)

    def cells(self, obj: Obj, now_us: int) -> list[Any]:
        values = [_cell(type_, find(steps, obj), now_us) for type_, steps in self._paths]
        return [obj["metadata"]["name"], *values]


def _cell(type_: str, value: Any, now_us: int) -> Any:
    if value is None:
        return None
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if type_ == "string":
        return _text(value)
    if type_ == "integer":
        return int(value) if is_number else None
    if type_ == "number":
        return value if is_number else None
    if type_ == "boolean":
        return value if isinstance(value, bool) else None
    if type_ == "date" and isinstance(value, str):
        try:
            return age(value, now_us)
        except ValueError:
            return "<invalid>"
    return None


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict | list):
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()
    return number(value)
