"""JSONPath templates: `{.metadata.name}`, `{range .items[*]}…{end}`, filters, unions.

Follows k8s.io/client-go/util/jsonpath.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from cluster_engine.apimachinery.gotext import syntax
from cluster_engine.apimachinery.jsonpath.parser import Parser, Range
from cluster_engine.apimachinery.jsonpath.steps import JsonPathError, Run, walk
from cluster_engine.kubectl.printers.json_printer import compact

MAX_TEMPLATE = 10_000


def evaluate(template: str, data: Any, *, allow_missing: bool = True) -> str:
    """The text of a template for an object. Raises `JsonPathError`."""
    run = Run(data, allow_missing)
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
            f'error executing jsonpath "{template}": Error executing template: {error}. Printing more '
            "information for debugging "
            f"the template:\n\ttemplate was:\n\t\t{template}\n\tobject given to jsonpath engine "
            f"was:\n\t\t{syntax(data)}\n\n\n"
        ) from None


def find(template: str, data: Any, *, allow_missing: bool = True) -> list[Any]:
    """The values that the first path of a template finds: for sorting and custom columns."""
    for node in _parsed(template):
        if isinstance(node, list):
            return walk(node, Run(data, allow_missing), [data])
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
    return Parser(template).parse()


def _execute(nodes: list[Any], run: Run, current: Any) -> None:
    for node in nodes:
        if isinstance(node, str):
            run.out.append(node)
        elif isinstance(node, Range):
            for item in walk(node.path, run, [current]):
                _execute(node.body, run, item)
        else:
            run.out.append(" ".join(text_of(value) for value in walk(node, run, [current])))


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


__all__ = ["JsonPathError", "evaluate", "find", "relaxed", "render"]
