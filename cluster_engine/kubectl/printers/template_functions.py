"""The functions of Go templates that people use. Follows text/template/funcs.go.

A function takes its values as a list; what it refuses it raises as ValueError, in Go's words.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import quote_plus

from cluster_engine.kubectl.printers.custom_columns import go_text

NOTHING: Any = object()


def is_true(value: Any) -> bool:
    return value is not NOTHING and bool(value)


def _kind(value: Any) -> str:
    for type_, name in ((bool, "bool"), (int, "int"), (float, "float"), (str, "string")):
        if isinstance(value, type_):
            return name
    return ""


def _equal(left: Any, right: Any) -> bool:
    if left is None or right is None:
        return left is right
    if not _kind(left) or not _kind(right):
        raise ValueError(
            "non-comparable type " + go_text(left) if not _kind(left) else "incompatible types for comparison"
        )
    if _kind(left) != _kind(right):
        raise ValueError("incompatible types for comparison")
    return bool(left == right)


def _less(left: Any, right: Any) -> bool:
    if _kind(left) != _kind(right):
        raise ValueError("incompatible types for comparison")
    if _kind(left) in ("", "bool"):
        raise ValueError("invalid type for comparison")
    return bool(left < right)


def _index(values: list[Any]) -> Any:
    item = values[0]
    for key in values[1:]:
        if item is None:
            raise ValueError("index of untyped nil")
        if isinstance(item, dict):
            item = item.get(key)
        elif not 0 <= key < len(item):
            raise ValueError(f"index out of range: {key}")
        else:
            item = item[key]
    return item


def _printf(values: list[Any]) -> str:
    operands = iter(values[1:])

    def one(found: re.Match[str]) -> str:
        if found[0] == "%%":
            return "%"
        value = next(operands, None)
        if found[2] == "q":
            return '"' + str(value).replace("\\", "\\\\").replace('"', '\\"') + '"'
        if found[2] == "v" or (found[2] == "s" and not isinstance(value, str)):
            return f"%{found[1]}s" % go_text(value)
        return f"%{found[1]}{found[2]}" % value

    return re.sub(r"%([-+ 0#]*\d*(?:\.\d+)?)([vsdqtfxXc%])", one, str(values[0]))


def _print(values: list[Any]) -> str:
    out = ""
    for index, value in enumerate(values):
        if index and not isinstance(value, str) and not isinstance(values[index - 1], str):
            out += " "
        out += go_text(value)
    return out


def _and(values: list[Any]) -> Any:
    return next((value for value in values if not is_true(value)), values[-1])


def _or(values: list[Any]) -> Any:
    return next((value for value in values if is_true(value)), values[-1])


def _exists(values: list[Any]) -> bool:
    item = values[0]
    for key in values[1:]:
        if isinstance(item, dict):
            item = item.get(key)
        elif isinstance(item, list | tuple) and isinstance(key, int) and 0 <= key < len(item):
            item = item[key]
        else:
            return False
    return item is not None


_HTML = {"<": "&lt;", ">": "&gt;", "&": "&amp;", "'": "&#39;", '"': "&#34;", "\0": "\ufffd"}
_JS = {
    "\\": "\\\\", "'": "\\'", '"': '\\"', "<": "\\u003C", ">": "\\u003E", "&": "\\u0026", "=": "\\u003D",
    "\n": "\\u000A", "\t": "\\u0009", "\r": "\\u000D",
}  # fmt: skip


def _replaced(text: str, letters: dict[str, str]) -> str:
    return "".join(letters.get(letter, letter) for letter in text)


def _slice(values: list[Any]) -> Any:
    item, bounds = values[0], values[1:]
    if not isinstance(item, str | list | tuple):
        raise ValueError(f"can't slice item of type {_kind(item) or 'map[string]interface {}'}")
    start = bounds[0] if bounds else 0
    end = bounds[1] if len(bounds) > 1 else len(item)
    for bound in (start, end):
        if not 0 <= bound <= len(item):
            raise ValueError(f"index out of range: {bound}")
    if start > end:
        raise ValueError(f"invalid slice index: {start} > {end}")
    return item[start:end]


FUNCTIONS: dict[str, Callable[[list[Any]], Any]] = {
    "index": _index,
    "len": lambda values: len(values[0]),
    "print": _print,
    "println": lambda values: " ".join(go_text(value) for value in values) + "\n",
    "printf": _printf,
    "eq": lambda values: any(_equal(values[0], other) for other in values[1:]),
    "ne": lambda values: not _equal(values[0], values[1]),
    "lt": lambda values: _less(values[0], values[1]),
    "le": lambda values: _less(values[0], values[1]) or _equal(values[0], values[1]),
    "gt": lambda values: _less(values[1], values[0]),
    "ge": lambda values: not _less(values[0], values[1]),
    "not": lambda values: not is_true(values[0]),
    "and": _and,
    "or": _or,
    "exists": _exists,
    "base64decode": lambda values: base64.b64decode(values[0]).decode(errors="replace"),
    "html": lambda values: _replaced(_print(values), _HTML),
    "js": lambda values: _replaced(_print(values), _JS),
    "slice": _slice,
    "urlquery": lambda values: quote_plus(_print(values), safe="-_.~"),
}
