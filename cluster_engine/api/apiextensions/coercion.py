"""Fitting a value to its schema: unknown fields and stray nulls go, defaults come.

Every function returns the value that it got where nothing changes. Follows
k8s.io/apiextensions-apiserver/pkg/apiserver/schema/{pruning,defaulting}.
"""

from __future__ import annotations

from typing import Any

from cluster_engine.api.apiextensions import schemas
from cluster_engine.api.apiextensions.schemas import EMBEDDED, META_FIELDS, PRESERVES, Schema

MAX_UNKNOWN = 100


def prune(value: Any, schema: Schema | None) -> tuple[Any, list[str]]:
    """(the object without fields that its schema does not know, the paths of those, in order)."""
    unknown: list[str] = []
    pruned = _prune(value, schemas.with_embedded(schema), "", unknown)
    return pruned, sorted(unknown)[:MAX_UNKNOWN]


def _prune(value: Any, schema: Schema | None, path: str, unknown: list[str]) -> Any:
    """`schema` is None where nothing is known of a place: no field can stand there."""
    if isinstance(value, list):
        keeps = schema is not None and bool(schema.get(PRESERVES))
        below = schemas.items(schema)
        if keeps and below is None:
            return value
        made = [_prune(item, below, f"{path}[{index}]", unknown) for index, item in enumerate(value)]
        return value if all(new is old for new, old in zip(made, value, strict=True)) else made
    if isinstance(value, dict):
        return _prune_fields(value, schema, path, unknown)
    return value


def _prune_fields(value: dict[str, Any], schema: Schema | None, path: str, unknown: list[str]) -> Any:
    made = {}
    changed = False
    for name, inner in value.items():
        if schema is not None and schema.get(EMBEDDED) and name in META_FIELDS:
            made[name] = inner
            continue
        where = f"{path}.{name}" if path else name
        if schema is not None and (name in schemas.properties(schema) or schemas.has_additional(schema)):
            made[name] = _prune(inner, schemas.at(schema, name), where, unknown)
            changed = changed or made[name] is not inner
        elif schema is not None and schema.get(PRESERVES):
            made[name] = inner
        else:
            changed = True
            unknown.append(where)
    return made if changed else value


def prune_nulls(value: Any, schema: Schema | None) -> Any:
    """The value without nulls that its schema neither allows nor replaces by a default."""
    if isinstance(value, dict):
        made = {}
        changed = False
        for name, inner in value.items():
            below = schemas.at(schema, name)
            if inner is None and below is not None and not schemas.is_nullable(below) and below.get("default") is None:
                changed = True
                continue
            made[name] = prune_nulls(inner, below)
            changed = changed or made[name] is not inner
        return made if changed else value
    if isinstance(value, list):
        items = [prune_nulls(item, schemas.items(schema)) for item in value]
        return value if all(new is old for new, old in zip(items, value, strict=True)) else items
    return value


def default(value: Any, schema: Schema | None) -> Any:
    """The value with the defaults of its schema."""
    if schema is None:
        return value
    if isinstance(value, dict):
        return _default_fields(value, schema)
    if isinstance(value, list):
        below = schemas.items(schema)
        items = [default(_instead_of_null(item, below), below) for item in value]
        return value if all(new is old for new, old in zip(items, value, strict=True)) else items
    return value


def _default_fields(value: dict[str, Any], schema: Schema) -> Any:
    made = dict(value)
    changed = False
    for name, below in schemas.properties(schema).items():
        wanted = below.get("default")
        if wanted is not None and (name not in made or (made[name] is None and not schemas.is_nullable(below))):
            made[name] = wanted
            changed = True
    for name, inner in made.items():
        at = schemas.at(schema, name)
        new = default(_instead_of_null(inner, at), at)
        if new is not inner:
            made[name] = new
            changed = True
    return made if changed else value


def _instead_of_null(value: Any, schema: Schema | None) -> Any:
    if value is None and schema is not None and not schemas.is_nullable(schema):
        return schema.get("default")
    return value


def prune_value(value: Any, schema: Schema) -> Any:
    """A value that is no whole object, without the fields that its schema does not know."""
    return _prune(value, schema, "", [])
