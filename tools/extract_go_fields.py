"""Reads which Go type each API field has from checkouts of k8s.io/api and k8s.io/apimachinery.

The answer is `cluster_engine/schema/facts/go-fields.json`: for each type its JSON fields, each with the type as Go
prints it and `?` where it is `omitempty`. Decoding errors name these types, and what a zero value does follows from
them.

    python tools/extract_go_fields.py API_GIT_DIR APIMACHINERY_GIT_DIR v0.32.4
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

OUT = Path(__file__).parents[1] / "cluster_engine/schema/facts/go-fields.json"
GROUPS = (
    "apps/v1 authentication/v1 authorization/v1 autoscaling/v1 autoscaling/v2 batch/v1 certificates/v1 coordination/v1 "
    "core/v1 discovery/v1 events/v1 networking/v1 node/v1 policy/v1 rbac/v1 scheduling/v1 storage/v1"
).split()
STRUCT = re.compile(r"^type (\w+) struct \{\n(.*?)^\}", re.MULTILINE | re.DOTALL)
ALIAS = re.compile(r"^type (\w+) ([\w.\[\]]+)$", re.MULTILINE)
FIELD = re.compile(r'^\t(?:(\w+) +)?([\w.*\[\]]+) +`[^`]*json:"([^"]*)"', re.MULTILINE)
PLAIN = {"string", "bool", "int32", "int64", "int", "float64", "byte", "uint8", "uint16", "uint32", "uint64"}


def show(git_dir: str, ref: str, path: str) -> str:
    command = ["git", "-C", git_dir, "show", f"{ref}:{path}"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def qualified(go_type: str, package: str) -> str:
    """The type as reflect prints it: with its package's name, `[]byte` as `[]uint8`."""
    head = re.match(r"(\*|\[\]|map\[[\w.]+\])", go_type)
    if head:
        prefix = head[0]
        if prefix.startswith("map["):
            prefix = f"map[{qualified(prefix[4:-1], package)}]"
        return prefix + qualified(go_type[len(head[0]) :], package)
    if go_type == "byte":
        return "uint8"
    if go_type in PLAIN:
        return go_type
    if "." in go_type:
        name, _, rest = go_type.partition(".")
        return f"{name if name in ('intstr', 'resource', 'runtime', 'types') else 'v1'}.{rest}"
    return f"{package}.{go_type}"


def read(source: str, prefix: str, package: str, found: dict[str, dict[str, str]]) -> None:
    inline: dict[str, list[str]] = {}
    for name, body in STRUCT.findall(source):
        fields: dict[str, str] = {}
        for _, go_type, tag in FIELD.findall(body):
            json_name, _, options = tag.partition(",")
            if "inline" in options or not json_name:
                inline.setdefault(name, []).append(go_type)
            elif json_name != "-":
                fields[json_name] = qualified(go_type, package) + ("?" if "omitempty" in options else "")
        found[f"{prefix}.{name}"] = fields
    for name, embedded in inline.items():
        for go_type in embedded:
            if go_type.endswith("TypeMeta"):
                found[f"{prefix}.{name}"] |= {"kind": "string?", "apiVersion": "string?"}
            else:
                found[f"{prefix}.{name}"] |= found.get(f"{prefix}.{go_type.lstrip('*')}", {})


def main(api: str, apimachinery: str, ref: str) -> None:
    found: dict[str, dict[str, str]] = {}
    read(show(apimachinery, ref, "pkg/apis/meta/v1/types.go"), "io.k8s.apimachinery.pkg.apis.meta.v1", "v1", found)
    for group in GROUPS:
        prefix = "io.k8s.api." + group.replace("/", ".")
        read(show(api, ref, f"{group}/types.go"), prefix, group.split("/")[1], found)
    OUT.write_text(json.dumps(found, indent=0, sort_keys=True, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
