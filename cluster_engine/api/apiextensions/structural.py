"""Whether a schema is structural: every field has a type, and what `allOf` and its like say is said of known fields.

Follows k8s.io/apiextensions-apiserver/pkg/apiserver/schema/{validation,complete}.go.
"""

from __future__ import annotations

from typing import Literal

from cluster_engine.api.apiextensions import schemas
from cluster_engine.api.apiextensions.schemas import (
    EMBEDDED,
    INT_OR_STRING,
    LIST_MAP_KEYS,
    LIST_TYPE,
    MAP_TYPE,
    PRESERVES,
    RULES,
    Schema,
)
from cluster_engine.api.checks import Errors
from cluster_engine.apimachinery.errors import forbidden_field, invalid_value, required
from cluster_engine.apimachinery.regexp import RegexpError, compile_pattern

Level = Literal["root", "item", "field"]
_EMPTY_TYPE: dict[Level, str] = {
    "root": "must not be empty at the root",
    "item": "must not be empty for specified array items",
    "field": "must not be empty for specified object fields",
}
# What a schema may not say inside of `allOf`, `anyOf`, `oneOf` and `not`.
_NOT_NESTED = (
    ("type", "must be empty to be structural"),
    ("additionalProperties", "must be undefined to be structural"),
    ("default", "must be undefined to be structural"),
    ("title", "must be empty to be structural"),
    ("description", "must be empty to be structural"),
    ("nullable", "must be false to be structural"),
    (PRESERVES, "must be false to be structural"),
    (EMBEDDED, "must be false to be structural"),
    (INT_OR_STRING, "must be false to be structural"),
    (LIST_MAP_KEYS, "must be empty to be structural"),
    (LIST_TYPE, "must be undefined to be structural"),
    (MAP_TYPE, "must be undefined to be structural"),
    (RULES, "must be empty to be structural"),
)
_INT_OR_STRING_ALTERNATIVES = [{"type": "integer"}, {"type": "string"}]


def validate_structural(path: str, schema: Schema) -> Errors:
    """The faults, in the order of their words."""
    return sorted([*_invariants(path, schema, "root"), *_completeness(path, schema)], key=str)


def key(path: str, name: str) -> str:
    """The path of a property, e.g. `spec.validation.openAPIV3Schema.properties[spec]`."""
    return f"{path}.properties[{name}]"


def _invariants(path: str, schema: Schema, level: Level) -> Errors:
    errors: Errors = []
    type_ = schema.get("type") or ""
    below = schemas.items(schema)
    if below is not None:
        errors += _invariants(f"{path}.items", below, "item")
    elif type_ == "array":
        errors.append(required(f"{path}.items", "must be specified"))
    for name, inner in schemas.properties(schema).items():
        errors += _invariants(key(path, name), inner, "field")
    if schemas.has_additional(schema):
        if level == "root":
            errors.append(forbidden_field(f"{path}.additionalProperties", "must not be used at the root"))
        others = schemas.additional(schema)
        errors += _invariants(f"{path}.additionalProperties", others, "field") if others is not None else []
    errors += _extensions(path, schema)
    errors += _value_validation(path, schema, level)
    errors += _type(path, schema, type_, level)
    return errors + _metadata(path, schema, level)


def _extensions(path: str, schema: Schema) -> Errors:
    if not schema.get(INT_OR_STRING):
        return []
    words = f"must be false if {INT_OR_STRING} is true"
    return [invalid_value(f"{path}.{name}", True, words) for name in (PRESERVES, EMBEDDED) if schema.get(name)]


def _type(path: str, schema: Schema, type_: str, level: Level) -> Errors:
    errors: Errors = []
    if schema.get(EMBEDDED) and type_ != "object":
        words = f"must be object if {EMBEDDED} is true"
        errors.append(invalid_value(f"{path}.type", type_, words) if type_ else required(f"{path}.type", words))
    elif not type_ and not schema.get(INT_OR_STRING) and not schema.get(PRESERVES):
        errors.append(required(f"{path}.type", _EMPTY_TYPE[level]))
    if schema.get(EMBEDDED) and schemas.has_additional(schema):
        words = f"must not be used if {EMBEDDED} is set"
        errors.append(forbidden_field(f"{path}.additionalProperties", words))
    if level == "root" and type_ and type_ != "object":
        errors.append(invalid_value(f"{path}.type", type_, "must be object at the root"))
    return errors


