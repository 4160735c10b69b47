"""Look-ups in the compiled schema: types, their fields, and how those merge."""

from __future__ import annotations

import gzip
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Literal

import orjson

KUBERNETES_VERSION = "v1.32.4"
COMPILED = Path(__file__).parent / "compiled" / "v1.32.json.gz"

TypeKind = Literal[
    "string", "int32", "int64", "double", "boolean", "bytes",
    "quantity", "int-or-string", "time", "micro-time", "any",
    "object", "list", "map",
]  # fmt: skip


_NO_FACTS: list[Any] = ["", "", "", {}]


class SchemaMissingError(RuntimeError):
    """The compiled schema is not there: `make install` makes it."""


@dataclass(frozen=True, slots=True)
class FieldType:
    """A type. `ref` names an object's type; `item` is what a list or a map holds."""

    kind: TypeKind
    ref: str = ""
    item: FieldType | None = None

    @property
    def object_name(self) -> str:
        """The type name of the object that it is, holds in a list, or holds in a map; "" when there is none."""
        return self.ref or (self.item.object_name if self.item is not None else "")


@lru_cache(maxsize=4096)
def parse_type(text: str) -> FieldType:
    """A type from its compact notation, see `build._type`."""
    if text.startswith("[]"):
        return FieldType("list", item=parse_type(text[2:]))
    if text.startswith("{}"):
        return FieldType("map", item=parse_type(text[2:]))
    if text.startswith("."):
        return FieldType("object", ref=text[1:])
    return FieldType(text)  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a type. `go_type` is its type as Go prints it, e.g. `*int32` or `[]v1.Container`; "" where unknown."""

    name: str
    type: FieldType
    description: str = ""
    required: bool = False
    go_type: str = ""
    omit_empty: bool = True
    list_type: str = ""
    list_map_keys: tuple[str, ...] = ()
    map_type: str = ""
    merge_key: str = ""
    patch_strategies: tuple[str, ...] = ()

    @property
    def pointer(self) -> bool:
        return self.go_type.startswith("*")


@dataclass(frozen=True)
class Type:
    """A type with its fields, in alphabetical order. `kinds` are (group, version, kind) that it is the type of."""

    name: str
    description: str
    required: tuple[str, ...]
    kinds: tuple[tuple[str, str, str], ...]
    _raw: Mapping[str, Any] = field(repr=False, compare=False)
    # "atomic" where the object is owned and replaced as a whole.
    map_type: str = ""

    @property
    def go_name(self) -> str:
        """Its name as Go's errors print it, without a package: `DeploymentSpec`."""
        return self.name.rpartition(".")[2]

    @cached_property
    def fields(self) -> dict[str, Field]:
        return {name: self._field(name, raw) for name, raw in self._raw.items()}

    def _field(self, name: str, raw: list[Any]) -> Field:
        type_, description, go_type, facts = raw + _NO_FACTS[len(raw) :]
        return Field(
            name,
            parse_type(type_),
            description,
            name in self.required,
            go_type.rstrip("?"),
            go_type.endswith("?") or not go_type,
            facts.get("list", ""),
            tuple(facts.get("keys", ())),
            facts.get("map", ""),
            facts.get("merge", ""),
            tuple(facts["strategy"].split(",")) if "strategy" in facts else (),
        )


class Types:
    """All types of the API. Loads the compiled file at the first look-up (about 30 ms)."""

    def __init__(self, path: Path = COMPILED) -> None:
        self._path = path
        self._made: dict[str, Type] = {}

    @cached_property
    def _compiled(self) -> dict[str, Any]:
        if not self._path.exists():
            raise SchemaMissingError(f"{self._path} is missing: run `make install`, which builds it")
        return orjson.loads(gzip.decompress(self._path.read_bytes()))  # type: ignore[no-any-return]

    @cached_property
    def _kinds(self) -> dict[tuple[str, str], str]:
        """(apiVersion, kind) to type name."""
        return {
            (f"{group}/{version}" if group else version, kind): name
            for name, raw in self._compiled.items()
            for group, version, kind in raw[2]
        }

    def __iter__(self) -> Iterator[str]:
        return iter(self._compiled)

    def __contains__(self, name: str) -> bool:
        return name in self._compiled

    def get(self, name: str) -> Type | None:
        """The type with that full name, e.g. `io.k8s.api.apps.v1.DeploymentSpec`."""
        found = self._made.get(name)
        if found is None and name in self._compiled:
            description, required, kinds, fields, map_type = self._compiled[name]
            made = Type(name, description, tuple(required), tuple((g, v, k) for g, v, k in kinds), fields, map_type)
            found = self._made[name] = made
        return found

    def for_kind(self, api_version: str, kind: str) -> Type | None:
        """The type of a kind, e.g. ("apps/v1", "Deployment")."""
        name = self._kinds.get((api_version, kind))
        return self.get(name) if name is not None else None

    def of_kind(self, kind: str) -> Type | None:
        """The type of a kind of that name, whatever its group and version; of several, the first in the API's order."""
        name = next((name for (_, other), name in self._kinds.items() if other == kind), None)
        return self.get(name) if name is not None else None

    def field(self, type_name: str, field_name: str) -> Field | None:
        """One field of a type, or None where there is no such type or field."""
        found = self.get(type_name)
        return found.fields.get(field_name) if found is not None else None

    def field_at(self, api_version: str, kind: str, *path: str) -> Field | None:
        """The field at a path below a kind, lists and maps passed through: ("spec", "containers", "image")."""
        type_ = self.for_kind(api_version, kind)
        found: Field | None = None
        for part in path:
            if type_ is None:
                return None
            found = type_.fields.get(part)
            if found is None:
                return None
            type_ = self.get(found.type.object_name)
        return found


types = Types()
