"""Objects seen through their types: which fields a value sets, which differ, how an applied value merges.

What is one field and what is many follows from the schema: lists are atomic, sets, or maps by keys; maps and objects
are granular or atomic. Follows sigs.k8s.io/structured-merge-diff/typed (ToFieldSet, Compare, Merge, RemoveItems).
"""

from __future__ import annotations

from collections import deque
from functools import lru_cache
from typing import Any, Literal

import orjson

from cluster_engine.apimachinery.fieldset import SELF, FieldSet, has_self
from cluster_engine.apimachinery.meta import Obj
from cluster_engine.schema.types import Field, FieldType, types

ABSENT = object()
# Keys of list items that may be left out, with the value that is then meant.
_KEY_DEFAULTS: dict[str, Any] = {"protocol": "TCP"}
Division = Literal["fields", "keys", "set", ""]
MAX_CHILDREN = 500


class Node:
    """A place in a type: how a value there is divided, and the places below it.

    `division` is "fields" (object or map), "keys" (list of objects by keys), "set" (list of values), or "" for an atom.
    """

    __slots__ = ("_children", "_item", "_item_type", "_ref", "division", "keys", "shape")

    def __init__(self, type_: FieldType, field: Field | None = None) -> None:
        self.division: Division = _division(type_, field)
        self.shape: type = dict if self.division == "fields" else list
        self.keys = field.list_map_keys if field is not None else ()
        self._ref = type_.ref
        self._item_type = type_.item
        self._item: Node | None = None
        self._children: dict[str, tuple[str, Node]] = {}

    def child(self, name: str) -> tuple[str, Node]:
        """(path element, place) of a field of an object, or of a value of a map."""
        found = self._children.get(name)
        if found is None:
            field = types.field(self._ref, name) if self._ref else None
            if field is not None:
                found = f"f:{name}", Node(field.type, field)
            else:
                found = f"f:{name}", (self.item if self._item_type is not None else ATOM)
            # The keys of maps are people's own words: remembered up to a point.
            if len(self._children) < MAX_CHILDREN:
                self._children[name] = found
        return found

    @property
    def item(self) -> Node:
        """The place of a list's items, or of a map's values."""
        if self._item is None:
            self._item = Node(self._item_type) if self._item_type is not None else ATOM
        return self._item

    def element(self, item: Any) -> str:
        """The path element of a list item: its keys, or its value for a set."""
        if self.division == "keys" and isinstance(item, dict):
            keys = {key: item.get(key, _KEY_DEFAULTS.get(key)) for key in self.keys}
            return "k:" + _json({key: value for key, value in keys.items() if value is not None})
        return "v:" + _json(item)


def _division(type_: FieldType, field: Field | None) -> Division:
    atomic = field is not None and field.map_type == "atomic"
    if type_.kind == "object":
        found = types.get(type_.ref)
        return "" if atomic or found is None or found.map_type == "atomic" else "fields"
    if type_.kind == "map":
        return "" if atomic else "fields"
    if type_.kind == "list" and field is not None:
        return {"map": "keys", "set": "set"}.get(field.list_type, "")  # type: ignore[return-value]
    return ""


ATOM = Node(FieldType("any"))


@lru_cache(maxsize=256)
def empty(type_name: str) -> Obj:
    """An object that says nothing, as Go holds it: structs that are no pointers stand in it, lists and times as null.

    What stands in it has no owner of its own when an object is created. Shared: never change it.
    """
    type_ = types.get(type_name)
    made: Obj = {}
    for name, field in type_.fields.items() if type_ is not None else ():
        kind = field.type.kind
        if field.pointer or not field.go_type:
            continue
        if kind == "object":
            made[name] = empty(field.type.ref)
        elif kind in ("time", "micro-time") or (kind in ("list", "map") and not field.omit_empty):
            made[name] = None
        elif not field.omit_empty and kind in _ZEROS:
            made[name] = _ZEROS[kind]
    return made


_ZEROS: dict[str, Any] = {"string": "", "int32": 0, "int64": 0, "boolean": False}


@lru_cache(maxsize=256)
def node_of(api_version: str, kind: str) -> Node:
    """The place of a whole object of a kind; for a kind without a schema, every map is granular at the top."""
    type_ = types.for_kind(api_version, kind)
    return Node(FieldType("object", ref=type_.name) if type_ is not None else FieldType("map", item=FieldType("any")))


def _json(value: Any) -> str:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()


def to_set(value: Any, node: Node) -> FieldSet:
    """Every field that a value sets, as an applied configuration owns it."""
    if node.division == "fields" and isinstance(value, dict) and value:
        made: FieldSet = {}
        for name, inner in value.items():
            element, child = node.child(name)
            made[element] = to_set(inner, child)
        return made
    if node.division in ("keys", "set") and isinstance(value, list) and value:
        made = {}
        for item in value:
            # An item of a list is owned itself, beside its fields.
            below = to_set(item, node.item) if node.division == "keys" else {}
            made[node.element(item)] = {SELF: {}, **below} if below else {}
        return made
    return {}


