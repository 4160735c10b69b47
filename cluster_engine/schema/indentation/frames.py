"""Where one entry may stand below those before it, and how much each place offends the schema.

What is open while reading is a stack of frames: the maps and lists that the next entry may still go into. An offence is
`hard` where the API would refuse the result or lose something of it; `soft` only says which of equally good places is
the more usual one, to be suggested first.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Literal, NamedTuple

from cluster_engine.schema.indentation.reading import Entry, ValueKind, kinds_of
from cluster_engine.schema.types import FieldType, types

# Hard: what the API would refuse.
UNKNOWN_KEY = 6
MISSPELT_KEY = 3  # one or two letters away from a field that there is
KEY_TWICE = 8
WRONG_SHAPE = 3  # a list where a map belongs, and the like
WRONG_VALUE = 2
EMPTY = 2  # a key that waited for something below it and got nothing
MISSING = 2  # a required field
NAMELESS = 1  # an object without a name
NO_PLACE = 12  # a list item where nothing takes one
IN_DOUBT = 1  # each line below a key that nobody knows,
SWALLOWED_IN_DOUBT = 5  # and one that would have a place outside of it
# Soft: what is less usual.
SWALLOWED_FIELD = 3  # a free map takes a key that is also a field further out
SWALLOWED_KEY = 2  # a text goes on over what looks like the next text
NOT_DEEPEST = 1

FrameKind = Literal["map", "list", "open", "block"]
ANY = FieldType("any")
TEXT = FieldType("string")
_OBJECT_META = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"
_LIST_META = "io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta"
# Objects without a schema: a List of anything, and what nearly all kinds have.
_LIST, _ANY_OBJECT = "List", "any object"
_ITEM = FieldType("object", ref=_ANY_OBJECT)
_FREE_FIELDS = {
    _LIST: {"metadata": FieldType("object", ref=_LIST_META), "items": FieldType("list", item=_ITEM)},
    _ANY_OBJECT: {"metadata": FieldType("object", ref=_OBJECT_META), "spec": ANY, "status": ANY, "data": ANY},
}
_OBJECT_PATH = re.compile(r"(items\[\d+\])?")
_JSON_SCHEMA = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps"
# Two fields that hold anything by their type, and schemas in practice.
_SCHEMA = FieldType("object", ref=_JSON_SCHEMA)
_IN_PRACTICE = {(_JSON_SCHEMA, "items"): _SCHEMA, (_JSON_SCHEMA, "additionalProperties"): _SCHEMA}
# Fields that the type has and the API refuses there: pkg/apis/core/validation (restartPolicy is for init containers),
# and PodLevelResources, which is off in v1.32.
_REFUSED = {(re.compile(r"spec\.containers\[\d+\]$"), "restartPolicy"), (re.compile(r"(^|\.)spec$"), "resources")}
_POD_SPEC = "io.k8s.api.core.v1.PodSpec"
_CONTAINER = "io.k8s.api.core.v1.Container"
_FITTING: dict[str, frozenset[ValueKind]] = {
    "string": frozenset(("string", "block")),
    "bytes": frozenset(("string", "block")),
    "time": frozenset(("string",)),
    "micro-time": frozenset(("string",)),
    "int32": frozenset(("integer",)),
    "int64": frozenset(("integer",)),
    "double": frozenset(("integer", "number")),
    "boolean": frozenset(("boolean",)),
    "quantity": frozenset(("string", "integer", "number")),
    "int-or-string": frozenset(("string", "integer")),
    "object": frozenset(("map",)),
    "map": frozenset(("map",)),
    "list": frozenset(("list",)),
}


class Frame(NamedTuple):
    """Something that is open: a map, a list, a key that waits for its value, or a block of text.

    `column` is where its entries begin (of a waiting key: where the key stands). `doubtful` is what lies below a key
    that the schema does not know.
    """

    kind: FrameKind
    type: FieldType
    path: str
    column: int
    used: frozenset[str] = frozenset()
    items: int = 0
    doubtful: bool = False


Stack = tuple[Frame, ...]


class Step(NamedTuple):
    """One way of placing an entry: what is open then, what it offends, and where it stands."""

    stack: Stack
    hard: int
    soft: int
    place: str  # path of what it stands in; "=path" for a line of that text, "+path" for one that goes on
    column: int


def root_of(api_version: str, kind: str) -> Frame:
    """The frame of a whole document. A version that is not served any more is read as one that is."""
    if kind == "List" and api_version == "v1":
        return Frame("map", FieldType("object", ref=_LIST), "", 0)
    type_ = types.for_kind(api_version, kind) or types.of_kind(kind)
    return Frame("map", FieldType("object", ref=type_.name if type_ is not None else _ANY_OBJECT), "", 0)


def steps(entry: Entry, stack: Stack, following: Sequence[Entry]) -> Iterator[Step]:
    """All ways of placing an entry. `following` are the few entries behind it."""
    top = stack[-1]
    if top.kind == "block":
        soft = _swallowed(entry, stack)
        yield Step(stack, 0, soft, f"={top.path}", top.column)
    if entry.key is None and not entry.dashes:
        if top.kind != "block":
            yield Step(stack, 0 if top.kind == "open" else 1, 0, f"+{top.path}", top.column + 2)
        return
    hard = soft = 0
    for depth in range(len(stack), 0, -1):
        below, frame = stack[: depth - 1], stack[depth - 1]
        step = _attach(entry, below, frame, following)
        if step is not None:
            extra = _free_key(entry, stack[:depth]) + soft
            yield Step(step.stack, step.hard + hard, step.soft + extra, step.place, step.column)
            if step.hard == 0:
                soft += NOT_DEEPEST
        hard += closing(frame)
    if entry.dashes and all(frame.kind not in ("open", "list") for frame in stack):
        yield Step(stack, NO_PLACE, 0, "", top.column)


def closing(frame: Frame) -> int:
    """What is wrong with a frame that gets nothing more."""
    if frame.kind == "open":
        return 0 if frame.type.kind == "any" else EMPTY
    if frame.kind != "map" or frame.type.kind != "object" or frame.doubtful:
        return 0
    wanted: tuple[str, ...] = ()
    if _OBJECT_PATH.fullmatch(frame.path):
        wanted = ("apiVersion", "kind") if frame.type.ref == _LIST else ("apiVersion", "kind", "metadata")
    elif frame.type.ref == _OBJECT_META:
        named = "name" in frame.used or "generateName" in frame.used
        return NAMELESS if not named and _OBJECT_PATH.fullmatch(frame.path.removesuffix("metadata").rstrip(".")) else 0
    elif (type_ := types.get(frame.type.ref)) is not None:
        wanted = type_.required
    return MISSING * sum(name not in frame.used for name in wanted)


def _attach(entry: Entry, below: Stack, frame: Frame, following: Sequence[Entry]) -> Step | None:
    """An entry put into one frame, or None where it cannot be there at all."""
    if frame.kind == "open":
        opened, hard = _opened(entry, frame, following)
        step = _attach(entry, below, opened, following)
        return step and step._replace(hard=step.hard + hard)
    if frame.kind == "map" and entry.key is not None and not entry.dashes:
        stack, hard = _put_key(entry, below, frame)
        return Step(stack, hard, 0, frame.path, frame.column)
    if frame.kind == "list" and entry.dashes:
        item = frame._replace(items=frame.items + 1)
        stack, hard = _put_item(entry, (*below, item), entry.dashes - 1, following)
        in_doubt = IN_DOUBT if frame.doubtful and entry.key is None else 0
        return Step(stack, hard + in_doubt, 0, frame.path, frame.column)
    return None


def _opened(entry: Entry, frame: Frame, following: Sequence[Entry]) -> tuple[Frame, int]:
    """What a waiting key turns into when an entry comes below it, and how badly that fits."""
    type_ = frame.type
    if entry.dashes:
        if type_.kind == "list":
            return Frame("list", type_.item or ANY, frame.path, frame.column, doubtful=frame.doubtful), 0
        fits = type_.kind == "any"
        opened = Frame("list", ANY, frame.path, frame.column, doubtful=frame.doubtful or not fits)
        return opened, 0 if fits else WRONG_SHAPE
    column = frame.column + 2
    if type_ in (ANY, _ITEM):
        type_ = _said_kind((entry, *following)) or type_
    if type_.kind in ("object", "map", "any"):
        return Frame("map", type_, frame.path, column, doubtful=frame.doubtful), 0
    return Frame("map", ANY, frame.path, column, doubtful=True), WRONG_SHAPE


def _put_key(entry: Entry, below: Stack, frame: Frame) -> tuple[Stack, int]:
    key = entry.key or ""
    type_, hard = _type_of_key(frame, key)
    if key in frame.used:
        hard += KEY_TWICE
    doubtful = frame.doubtful or hard >= UNKNOWN_KEY
    if frame.doubtful:
        hard += SWALLOWED_IN_DOUBT if _is_wanted_further_out(key, below) else IN_DOUBT
    grown = frame._replace(used=frame.used | {key})
    path = f"{frame.path}.{key}" if frame.path else key
    return _put_value(entry, (*below, grown), type_, path, frame.column, hard, doubtful)


def _put_value(
    entry: Entry, stack: Stack, type_: FieldType, path: str, column: int, hard: int, doubtful: bool
) -> tuple[Stack, int]:
    """A stack after a value that stands behind a key or a dash, or that is still to come."""
    if entry.value is None:
        return (*stack, Frame("open", type_, path, column, doubtful=doubtful)), hard
    if type_.kind != "any" and entry.value_kind not in _FITTING[type_.kind] and entry.value_kind != "null":
        hard += WRONG_VALUE
    if entry.value_kind == "block":
        stack = (*stack, Frame("block", TEXT, path, column + 2))
    return stack, hard


def _put_item(entry: Entry, stack: Stack, dashes: int, following: Sequence[Entry]) -> tuple[Stack, int]:
    """A stack after a list item whose list is at its top; `dashes` more lists begin on the same line."""
    frame = stack[-1]
    path, column = f"{frame.path}[{frame.items - 1}]", frame.column + 2
    type_ = frame.type
    if dashes:
        inner = type_.item if type_.kind == "list" and type_.item is not None else ANY
        hard = 0 if type_.kind in ("list", "any") else WRONG_SHAPE
        nested = Frame("list", inner, path, column, items=1, doubtful=frame.doubtful or hard > 0)
        stack, more = _put_item(entry, (*stack, nested), dashes - 1, following)
        return stack, hard + more
    if entry.key is None:
        return _put_value(entry, stack, type_, path, column - 2, 0, frame.doubtful)
    if type_ in (ANY, _ITEM):
        type_ = _said_kind((entry, *following)) or type_
    if type_.kind in ("object", "map", "any"):
        return _put_key(entry, stack, Frame("map", type_, path, column, doubtful=frame.doubtful))
    stack, hard = _put_key(entry, stack, Frame("map", ANY, path, column, doubtful=True))
    return stack, hard + WRONG_SHAPE


def _said_kind(entries: Sequence[Entry]) -> FieldType | None:
    """The type of an object that begins with these entries, where it says what it is."""
    if entries[0].key not in ("apiVersion", "kind"):
        return None
    said = kinds_of(entries[:2])
    type_ = types.for_kind(*said[0]) if said else None
    return FieldType("object", ref=type_.name) if type_ is not None else None


def _type_of_key(frame: Frame, key: str) -> tuple[FieldType, int]:
    """(type of a key's value in a map, how much the key itself offends)."""
    if frame.type.kind == "map":
        return frame.type.item or ANY, 0
    if frame.type.kind != "object":
        return ANY, 0
    free = _FREE_FIELDS.get(frame.type.ref)
    if free is not None:
        return (TEXT, 0) if key in ("apiVersion", "kind") else (free[key], 0) if key in free else (ANY, UNKNOWN_KEY)
    return _field(frame.type.ref, key, _is_refused(frame, key))


@lru_cache(maxsize=8192)
def _field(type_name: str, key: str, refused: bool) -> tuple[FieldType, int]:
    field = types.field(type_name, key)
    if field is not None:
        return _IN_PRACTICE.get((type_name, key), field.type), WRONG_VALUE if refused else 0
    type_ = types.get(type_name)
    for name in type_.fields if type_ is not None else ():
        if _is_near(key, name):
            return type_.fields[name].type if type_ is not None else ANY, MISSPELT_KEY
    return ANY, UNKNOWN_KEY


def _is_refused(frame: Frame, key: str) -> bool:
    if frame.type.ref not in (_POD_SPEC, _CONTAINER):
        return False
    return any(key == name and path.search(frame.path) is not None for path, name in _REFUSED)


def _is_near(key: str, name: str) -> bool:
    """Whether at most two letters have to be changed, put in or left out, of words that are long enough for that."""
    if abs(len(key) - len(name)) > 2 or min(len(key), len(name)) < 5:
        return False
    row = list(range(len(name) + 1))
    for at, letter in enumerate(key.lower(), 1):
        above, row[0] = row[0], at
        for column, other in enumerate(name.lower(), 1):
            above, row[column] = row[column], min(row[column] + 1, row[column - 1] + 1, above + (letter != other))
    return row[-1] <= 2


def _free_key(entry: Entry, stack: Stack) -> int:
    """Soft cost of a key in a free map, where something further out has a field of that name still to give."""
    frame = stack[-1]
    free = frame.type.kind in ("map", "any")
    if not free or entry.key is None or entry.dashes:
        return 0
    return SWALLOWED_FIELD if _is_wanted_further_out(entry.key, stack[:-1]) else int(frame.type.kind == "any")


def _is_wanted_further_out(key: str, stack: Stack) -> bool:
    objects = (frame for frame in stack if frame.kind == "map" and frame.type.kind == "object")
    return any(key not in frame.used and _type_of_key(frame, key)[1] == 0 for frame in objects)


def _swallowed(entry: Entry, stack: Stack) -> int:
    """Soft cost of a line as a part of the text at the top of a stack."""
    if entry.key is None or entry.dashes:
        return 0
    if _is_wanted_further_out(entry.key, stack[:-1]):
        return SWALLOWED_FIELD
    return SWALLOWED_KEY if entry.value_kind == "block" else 0
