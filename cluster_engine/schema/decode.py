"""Decoding what people send: unknown fields, wrong types and nulls dealt with as the API server's Go decoder does.

The result is what Go would write again after reading: nulls and empty optional fields are gone, optional structs are
there, quantities and times are canonical. Every refusal is an `ApiError` in today's words. Follows
k8s.io/apimachinery/pkg/runtime/serializer/json, sigs.k8s.io/json and the API types' JSON tags.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Literal

from cluster_engine.apimachinery.errors import ApiError, bad_request
from cluster_engine.apimachinery.gotext import quote
from cluster_engine.apimachinery.meta import Obj
from cluster_engine.apimachinery.scheme import Resource
from cluster_engine.schema.scalars import (
    NO_VALUE,
    DecodeError,
    TypeMismatchError,
    conversion_words,
    read_scalar,
    untyped,
    word_for,
)
from cluster_engine.schema.types import Field, FieldType, Type, types

FieldValidation = Literal["Strict", "Warn", "Ignore"]

MAX_STRICT_ERRORS = 100
MAX_DEPTH = 120
_META_STRUCT = 'struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }'
_SCHEME = "pkg/api/legacyscheme/scheme.go:30"
_ZERO: dict[str, Any] = {"string": "", "int32": 0, "int64": 0, "double": 0, "boolean": False}


def decode(
    body: Any,
    resource: Resource,
    field_validation: FieldValidation = "Strict",
    *,
    duplicates: Sequence[str] = (),
) -> tuple[Obj, list[str]]:
    """The body as an object of that resource, and warnings (only with "Warn").

    `duplicates` are the paths of fields that stood twice in the body's text. Raises a 400 BadRequest `ApiError`.
    """
    kind, version = _check_kind(body, resource)
    try:
        obj, strict_errors = decode_fields(body, resource, duplicates=duplicates)
    except DecodeError as error:
        raise _cannot_handle(kind, version, resource, str(error)) from None
    if strict_errors and field_validation == "Strict":
        raise _cannot_handle(kind, version, resource, strict_words(strict_errors))
    return obj, strict_errors if field_validation == "Warn" else []


def strict_words(strict_errors: Sequence[str]) -> str:
    """All strict errors in one sentence. Follows runtime.NewStrictDecodingError."""
    return "strict decoding error: " + ", ".join(strict_errors)


def decode_fields(
    body: Mapping[str, Any], resource: Resource, *, duplicates: Sequence[str] = ()
) -> tuple[Obj, list[str]]:
    """The fields of a body whose kind is known, and what strict decoding has against it. Raises `DecodeError`."""
    type_ = types.for_kind(resource.api_version, resource.kind)
    if type_ is None:
        raise LookupError(f"no schema for {resource.kind} in {resource.api_version}")
    decoder = _Decoder()
    obj = decoder.decode(body, type_)
    obj = {**obj, "apiVersion": resource.api_version, "kind": resource.kind}
    strict_errors = [f"duplicate field {quote(path)}" for path in duplicates] + decoder.strict_errors
    return obj, list(dict.fromkeys(strict_errors))[:MAX_STRICT_ERRORS]


def decode_part(value: Any, type_name: str) -> tuple[Any, list[str]]:
    """A part of an object by its type, and what strict decoding has against it. Raises `DecodeError`."""
    type_ = types.get(type_name)
    if type_ is None:
        raise LookupError(f"no schema for {type_name}")
    if not isinstance(value, Mapping):
        raise TypeMismatchError(f"json: cannot unmarshal {word_for(value)} into Go value of type v1.{type_.go_name}")
    decoder = _Decoder()
    return decoder.decode(value, type_), decoder.strict_errors


def check_type_fields(body: Any, resource: Resource) -> None:
    """Raises `ApiError` for a body that is no object, or whose `apiVersion` or `kind` is no text."""
    try:
        if not isinstance(body, Mapping):
            raise TypeMismatchError(f"json: cannot unmarshal {word_for(body)} into Go value of type {_META_STRUCT}")
        for name in ("apiVersion", "kind"):
            said = body.get(name)
            if said is not None and not isinstance(said, str):
                words = f"json: cannot unmarshal {word_for(said)} into Go struct field .{name} of type string"
                raise TypeMismatchError(words)
    except TypeMismatchError as error:
        words = f"couldn't get version/kind; json parse error: {error}"
        raise unrecognized(body, resource, words) from None


def unrecognized(body: Any, resource: Resource, why: str) -> ApiError:
    """400 for a body that does not say what it is."""
    return bad_request(
        f"the object provided is unrecognized (must be of type {resource.kind}): {why} ({_summary(body)})"
    )


def _check_kind(body: Any, resource: Resource) -> tuple[str, str]:
    """(kind, version) that the body says or means. Raises `ApiError` where they are not the resource's."""
    check_type_fields(body, resource)
    kind = body.get("kind") or resource.kind
    api_version = body.get("apiVersion") or resource.api_version
    version = api_version.rpartition("/")[2]
    if api_version == resource.api_version and kind == resource.kind:
        return kind, version
    if types.for_kind(api_version, kind) is None:
        words = f"no kind {quote(kind)} is registered for version {quote(api_version)} in scheme {quote(_SCHEME)}"
        raise _cannot_handle(kind, version, resource, words)
    if kind != resource.kind:
        theirs, ours = f"({version}.{kind})", f"({resource.group or 'core'}.{resource.kind})"
        raise _cannot_handle(kind, version, resource, f"converting {theirs} to {ours}: unknown conversion")
    raise bad_request(
        f"the API version in the data ({api_version}) does not match the expected API version ({resource.api_version})"
    )


