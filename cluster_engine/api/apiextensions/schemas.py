"""A JSONSchemaProps as it stands in a CustomResourceDefinition: its parts, and a walk over all of them.

Used by the rules of definitions and of the objects that they define. Follows
pkg/apis/apiextensions/types_jsonschema.go.
"""

from __future__ import annotations

from collections.abc import Iterator

from cluster_engine.apimachinery.meta import Obj

Schema = Obj
META_FIELDS = ("apiVersion", "kind", "metadata")
PRESERVES = "x-kubernetes-preserve-unknown-fields"
EMBEDDED = "x-kubernetes-embedded-resource"
INT_OR_STRING = "x-kubernetes-int-or-string"
LIST_TYPE = "x-kubernetes-list-type"
LIST_MAP_KEYS = "x-kubernetes-list-map-keys"
MAP_TYPE = "x-kubernetes-map-type"
RULES = "x-kubernetes-validations"


def properties(schema: Schema | None) -> dict[str, Schema]:
    return (schema.get("properties") or {}) if schema else {}


def items(schema: Schema | None) -> Schema | None:
    """The schema of a list's items, or None."""
    found = schema.get("items") if schema else None
    return found if isinstance(found, dict) else None


def additional(schema: Schema | None) -> Schema | None:
    """The schema of a map's values, or None where there is none (or `additionalProperties` is only true or false)."""
    found = schema.get("additionalProperties") if schema else None
    return found if isinstance(found, dict) else None


def has_additional(schema: Schema) -> bool:
    """Whether `additionalProperties` is there at all."""
    return schema.get("additionalProperties") is not None


def at(schema: Schema | None, field: str) -> Schema | None:
    """The schema of one field: a property's, else that of all values."""
    found = properties(schema).get(field)
    return found if found is not None else additional(schema)


def junctors(schema: Schema) -> Iterator[tuple[str, Schema]]:
    """(path element, schema) of what stands in `allOf`, `anyOf`, `oneOf` and `not`."""
    for name in ("allOf", "oneOf", "anyOf"):
        for index, part in enumerate(schema.get(name) or ()):
            yield f"{name}[{index}]", part
    if schema.get("not") is not None:
        yield "not", schema["not"]


def walk(schema: Schema | None) -> Iterator[Schema]:
    """The schema and all schemas in it."""
    waiting = [schema]
    while waiting:
        found = waiting.pop()
        if not isinstance(found, dict):
            continue
        yield found
        for name in ("properties", "patternProperties", "definitions", "dependencies"):
            waiting.extend((found.get(name) or {}).values())
        listed = found.get("items")
        waiting.extend(listed if isinstance(listed, list) else [listed])
        waiting.append(found.get("additionalProperties"))
        waiting.extend(part for _, part in junctors(found))


def is_nullable(schema: Schema | None) -> bool:
    return schema is not None and bool(schema.get("nullable"))


def with_embedded(schema: Schema | None) -> Schema:
    """The schema of a whole object: its type and metadata are always there."""
    return {**(schema or {}), EMBEDDED: True}
