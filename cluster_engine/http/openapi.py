"""OpenAPI v3 documents, made of the compiled schema: one a group version, with its hash in the URL so that clients
cache it.

`kubectl explain` reads types from them, `kubectl apply` the merge keys and which parameters a patch takes. Descriptions
are Kubernetes' own, from the published schemas. OpenAPI v2 (`openapi_v2.py`) is one document for all, for older
clients.
"""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Callable, Mapping
from functools import partial
from typing import Protocol

import orjson

from cluster_engine.apimachinery import errors
from cluster_engine.apimachinery.meta import Obj
from cluster_engine.apimachinery.scheme import Resource, Scheme
from cluster_engine.http import openapi_v2
from cluster_engine.http.message import HttpRequest, HttpResponse, dumps
from cluster_engine.schema.types import Field, FieldType, Type, types
from cluster_engine.version import KUBERNETES_VERSION

_FORMATS: dict[str, Obj] = {
    "string": {"type": "string"},
    "int32": {"type": "integer", "format": "int32"},
    "int64": {"type": "integer", "format": "int64"},
    "double": {"type": "number", "format": "double"},
    "boolean": {"type": "boolean"},
    "bytes": {"type": "string", "format": "byte"},
    "any": {"type": "object"},
}
_SCALARS = {
    "quantity": "io.k8s.apimachinery.pkg.api.resource.Quantity",
    "int-or-string": "io.k8s.apimachinery.pkg.util.intstr.IntOrString",
    "time": "io.k8s.apimachinery.pkg.apis.meta.v1.Time",
    "micro-time": "io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime",
}
_SCALAR_SCHEMAS: dict[str, Obj] = {
    _SCALARS["quantity"]: {"oneOf": [{"type": "string"}, {"type": "number"}]},
    _SCALARS["int-or-string"]: {"format": "int-or-string", "oneOf": [{"type": "integer"}, {"type": "string"}]},
    _SCALARS["time"]: {"type": "string", "format": "date-time"},
    _SCALARS["micro-time"]: {"type": "string", "format": "date-time"},
}
_MEDIA = ("application/json", "application/yaml", "application/vnd.kubernetes.protobuf")
_PATCH_MEDIA = (
    "application/apply-patch+yaml",
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
)
_WRITE_PARAMETERS = ("dryRun", "fieldManager", "fieldValidation", "pretty")


# In v2 a scalar type is one plain schema.
_SCALAR_SCHEMAS_V2: dict[str, Obj] = {
    _SCALARS["quantity"]: {"type": "string"},
    _SCALARS["int-or-string"]: {"type": "string", "format": "int-or-string"},
    _SCALARS["time"]: {"type": "string", "format": "date-time"},
    _SCALARS["micro-time"]: {"type": "string", "format": "date-time"},
}
_META = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"
_V3_REFERENCES, _V2_REFERENCES = "#/components/schemas/", "#/definitions/"


class Rules(Protocol):
    """What the documents need of a kind's rules."""

    def published_schema(self, prefix: str, *, v2: bool) -> tuple[str, Obj] | None:
        """(type name, schema) of a kind without a compiled type."""


