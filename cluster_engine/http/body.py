"""Request bodies: JSON, YAML and protobuf, with limits, as plain values."""

from __future__ import annotations

import json
from typing import Any

import orjson

from cluster_engine.apimachinery import errors, go_json
from cluster_engine.apimachinery.meta import Obj
from cluster_engine.apimachinery.yaml_text import Document, YamlError, load_documents
from cluster_engine.apiserver.request import PatchType
from cluster_engine.http import protobuf
from cluster_engine.http.message import HttpRequest

# As kube-apiserver's --max-resource-write-bytes.
MAX_BODY_BYTES = 3 * 1024 * 1024
SUMMARY_BYTES = 30
_YAML = ("application/yaml", "application/x-yaml", "text/yaml")
_PROTOBUF = "application/vnd.kubernetes.protobuf"
_KNOWN = "application/json, application/yaml, application/vnd.kubernetes.protobuf"

# (the value, the paths of fields that stand twice in the text)
Decoded = tuple[Any, tuple[str, ...]]


def decode(http: HttpRequest, kind: str, version: str, *, find_duplicates: bool = True) -> Decoded:
    """The object in the body. A client that names no media type sends JSON (the Python client does).

    `kind` and `version` are what it should be, for the words of a refusal.
    """
    check_size(http.body)
    media = media_type(http) or "application/json"
    if media == _PROTOBUF:
        try:
            return protobuf.decode(http.body), ()
        except protobuf.ProtobufError as error:
            what = f'{kind} in version "{version}"'
            raise errors.bad_request(f"{what} cannot be handled as a {kind}: {error}") from None
    if media in _YAML:
        return _yaml(http.body)
    if media != "application/json":
        raise errors.unsupported_media_type(
            f"the body of the request was in an unknown format - accepted media types include: {_KNOWN}"
        )
    return _json(http.body, kind, find_duplicates=find_duplicates)


def decode_options(http: HttpRequest) -> Obj:
    """Delete options, or {} where there is no body."""
    if not http.body:
        return {}
    value, _ = decode(http, "DeleteOptions", "v1", find_duplicates=False)
    if not isinstance(value, dict):
        raise errors.bad_request("the body of a delete must be a DeleteOptions object")
    return value


def decode_patch(http: HttpRequest, patch_type: PatchType) -> Decoded:
    """The patch in the body: a list of operations for a JSON patch, else an object."""
    check_size(http.body)
    duplicates: tuple[str, ...] = ()
    if patch_type == "apply":
        value, duplicates = _yaml(http.body)
    else:
        try:
            value = orjson.loads(http.body)
        except orjson.JSONDecodeError as error:
            raise errors.bad_request(f"error decoding patch: {_go_words(http.body, error)}") from None
    return value, duplicates


def _go_words(body: bytes, error: Exception) -> str:
    """What is wrong with a text that is no JSON, as Go's decoder says it."""
    try:
        go_json.parse(body.decode(errors="replace"))
    except ValueError as fault:
        return str(fault)
    return str(error)


def media_type(http: HttpRequest) -> str:
    """The body's media type without parameters, in lower case; "" when none is named."""
    return http.headers.get("content-type", "").split(";")[0].strip().lower()


def check_size(body: bytes) -> None:
    if len(body) > MAX_BODY_BYTES:
        raise too_large()


def too_large() -> errors.ApiError:
    return errors.too_large(f"Request entity too large: limit is {MAX_BODY_BYTES}")


def _json(body: bytes, kind: str, *, find_duplicates: bool) -> Decoded:
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        why = f"couldn't get version/kind; json parse error: {_parse_error(body, error)}"
        unrecognized = f"the object provided is unrecognized (must be of type {kind})"
        raise errors.bad_request(f"{unrecognized}: {why} ({_summary(body)})") from None
    if find_duplicates and _has_duplicates(body):
        try:
            return value, _duplicates(load_documents(body.decode())[0])
        except YamlError:
            pass  # the value is good; only the names of the doubled fields are not to be had
    return value, ()


def _parse_error(body: bytes, error: orjson.JSONDecodeError) -> str:
    """What Go's encoding/json says; of its reasons the most frequent."""
    text = body.decode("utf-8", "replace")
    if error.pos >= len(text.rstrip()) or "end of data" in error.msg:
        return "unexpected end of JSON input"
    return f"invalid character {text[error.pos]!r} looking for beginning of value"


def _summary(body: bytes) -> str:
    """The beginning of a body, as transformDecodeError shows it."""
    if not body:
        return "<empty>"
    begun, more = body[:SUMMARY_BYTES], " ..." if len(body) > SUMMARY_BYTES else ""
    return (begun.decode("utf-8", "replace") if begun.startswith(b"{") else begun.hex()) + more


def _has_duplicates(body: bytes) -> bool:
    """Whether a name stands twice in one object."""
    found = False

    def pairs(items: list[tuple[str, Any]]) -> None:
        nonlocal found
        found = found or len({name for name, _ in items}) != len(items)

    try:
        json.loads(body, object_pairs_hook=pairs)
    except (ValueError, RecursionError):
        return False
    return found


def _yaml(body: bytes) -> Decoded:
    try:
        documents = load_documents(body.decode())
    except UnicodeDecodeError:
        raise errors.bad_request("error parsing YAML: the body is not valid UTF-8") from None
    except YamlError as error:
        raise errors.bad_request(f"error parsing YAML: {error}") from None
    if len(documents) != 1:
        raise errors.bad_request("error parsing YAML: the body must hold one document")
    return documents[0].value, _duplicates(documents[0])


def _duplicates(document: Document) -> tuple[str, ...]:
    return tuple(duplicate.path for duplicate in document.duplicates)
