"""Sets of field paths, in the form in which managedFields hold them (FieldsV1).

A set is a tree: `f:name` is a field, `k:{…}` a list item by its keys, `v:…` an item by its value. A leaf is in the set;
a node with children is in the set itself only if it has the child `.`. Follows
sigs.k8s.io/structured-merge-diff/fieldpath. Sets are immutable, like every object.
"""

from __future__ import annotations

from typing import Any

FieldSet = dict[str, Any]
SELF = "."
_LEAF: FieldSet = {}


def has_self(node: FieldSet) -> bool:
    """Whether the path that leads to this node is itself in the set."""
    return not node or SELF in node


def union(left: FieldSet, right: FieldSet) -> FieldSet:
    """Paths that are in either set."""
    if left is right or not right:
        return left
    if not left:
        return right
    merged = dict(left)
    for element, child in right.items():
        if element == SELF:
            merged[SELF] = _LEAF
        elif element in merged:
            merged[element] = _union_node(merged[element], child)
        else:
            merged[element] = child
    return merged


def _union_node(left: FieldSet, right: FieldSet) -> FieldSet:
    if left == right:
        return left
    if not left or not right:
        return {SELF: _LEAF, **(left or right)}
    return union(left, right)


def difference(left: FieldSet, right: FieldSet) -> FieldSet:
    """Paths of `left` that are not in `right`; what lies below a path of `right` stays (Set.Difference)."""
    kept: FieldSet = {}
    for element, child in left.items():
        if element == SELF:
            if not has_self(right) or SELF not in right:
                kept[SELF] = _LEAF
            continue
        other = right.get(element)
        rest = child if other is None else _difference_node(child, other)
        if rest is not None:
            kept[element] = rest
    return kept


def _difference_node(left: FieldSet, right: FieldSet) -> FieldSet | None:
    """What is left of a node, or None."""
    if not left:
        return None if has_self(right) else left
    rest = {e: c for e, c in difference(left, {k: v for k, v in right.items() if k != SELF}).items() if e != SELF}
    stays = SELF in left and not has_self(right)
    if not rest:
        return _LEAF if stays else None
    return {SELF: _LEAF, **rest} if stays else rest


def recursive_difference(left: FieldSet, right: FieldSet) -> FieldSet:
    """Paths of `left` that neither are in `right` nor lie below a path of it."""
    kept: FieldSet = {}
    for element, child in left.items():
        if element == SELF:
            if SELF not in right:
                kept[SELF] = _LEAF
            continue
        other = right.get(element)
        if other is None:
            kept[element] = child
        elif not has_self(other):
            if not child:
                kept[element] = child
                continue
            rest = recursive_difference(child, other)
            if rest:
                kept[element] = rest
    return kept


def intersection(left: FieldSet, right: FieldSet) -> FieldSet:
    """Paths that are in both sets."""
    common: FieldSet = {}
    for element, child in left.items():
        other = right.get(element)
        if other is None:
            continue
        if element == SELF:
            common[SELF] = _LEAF
            continue
        both = has_self(child) and has_self(other)
        below = {e: c for e, c in intersection(child, other).items() if e != SELF} if child and other else {}
        if below:
            common[element] = {SELF: _LEAF, **below} if both else below
        elif both:
            common[element] = _LEAF
    return common


def contains_path(fields: FieldSet, path: tuple[str, ...]) -> bool:
    """Whether the path itself is in the set."""
    node = fields
    for element in path:
        if element not in node:
            return False
        node = node[element]
    return has_self(node)


def paths(fields: FieldSet, prefix: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """Every path of the set, as tuples of elements, in order."""
    found: list[tuple[str, ...]] = []
    if prefix and has_self(fields):
        found.append(prefix)
    for element in sorted(e for e in fields if e != SELF):
        found.extend(paths(fields[element], (*prefix, element)))
    return found


def path_text(path: tuple[str, ...]) -> str:
    """A path as conflicts print it: `.spec.template.spec.containers[name="c"].image`."""
    text = ""
    for element in path:
        kind, _, rest = element.partition(":")
        if kind == "f":
            text += f".{rest}"
        elif kind == "k":
            pairs = ",".join(f"{key}={_shown(value)}" for key, value in sorted(_loads(rest).items()))
            text += f"[{pairs}]"
        elif kind == "v":
            text += f"[={rest}]"
        else:
            text += f"[{rest}]"
    return text


def _loads(text: str) -> dict[str, Any]:
    import orjson

    value = orjson.loads(text)
    return value if isinstance(value, dict) else {}


def _shown(value: Any) -> str:
    import orjson

    return orjson.dumps(value).decode()