class OpenApi:
    """The OpenAPI documents of one scheme. Each is made when it is first asked for, and kept until kinds change."""

    def __init__(self, scheme: Scheme, strategies: Mapping[str, Rules]) -> None:
        self._scheme = scheme
        self._strategies = strategies
        # By name: (by which rules, gzipped document, its hash).
        self._made: dict[str, tuple[tuple[Rules, ...], bytes, str]] = {}

    def respond(self, http: HttpRequest) -> HttpResponse:
        """The index, one group version's document (gzipped for clients that accept it), or NotFound."""
        path = http.path.strip("/")
        if path == "openapi/v3":
            return HttpResponse(200, dumps(self._index()))
        if path == "openapi/v2":
            if openapi_v2.wants_protobuf(http.headers.get("accept", "")):
                response = self._send(http, "v2 protobuf", lambda: openapi_v2.encode(self._v2()))
                response.content_type = openapi_v2.PROTOBUF
                return response
            return self._send(http, "v2", self._v2)
        group_version = path.removeprefix("openapi/v3/")
        if group_version not in self._group_versions():
            raise errors.page_not_found()
        return self._send(http, group_version, lambda: self._v3(group_version))

    def _send(self, http: HttpRequest, name: str, make: Callable[[], Obj | bytes]) -> HttpResponse:
        body, digest = self._document(name, make)
        etag = f'"{digest}"'
        headers = [("Etag", etag), ("Vary", "Accept-Encoding, Accept")]
        if http.parameters().get("hash") == digest:
            # The URL names the content, so it may be kept for a year.
            headers.append(("Cache-Control", "public, immutable, max-age=31536000"))
        if http.headers.get("if-none-match") == etag:
            return HttpResponse(304, b"", headers=headers)
        if "gzip" in http.headers.get("accept-encoding", ""):
            return HttpResponse(200, body, headers=[*headers, ("Content-Encoding", "gzip")])
        return HttpResponse(200, gzip.decompress(body), headers=headers)

    def _document(self, name: str, make: Callable[[], Obj | bytes]) -> tuple[bytes, str]:
        """(gzipped document, its hash)."""
        resources = [r for r in self._scheme.served() if name.startswith("v2") or _group_version(r) == name]
        # A custom kind has other rules whenever its definition changes.
        rules = tuple(self._strategies[resource.group_resource] for resource in resources)
        made = self._made.get(name)
        if made is None or made[0] != rules:
            document = make()
            text = document if isinstance(document, bytes) else orjson.dumps(document, option=orjson.OPT_SORT_KEYS)
            digest = hashlib.sha512(text).hexdigest().upper()
            made = self._made[name] = rules, gzip.compress(text, 6, mtime=0), digest
        return made[1], made[2]

    def _group_versions(self) -> list[str]:
        """`api/v1`, `apis/apps/v1`, …"""
        return sorted({_group_version(resource) for resource in self._scheme.served()})

    def _index(self) -> Obj:
        paths = {}
        for name in self._group_versions():
            _, digest = self._document(name, partial(self._v3, name))
            paths[name] = {"serverRelativeURL": f"/openapi/v3/{name}?hash={digest}"}
        return {"paths": paths}

    def _v3(self, group_version: str) -> Obj:
        _, *middle, version = group_version.split("/")
        group = middle[0] if middle else ""
        resources = self._scheme.in_group(group, version)
        schemas: dict[str, Obj] = {}
        for resource in resources:
            self._collect(resource, schemas, _V3_REFERENCES)
        return {
            "openapi": "3.0.0",
            "info": {"title": "Kubernetes", "version": KUBERNETES_VERSION},
            "paths": {path: item for resource in resources for path, item in _paths(resource).items()},
            "components": {"schemas": schemas},
        }

    def _collect(self, resource: Resource, schemas: dict[str, Obj], prefix: str) -> None:
        """Adds the type of a resource and all that it refers to."""
        type_ = types.for_kind(resource.api_version, resource.kind)
        rules = self._strategies[resource.group_resource]
        published = rules.published_schema(prefix, v2=prefix == _V2_REFERENCES)
        if published is not None:
            schemas[published[0]] = published[1]
            _collect(_META, schemas, prefix)
        elif type_ is not None:
            _collect(type_.name, schemas, prefix)

    def _v2(self) -> Obj:
        definitions: dict[str, Obj] = {}
        for resource in self._scheme.served():
            self._collect(resource, definitions, _V2_REFERENCES)
        info = {"title": "Kubernetes", "version": KUBERNETES_VERSION}
        paths = openapi_v2.patch_paths(pair for resource in self._scheme.served() for pair in _paths(resource).items())
        return {"swagger": "2.0", "info": info, "paths": paths, "definitions": definitions}


def _group_version(resource: Resource) -> str:
    """`api/v1`, `apis/apps/v1`, …"""
    return f"apis/{resource.group}/{resource.version}" if resource.group else f"api/{resource.version}"


def _collect(name: str, schemas: dict[str, Obj], prefix: str) -> None:
    """Adds a type and all that it refers to."""
    if name in schemas:
        return
    if name in _SCALAR_SCHEMAS:
        schemas[name] = (_SCALAR_SCHEMAS if prefix == _V3_REFERENCES else _SCALAR_SCHEMAS_V2)[name]
        return
    type_ = types.get(name)
    if type_ is None:
        schemas[name] = {"type": "object"}
        return
    schemas[name] = _schema(type_, prefix)
    for field in type_.fields.values():
        for referred in _referred(field.type):
            _collect(referred, schemas, prefix)


