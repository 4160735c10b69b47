"""What the kinds of patches share: errors, JSON equality, and what strategic merge wants to know of a type."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from cluster_engine.apimachinery.gotext import plain

DIRECTIVE = "$patch"
DELETE = "delete"
REPLACE = "replace"
MERGE = "merge"
RETAIN_KEYS = "$retainKeys"
RETAIN_KEYS_STRATEGY = "retainKeys"
DELETE_FROM_LIST = "$deleteFromPrimitiveList/"
SET_ORDER = "$setElementOrder/"
MAX_DEPTH = 120


class PatchError(ValueError):
    """A patch that cannot be applied or made; the message is Kubernetes' own. To a client it is a 400 too."""


class BadPatchError(PatchError):
    """A patch that is malformed. To a client it is a 400."""


class UnprocessablePatchError(PatchError):
    """A patch that does not apply to this object. To a client it is a 422."""


BAD_PRIMITIVE_LIST = "invalid patch format of primitive list"
BAD_RETAIN_KEYS = "invalid patch format of retainKeys"
BAD_SET_ORDER = "invalid patch format of setElementOrder list"
LISTS_OF_LISTS = "lists of lists are not supported"


@dataclass(frozen=True, slots=True)
class PatchMeta:
    """How one field merges. `schema` is that of the field's object, or of its elements."""

    schema: PatchSchema
    strategies: tuple[str, ...] = ()
    merge_key: str = ""

    @property
    def retain_keys(self) -> bool:
        return RETAIN_KEYS_STRATEGY in self.strategies

    @property
    def strategy(self) -> str:
        """`merge`, `replace` or ""."""
        return next((strategy for strategy in self.strategies if strategy != RETAIN_KEYS_STRATEGY), "")


class PatchSchema(Protocol):
    """What strategic merge asks of a type."""

    @property
    def name(self) -> str: ...

    def lookup(self, field: str) -> PatchMeta:
        """How the field merges. Raises `PatchError` where the type has no such field."""
        ...


class AnythingSchema:
    """The schema of what has none: maps merge, lists are replaced."""

    name = "map"

    def lookup(self, field: str) -> PatchMeta:
        return PatchMeta(self)


ANYTHING = AnythingSchema()


def kind_of(value: Any) -> str:
    """The JSON type of a value as Go tells them apart."""
    if isinstance(value, dict):
        return "map"
    if isinstance(value, list):
        return "list"
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "bool"
    return "string" if isinstance(value, str) else "int64" if isinstance(value, int) else "float64"


_GO_TYPES = {"map": "map[string]interface {}", "list": "[]interface {}", "null": "%!s(<nil>)"}


def bad_argument(expected: str, value: Any) -> PatchError:
    kind = kind_of(value)
    return PatchError(f"expected a {_GO_TYPES[expected]}, but received a {_GO_TYPES.get(kind, kind)}")


def no_merge_key(element: Any, merge_key: str) -> PatchError:
    return PatchError(f"map: {plain(element)} does not contain declared merge key: {merge_key}")


def deep_equal(left: Any, right: Any) -> bool:
    """Equality of JSON values where 1, 1.0 and true are three things."""
    if left is right:
        return True
    kind = kind_of(left)
    if kind != kind_of(right):
        return False
    if kind == "map":
        return len(left) == len(right) and all(key in right and deep_equal(left[key], right[key]) for key in left)
    if kind == "list":
        return len(left) == len(right) and all(deep_equal(a, b) for a, b in zip(left, right, strict=True))
    return bool(left == right)


def check_depth(value: Any) -> None:
    """Refuses what is nested too deeply to walk. Raises `BadPatchError`."""
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [
            child
            for item in level
            if isinstance(item, dict | list)
            for child in (item.values() if isinstance(item, dict) else item)
        ]
        if not level:
            return
    raise BadPatchError("exceeded max depth")


def element_kind(*lists: list[Any]) -> str:
    """The JSON type of all elements of some lists. Raises `PatchError` where they differ, or there is none."""
    found = ""
    for items in lists:
        for item in items:
            kind = kind_of(item)
            if not found:
                if kind == "list":
                    raise UnprocessablePatchError(LISTS_OF_LISTS)
                found = kind
            elif kind != found:
                raise PatchError(f"list element types are not identical: {plain(list(lists))}")
    if not found:
        raise PatchError("no elements in any of the given slices")
    return found


def find_by_key(items: list[Any], merge_key: str, value: Any) -> int:
    """The index of the first element with that merge key value, or -1. Raises `PatchError` where one is no map."""
    for index, item in enumerate(items):
        if not isinstance(item, dict):
            raise PatchError(f"value for key {index} is not a map")
        if merge_key in item and deep_equal(item[merge_key], value):
            return index
    return -1


def require_merge_keys(merge_key: str, *lists: list[Any]) -> None:
    for items in lists:
        for item in items:
            if not isinstance(item, dict):
                raise bad_argument("map", item)
            if merge_key not in item:
                raise no_merge_key(item, merge_key)


def identity(item: Any, merge_key: str) -> tuple[str, Any]:
    """What tells an element of a merging list from others, hashable: its merge key, or the scalar itself."""
    value = item.get(merge_key) if merge_key and isinstance(item, dict) else item
    return kind_of(value), plain(value)


def sort_like(items: list[Any], order: list[Any], merge_key: str, kind: str) -> list[Any]:
    """The items in the order of `order`; those with a delete directive last. Follows normalizeSliceOrder."""
    deletions: list[Any] = []
    if kind == "map":
        require_merge_keys(merge_key, items, order)
        deletions = [item for item in items if item.get(DIRECTIVE) == DELETE]
        items = [item for item in items if item.get(DIRECTIVE) != DELETE]
    places: dict[tuple[str, Any], int] = {}
    for index, item in enumerate(order):
        places.setdefault(identity(item, merge_key), index)
    return [*sorted(items, key=lambda item: places.get(identity(item, merge_key), -1)), *deletions]


def weave(left: list[Any], right: list[Any], server_order: list[Any], merge_key: str) -> list[Any]:
    """Puts the items of `left` between those of `right`, by the order of the live list. Follows mergeSortedSlice."""
    places: dict[tuple[str, Any], int] = {}
    for index, item in enumerate(server_order):
        places.setdefault(identity(item, merge_key), index)
    made: list[Any] = []
    i = j = 0
    while i < len(left) and j < len(right):
        a, b = places.get(identity(left[i], merge_key)), places.get(identity(right[j], merge_key))
        if a is not None and b is not None and a < b:
            made.append(left[i])
            i += 1
        else:
            made.append(right[j])
            j += 1
    return [*made, *left[i:], *right[j:]]


def unique(items: list[Any]) -> list[Any]:
    """The scalars without repetitions, in order of first appearance."""
    return list({identity(item, ""): item for item in reversed(items)}.values())[::-1] if items else []
