"""A kind's schema as a tree of nodes, made as far as somebody looks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from cluster_engine.apimachinery.meta import Obj
from cluster_engine.schema.types import FieldType, Type, types

_SCALARS = {
    "string": "string",
    "int32": "integer",
    "int64": "integer",
    "double": "number",
    "boolean": "boolean",
    "bytes": "string",
    "quantity": "Quantity",
    "int-or-string": "IntOrString",
    "time": "string",
    "micro-time": "string",
    "any": "Object",
}
# What the published schema says of scalars that have a type of their own.
_SCALAR_TYPES = {
    "quantity": "io.k8s.apimachinery.pkg.api.resource.Quantity",
    "int-or-string": "io.k8s.apimachinery.pkg.util.intstr.IntOrString",
    "time": "io.k8s.apimachinery.pkg.apis.meta.v1.Time",
    "micro-time": "io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime",
}


@dataclass(slots=True)
class Node:
    """One place in a schema. `ref` names the type that it refers to, so that circles are seen."""

    word: str = "Object"
    # Its own description, then those of what it refers to or holds.
    descriptions: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    enum: tuple[str, ...] = ()
    ref: str = ""
    # What a list or a map holds; its fields are shown as the node's own.
    item: Node | None = None
    _fields: Callable[[], Mapping[str, Node]] | None = field(default=None, repr=False)

    @property
    def fields(self) -> Mapping[str, Node]:
        """The fields of the object; {} where there are none of its own."""
        return self._fields() if self._fields is not None else {}

    @property
    def description(self) -> str:
        return self.descriptions[0] if self.descriptions else ""


def of_type(type_: Type) -> Node:
    """The tree of a type that we have the published schema of."""

    def fields() -> dict[str, Node]:
        found: dict[str, Node] = {}
        for one in type_.fields.values():
            node = _of_field_type(one.type)
            node.descriptions = (one.description, *node.descriptions)
            found[one.name] = node
        return found

    word = type_.go_name or "Object"
    return Node(word, (type_.description,), type_.required, ref=type_.name, _fields=fields)


def _of_field_type(type_: FieldType) -> Node:
    """A fresh node; its own description is still to be put before those that it has."""
    if type_.kind == "list" and type_.item is not None:
        item = _of_field_type(type_.item)
        return Node(f"[]{item.word}", item.descriptions, item=item)
    if type_.kind == "map" and type_.item is not None:
        item = _of_field_type(type_.item)
        return Node(f"map[string]{item.word}", item.descriptions, item=item)
    if type_.kind == "object":
        found = types.get(type_.ref)
        if found is not None:
            return of_type(found)
        return Node(type_.ref.rpartition(".")[2] or "Object")
    described = types.get(_SCALAR_TYPES.get(type_.kind, ""))
    return Node(_SCALARS.get(type_.kind, "Object"), (described.description,) if described else ())


def of_json_schema(schema: Obj) -> Node:
    """The tree of a CustomResourceDefinition's openAPIV3Schema."""
    description = str(schema.get("description", ""))
    if isinstance(schema.get("items"), dict):
        item = of_json_schema(schema["items"])
        return Node(f"[]{item.word}", (description, *item.descriptions), item=item)
    if isinstance(schema.get("additionalProperties"), dict):
        item = of_json_schema(schema["additionalProperties"])
        return Node(f"map[string]{item.word}", (description, *item.descriptions), item=item)
    properties: Obj = schema.get("properties") or {}
    type_ = str(schema.get("type", "object"))
    return Node(
        "Object" if type_ == "object" else type_,
        (description,),
        tuple(schema.get("required") or ()),
        tuple(str(one) for one in schema.get("enum") or ()),
        _fields=lambda: {name: of_json_schema(one) for name, one in sorted(properties.items())},
    )


def of_custom_kind(schema: Obj) -> Node:
    """A custom kind's tree, with the fields that every object has."""
    node = of_json_schema(schema)
    common = types.for_kind("v1", "ConfigMap")
    assert common is not None
    whole = of_type(common).fields
    own = dict(node.fields)
    merged = {**{name: whole[name] for name in ("apiVersion", "kind", "metadata")}}
    fields = {**own, **{name: one for name, one in merged.items() if name not in own or name == "metadata"}}
    node._fields = lambda: dict(sorted(fields.items()))
    return node
