"""How an object of a custom kind is divided into fields that have owners, by its schema.

Used for managedFields and server-side apply. Follows kube-openapi's pkg/schemaconv.
"""

from __future__ import annotations

from typing import Any

from cluster_engine.api.apiextensions import schemas
from cluster_engine.api.apiextensions.schemas import EMBEDDED, INT_OR_STRING, LIST_MAP_KEYS, LIST_TYPE, MAP_TYPE, Schema
from cluster_engine.schema.typed import ATOM, MAX_CHILDREN, Division, Node
from cluster_engine.schema.types import FieldType

META_TYPE = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"


class SchemaNode(Node):
    """A place in a schema. Of a place without one nothing is known: maps there are divided, lists are not."""

    __slots__ = ("_schema",)

    def __init__(self, schema: Schema | None) -> None:
        super().__init__(FieldType("any"))
        self._schema = schema
        self.division = _division(schema)
        self.shape = dict if self.division == "fields" else list
        self.keys = tuple((schema or {}).get(LIST_MAP_KEYS) or ())

    def child(self, name: str) -> tuple[str, Node]:
        found = self._children.get(name)
        if found is None:
            found = f"f:{name}", self._below(name)
            # As elsewhere, the keys of maps are remembered up to a point.
            if len(self._children) < MAX_CHILDREN:
                self._children[name] = found
        return found

    def _below(self, name: str) -> Node:
        schema = self._schema
        if schema is not None and schema.get(EMBEDDED) and name in ("apiVersion", "kind"):
            return ATOM
        if schema is not None and schema.get(EMBEDDED) and name == "metadata":
            return Node(FieldType("object", ref=META_TYPE))
        return SchemaNode(schemas.at(schema, name))

    @property
    def item(self) -> Node:
        if self._item is None:
            self._item = SchemaNode(schemas.items(self._schema))
        return self._item

    def element(self, item: Any) -> str:
        if self.division == "keys" and isinstance(item, dict):
            known = schemas.properties(schemas.items(self._schema))
            missing = {key: known.get(key, {}).get("default") for key in self.keys if key not in item}
            item = {**missing, **item} if missing else item
        return super().element(item)


def _division(schema: Schema | None) -> Division:
    if schema is None:
        return "fields"
    type_ = schema.get("type") or ""
    if type_ == "array":
        return {"map": "keys", "set": "set"}.get(schema.get(LIST_TYPE) or "", "")  # type: ignore[return-value]
    if schema.get(INT_OR_STRING) or type_ not in ("", "object"):
        return ""
    return "" if schema.get(MAP_TYPE) == "atomic" else "fields"


def root_node(schema: Schema | None) -> SchemaNode:
    """The place of a whole object."""
    return SchemaNode(schemas.with_embedded(schema))
