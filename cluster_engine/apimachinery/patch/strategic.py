"""Strategic merge patches, applied: lists merge by their merge keys, directives delete, replace, order and retain.

Follows k8s.io/apimachinery/pkg/util/strategicpatch/patch.go (v1.32).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cluster_engine.apimachinery.gotext import plain
from cluster_engine.apimachinery.patch.common import (
    BAD_PRIMITIVE_LIST,
    BAD_RETAIN_KEYS,
    BAD_SET_ORDER,
    DELETE,
    DELETE_FROM_LIST,
    DIRECTIVE,
    MERGE,
    REPLACE,
    RETAIN_KEYS,
    SET_ORDER,
    BadPatchError,
    PatchError,
    PatchMeta,
    PatchSchema,
    bad_argument,
    check_depth,
    deep_equal,
    element_kind,
    find_by_key,
    identity,
    kind_of,
    no_merge_key,
    sort_like,
    unique,
    weave,
)

Map = dict[str, Any]


@dataclass(frozen=True, slots=True)
class MergeOptions:
    """`merge_lists` is off when two patches are joined: their directives stay. `drop_nulls` likewise for nulls."""

    merge_lists: bool = True
    drop_nulls: bool = True


APPLY = MergeOptions()
JOIN = MergeOptions(merge_lists=False, drop_nulls=False)


def apply_strategic_patch(document: Map, patch: Any, schema: PatchSchema) -> Map:
    """The document with the patch merged in; what the patch does not touch is shared. Raises `PatchError`."""
    if not isinstance(patch, dict):
        words = {"list": "array", "int64": "number", "float64": "number"}.get(kind_of(patch), kind_of(patch))
        raise BadPatchError(f"json: cannot unmarshal {words} into Go value of type map[string]interface {{}}")
    check_depth(patch)
    return merge_map(document, patch, schema, APPLY)


def merge_map(original: Map, patch: Map, schema: PatchSchema, options: MergeOptions) -> Map:
    """Merges one map into another. Neither is changed; the original itself comes back when nothing changed."""
    if DIRECTIVE in patch:
        return _directive(patch)
    made, rest = dict(original), dict(patch)
    _retain_keys(made, rest, options)
    _merge_ordered_lists(made, rest, schema, options)
    for key in sorted(rest):
        value = rest[key]
        deletes = key.startswith(DELETE_FROM_LIST)
        if deletes:
            if not options.merge_lists:
                made[key] = value
                continue
            key = key.removeprefix(DELETE_FROM_LIST)
        if value is None:
            made.pop(key, None)
            if options.drop_nulls:
                continue
        if key not in made or kind_of(made[key]) != kind_of(value):
            if not deletes:
                _put(made, key, _without_nulls(value) if options.drop_nulls else value, options)
            continue
        old = made[key]
        if isinstance(old, dict):
            meta = schema.lookup(key)
            made[key] = value if meta.strategy == REPLACE else merge_map(old, value, meta.schema, options)
        elif isinstance(old, list):
            made[key] = _merge_list_field(old, value, schema.lookup(key), deletes, options)
        elif not deep_equal(old, value):
            made[key] = value
    same = len(made) == len(original) and all(key in original and made[key] is original[key] for key in made)
    return original if same else made


def _directive(patch: Map) -> Map:
    directive = patch[DIRECTIVE]
    if directive == REPLACE:
        return {key: value for key, value in patch.items() if key != DIRECTIVE}
    if directive == DELETE:
        return {}
    raise PatchError(f"unknown patch type: {plain(directive)} in map: {plain(patch)}")


def _put(made: Map, key: str, value: Any, options: MergeOptions) -> None:
    """Sets what was not there (or was of another type): directives in it have nothing to work on, and go."""
    value, keep = _without_directives(value, options)
    if keep:
        made[key] = value
    else:
        made.pop(key, None)


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_without_nulls(item) for item in value]
    return value


def _without_directives(value: Any, options: MergeOptions) -> tuple[Any, bool]:
    """(value, whether to keep it at all)."""
    if isinstance(value, dict):
        if DIRECTIVE in value:
            return None, False
        inner = {
            key: _without_directives(item, options)
            for key, item in value.items()
            if not options.merge_lists or not (key == RETAIN_KEYS or key.startswith((DELETE_FROM_LIST, SET_ORDER)))
        }
        return {key: item for key, (item, keep) in inner.items() if keep}, True
    if isinstance(value, list):
        kept = [_without_directives(item, options) for item in value]
        return [item for item, keep in kept if keep], True
    return value, True


def _retain_keys(made: Map, patch: Map, options: MergeOptions) -> None:
    """Drops from `made` what the patch's `$retainKeys` does not name, and the directive from `patch`."""
    if RETAIN_KEYS not in patch:
        return
    retained = patch.pop(RETAIN_KEYS)
    if not options.merge_lists:
        if RETAIN_KEYS in made and not deep_equal(made[RETAIN_KEYS], retained):
            raise PatchError(
                f"{plain(made[RETAIN_KEYS])} and {plain(retained)} are not deep equal: "
                "this may happen when calculating the 3-way diff patch"
            )
        made[RETAIN_KEYS] = retained
        return
    if not isinstance(retained, list):
        raise BadPatchError(BAD_RETAIN_KEYS)
    kept = {item for item in retained if isinstance(item, str)}
    for key, value in patch.items():
        if value is not None and not key.startswith((DELETE_FROM_LIST, SET_ORDER)) and key not in kept:
            raise BadPatchError(BAD_RETAIN_KEYS)
    for key in [key for key in made if key not in kept]:
        del made[key]


