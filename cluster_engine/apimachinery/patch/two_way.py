"""Strategic merge patches, made: the difference of two states of an object, as `kubectl set` and `edit` send it.

Follows strategicpatch.CreateTwoWayMergePatch and diffMaps (v1.32).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from cluster_engine.apimachinery.gotext import plain
from cluster_engine.apimachinery.patch.common import (
    DELETE,
    DELETE_FROM_LIST,
    DIRECTIVE,
    MERGE,
    REPLACE,
    RETAIN_KEYS,
    SET_ORDER,
    PatchError,
    PatchMeta,
    PatchSchema,
    deep_equal,
    element_kind,
    identity,
    kind_of,
    no_merge_key,
    require_merge_keys,
    sort_like,
    unique,
)

Map = dict[str, Any]


@dataclass(frozen=True, slots=True)
class DiffOptions:
    """What a difference leaves out, and which directives it makes."""

    set_order: bool = True
    ignore_changes: bool = False
    ignore_deletions: bool = False
    retain_keys: bool = False


def create_two_way_merge_patch(original: Map, modified: Map, schema: PatchSchema) -> Map:
    """The strategic patch that makes `modified` of `original`; empty when they are equal. Raises `PatchError`."""
    return diff_maps(original, modified, schema, DiffOptions())


def diff_maps(original: Map, modified: Map, schema: PatchSchema, options: DiffOptions) -> Map:
    """The difference of two maps as a patch, keys in order."""
    patch: Map = {}
    for key in sorted(modified):
        new = modified[key]
        if key not in original:
            if not options.ignore_changes:
                patch[key] = new
            continue
        old = original[key]
        if key == DIRECTIVE:
            _diff_directive(old, new, patch)
        elif kind_of(old) != kind_of(new):
            if not options.ignore_changes:
                patch[key] = new
        elif isinstance(old, dict):
            _diff_map_field(key, old, new, patch, schema, options)
        elif isinstance(old, list):
            _diff_list_field(key, old, new, patch, schema, options)
        elif not options.ignore_changes and not deep_equal(old, new):
            patch[key] = new
    if not options.ignore_deletions:
        patch.update({key: None for key in sorted(original) if key not in modified})
    retained = sorted(key for key, value in modified.items() if value is not None) if options.retain_keys else []
    dropped = any(value is not None and key not in modified for key, value in original.items())
    if retained and (patch or dropped):
        patch[RETAIN_KEYS] = retained
    return patch


def _diff_directive(old: Any, new: Any, patch: Map) -> None:
    if not isinstance(old, str) or not isinstance(new, str):
        raise PatchError(f"invalid value for special key: {DIRECTIVE}")
    if old != new:
        patch[DIRECTIVE] = new


def _lookup(key: str, old: Any, new: Any, schema: PatchSchema) -> PatchMeta | None:
    """How the field merges, or None for an unknown field that does not differ."""
    try:
        return schema.lookup(key)
    except PatchError:
        if deep_equal(old, new):
            return None
        raise


def _diff_map_field(key: str, old: Map, new: Map, patch: Map, schema: PatchSchema, options: DiffOptions) -> None:
    meta = _lookup(key, old, new, schema)
    if meta is None:
        return
    options = replace(options, retain_keys=meta.retain_keys)
    if meta.strategy == REPLACE:
        if not options.ignore_changes:
            patch[key] = new
    elif inner := diff_maps(old, new, meta.schema, options):
        patch[key] = inner


def _diff_list_field(
    key: str, old: list[Any], new: list[Any], patch: Map, schema: PatchSchema, options: DiffOptions
) -> None:
    meta = _lookup(key, old, new, schema)
    if meta is None:
        return
    if meta.strategy != MERGE:
        if not options.ignore_changes and not deep_equal(old, new):
            patch[key] = new
        return
    changes, deletions, order = _diff_lists(old, new, meta, replace(options, retain_keys=meta.retain_keys))
    if changes:
        patch[key] = changes
    if deletions:
        patch[DELETE_FROM_LIST + key] = deletions
    if order:
        patch[SET_ORDER + key] = order


def _diff_lists(
    old: list[Any], new: list[Any], meta: PatchMeta, options: DiffOptions
) -> tuple[list[Any], list[Any], list[Any]]:
    """(elements for the patch, scalars to delete, the order of all elements where it matters)."""
    if not old:
        return ([], [], []) if options.ignore_changes else (new, [], [])
    if element_kind(old, new) != "map":
        return _diff_scalars(old, new, options)
    key = meta.merge_key
    changes, deletions = _diff_elements(old, new, meta, options)
    changes = [*sort_like(changes, new, key, "map"), *deletions]
    moved = [identity(item, key) for item in old] != [identity(item, key) for item in new]
    order: list[Any] = []
    if options.set_order and (
        (not options.ignore_changes and (changes or moved)) or (not options.ignore_deletions and changes)
    ):
        order = [{key: item[key]} for item in new]
    return changes, [], order


def _diff_scalars(old: list[Any], new: list[Any], options: DiffOptions) -> tuple[list[Any], list[Any], list[Any]]:
    olds, news = sorted(old, key=plain), sorted(new, key=plain)
    added: list[Any] = []
    gone: list[Any] = []
    i = j = 0
    # Two sorted lists side by side, so that repetitions count.
    while i < len(olds) or j < len(news):
        if i < len(olds) and j < len(news) and plain(olds[i]) == plain(news[j]):
            i, j = i + 1, j + 1
        elif i == len(olds) or (j < len(news) and plain(olds[i]) > plain(news[j])):
            added.append(news[j])
            j += 1
        else:
            gone.append(olds[i])
            i += 1
    added = [] if options.ignore_changes else sort_like(added, new, "", "")
    gone = [] if options.ignore_deletions else unique(gone)
    order: list[Any] = []
    if options.set_order and (gone or (not options.ignore_changes and not deep_equal(old, new))):
        order = new
    return added, gone, order


def _diff_elements(
    old: list[Any], new: list[Any], meta: PatchMeta, options: DiffOptions
) -> tuple[list[Any], list[Any]]:
    """(changed and added elements, delete directives), both in the order of their merge keys."""
    key = meta.merge_key
    if not key:
        raise no_merge_key(old[0], key)
    require_merge_keys(key, old, new)
    olds = sorted(old, key=lambda item: plain(item[key]))
    news = sorted(new, key=lambda item: plain(item[key]))
    changes: list[Any] = []
    deletions: list[Any] = []
    i = j = 0
    while i < len(olds) or j < len(news):
        left = plain(olds[i][key]) if i < len(olds) else None
        right = plain(news[j][key]) if j < len(news) else None
        if left is not None and left == right:
            if inner := diff_maps(olds[i], news[j], meta.schema, options):
                changes.append({**inner, key: news[j][key]})
            i, j = i + 1, j + 1
        elif left is None or (right is not None and left > right):
            if not options.ignore_changes:
                changes.append(news[j])
            j += 1
        else:
            if not options.ignore_deletions:
                deletions.append({DIRECTIVE: DELETE, key: olds[i][key]})
            i += 1
    return changes, deletions