def _referred(type_: FieldType) -> list[str]:
    if type_.item is not None:
        return _referred(type_.item)
    if type_.ref:
        return [type_.ref]
    return [_SCALARS[type_.kind]] if type_.kind in _SCALARS else []


def _schema(type_: Type, prefix: str) -> Obj:
    schema: Obj = {
        "type": "object",
        "properties": {name: _property(field, prefix) for name, field in type_.fields.items()},
    }
    if type_.description:
        schema["description"] = type_.description
    if type_.required:
        schema["required"] = list(type_.required)
    if type_.kinds:
        schema["x-kubernetes-group-version-kind"] = [
            {"group": group, "version": version, "kind": kind} for group, version, kind in type_.kinds
        ]
    return schema


def _property(field: Field, prefix: str) -> Obj:
    body = _type(field.type, prefix)
    if "$ref" in body:
        # A reference beside other keywords has to be wrapped in OpenAPI v3.
        body = {"allOf": [body]} if prefix == _V3_REFERENCES else body
    if field.description:
        body["description"] = field.description
    facts = {
        "x-kubernetes-list-type": field.list_type,
        "x-kubernetes-list-map-keys": list(field.list_map_keys),
        "x-kubernetes-map-type": field.map_type,
        "x-kubernetes-patch-merge-key": field.merge_key,
        "x-kubernetes-patch-strategy": ",".join(field.patch_strategies),
    }
    return body | {name: value for name, value in facts.items() if value}


def _type(type_: FieldType, prefix: str) -> Obj:
    if type_.kind == "list":
        return {"type": "array", "items": _type(type_.item, prefix) if type_.item else {}}
    if type_.kind == "map":
        return {"type": "object", "additionalProperties": _type(type_.item, prefix) if type_.item else {}}
    if type_.kind in _SCALARS:
        return {"$ref": prefix + _SCALARS[type_.kind]}
    if type_.ref:
        return {"$ref": prefix + type_.ref}
    return dict(_FORMATS.get(type_.kind, {"type": "object"}))


def _paths(resource: Resource) -> dict[str, Obj]:
    """The resource's paths with their operations, as far as clients look at them."""
    base = f"/apis/{resource.group}/{resource.version}" if resource.group else f"/api/{resource.version}"
    where = f"{base}/namespaces/{{namespace}}/{resource.plural}" if resource.namespaced else f"{base}/{resource.plural}"
    gvk = {"group": resource.group, "version": resource.version, "kind": resource.kind}

    def operation(action: str, parameters: tuple[str, ...] = (), media: tuple[str, ...] = ()) -> Obj:
        made: Obj = {
            "x-kubernetes-action": action,
            "x-kubernetes-group-version-kind": gvk,
            "parameters": [{"name": name, "in": "query", "schema": {"type": "string"}} for name in parameters],
            "responses": {"200": {"description": "OK"}},
        }
        if media:
            made["requestBody"] = {"content": {name: {"schema": {"type": "object"}} for name in media}}
        return made

    reading = ("labelSelector", "fieldSelector", "limit", "continue", "resourceVersion", "watch")
    collection = {"get": operation("list", reading), "post": operation("post", _WRITE_PARAMETERS, _MEDIA)}
    one = {
        "get": operation("get"),
        "put": operation("put", _WRITE_PARAMETERS, _MEDIA),
        "patch": operation("patch", (*_WRITE_PARAMETERS, "force"), _PATCH_MEDIA),
        "delete": operation("delete", ("dryRun", "gracePeriodSeconds", "propagationPolicy"), _MEDIA),
    }
    verbs = {"get": "get", "put": "update", "patch": "patch", "delete": "delete"}
    return {
        where: {m: o for m, o in collection.items() if {"get": "list", "post": "create"}[m] in resource.verbs},
        f"{where}/{{name}}": {m: o for m, o in one.items() if verbs[m] in resource.verbs},
    }
