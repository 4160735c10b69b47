"""The faults of a schema beside those of its structure: keywords that are not supported, lists that contradict
themselves, defaults that do not fit.

Follows ValidateCustomResourceDefinitionOpenAPISchema in pkg/apis/apiextensions/validation and
pkg/apiserver/schema/defaulting (v1.32). Rules in CEL are read, not evaluated.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from cluster_engine.api.apiextensions import coercion, embedded, schemas, values
from cluster_engine.api.apiextensions.schemas import (
    EMBEDDED,
    LIST_MAP_KEYS,
    LIST_TYPE,
    MAP_TYPE,
    META_FIELDS,
    PRESERVES,
    RULES,
    Schema,
)
from cluster_engine.api.apiextensions.structural import key
from cluster_engine.api.checks import Errors
from cluster_engine.apimachinery.errors import forbidden_field, invalid_value, not_supported, required
from cluster_engine.apimachinery.gotext import GoText, syntax

TYPES = ("array", "boolean", "integer", "number", "object", "string")
_UNSUPPORTED = ("id", "additionalItems", "patternProperties", "definitions", "dependencies", "$ref")
_REASONS = ("FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired")


@dataclass(frozen=True, slots=True)
class _Place:
    """What holds at a place of a schema: why no defaults may be there ("" where they may), whether it is metadata."""

    no_defaults: str = ""
    inside_meta: bool = False


def validate_schema(path: str, schema: Schema) -> Errors:
    """The faults of the schema of a whole object."""
    return _validate(path, schema, _Place(), is_root=True)


def _validate(path: str, schema: Schema, place: _Place, *, is_root: bool = False) -> Errors:
    errors = _keywords(path, schema, place)
    if schema.get("uniqueItems"):
        words = "uniqueItems cannot be set to true since the runtime complexity becomes quadratic"
        errors.append(forbidden_field(f"{path}.uniqueItems", words))
    errors += _children(path, schema, place, is_root=is_root)
    if schema.get(PRESERVES) is False:
        errors.append(invalid_value(f"{path}.{PRESERVES}", False, "must be true or undefined"))
    errors += _map_type(path, schema)
    errors += _list_type(path, schema)
    errors += _list_keys(path, schema)
    errors += _list_items(path, schema)
    for index, rule in enumerate(schema.get(RULES) or ()):
        errors += _rule(f"{path}.{RULES}[{index}]", rule)
    return errors


def _keywords(path: str, schema: Schema, place: _Place) -> Errors:
    errors: Errors = []
    type_ = schema.get("type") or ""
    if type_ and type_ not in TYPES:
        errors.append(not_supported(f"{path}.type", type_, TYPES))
    if schema.get("default") is not None and place.no_defaults:
        errors.append(forbidden_field(f"{path}.default", f"must not be set {place.no_defaults}"))
    for name in _UNSUPPORTED:
        if schema.get(name) not in (None, "", {}):
            errors.append(forbidden_field(f"{path}.{name}", f"{name} is not supported"))
    if type_ == "null":
        words = "type cannot be set to null, use nullable as an alternative"
        errors.append(forbidden_field(f"{path}.type", words))
    if isinstance(schema.get("items"), list):
        errors.append(forbidden_field(f"{path}.items", "items must be a schema object and not an array"))
    if place.inside_meta and schema.get(EMBEDDED):
        errors.append(forbidden_field(f"{path}.{EMBEDDED}", "must not be used inside of resource meta"))
    return errors


def _children(path: str, schema: Schema, place: _Place, *, is_root: bool) -> Errors:
    errors: Errors = []
    known, others = schemas.properties(schema), schemas.additional(schema)
    if known and (others is not None or schema.get("additionalProperties") is False):
        words = "additionalProperties and properties are mutual exclusive"
        errors.append(forbidden_field(f"{path}.additionalProperties", words))
    if others is not None:
        why = "inside additionalProperties applying to object metadata" if place.inside_meta else place.no_defaults
        errors += _validate(f"{path}.additionalProperties", others, replace(place, no_defaults=why))
    for name in sorted(known):
        inner = place
        if (is_root or schema.get(EMBEDDED)) and name in META_FIELDS:
            why = f"in top-level {name}" if is_root else place.no_defaults
            inner = replace(place, inside_meta=True, no_defaults=why)
        errors += _validate(key(path, name), known[name], inner)
    for element, part in schemas.junctors(schema):
        errors += _validate(f"{path}.{element}", part, place)
    below = schemas.items(schema)
    if below is not None:
        errors += _validate(f"{path}.items", below, place)
    return errors


def _map_type(path: str, schema: Schema) -> Errors:
    map_type, type_ = schema.get(MAP_TYPE), schema.get("type") or ""
    if map_type is None:
        return []
    errors: Errors = []
    if type_ != "object":
        words = f"must be object if {MAP_TYPE} is specified"
        errors.append(invalid_value(f"{path}.type", type_, words) if type_ else required(f"{path}.type", words))
    if map_type not in ("atomic", "granular"):
        errors.append(not_supported(f"{path}.{MAP_TYPE}", map_type, ("atomic", "granular")))
    return errors


def _list_type(path: str, schema: Schema) -> Errors:
    list_type, type_, below = schema.get(LIST_TYPE), schema.get("type") or "", schemas.items(schema)
    if list_type is None:
        return []
    errors: Errors = []
    if type_ != "array":
        words = f"must be array if {LIST_TYPE} is specified"
        errors.append(invalid_value(f"{path}.type", type_, words) if type_ else required(f"{path}.type", words))
    elif list_type == "set" and below is not None:
        words = f"must be atomic as item of a list with {LIST_TYPE}=set"
        inner = below.get(LIST_TYPE)
        if below.get("type") == "array" and inner not in (None, "atomic"):
            errors.append(invalid_value(f"{path}.items.{LIST_TYPE}", inner, words))
        if below.get("type") == "object" and below.get(MAP_TYPE) != "atomic":
            errors.append(invalid_value(f"{path}.items.{MAP_TYPE}", inner, words))
    if list_type not in ("atomic", "set", "map"):
        errors.append(not_supported(f"{path}.{LIST_TYPE}", list_type, ("atomic", "set", "map")))
    return errors


def _list_keys(path: str, schema: Schema) -> Errors:
    list_type, keys, below = schema.get(LIST_TYPE), schema.get(LIST_MAP_KEYS) or [], schemas.items(schema)
    errors: Errors = []
    if keys and list_type != "map":
        words = f"must be map if {LIST_MAP_KEYS} is non-empty"
        where = f"{path}.{LIST_TYPE}"
        errors.append(required(where, words) if list_type is None else invalid_value(where, list_type, words))
    if list_type != "map":
        return errors
    if not keys:
        errors.append(required(f"{path}.{LIST_MAP_KEYS}", f"must not be empty if {LIST_TYPE} is map"))
    if schema.get("items") is None:
        errors.append(required(f"{path}.items", f"must have a schema if {LIST_TYPE} is map"))
    if below is not None and below.get("type") != "object":
        words = f"must be object if parent array's {LIST_TYPE} is map"
        errors.append(invalid_value(f"{path}.items.type", below.get("type") or "", words))
    elif below is not None:
        errors += _item_keys(path, keys, below)
    return errors


def _item_keys(path: str, keys: list[str], below: Schema) -> Errors:
    errors: Errors = []
    seen: set[str] = set()
    for name in keys:
        found = schemas.properties(below).get(name)
        if found is None:
            words = "entries must all be names of item properties"
            errors.append(invalid_value(f"{path}.{LIST_MAP_KEYS}", keys, words))
        elif found.get("type") in ("array", "object"):
            words = f"must be a scalar type if parent array's {LIST_TYPE} is map"
            errors.append(invalid_value(f"{key(f'{path}.items', name)}.type", below.get("type") or "", words))
        if name in seen:
            errors.append(invalid_value(f"{path}.{LIST_MAP_KEYS}", keys, "must not contain duplicate entries"))
        seen.add(name)
    return errors


def _list_items(path: str, schema: Schema) -> Errors:
    """Items that are told apart are there, and so are their keys. Follows validateMapListKeysMapSet."""
    below, list_type = schemas.items(schema), schema.get(LIST_TYPE)
    if below is None or list_type not in ("set", "map"):
        return []
    errors: Errors = []
    if below.get("nullable"):
        words = f"cannot be nullable when {LIST_TYPE} is {list_type}"
        errors.append(forbidden_field(f"{path}.items.nullable", words))
    for name in (schema.get(LIST_MAP_KEYS) or ()) if list_type == "map" else ():
        found = schemas.properties(below).get(name)
        if found is None:
            continue
        where = key(f"{path}.items", name)
        if name not in (below.get("required") or ()) and found.get("default") is None:
            words = f"this property is in {LIST_MAP_KEYS}, so it must have a default or be a required property"
            errors.append(required(f"{where}.default", words))
        if found.get("nullable"):
            words = f"this property is in {LIST_MAP_KEYS}, so it cannot be nullable"
            errors.append(forbidden_field(f"{where}.nullable", words))
    return errors


def _rule(path: str, rule: dict[str, Any]) -> Errors:
    errors: Errors = []
    said, message = rule.get("rule") or "", rule.get("message") or ""
    if not said.strip():
        errors.append(required(f"{path}.rule", "rule is not specified"))
    elif message and not message.strip():
        errors.append(invalid_value(f"{path}.message", message, "message must be non-empty if specified"))
    elif _has_lines(message.strip()):
        errors.append(invalid_value(f"{path}.message", message, "message must not contain line breaks"))
    elif _has_lines(said.strip()) and not message.strip():
        errors.append(required(f"{path}.message", "message must be specified if rule contains line breaks"))
    expression, reason, field = rule.get("messageExpression") or "", rule.get("reason"), rule.get("fieldPath") or ""
    if expression and not expression.strip():
        errors.append(required(f"{path}.messageExpression", "messageExpression must be non-empty if specified"))
    if reason is not None and reason not in _REASONS:
        errors.append(not_supported(f"{path}.reason", reason, _REASONS))
    if field and not field.strip():
        errors.append(invalid_value(f"{path}.fieldPath", field, "fieldPath must be non-empty if specified"))
    if _has_lines(field):
        errors.append(invalid_value(f"{path}.fieldPath", field, "fieldPath must not contain line breaks"))
    return errors


def _has_lines(text: str) -> bool:
    return "\n" in text or "\r" in text


def validate_defaults(path: str, schema: Schema) -> Errors:
    """Defaults have to fit their own schemas, without unknown fields. Not looked for in `additionalProperties`."""
    errors: Errors = []
    wanted = schema.get("default")
    if wanted is not None:
        where = f"{path}.default"
        if coercion.prune_value(wanted, schema) != wanted:
            errors.append(invalid_value(where, _shown(wanted), "must not have unknown fields"))
        faults = embedded.validate_embedded(wanted, schema, where) or values.validate(wanted, schema)
        errors += [replace(fault, path=_below(where, fault.path)) for fault in faults]
    below = schemas.items(schema)
    if below is not None:
        errors += validate_defaults(f"{path}.items", below)
    for name in sorted(schemas.properties(schema)):
        errors += validate_defaults(key(path, name), schemas.properties(schema)[name])
    return errors


def _below(where: str, path: str) -> str:
    if path.startswith(where):
        return path
    return where if path == values.NO_PATH else f"{where}.{path}"


def _shown(value: Any) -> Any:
    return GoText(syntax(value)) if isinstance(value, dict | list) else value
