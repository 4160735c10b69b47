"""Patches of a kustomization: strategic merge patches and JSON patches, by name or by target."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from cluster_engine.apimachinery import labels
from cluster_engine.apimachinery.errors import ApiError
from cluster_engine.apimachinery.meta import Obj, annotations_of, labels_of
from cluster_engine.apimachinery.yaml_text import YamlError, load_documents
from cluster_engine.kubectl.errors import CommandError
from cluster_engine.kubectl.kustomize.source import Source
from cluster_engine.schema.patching import apply_patch

# An object and the name that it had before prefixes were put to it.
Names = Callable[[Obj], str]


def patched(source: Source, objects: list[Obj], spec: Obj) -> list[Obj]:
    """The objects after one entry of `patches`."""
    text = spec.get("patch") or (source.read(spec["path"]) if spec.get("path") else "")
    if not text:
        raise CommandError("must specify one of patch and path in patches")
    target = spec.get("target")
    for body in _bodies(text):
        if isinstance(body, list):
            if not target:
                raise CommandError("must specify a target for JSON patch")
            objects = [_apply(obj, body, "json") if _matches(obj, target) else obj for obj in objects]
        elif target:
            objects = _each(objects, body, lambda obj: _matches(obj, target))
        else:
            objects = _by_name(objects, body)
    return objects


def _bodies(text: str) -> list[Any]:
    try:
        return [document.value for document in load_documents(text) if document.value is not None]
    except YamlError as error:
        raise CommandError(f"unable to parse SM or JSON patch from [{text}]: {error}") from None


def _by_name(objects: list[Obj], body: Obj) -> list[Obj]:
    name, kind = (body.get("metadata") or {}).get("name", ""), body.get("kind", "")

    def same(obj: Obj) -> bool:
        return bool(
            obj["kind"] == kind
            and obj["metadata"].get("name") == name
            and obj["apiVersion"].rpartition("/")[0] == body.get("apiVersion", "").rpartition("/")[0]
        )

    if not any(same(obj) for obj in objects):
        version = body.get("apiVersion", "").rpartition("/")
        group = version[0] or "[noGrp]"
        raise CommandError(f"no resource matches strategic merge patch \"{kind}.{version[2]}.{group}/{name}.[noNs]\": "
                           f"no matches for Id {kind}.{version[2]}.{group}/{name}.[noNs]; "
                           "failed to find unique target for patch "
                           f"{kind}.{version[2]}.{group}/{name}.[noNs]")  # fmt: skip
    return _each(objects, body, same)


def _each(objects: list[Obj], body: Obj, wanted: Callable[[Obj], bool]) -> list[Obj]:
    if body.get("$patch") == "delete":
        return [obj for obj in objects if not wanted(obj)]
    meta = {key: value for key, value in (body.get("metadata") or {}).items() if key not in ("name", "namespace")}
    change = {key: value for key, value in body.items() if key not in ("apiVersion", "kind", "metadata")}
    if meta:
        change["metadata"] = meta
    return [_apply(obj, change, "strategic") if wanted(obj) else obj for obj in objects]


def _apply(obj: Obj, body: Any, type_: str) -> Obj:
    try:
        return apply_patch(obj, body, type_, None)
    except ApiError as error:
        raise CommandError(error.message) from None


def _matches(obj: Obj, target: Obj) -> bool:
    group, _, version = obj["apiVersion"].rpartition("/")
    meta = obj["metadata"]
    for field, value in (
        ("group", group),
        ("version", version),
        ("kind", obj["kind"]),
        ("name", meta.get("name", "")),
        ("namespace", meta.get("namespace", "")),
    ):
        if target.get(field) and not re.fullmatch(str(target[field]), value):
            return False
    for field, values in (("labelSelector", labels_of(obj)), ("annotationSelector", annotations_of(obj))):
        if target.get(field):
            try:
                if not labels.parse(target[field]).matches(values):
                    return False
            except ValueError as error:
                raise CommandError(str(error)) from None
    return True