def _summary(body: Any) -> str:
    """The start of a body as Go shows it: text of an object, hexadecimal of anything else."""
    text = "null" if body is None else str(body)
    shown = text[:30].encode("utf-8", "replace").hex()
    return shown + " ..." if len(text) > 30 else shown or "<empty>"


def _cannot_handle(kind: str, version: str, resource: Resource, why: str) -> ApiError:
    return bad_request(f"{kind} in version {quote(version)} cannot be handled as a {resource.kind}: {why}")


class _Decoder:
    """One decoding: remembers where it is, the first type mismatch, and the strict errors."""

    def __init__(self) -> None:
        self.strict_errors: list[str] = []
        self._mismatch: TypeMismatchError | None = None
        # The fields on the way here, as Go's type errors name them (no indices) and as strict errors do.
        self._fields: list[str] = []
        self._path: list[str] = []

    def decode(self, body: Mapping[str, Any], type_: Type) -> Obj:
        made = self._object(body, type_, 0)
        if self._mismatch is not None:
            raise self._mismatch
        return made

    def _object(self, value: Mapping[Any, Any], type_: Type, depth: int) -> Obj:
        """The fields in order of their names, which is how Go clients send them and so the order of its errors."""
        if depth > MAX_DEPTH:
            raise DecodeError("exceeded max depth")
        made: Obj = {}
        changed = False
        always = _always_there(type_.name)
        for name in sorted(value, key=str):
            field = type_.fields.get(name) if isinstance(name, str) else None
            if field is None:
                self._unknown(str(name))
                changed = True
                continue
            self._fields.append(name)
            self._path.append(f".{name}")
            new = self._value(value[name], field.type, field.go_type, type_.go_name, depth + 1)
            self._fields.pop()
            self._path.pop()
            if new is NO_VALUE and value[name] is None and name in always and always[name] is None:
                made[name] = None  # a time that is not set: written as null
                continue
            if new is NO_VALUE or (field.omit_empty and _is_empty(field, new) and not _is_refused(type_, value, name)):
                changed = True
                continue
            made[name] = new
            changed = changed or new is not value[name]
        for name, absent in always.items():
            if name not in made:
                made[name] = absent
                changed = True
        return made if changed or not isinstance(value, dict) else value

    def _value(self, value: Any, type_: FieldType, go_type: str, struct: str, depth: int) -> Any:
        """The value as Go would write it again, or `NO_VALUE` where nothing is left of it."""
        if value is None:
            return NO_VALUE
        go_type = go_type.removeprefix("*")
        kind = type_.kind
        if kind == "object":
            if not isinstance(value, Mapping):
                return self._wrong(value, kind, go_type or _go_name(type_), struct)
            inner = types.get(type_.ref)
            return self._object(value, inner, depth) if inner is not None else untyped(value)
        if kind == "list":
            return self._list(value, type_, go_type, struct, depth)
        if kind == "map":
            return self._map(value, type_, go_type, struct, depth)
        try:
            return read_scalar(value, kind, go_type)
        except TypeMismatchError as error:
            if error.fatal:
                words = f"json: cannot unmarshal {error.value_word} into Go value of type {error.go_type}"
                context = self._with_context(error.value_word, error.go_type, struct)
                raise TypeMismatchError(context, converted=words) from None
            return self._wrong(value, kind, error.go_type, struct, error.value_word)

    def _list(self, value: Any, type_: FieldType, go_type: str, struct: str, depth: int) -> Any:
        item = type_.item
        assert item is not None
        if not isinstance(value, list | tuple):
            return self._wrong(value, "list", go_type or f"[]{_go_name(item)}", struct)
        item_go = go_type[2:] if go_type.startswith("[]") else ""
        made = []
        for index, element in enumerate(value):
            self._path.append(f"[{index}]")
            new = self._value(element, item, item_go, struct, depth + 1)
            self._path.pop()
            made.append(_zero_of(item) if new is NO_VALUE else new)
        same = isinstance(value, list) and all(new is old for new, old in zip(made, value, strict=True))
        return value if same else made

    def _map(self, value: Any, type_: FieldType, go_type: str, struct: str, depth: int) -> Any:
        item = type_.item
        assert item is not None
        if not isinstance(value, Mapping):
            return self._wrong(value, "map", go_type or f"map[string]{_go_name(item)}", struct)
        item_go = go_type[go_type.index("]") + 1 :] if go_type.startswith("map[") else ""
        made = {}
        for key in sorted(value, key=str):
            self._path.append(f".{key}")
            new = self._value(value[key], item, item_go, struct, depth + 1)
            self._path.pop()
            made[untyped(str(key))] = _zero_of(item) if new is NO_VALUE else new
        same = isinstance(value, dict) and all(key in value and new is value[key] for key, new in made.items())
        return value if same and len(made) == len(value) else made

    def _unknown(self, name: str) -> None:
        if len(self.strict_errors) < MAX_STRICT_ERRORS:
            path = "".join([*self._path, f".{name}"]).removeprefix(".")
            self.strict_errors.append(f"unknown field {quote(path)}")

    def _wrong(self, value: Any, kind: str, go_type: str, struct: str, word: str = "") -> Any:
        """Remembers the first mismatch; Go goes on reading, so that a worse fault may still be found."""
        if self._mismatch is None:
            words = self._with_context(word or word_for(value), go_type, struct)
            self._mismatch = TypeMismatchError(words, converted=conversion_words(value, kind, go_type))
        return NO_VALUE

    def _with_context(self, word: str, go_type: str, struct: str) -> str:
        field = ".".join([struct, *self._fields])
        return f"json: cannot unmarshal {word} into Go struct field {field} of type {go_type}"


