"""Compiles the published JSON schemas of one Kubernetes version into the compact file that the engine reads.

    python -m cluster_engine.schema.build

The schemas come from the package `kubernetes-validate`, which is needed for this alone. Which Go type a field has (Go's
names stand in decoding errors) comes from `facts/go-fields.json`. The result is not committed; it ships in the wheel.
"""

from __future__ import annotations

import gzip
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import orjson

from cluster_engine.schema.types import COMPILED, KUBERNETES_VERSION

_HERE = Path(__file__).parent
# Every group serves these two; their kinds would hide nothing but cost much.
_EVERYWHERE = ("DeleteOptions", "WatchEvent")
_SCALARS = {
    "io.k8s.apimachinery.pkg.api.resource.Quantity": "quantity",
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": "int-or-string",
    "io.k8s.apimachinery.pkg.apis.meta.v1.Time": "time",
    "io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime": "micro-time",
}


def source_file() -> Path:
    """The definitions of the newest patch release of our minor version in `kubernetes-validate`."""
    spec = find_spec("kubernetes_validate")
    if spec is None or spec.origin is None:
        raise SystemExit("kubernetes-validate is not installed: pip install 'kubernetes-validate>=1.32,<2'")
    root = Path(spec.origin).parent / "kubernetes-json-schema"
    minor = ".".join(KUBERNETES_VERSION.split(".")[:2])
    found = sorted(root.glob(f"{minor}.*-local/_definitions.json"))
    if not found:
        raise SystemExit(f"kubernetes-validate has no schemas of {minor} in {root}")
    return found[-1]


def compile_definitions(definitions: dict[str, Any], go_fields: dict[str, dict[str, str]]) -> dict[str, Any]:
    """{type: [description, required, kinds, {field: [type, description, go type, merge facts]}, map type]}."""
    return {
        name: [
            definition.get("description", ""),
            definition.get("required", []),
            _kinds(definition),
            {
                field: _field(schema, definitions, go_fields.get(name, {}).get(field, ""))
                for field, schema in sorted(definition["properties"].items())
            },
            definition.get("x-kubernetes-map-type", ""),
        ]
        for name, definition in sorted(definitions.items())
        if "properties" in definition
    }


def _kinds(definition: dict[str, Any]) -> list[list[str]]:
    kinds = definition.get("x-kubernetes-group-version-kind", [])
    return [[k["group"], k["version"], k["kind"]] for k in kinds if k["kind"] not in _EVERYWHERE or not k["group"]]


def _field(schema: dict[str, Any], definitions: dict[str, Any], go_type: str) -> list[Any]:
    facts = {
        short: schema[key]
        for short, key in (
            ("list", "x-kubernetes-list-type"),
            ("keys", "x-kubernetes-list-map-keys"),
            ("map", "x-kubernetes-map-type"),
            ("merge", "x-kubernetes-patch-merge-key"),
            ("strategy", "x-kubernetes-patch-strategy"),
        )
        if key in schema
    }
    made: list[Any] = [_type(schema, definitions), schema.get("description", ""), go_type, facts]
    while not made[-1]:
        made.pop()
    return made


def _type(schema: dict[str, Any], definitions: dict[str, Any]) -> str:
    """A type in our notation: `string`, `int32`, `[]X` a list, `{}X` a map, `.name` an object, `any`."""
    if "$ref" in schema:
        name = schema["$ref"].removeprefix("#/$defs/")
        if name in _SCALARS:
            return _SCALARS[name]
        return f".{name}" if "properties" in definitions.get(name, {}) else "any"
    kind = schema.get("type", "")
    if isinstance(kind, list):
        kind = next(item for item in kind if item != "null")
    if kind == "array":
        return "[]" + _type(schema["items"], definitions)
    if kind == "object":
        return "{}" + _type(schema["additionalProperties"], definitions) if "additionalProperties" in schema else "any"
    if kind == "string" and schema.get("format") == "byte":
        return "bytes"
    if kind in ("integer", "number"):
        return str(schema.get("format", "int64" if kind == "integer" else "double"))
    return {"string": "string", "boolean": "boolean"}.get(kind, "any")


def main() -> int:
    source = source_file()
    definitions = orjson.loads(source.read_bytes())["$defs"]
    go_fields = orjson.loads((_HERE / "facts" / "go-fields.json").read_bytes())
    compiled = orjson.dumps(compile_definitions(definitions, go_fields))
    COMPILED.parent.mkdir(parents=True, exist_ok=True)
    # No time stamp inside, so that the same input gives the same bytes.
    COMPILED.write_bytes(gzip.compress(compiled, compresslevel=9, mtime=0))
    sys.stdout.write(f"{COMPILED.name}: {COMPILED.stat().st_size // 1024} kB from {source.parent.name}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