def _merge_ordered_lists(made: Map, patch: Map, schema: PatchSchema, options: MergeOptions) -> None:
    """Merges the lists that have a `$setElementOrder/…`, and takes both from `patch`.

    The directive's order comes first, then that of the patch, then that of the live list.
    """
    for directive in sorted(key for key in patch if key.startswith(SET_ORDER)):
        order = patch.pop(directive)
        if not options.merge_lists:
            if directive in made and not deep_equal(made[directive], order):
                raise BadPatchError(BAD_SET_ORDER)
            made[directive] = order
        if not isinstance(order, list):
            raise bad_argument("list", order)
        key = directive.removeprefix(SET_ORDER)
        old, new = made.get(key), patch.get(key)
        for value, there in ((old, key in made), (new, key in patch)):
            if there and not isinstance(value, list):
                raise bad_argument("list", value)
        meta = schema.lookup(key)
        _check_order(new or [], order, meta.merge_key)
        if old is None and new is None:
            continue
        if new is None:
            merged = old
        elif old is None:
            merged = _without_directives(new, options)[0]
        else:
            merged = _merge_list_field(old, new, meta, False, options)
        made[key] = _ordered(merged or [], old or [], new or [], order, meta)
        patch.pop(key, None)


def _ordered(merged: list[Any], old: list[Any], new: list[Any], order: list[Any], meta: PatchMeta) -> list[Any]:
    kind = element_kind(old, new)
    in_patch, server_only = _partition(merged, order, meta.merge_key)
    in_patch = sort_like(in_patch, order, meta.merge_key, kind)
    server_only = sort_like(server_only, old, meta.merge_key, kind)
    ordered = weave(server_only, in_patch, old, meta.merge_key)
    same = len(ordered) == len(old) and all(a is b for a, b in zip(ordered, old, strict=True))
    return old if same else ordered


def _partition(items: list[Any], by: list[Any], merge_key: str) -> tuple[list[Any], list[Any]]:
    """(items that `by` has, items that it has not)."""
    if merge_key:
        for item in items:
            if not isinstance(item, dict):
                raise bad_argument("map", item)
            if merge_key not in item:
                raise no_merge_key(item, merge_key)
        for item in by:
            if not isinstance(item, dict):
                raise PatchError(f"value for key {by.index(item)} is not a map")
    known = {identity(item, merge_key) for item in by}
    return (
        [item for item in items if identity(item, merge_key) in known],
        [item for item in items if identity(item, merge_key) not in known],
    )


