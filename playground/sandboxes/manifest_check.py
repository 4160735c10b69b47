"""The editor's lint: tries a manifest on the API server without writing anything, and puts each fault at its place.

What is wrong is the server's to say, in Kubernetes' own words; this file only finds the line. It changes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Literal

import yaml

from cluster_engine.apimachinery.errors import ApiError
from cluster_engine.apimachinery.meta import Obj
from cluster_engine.apimachinery.scheme import Resource
from cluster_engine.apimachinery.yaml_text import YamlError, load_documents
from cluster_engine.apiserver.request import Request
from cluster_engine.apiserver.server import ApiServer

MAX_FAULTS = 50
MAX_DOCUMENTS = 100
DEFAULT_NAMESPACE = "default"
Path = tuple[str | int, ...]

_PATH_PART = re.compile(r"\[([^\]]*)\]|([^.\[\]]+)")
# Where the decoder names a field: `unknown field "spec.foo"`, `… into Go struct field DeploymentSpec.spec.replicas of …`.
_DECODER_FIELDS = (
    re.compile(r'(?:unknown|duplicate) field "([^"]+)"'),
    re.compile(r"Go struct field [A-Za-z0-9]+\.(\S+) of type"),
)
_STRICT = "strict decoding error: "
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: lines and columns from 1, the end after the last character."""

    line: int
    column: int
    end_line: int
    end_column: int
    message: str
    severity: Literal["error", "warning"] = "error"

    def message_fields(self) -> dict[str, Any]:
        return asdict(self)


def check(server: ApiServer, text: str) -> list[Fault]:
    """The faults of a manifest of one or more documents; none where `kubectl apply` would take it."""
    try:
        documents = load_documents(text)
    except YamlError as error:
        return [_yaml_fault(error, text)]
    present = [document.value for document in documents]
    if len(present) > MAX_DOCUMENTS:
        return [Fault(1, 1, 1, 1, f"{len(present)} documents: only the first {MAX_DOCUMENTS} are checked", "warning")]
    faults: list[Fault] = []
    made: set[str] = set()
    for document, root in zip(present, _roots(text)):
        for obj, prefix in _objects(document, ()):
            faults.extend(_check_object(server, obj, Places(root, prefix), made))
    return faults[:MAX_FAULTS]


def _yaml_fault(error: YamlError, text: str) -> Fault:
    end = max(error.column, len(text.split("\n")[error.line - 1])) + 1
    return Fault(error.line, error.column, error.line, end, str(error))


def _roots(text: str) -> Iterator[yaml.Node | None]:
    """The nodes of the documents that are not empty, which know their places."""
    for root in yaml.compose_all(text, Loader=_Loader):  # composes only, and makes no objects
        if root is not None and not (isinstance(root, yaml.ScalarNode) and root.tag == "tag:yaml.org,2002:null"):
            yield root


def _objects(document: Any, prefix: Path) -> Iterator[tuple[Any, Path]]:
    """The objects of a document: itself, or the items of a List."""
    if isinstance(document, dict) and document.get("kind") == "List" and isinstance(document.get("items"), list):
        for index, item in enumerate(document["items"]):
            yield item, (*prefix, "items", index)
    else:
        yield document, prefix


class Places:
    """Where the fields of one object stand in the text."""

    def __init__(self, root: yaml.Node | None, prefix: Path = ()) -> None:
        self._root = root
        self._prefix = prefix

    def fault(self, path: Path, message: str, severity: Literal["error", "warning"] = "error") -> Fault:
        """A fault at a field, or at the nearest field above it that is there."""
        node, at = self._root, self._root
        for part in (*self._prefix, *path):
            child = _child(node, part)
            if child is None:
                break
            at, node = child
        if at is None:
            return Fault(1, 1, 1, 2, message, severity)
        start, end = at.start_mark, at.end_mark
        if end.line != start.line:
            # A whole block is marked by its first line only.
            return Fault(start.line + 1, start.column + 1, start.line + 1, start.column + 2, message, severity)
        return Fault(start.line + 1, start.column + 1, end.line + 1, end.column + 1, message, severity)


def _child(node: yaml.Node | None, part: str | int) -> tuple[yaml.Node, yaml.Node] | None:
    """(where to point at, the child itself) for a field or an index."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value == str(part):
                return key, value
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        return node.value[part], node.value[part]
    return None


def parse_path(text: str) -> Path:
    """`spec.containers[0].image` as its parts."""
    parts: list[str | int] = []
    for index, name in _PATH_PART.findall(text):
        parts.append(int(index) if index.isdigit() else index or name)
    return tuple(parts)


def _check_object(server: ApiServer, obj: Any, places: Places, made: set[str]) -> Iterator[Fault]:
    problem = _undecodable(obj)
    if problem is not None:
        yield places.fault(*problem)
        return
    resource = server.scheme.for_kind(obj["apiVersion"], obj["kind"])
    if resource is None:
        message = f'no matches for kind "{obj["kind"]}" in version "{obj["apiVersion"]}"'
        yield places.fault(("kind",), message)
        return
    meta = obj.get("metadata") or {}
    namespace = (str(meta.get("namespace") or "") or DEFAULT_NAMESPACE) if resource.namespaced else ""
    try:
        response = server.handle(_dry_run(server, resource, namespace, str(meta.get("name") or ""), obj))
    except ApiError as error:
        if error.code == 404 and f"namespaces/{namespace}" in made:
            return  # the namespace is made further up
        yield from _faults_of(error, places)
        return
    if resource.kind == "Namespace":
        made.add(f"namespaces/{meta.get('name')}")
    for warning in response.warnings:
        yield places.fault((), warning, "warning")


def _dry_run(server: ApiServer, resource: Resource, namespace: str, name: str, obj: Obj) -> Request:
    exists = bool(name) and server.find(resource, namespace, name) is not None
    return Request(
        verb="patch" if exists else "create", resource=resource.group_resource, namespace=namespace,
        name=name if exists else "", body=obj, patch_type="merge", dry_run=True, field_manager="editor",
    )


def _undecodable(obj: Any) -> tuple[Path, str] | None:
    """What keeps a document from being an object at all: (path, message)."""
    if not isinstance(obj, dict):
        return (), "a manifest is a mapping with apiVersion, kind and metadata"
    for field, name in (("apiVersion", "apiVersion"), ("kind", "Kind")):
        value = obj.get(field)
        if value is None or value == "":
            return (field,), f"Object '{name}' is missing"
        if not isinstance(value, str):
            return (field,), f"{field} must be a string"
    if obj.get("metadata") is not None and not isinstance(obj["metadata"], dict):
        return ("metadata",), "metadata must be a mapping"
    return None


def _faults_of(error: ApiError, places: Places) -> Iterator[Fault]:
    """An error of the server as faults: one a cause, each at its field."""
    causes = (error.details or {}).get("causes") or ()
    for cause in causes:
        field = cause.get("field", "")
        yield places.fault(parse_path(field), f"{field}: {cause['message']}")
    if causes:
        return
    _, strict, rest = error.message.partition(_STRICT)
    messages = rest.split(", ") if strict else [error.message]
    for message in messages:
        yield places.fault(parse_path(_field_in(message)), message)


def _field_in(message: str) -> str:
    for pattern in _DECODER_FIELDS:
        found = pattern.search(message)
        if found is not None:
            return found.group(1)
    return ""
