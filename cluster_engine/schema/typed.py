"""Objects seen through their types: which fields a value sets, which differ, how an applied value merges.

What is one field and what is many follows from the schema: lists are atomic, sets, or maps by keys; maps and objects
are granular or atomic. Follows sigs.k8s.io/structured-merge-diff/typed (ToFieldSet, Compare, Merge, RemoveItems).
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import orjson

from cluster_engine.apimachinery.fieldset import SELF, FieldSet, has_self
from cluster_engine.apimachinery.meta import Obj
from cluster_engine.schema.types import Field, FieldType, Type, types

ABSENT = object()
_ANY = FieldType("any")
# Keys of list items that may be left out, with the value that is then meant.
_KEY_DEFAULTS: dict[str, Any] = {"protocol": "TCP"}


def children_of(type_: FieldType, field: Field | None) -> str:
    """How a value is divided: "fields" (object or map), "keys" (list of objects by keys), "set", or "" for an atom."""
    if type_.kind == "object":
        found = types.get(type_.ref)
        atomic = (field is not None and field.map_type == "atomic") or (
            found is not None and found.map_type == "atomic"
        )
        return "" if atomic or found is None else "fields"
    if type_.kind == "map":
        return "" if field is not None and field.map_type == "atomic" else "fields"
    if type_.kind == "list" and field is not None:
        return {"map": "keys", "set": "set"}.get(field.list_type, "")
    return ""


def child_type(type_: FieldType, name: str) -> tuple[FieldType, Field | None]:
    """The type of a field of an object, or of a value of a map."""
    if type_.kind == "object":
        field = types.field(type_.ref, name)
        return (field.type, field) if field is not None else (_ANY, None)
    return (type_.item or _ANY), None


def item_element(field: Field | None, item: Any) -> str:
    """The path element of a list item: its keys, or its value for a set."""
    if field is not None and field.list_type == "map" and isinstance(item, dict):
        keys = {key: item.get(key, _KEY_DEFAULTS.get(key)) for key in field.list_map_keys}
        present = {key: value for key, value in keys.items() if value is not None}
        return "k:" + orjson.dumps(present, option=orjson.OPT_SORT_KEYS).decode()
    return "v:" + orjson.dumps(item, option=orjson.OPT_SORT_KEYS).decode()


def to_set(value: Any, type_: FieldType, field: Field | None = None) -> FieldSet:
    """Every field that a value sets, as an applied configuration owns it."""
    division = children_of(type_, field)
    if division == "fields" and isinstance(value, dict) and value:
        node: FieldSet = {}
        for name, child in value.items():
            inner, inner_field = child_type(type_, name)
            node[f"f:{name}"] = to_set(child, inner, inner_field)
        return node
    if division in ("keys", "set") and isinstance(value, list) and value:
        node = {}
        for item in value:
            # An item of a list is owned itself, beside its fields.
            below = to_set(item, type_.item or _ANY) if division == "keys" else {}
            node[item_element(field, item)] = {SELF: {}, **below} if below else {}
        return node
    return {}


@lru_cache(maxsize=512)
def _zero(ref: str) -> Obj:
    type_ = types.get(ref)
    return _zero_object(type_, 0) if type_ is not None else {}


def zero_object(ref: str) -> Obj:
    """An empty object as Go writes it: what is no pointer and not left out when empty stands in it."""
    return _zero(ref)


def _zero_object(type_: Type, depth: int) -> Obj:
    made: Obj = {}
    for name, field in type_.fields.items():
        kind = field.type.kind
        if field.pointer or depth > 8:
            continue
        if kind == "object":
            inner = types.get(field.type.ref)
            made[name] = _zero_object(inner, depth + 1) if inner is not None else {}
        elif not field.omit_empty and kind in ("list", "map"):
            made[name] = None
        elif not field.omit_empty:
            made[name] = {"boolean": False, "string": "", "bytes": ""}.get(kind, None if kind in ("any", "time") else 0)
    return made


def diff(old: Any, new: Any, type_: FieldType, field: Field | None = None) -> tuple[FieldSet | None, FieldSet | None]:
    """(what was added or changed, what was removed) between two values; None for nothing.

    Parts that are the same object in both are not looked into, so that the cost follows the size of the change.
    """
    if old is new:
        return None, None
    division = children_of(type_, field)
    if division and (old is ABSENT or old is None or isinstance(old, _SHAPES[division])):
        if new is ABSENT or isinstance(new, _SHAPES[division]):
            pairs = _pairs(old, new, type_, field, division)
            return _diff_children(old, new, pairs)
    if old is ABSENT:
        return {}, None
    if new is ABSENT:
        return None, {}
    return ({}, None) if old != new else (None, None)


_SHAPES: dict[str, type] = {"fields": dict, "keys": list, "set": list}
_Pair = tuple[str, Any, Any, FieldType, "Field | None"]


def _pairs(old: Any, new: Any, type_: FieldType, field: Field | None, division: str) -> list[_Pair]:
    """(element, old child, new child, type, field) of every child that either value has."""
    if division == "fields":
        before = old if isinstance(old, dict) else {}
        after = new if isinstance(new, dict) else {}
        names = [*before, *(name for name in after if name not in before)]
        return [(f"f:{n}", before.get(n, ABSENT), after.get(n, ABSENT), *child_type(type_, n)) for n in names]
    item_type = type_.item or _ANY
    left = {item_element(field, item): item for item in old} if isinstance(old, list) else {}
    right = {item_element(field, item): item for item in new} if isinstance(new, list) else {}
    elements = [*left, *(element for element in right if element not in left)]
    return [(e, left.get(e, ABSENT), right.get(e, ABSENT), item_type, None) for e in elements]


def _diff_children(old: Any, new: Any, pairs: list[_Pair]) -> tuple[FieldSet | None, FieldSet | None]:
    changed: FieldSet = {}
    removed: FieldSet = {}
    for element, before, after, type_, field in pairs:
        more, less = diff(before, after, type_, field)
        if more is not None:
            changed[element] = more
        if less is not None:
            removed[element] = less
    if old is ABSENT and changed:
        changed[SELF] = {}
    if new is ABSENT and removed:
        removed[SELF] = {}
    return (
        changed if changed or old is ABSENT else None,
        removed if removed or (new is ABSENT and old is not ABSENT) else None,
    )


def merge(live: Any, applied: Any, type_: FieldType, field: Field | None = None) -> Any:
    """`live` with everything that `applied` sets; lists by keys and sets keep live items, applied order first."""
    division = children_of(type_, field)
    if division == "fields" and isinstance(applied, dict) and isinstance(live, dict):
        merged = dict(live)
        for name, value in applied.items():
            inner, inner_field = child_type(type_, name)
            merged[name] = merge(live[name], value, inner, inner_field) if name in live else value
        return merged if merged != live else live
    if division in ("keys", "set") and isinstance(applied, list) and isinstance(live, list):
        return _merge_lists(live, applied, type_, field, division)
    return live if live == applied else applied


def _merge_lists(
    live: list[Any], applied: list[Any], type_: FieldType, field: Field | None, division: str
) -> list[Any]:
    """Applied items in their order; live items that were not applied keep their place relative to their neighbours."""
    by_element = {item_element(field, item): item for item in live}
    wanted = {item_element(field, item): item for item in applied}
    item_type = type_.item or _ANY
    out: list[Any] = []
    done: set[str] = set()
    live_order = list(by_element)
    position = 0
    for element, item in wanted.items():
        # Live-only items that stand before this one come before it.
        if element in by_element:
            at = live_order.index(element)
            for earlier in live_order[position:at]:
                if earlier not in wanted and earlier not in done:
                    out.append(by_element[earlier])
                    done.add(earlier)
            position = max(position, at + 1)
            item = merge(by_element[element], item, item_type) if division == "keys" else by_element[element]
        out.append(item)
        done.add(element)
    out.extend(item for element, item in by_element.items() if element not in done and element not in wanted)
    return live if out == live else out


def remove(value: Any, fields: FieldSet, type_: FieldType, field: Field | None = None) -> Any:
    """`value` without the fields of the set. A node that is in the set goes whole."""
    division = children_of(type_, field)
    if division == "fields" and isinstance(value, dict):
        kept: Obj = {}
        for name, child in value.items():
            node = fields.get(f"f:{name}")
            if node is None:
                kept[name] = child
            elif not has_self(node):
                inner, inner_field = child_type(type_, name)
                kept[name] = remove(child, node, inner, inner_field)
        return kept
    if division in ("keys", "set") and isinstance(value, list):
        items = []
        for item in value:
            node = fields.get(item_element(field, item))
            if node is None:
                items.append(item)
            elif not has_self(node):
                items.append(remove(item, node, type_.item or _ANY))
        return items
    return value