def _check_order(patch_list: list[Any], order: list[Any], merge_key: str) -> None:
    """The patch's elements must stand in the order of the directive, and each of them in it."""
    if not order or not patch_list:
        return
    if merge_key:
        for item in patch_list:
            if not isinstance(item, dict):
                raise bad_argument("map", item)
    wanted = [item for item in patch_list if not (isinstance(item, dict) and DIRECTIVE in item)]
    place = 0
    for item in wanted:
        while place < len(order) and not _same_element(item, order[place], merge_key):
            place += 1
        if place == len(order):
            shown = f"{plain(patch_list)}\n doesn't match $setElementOrder list:\n{plain(order)}\n"
            raise PatchError(f"The order in patch list:\n{shown}")
        place += 1


def _same_element(left: Any, right: Any, merge_key: str) -> bool:
    if not merge_key:
        return deep_equal(left, right)
    for item in (left, right):
        if not isinstance(item, dict):
            raise bad_argument("map", item)
        if merge_key not in item:
            raise no_merge_key(item, merge_key)
    return deep_equal(left[merge_key], right[merge_key])


def _merge_list_field(
    old: list[Any], new: list[Any], meta: PatchMeta, deletes: bool, options: MergeOptions
) -> list[Any]:
    if not isinstance(new, list):
        raise BadPatchError(BAD_PRIMITIVE_LIST)
    if meta.strategy != MERGE and not deletes:
        return new
    if not old and not new:
        return old
    if element_kind(old, new) != "map":
        if options.merge_lists and deletes:
            gone = {identity(item, "") for item in new}
            return [item for item in old if identity(item, "") not in gone]
        merged = unique([*old, *new])
        in_patch, server_only = _partition(merged, new, "")
        in_patch, server_only = sort_like(in_patch, new, "", ""), sort_like(server_only, old, "", "")
        return weave(server_only, in_patch, old, "")
    if not meta.merge_key:
        raise PatchError(f"cannot merge lists without merge key for {meta.schema.name}")
    return _merge_maps_in_list(old, new, meta, options)


def _merge_maps_in_list(old: list[Any], new: list[Any], meta: PatchMeta, options: MergeOptions) -> list[Any]:
    """Elements with the same merge key merge, others are added; a delete directive removes its element."""
    key = meta.merge_key
    live, changes = _special_elements(old, new, key)
    merged = list(live)
    for element in changes:
        if key not in element:
            raise no_merge_key(element, key)
        place = find_by_key(merged, key, element[key])
        if place < 0:
            merged.append(_added(element, options))
        else:
            merged[place] = merge_map(merged[place], element, meta.schema, options)
    in_patch, server_only = _partition(merged, changes, key)
    in_patch = sort_like(in_patch, changes, key, "map")
    server_only = sort_like(server_only, live, key, "map")
    return weave(server_only, in_patch, live, key)


def _added(element: Map, options: MergeOptions) -> Map:
    """An element as it stands in a list that did not have it: its nulls and directives have nothing to work on."""
    if not options.merge_lists:
        return element
    bare: Map = _without_directives(_without_nulls(element), options)[0]
    return bare


def _special_elements(old: list[Any], new: list[Any], merge_key: str) -> tuple[list[Any], list[Any]]:
    """(live elements, elements to merge) once the elements with directives have done their work."""
    live, changes, replace = list(old), [], False
    for element in new:
        directive = element.get(DIRECTIVE)
        if DIRECTIVE not in element:
            changes.append(element)
        elif directive == DELETE:
            if merge_key not in element:
                raise no_merge_key(element, merge_key)
            while (place := find_by_key(live, merge_key, element[merge_key])) >= 0:
                del live[place]
        elif directive == REPLACE:
            replace = True
        elif directive == MERGE:
            raise PatchError("merging lists cannot yet be specified in the patch")
        else:
            raise PatchError(f"unknown patch type: {plain(directive)} in map: {plain(element)}")
    return (changes, []) if replace else (live, changes)
