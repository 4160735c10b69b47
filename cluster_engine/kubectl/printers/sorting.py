"""`--sort-by`. Follows k8s.io/kubectl/pkg/cmd/get/sorter.go."""

from __future__ import annotations

import re
from typing import Any

from cluster_engine.apimachinery import quantity
from cluster_engine.apimachinery.meta import Obj
from cluster_engine.kubectl.errors import CommandError
from cluster_engine.kubectl.printers import jsonpath
from cluster_engine.kubectl.resource.mapper import Info

_QUANTITY = re.compile(r"[+-]?[0-9.]+([eEinumkKMGTP]*[-+]?[0-9]*)\Z")


class NoFieldError(CommandError):
    """No object has the field."""


def sorted_table(table: Obj, field: str) -> Obj:
    """The table with its rows sorted by a field of their objects."""
    rows = table["rows"]
    try:
        keys = _keys([row["object"] for row in rows], field)
    except CommandError:
        # The real one drops such a table in silence.
        return {**table, "rows": []}
    order = sorted(range(len(rows)), key=lambda index: keys[index])
    return {**table, "rows": [rows[index] for index in order]}


def sorted_infos(infos: list[Info], field: str) -> list[Info]:
    """What was found, sorted by a field of each. Raises NoFieldError."""
    keys = _keys([info.obj for info in infos], field)
    return [infos[index] for index in sorted(range(len(infos)), key=lambda index: keys[index])]


def sorted_objects(objects: list[Obj], field: str) -> list[Obj]:
    keys = _keys(objects, field)
    return [objects[index] for index in sorted(range(len(objects)), key=lambda index: keys[index])]


def _keys(objects: list[Obj], field: str) -> list[Any]:
    try:
        path = jsonpath.relaxed(field)
        found = [jsonpath.find(path, obj) for obj in objects]
    except jsonpath.JsonPathError as error:
        raise CommandError(str(error)) from None
    if objects and not any(found):
        raise NoFieldError(f'couldn\'t find any field with path "{path}" in the list of objects')
    return [_key(values[0] if values else None) for values in found]


def _key(value: Any) -> tuple[Any, ...]:
    """A key by which missing values come first, then numbers and quantities, then texts in natural order."""
    if value is None:
        return (0,)
    if isinstance(value, bool | int | float):
        return (1, float(value))
    if isinstance(value, str):
        if _QUANTITY.match(value):
            try:
                return (1, float(quantity.parse(value).nano) / quantity.NANO)
            except quantity.QuantityError:
                pass
        parts = re.split(r"(\d+)", value)
        return (2, [(int(part), "") if part.isdigit() else (-1, part) for part in parts])
    raise CommandError(f"unsortable type: {type(value).__name__}")
