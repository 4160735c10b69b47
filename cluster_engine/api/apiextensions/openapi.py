"""What the OpenAPI documents say of custom kinds: the schema of their definition, with the type and metadata that every
object has.

Follows k8s.io/apiextensions-apiserver/pkg/controller/openapi/builder.
"""

from __future__ import annotations

from typing import Any

from cluster_engine.api.apiextensions import schemas
from cluster_engine.api.apiextensions.nodes import META_TYPE
from cluster_engine.api.apiextensions.schemas import Schema
from cluster_engine.apimachinery.meta import Obj
from cluster_engine.apimachinery.scheme import Resource
from cluster_engine.schema.types import types

_ANY_OBJECT = "io.k8s.api.core.v1.ConfigMap"
_META_DESCRIPTION = (
    "Standard object's metadata. More info: "
    "https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata"
)
# What the older version of OpenAPI does not know, or has no use for.
_NOT_IN_V2 = ("nullable", "allOf", "anyOf", "oneOf", "not", "default", schemas.RULES)


def name_of(resource: Resource) -> str:
    """The name of a custom kind's type, e.g. `com.example.stable.v1.CronTab`."""
    domain = ".".join(reversed(resource.group.split(".")))
    return f"{domain}.{resource.version}.{resource.kind}"


def schema_of(resource: Resource, schema: Schema | None, prefix: str, *, v2: bool) -> Obj:
    """The schema of a custom kind; `prefix` is that of references."""
    made: Obj = {"type": "object"}
    if schema is not None and not (v2 and schema.get(schemas.PRESERVES)):
        made = _v2(schema) if v2 else dict(schema)
        meta: Obj = {"$ref": prefix + META_TYPE}
        if not v2:
            meta = {"allOf": [meta], "default": {}, "description": _META_DESCRIPTION}
        known = {name: _described(name) for name in ("apiVersion", "kind")}
        made["properties"] = {**known, "metadata": meta, **_without_meta(made.get("properties") or {})}
    gvk = {"group": resource.group, "version": resource.version, "kind": resource.kind}
    return {**made, "x-kubernetes-group-version-kind": [gvk]}


def _described(name: str) -> Obj:
    field = types.field(_ANY_OBJECT, name)
    return {"type": "string", "description": field.description if field is not None else ""}


def _without_meta(properties: Obj) -> Obj:
    return {name: schema for name, schema in properties.items() if name not in schemas.META_FIELDS}


def _v2(schema: Any) -> Obj:
    """A schema as far as OpenAPI v2 can say it."""
    if schema.get(schemas.PRESERVES) or schema.get(schemas.INT_OR_STRING):
        kept = ("description", schemas.PRESERVES, schemas.INT_OR_STRING)
        return {name: schema[name] for name in kept if name in schema}
    made = {name: value for name, value in schema.items() if name not in _NOT_IN_V2}
    if schema.get("nullable"):
        # A value that may be null has no type there.
        made.pop("type", None)
        made.pop("items", None)
        made.pop("properties", None)
    if "properties" in made:
        made["properties"] = {name: _v2(inner) for name, inner in made["properties"].items()}
    for name in ("items", "additionalProperties"):
        if name in made:
            inner = made.pop(name)
            if isinstance(inner, dict):
                made[name] = _v2(inner)
    return made
