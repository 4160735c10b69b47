"""Objects as Go's structs write them: fields that cannot be left out are there, with their zero values.

kubectl decodes some objects into its own types before it prints or patches them; what it writes then has
`creationTimestamp: null`, `resources: {}` and the like, and no empty texts.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from cluster_engine.apimachinery.meta import Obj
from cluster_engine.kubectl.printers.go_order import order_of
from cluster_engine.schema.types import Field, FieldType, Type, types

_EMPTY: tuple[Any, ...] = ("", 0, False, None)


class Typed(dict[str, Any]):
    """An object whose fields stand in the order in which Go writes them."""


def typed(obj: Obj) -> Obj:
    """The object as its Go type would write it; unchanged where we know no such type."""
    type_ = types.for_kind(obj.get("apiVersion", ""), obj.get("kind", ""))
    return obj if type_ is None else Typed(_object(obj, type_))


@lru_cache(maxsize=1024)
def _always(name: str) -> dict[str, Any]:
    """The fields of a type that are always written: values and structs that are no pointers."""
    type_ = types.get(name)
    if type_ is None:
        return {}
    return {field.name: _zero(field) for field in type_.fields.values() if _is_always_there(field)}


def _is_always_there(field: Field) -> bool:
    if field.pointer or not field.go_type:
        return False
    if field.type.kind in ("object", "time", "micro-time", "quantity", "int-or-string"):
        return bool(field.type.kind != "int-or-string" or not field.omit_empty)
    return not field.omit_empty


def _zero(field: Field) -> Any:
    kind = field.type.kind
    if kind == "object":
        return _object({}, types.get(field.type.ref))
    if kind in ("int32", "int64", "int-or-string", "double"):
        return 0
    if kind == "quantity":
        return "0"
    return {"string": "", "boolean": False}.get(kind)


def _object(value: Obj, type_: Type | None) -> Obj:
    if type_ is None:
        return value
    made = dict(_always(type_.name))
    for name, item in value.items():
        field = type_.fields.get(name)
        if field is None:
            made[name] = item
        elif item is not None and not (field.omit_empty and not field.pointer and _is_empty(item)):
            made[name] = _value(item, field.type)
    order = order_of(type_.name)
    return {name: made[name] for name in sorted(made, key=lambda name: (order.get(name, len(order)), name))}


def _is_empty(value: Any) -> bool:
    return value in ([], {}) or (not isinstance(value, (list, dict, tuple)) and value in _EMPTY)


def _value(value: Any, type_: FieldType) -> Any:
    if type_.kind == "object" and isinstance(value, dict):
        return _object(value, types.get(type_.ref))
    if type_.item is not None and isinstance(value, (list, tuple)):
        return [_value(item, type_.item) for item in value]
    if type_.item is not None and isinstance(value, dict):
        return {key: _value(item, type_.item) for key, item in sorted(value.items())}
    return value