def _go_name(type_: FieldType) -> str:
    """Go's name of a type whose exact name we do not know."""
    if type_.kind == "object":
        return "v1." + type_.ref.rpartition(".")[2]
    return {"boolean": "bool", "double": "float64", "bytes": "[]uint8"}.get(type_.kind, type_.kind)


def _is_empty(field: Field, value: Any) -> bool:
    """Whether `omitempty` leaves the value out: zero, "", false, an empty list or map; never a struct or a pointer."""
    if field.pointer or not field.go_type or value:
        return False
    return field.type.kind in ("string", "int32", "int64", "double", "boolean", "bytes", "list", "map")


def _is_refused(type_: Type, value: Mapping[Any, Any], name: str) -> bool:
    """Whether an empty list is one that validation refuses: what it prints of it tells `[]` from nothing."""
    needs_values = type_.name.endswith(".LabelSelectorRequirement") and name == "values"
    return needs_values and value.get("operator") in ("In", "NotIn")


def _zero_of(type_: FieldType) -> Any:
    """What Go keeps of a null in a list or a map."""
    if type_.kind == "object":
        return zero(type_.ref)
    return {"quantity": "0", "int-or-string": 0, "bytes": "", **_ZERO}.get(type_.kind)


@lru_cache(maxsize=1024)
def _always_there(type_name: str) -> dict[str, Any]:
    """The fields that Go writes even when nobody set them: structs that are no pointers, times (as null), and what a
    condition is about.
    """
    type_ = types.get(type_name)
    if type_ is None:
        return {}
    found: dict[str, Any] = {}
    for field in type_.fields.values():
        if field.name in ("type", "status") and field.name in type_.required and type_name.endswith("Condition"):
            # Whoever reads conditions counts on these two; other texts are left out, so that validation sees it.
            found[field.name] = ""
        if field.pointer or not field.go_type:
            continue
        if field.type.kind == "object":
            found[field.name] = zero(field.type.ref)
        elif field.type.kind in ("time", "micro-time"):
            found[field.name] = None
    return found


@lru_cache(maxsize=1024)
def zero(type_name: str) -> Obj:
    """An empty struct as Go writes it, e.g. `{"loadBalancer": {}}` for a ServiceStatus. Shared: never change it."""
    made = dict(_always_there(type_name))
    type_ = types.get(type_name)
    for field in type_.fields.values() if type_ is not None else ():
        if not field.omit_empty and not field.pointer and field.type.kind in _ZERO:
            made[field.name] = _ZERO[field.type.kind]
    return made
