"""Objects from files and from standard input. Follows cli-runtime's Path, Stream and Directory visitors."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from cluster_engine.apimachinery.meta import Obj
from cluster_engine.apimachinery.yaml_text import TooLargeError, lint
from cluster_engine.kubectl.errors import CommandError
from cluster_engine.kubectl.factory import FileSystem
from cluster_engine.kubectl.resource.mapper import Info, Mapper

EXTENSIONS = (".json", ".yaml", ".yml")
STDIN = "STDIN"
MAX_LIST_DEPTH = 5
_MUST_BE_MAPS = ("labels", "annotations")
_JSON_WORDS = ((bool, "bool"), (str, "string"), ((int, float), "number"), (list, "array"), (dict, "object"))


def read_path(files: FileSystem, path: str, recursive: bool) -> list[tuple[str, str]]:
    """(source, text) of a file, or of each manifest in a directory. Raises CommandError."""
    if path.startswith(("http://", "https://")):
        raise CommandError(f'unable to read URL "{path}": the sandbox has no network beyond its cluster')
    try:
        return [(path, files.read(path))]
    except (FileNotFoundError, IsADirectoryError):
        pass
    found = list(_in_directory(files, path, recursive))
    if found:
        return found
    if _is_directory(files, path):
        raise CommandError(f"error reading [{path}]: recognized file extensions are [{' '.join(EXTENSIONS)}]")
    raise CommandError(f'the path "{path}" does not exist')


def _prefix(path: str) -> str:
    trimmed = path.rstrip("/")
    for head in ("./", "/root/", "~/"):
        trimmed = trimmed.removeprefix(head)
    return "" if trimmed in (".", "", "~", "/root") else trimmed + "/"


def _is_directory(files: FileSystem, path: str) -> bool:
    prefix = _prefix(path)
    return prefix == "" or any(name.startswith(prefix) for name in files.list())


def _in_directory(files: FileSystem, path: str, recursive: bool) -> Iterator[tuple[str, str]]:
    prefix = _prefix(path)
    shown = path.rstrip("/") + "/" if path.rstrip("/") not in (".", "") else ""
    for name in sorted(files.list()):
        rest = name[len(prefix) :]
        if name.startswith(prefix) and name.endswith(EXTENSIONS) and (recursive or "/" not in rest):
            yield f"{shown}{rest}", files.read(name)


def infos_of(text: str, source: str, mapper: Mapper, *, validated: bool = False) -> Iterator[Info | Exception]:
    """The objects of a text in their order; a fault ends it. Lists are taken apart."""
    documents, faults = lint(text)
    fault = faults[0] if faults else None
    for document in documents:
        # A stream is read as far as it goes: what stands before the first fault is still used.
        if fault is not None and (isinstance(fault, TooLargeError) or document.line >= fault.line):
            break
        unset = _unset(document.value) if validated else ""
        if unset:
            yield CommandError(
                f'error validating "{source}": error validating data: {unset}; if you choose to ignore these errors, '
                "turn validation off with --validate=false"
            )
            return
        for item in _flat(document.value, source, mapper, 0):
            yield item
            if isinstance(item, Exception):
                return
    if fault is not None:
        yield CommandError(f"error parsing {source}: {fault}")


def _flat(document: Any, source: str, mapper: Mapper, depth: int) -> Iterator[Info | Exception]:
    fault = _undecodable(document)
    if fault:
        yield CommandError(f'unable to decode "{source}": {fault}')
        return
    if isinstance(document.get("items"), list) and document["kind"].endswith("List") and depth < MAX_LIST_DEPTH:
        for item in document["items"]:
            yield from _flat(_typed(item, document), source, mapper, depth + 1)
        return
    yield _info(document, source, mapper)


def _unset(document: Any) -> str:
    """Which of apiVersion and kind an object lacks, in the words of the validator."""
    if not isinstance(document, dict):
        return "invalid object to validate"
    missing = [f"{field} not set" for field in ("apiVersion", "kind") if document.get(field) in (None, "")]
    return missing[0] if len(missing) == 1 else f"[{', '.join(missing)}]" if missing else ""


def _typed(item: Any, parent: Obj) -> Any:
    """An item of a `PodList` may leave its kind out."""
    if isinstance(item, dict) and "kind" not in item and parent["kind"] != "List":
        return {"apiVersion": parent["apiVersion"], "kind": parent["kind"].removesuffix("List"), **item}
    return item


def _info(obj: Obj, source: str, mapper: Mapper) -> Info | Exception:
    meta = obj.get("metadata") or {}
    name, namespace = str(meta.get("name") or ""), str(meta.get("namespace") or "")
    resource = mapper.for_kind(obj["apiVersion"], obj["kind"])
    if resource is None:
        return CommandError(
            f'resource mapping not found for name: "{name}" namespace: "{namespace}" from "{source}": '
            f'no matches for kind "{obj["kind"]}" in version "{obj["apiVersion"]}"\nensure CRDs are installed first'
        )
    return Info(resource, namespace if resource.namespaced else "", name, obj, source)


def _undecodable(document: Any) -> str:
    """What keeps a document from being an object at all, in the words of the unstructured decoder."""
    if not isinstance(document, dict):
        return f"json: cannot unmarshal {_json_word(document)} into Go value of type unstructured.detector"
    for field, name in (("kind", "Kind"), ("apiVersion", "apiVersion")):
        value = document.get(field)
        if value is not None and not isinstance(value, str):
            return f"json: cannot unmarshal {_json_word(value)} into Go struct field detector.{field} of type string"
        if not value and field == "kind":
            return (
                f"Object '{name}' is missing in "
                f"'{json.dumps(document, separators=(',', ':'), sort_keys=True, default=str)}'"
            )
    if not document.get("apiVersion"):
        text = json.dumps(document, separators=(",", ":"), sort_keys=True, default=str)
        return f"Object 'apiVersion' is missing in '{text}'"
    meta = document.get("metadata")
    if meta is None:
        return ""
    if not isinstance(meta, dict):
        return f"json: cannot unmarshal {_json_word(meta)} into Go struct field .metadata of type v1.ObjectMeta"
    return _bad_metadata(meta)


def _bad_metadata(meta: Obj) -> str:
    head = "json: cannot unmarshal"
    for field in ("name", "namespace", "generateName"):
        if meta.get(field) is not None and not isinstance(meta[field], str):
            return f"{head} {_json_word(meta[field])} into Go struct field ObjectMeta.metadata.{field} of type string"
    for field in _MUST_BE_MAPS:
        value = meta.get(field)
        if value is None:
            continue
        if not isinstance(value, dict):
            return (
                f"{head} {_json_word(value)} into Go struct field ObjectMeta.metadata.{field} of type map[string]string"
            )
        for each in value.values():
            if each is not None and not isinstance(each, str):
                return f"{head} {_json_word(each)} into Go struct field ObjectMeta.metadata.{field} of type string"
    return ""


def _json_word(value: Any) -> str:
    for type_, word in _JSON_WORDS:
        if isinstance(value, type_):
            return word
    return "null"