def _metadata(path: str, schema: Schema, level: Level) -> Errors:
    """The type and the metadata of an object are known; a schema may only restrict its name."""
    errors: Errors = []
    known = schemas.properties(schema)
    embedded = bool(schema.get(EMBEDDED))
    checked = level == "root" or embedded
    for name in ("kind", "apiVersion") if checked else ():
        if name in known and known[name].get("type") != "string":
            errors.append(invalid_value(f"{key(path, name)}.type", known[name].get("type") or "", "must be string"))
    if "metadata" in known:
        meta, where = known["metadata"], key(path, "metadata")
        if checked and meta.get("type") != "object":
            errors.append(invalid_value(f"{where}.type", meta.get("type") or "", "must be object"))
        if level == "root" and _says_more_than_names(meta):
            words = "must not specify anything other than name and generateName, but metadata is implicitly specified"
            errors.append(forbidden_field(where, words))
    if embedded and not schema.get(PRESERVES) and not known:
        words = f"must not be empty if {EMBEDDED} is true without {PRESERVES}"
        errors.append(required(f"{path}.properties", words))
    return errors


def _says_more_than_names(meta: Schema) -> bool:
    more = {name for name, value in meta.items() if value not in (None, "", [], {}, False)} - {"type", "default"}
    if "properties" in more and set(schemas.properties(meta)) <= {"name", "generateName"}:
        more.remove("properties")
    return bool(more)


def _value_validation(path: str, schema: Schema, level: Level, *, nested: bool = False) -> Errors:
    errors: Errors = []
    any_of = schema.get("anyOf") == _INT_OR_STRING_ALTERNATIVES and not nested
    for element, part in schemas.junctors(schema):
        if any_of and element.startswith("anyOf"):
            continue
        first = element == "allOf[0]" and not nested and part.get("anyOf") == _INT_OR_STRING_ALTERNATIVES
        errors += _nested(f"{path}.{element}", {**part, "anyOf": None} if first else part, level)
    pattern = schema.get("pattern") or ""
    if pattern:
        try:
            compile_pattern(pattern)
        except RegexpError as error:
            words = f"must be a valid regular expression, but isn't: {error}"
            errors.append(invalid_value(f"{path}.pattern", pattern, words))
    return errors


def _nested(path: str, schema: Schema, level: Level) -> Errors:
    errors = _value_validation(path, schema, level, nested=True)
    below = schemas.items(schema)
    if below is not None:
        errors += _nested(f"{path}.items", below, level)
    for name, inner in schemas.properties(schema).items():
        errors += _nested(key(path, name), inner, "field")
    for name, words in _NOT_NESTED:
        if schema.get(name) not in (None, "", [], False):
            errors.append(forbidden_field(f"{path}.{name}", words))
    if "metadata" in schemas.properties(schema):
        errors.append(forbidden_field(key(path, "metadata"), "must not be specified in a nested context"))
    return errors


def _completeness(path: str, schema: Schema) -> Errors:
    errors: Errors = []
    for element, part in schemas.junctors(schema):
        errors += _complete(part, schema, path, f"{path}.{element}")
    return errors


def _complete(nested: Schema, schema: Schema | None, path: str, nested_path: str) -> Errors:
    """What is said of a place has to have its type outside of `allOf` and its like, at `path`."""
    if schema is None:
        return [required(path, f"because it is defined in {nested_path}")]
    errors: Errors = []
    for element, part in schemas.junctors(nested):
        errors += _complete(part, schema, path, f"{nested_path}.{element}")
    below = schemas.items(nested)
    if below is not None:
        errors += _complete(below, schemas.items(schema), f"{path}.items", f"{nested_path}.items")
    for name, inner in schemas.properties(nested).items():
        errors += _complete(inner, schemas.properties(schema).get(name), key(path, name), key(nested_path, name))
    return errors