def diff(old: Any, new: Any, node: Node) -> tuple[FieldSet | None, FieldSet | None]:
    """(what was added or changed, what was removed) between two values; None for nothing.

    Parts that are the same object in both are not looked into, so that the cost follows the size of the change.
    """
    if old is new:
        return None, None
    if node.division and _divides(old, node) and _divides(new, node):
        return _diff_children(old, new, node)
    if old is ABSENT:
        return {}, None
    if new is ABSENT:
        return None, {}
    return ({}, None) if old != new else (None, None)


def _divides(value: Any, node: Node) -> bool:
    return value is ABSENT or value is None or isinstance(value, node.shape)


def _diff_children(old: Any, new: Any, node: Node) -> tuple[FieldSet | None, FieldSet | None]:
    changed: FieldSet = {}
    removed: FieldSet = {}
    pairs = _field_pairs(old, new, node) if node.division == "fields" else _item_pairs(old, new, node)
    for element, before, after, child in pairs:
        more, less = diff(before, after, child)
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


# (element, old child, new child, place)
_Pair = tuple[str, Any, Any, Node]


def _field_pairs(old: Any, new: Any, node: Node) -> list[_Pair]:
    """The fields that differ; most are the same objects."""
    before: dict[str, Any] = old if isinstance(old, dict) else {}
    after: dict[str, Any] = new if isinstance(new, dict) else {}
    pairs: list[_Pair] = []
    for name, value in after.items():
        earlier = before.get(name, ABSENT)
        if earlier is not value:
            element, child = node.child(name)
            pairs.append((element, earlier, value, child))
    for name, value in before.items():
        if name not in after:
            element, child = node.child(name)
            pairs.append((element, value, ABSENT, child))
    return pairs


def _item_pairs(old: Any, new: Any, node: Node) -> list[_Pair]:
    """The items of lists that differ, by what identifies them."""
    left = {node.element(item): item for item in old} if isinstance(old, list) else {}
    right = {node.element(item): item for item in new} if isinstance(new, list) else {}
    pairs: list[_Pair] = []
    for element, item in right.items():
        earlier = left.get(element, ABSENT)
        if earlier is not item:
            pairs.append((element, earlier, item, node.item))
    pairs += [(element, item, ABSENT, node.item) for element, item in left.items() if element not in right]
    return pairs


def merge(live: Any, applied: Any, node: Node) -> Any:
    """`live` with everything that `applied` sets; lists by keys and sets keep live items, applied order first."""
    if node.division == "fields" and isinstance(applied, dict) and isinstance(live, dict):
        merged = dict(live)
        for name, value in applied.items():
            merged[name] = merge(live[name], value, node.child(name)[1]) if name in live else value
        return merged if merged != live else live
    if node.division in ("keys", "set") and isinstance(applied, list) and isinstance(live, list):
        return _merge_lists(live, applied, node)
    return live if live == applied else applied


def _merge_lists(live: list[Any], applied: list[Any], node: Node) -> list[Any]:
    """Applied items in their order, live items in theirs; where both could come next, the live one does.

    Follows visitListItems in structured-merge-diff/typed/merge.go.
    """
    ours = {node.element(item): item for item in live}
    theirs = {node.element(item): item for item in applied}
    left, right = list(ours), list(theirs)
    shared = deque(element for element in right if element in ours)
    out: list[Any] = []
    done: set[str] = set()
    at_left = at_right = 0

    def take(element: str) -> None:
        item = theirs[element]
        if element in ours:
            item = merge(ours[element], item, node.item) if node.division == "keys" else ours[element]
        out.append(item)
        done.add(element)
        if shared and shared[0] == element:
            shared.popleft()

    while at_left < len(left) or at_right < len(right):
        element = left[at_left] if at_left < len(left) else None
        if element is not None and at_right < len(right):
            if element == right[at_right]:
                take(element)
                at_left, at_right = at_left + 1, at_right + 1
                continue
            if element in theirs and shared and shared[0] != element:
                at_left += 1  # it comes in the place that the applied list gives it
                continue
        if element is not None and element not in theirs:
            out.append(ours[element])
            at_left += 1
            continue
        if element is not None and element in done:
            at_left += 1
        if at_right < len(right):
            take(right[at_right])
            at_right += 1
    return live if out == live else out


def remove(value: Any, fields: FieldSet, node: Node) -> Any:
    """`value` without the fields of the set. A place that is in the set goes whole."""
    if node.division == "fields" and isinstance(value, dict):
        kept: Obj = {}
        for name, inner in value.items():
            element, child = node.child(name)
            below = fields.get(element)
            if below is None:
                kept[name] = inner
            elif not has_self(below):
                kept[name] = remove(inner, below, child)
        return kept
    if node.division in ("keys", "set") and isinstance(value, list):
        items = []
        for item in value:
            below = fields.get(node.element(item))
            if below is None:
                items.append(item)
            elif not has_self(below):
                items.append(remove(item, below, node.item))
        return items
    return value
