"""`configMapGenerator` and `secretGenerator`."""

from __future__ import annotations

import base64
from typing import Any

from cluster_engine.apimachinery.meta import Obj
from cluster_engine.kubectl.errors import CommandError
from cluster_engine.kubectl.kustomize.source import Source

BEHAVIOR = "kustomize.behavior"
NEEDS_HASH = "kustomize.needs-hash"


def generated(source: Source, arguments: Any, kind: str, options: Obj) -> Obj:
    """The object that one entry of a generator makes, its behavior and whether it gets a hash noted in it."""
    name = str(arguments.get("name", ""))
    if not name:
        raise CommandError(f"{kind} generator must have a name")
    data: dict[str, str] = {}
    for path in [*(arguments.get("envs") or ()), *([arguments["env"]] if arguments.get("env") else ())]:
        data.update(_variables(source.read(path)))
    for text in arguments.get("files") or ():
        key, equals, path = text.partition("=")
        if not equals:
            key, path = text.rpartition("/")[2], text
        data[key] = source.read(path)
    for text in arguments.get("literals") or ():
        key, equals, value = text.partition("=")
        if not equals:
            raise CommandError(f"invalid literal source {text}, expected key=value")
        data[key] = value.strip("'\"") if value[:1] == value[-1:] and value[:1] in "'\"" else value
    own: Obj = arguments.get("options") or {}
    meta: Obj = {"name": name}
    if arguments.get("namespace"):
        meta["namespace"] = arguments["namespace"]
    for field in ("labels", "annotations"):
        merged = {**(options.get(field) or {}), **(own.get(field) or {})}
        if merged:
            meta[field] = merged
    obj: Obj = {"apiVersion": "v1", "kind": kind, "metadata": meta}
    if kind == "Secret":
        obj["type"] = arguments.get("type") or "Opaque"
        data = {key: base64.b64encode(value.encode()).decode() for key, value in data.items()}
    if data:
        obj["data"] = data
    disabled = own.get("disableNameSuffixHash", options.get("disableNameSuffixHash", False))
    return {**obj, BEHAVIOR: arguments.get("behavior") or "create", NEEDS_HASH: not disabled}


def _variables(text: str) -> dict[str, str]:
    found = {}
    for line in text.splitlines():
        stripped = line.lstrip()
        if stripped and not stripped.startswith("#"):
            key, _, value = stripped.partition("=")
            found[key] = value
    return found


def add(objects: list[Obj], made: Obj) -> list[Obj]:
    """The objects with a generated one: new, merged into the one of that name, or in its place."""
    behavior = made.pop(BEHAVIOR)
    same = [
        index
        for index, obj in enumerate(objects)
        if obj["kind"] == made["kind"] and obj["metadata"]["name"] == made["metadata"]["name"]
    ]
    if behavior == "create":
        if same:
            raise CommandError(
                f"may not add resource with an already registered id: {made['kind']}.v1.[noGrp]/"
                f"{made['metadata']['name']}.[noNs]"
            )
        return [*objects, made]
    if not same:
        raise CommandError(
            f"merging from generator {made['metadata']['name']}: id resid.ResId{{Kind: {made['kind']}}} "
            "does not exist; cannot merge or replace"
        )
    old = objects[same[0]]
    if behavior == "merge":
        meta = {**old["metadata"]}
        for field in ("labels", "annotations"):
            if made["metadata"].get(field):
                meta[field] = {**(meta.get(field) or {}), **made["metadata"][field]}
        made = {**old, "metadata": meta, "data": {**(old.get("data") or {}), **(made.get("data") or {})}}
    return [made if index == same[0] else obj for index, obj in enumerate(objects)]
