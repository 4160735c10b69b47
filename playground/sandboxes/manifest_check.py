"""The editor's lint: tries a manifest on the API server without writing anything, and puts each fault at its place.

What is wrong is the server's to say, in Kubernetes' own words; this file only finds the line. It changes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Literal

from cluster_engine.apimachinery.errors import ApiError
from cluster_engine.apimachinery.meta import Obj
from cluster_engine.apimachinery.scheme import Resource
from cluster_engine.apimachinery.yaml_text import Document, YamlError, lint
from cluster_engine.apiserver.request import Request
from cluster_engine.apiserver.server import ApiServer

MAX_FAULTS = 50
MAX_DOCUMENTS = 100
DEFAULT_NAMESPACE = "default"

# Where the decoder names a field: `unknown field "spec.foo"`, `… Go struct field DeploymentSpec.spec.replicas of …`.
_DECODER_FIELDS = (
    re.compile(r'(?:unknown|duplicate) field "([^"]+)"'),
    re.compile(r"Go struct field [A-Za-z0-9]+\.(\S+) of type"),
)
_STRICT = "strict decoding error: "


Read = tuple[list[Document], list[YamlError]]


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


@dataclass(frozen=True, slots=True)
class Places:
    """Where the fields of one object stand: it is a document, or lies in one at `prefix`."""

    document: Document
    prefix: str = ""

    def fault(
        self, path: str, message: str, severity: Literal["error", "warning"] = "error", *, at_name: bool = False
    ) -> Fault:
        """A fault at a field's value (`at_name`: at its name), or at the nearest field around it that is there."""
        full = f"{self.prefix}.{path}" if self.prefix and path else self.prefix or path
        place = (self.document.keys.get(full) if at_name else None) or self.document.locate(full)
        if place.end_line != place.line:
            # Of a whole block only its first line is marked.
            return Fault(place.line, place.column, place.line, place.column + 1, message, severity)
        return Fault(place.line, place.column, place.end_line, place.end_column, message, severity)


def check(server: ApiServer, text: str, read: Read | None = None) -> list[Fault]:
    """The faults of a manifest of one or more documents; none where `kubectl apply` would take it.

    `read` is `lint(text)` where somebody has done that already.
    """
    documents, broken = read or lint(text)
    lines = text.split("\n")
    faults = [
        Fault(error.line, error.column, error.line, _end_of_line(lines, error.line, error.column), error.problem)
        for error in broken
    ]
    made: set[str] = set()
    for document in documents[:MAX_DOCUMENTS]:
        for duplicate in document.duplicates:
            place = duplicate.position
            faults.append(Fault(place.line, place.column, place.end_line, place.end_column, duplicate.message))
        for obj, prefix in _objects(document.value):
            faults.extend(_check_object(server, obj, Places(document, prefix), made))
            if len(faults) >= MAX_FAULTS:
                return faults[:MAX_FAULTS]
    if len(documents) > MAX_DOCUMENTS:
        words = f"only the first {MAX_DOCUMENTS} of {len(documents)} documents are checked as you type"
        faults.append(Places(documents[MAX_DOCUMENTS]).fault("", words, "warning"))
    return sorted(faults, key=lambda fault: (fault.line, fault.column))


def _end_of_line(lines: list[str], line: int, column: int) -> int:
    length = len(lines[line - 1]) if line <= len(lines) else 0
    return max(length, column) + 1


def _objects(value: Any) -> Iterator[tuple[Any, str]]:
    """The objects of a document, each with where it lies: the document itself, or the items of a List."""
    if isinstance(value, dict) and value.get("kind") == "List" and isinstance(value.get("items"), list):
        for index, item in enumerate(value["items"]):
            yield item, f"items[{index}]"
    else:
        yield value, ""


def _check_object(server: ApiServer, obj: Any, places: Places, made: set[str]) -> Iterator[Fault]:
    problem = _undecodable(obj)
    if problem is not None:
        yield places.fault(*problem)
        return
    resource = server.scheme.for_kind(obj["apiVersion"], obj["kind"])
    if resource is None:
        message = f'no matches for kind "{obj["kind"]}" in version "{obj["apiVersion"]}"'
        yield places.fault("kind", message)
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
        yield places.fault("", warning, "warning")


def _dry_run(server: ApiServer, resource: Resource, namespace: str, name: str, obj: Obj) -> Request:
    exists = bool(name) and server.find(resource, namespace, name) is not None
    return Request(
        verb="patch" if exists else "create", resource=resource.group_resource, namespace=namespace,
        name=name if exists else "", body=obj, patch_type="merge", dry_run=True, field_manager="editor",
    )


def _undecodable(obj: Any) -> tuple[str, str] | None:
    """What keeps a document from being an object at all: (path, message)."""
    if not isinstance(obj, dict):
        return "", "a manifest is a mapping with apiVersion, kind and metadata"
    for field, name in (("apiVersion", "apiVersion"), ("kind", "Kind")):
        value = obj.get(field)
        if value is None or value == "":
            return field, f"Object '{name}' is missing"
        if not isinstance(value, str):
            return field, f"{field} must be a string"
    if obj.get("metadata") is not None and not isinstance(obj["metadata"], dict):
        return "metadata", "metadata must be a mapping"
    return None


def _faults_of(error: ApiError, places: Places) -> Iterator[Fault]:
    """An error of the server as faults: one a cause, each at its field."""
    causes = (error.details or {}).get("causes") or ()
    for cause in causes:
        field = cause.get("field", "").replace("<nil>", "")
        yield places.fault(field, f"{field}: {cause['message']}" if field else cause["message"])
    if causes:
        return
    _, strict, rest = error.message.partition(_STRICT)
    messages = rest.split(", ") if strict else [error.message]
    for message in messages:
        yield places.fault(_field_in(message), message, at_name=bool(strict))


def _field_in(message: str) -> str:
    for pattern in _DECODER_FIELDS:
        found = pattern.search(message)
        if found is not None:
            return found.group(1)
    return ""
