"""Request bodies: JSON, YAML and protobuf, with limits, as plain values."""

from __future__ import annotations

from typing import Any

import orjson

from cluster_engine.apimachinery import errors
from cluster_engine.apimachinery.meta import Obj
from cluster_engine.apimachinery.scheme import Resource
from cluster_engine.apimachinery.yaml_text import YamlError, load_documents
from cluster_engine.apiserver.request import PatchType
from cluster_engine.http import protobuf
from cluster_engine.http.message import HttpRequest

# As kube-apiserver's --max-resource-write-bytes.
MAX_BODY_BYTES = 3 * 1024 * 1024
_YAML = ("application/yaml", "application/x-yaml", "text/yaml")
_PROTOBUF = "application/vnd.kubernetes.protobuf"


def decode(http: HttpRequest, resource: Resource) -> Any:
    """The object in the body. A client that names no media type sends JSON (the Python client does)."""
    return _parse(http, f'{resource.kind} in version "{resource.version}"')


def decode_options(http: HttpRequest) -> Obj:
    """Delete options, or {} where there is no body."""
    if not http.body:
        return {}
    value = _parse(http, 'DeleteOptions in version "v1"')
    if not isinstance(value, dict):
        raise errors.bad_request("the body of a delete must be a DeleteOptions object")
    return value


def decode_patch(http: HttpRequest, patch_type: PatchType) -> Any:
    """The patch in the body: a list of operations for a JSON patch, else an object."""
    check_size(http.body)
    if patch_type == "apply":
        value = _yaml(http.body)
    else:
        try:
            value = orjson.loads(http.body)
        except orjson.JSONDecodeError as error:
            raise errors.bad_request(f"error decoding patch: {error}") from None
    wanted, name = (list, "a list of operations") if patch_type == "json" else (dict, "an object")
    if not isinstance(value, wanted):
        raise errors.bad_request(f"cannot use this body as a patch: {name} is wanted")
    return value


def check_size(body: bytes) -> None:
    if len(body) > MAX_BODY_BYTES:
        raise errors.too_large(f"Request entity too large: limit is {MAX_BODY_BYTES}")


def _parse(http: HttpRequest, what: str) -> Any:
    check_size(http.body)
    media = http.headers.get("content-type", "").split(";")[0].strip() or "application/json"
    if media == _PROTOBUF:
        try:
            return protobuf.decode(http.body)
        except protobuf.ProtobufError as error:
            raise errors.bad_request(f"{what} cannot be handled: {error}") from None
    if media in _YAML:
        return _yaml(http.body)
    if media != "application/json":
        raise errors.unsupported_media_type(
            "the body of the request was in an unknown format - accepted media types include: "
            "application/json, application/yaml, application/vnd.kubernetes.protobuf"
        )
    try:
        return orjson.loads(http.body)
    except orjson.JSONDecodeError as error:
        raise errors.bad_request(f"couldn't get version/kind; json parse error: {error}") from None


def _yaml(body: bytes) -> Any:
    try:
        documents = load_documents(body.decode())
    except UnicodeDecodeError:
        raise errors.bad_request("error parsing YAML: the body is not valid UTF-8") from None
    except YamlError as error:
        raise errors.bad_request(f"error parsing YAML: {error}") from None
    if len(documents) != 1:
        raise errors.bad_request("error parsing YAML: the body must hold one document")
    return documents[0].value
