"""Decoding of Kubernetes' protobuf bodies, which kubectl 1.32 and later send on `create`.

An envelope (the bytes `k8s\\0`, then runtime.Unknown) holds the kind and the message; field numbers come from
`schema/facts/protobuf-fields.json`. Only decoding is here: answers are JSON, which every client accepts.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from functools import lru_cache
from importlib import resources
from typing import Any

import orjson

from cluster_engine.apimachinery.meta import Obj
from cluster_engine.clock import SECOND_US, rfc3339, rfc3339_micro
from cluster_engine.schema.types import types

PREFIX = b"k8s\x00"
MAX_DEPTH = 64
_META = "k8s.io.apimachinery.pkg.apis.meta.v1."
# Messages that Go embeds, so that their fields stand in the parent's JSON.
_INLINE = frozenset(
    {
        "volumeSource",
        "handler",
        "persistentVolumeSource",
        "ephemeralContainerCommon",
        "localObjectReference",
        "lifecycleHandler",
        "ingressRuleValue",
        "rule",
        "ruleWithOperations",
    }
)


class ProtobufError(ValueError):
    """The bytes are no such message."""


@lru_cache(maxsize=1)
def _messages() -> dict[str, dict[int, tuple[str, str, str]]]:
    text = resources.files("cluster_engine.schema").joinpath("facts/protobuf-fields.json").read_text()
    return {
        name: {int(number): tuple(field) for number, field in fields.items()}
        for name, fields in json.loads(text).items()
    }


def decode(data: bytes) -> Obj:
    """The object in an envelope, as JSON would have it. Raises `ProtobufError` for anything else."""
    if not data.startswith(PREFIX):
        raise ProtobufError("provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]")
    kind = api_version = ""
    raw = b""
    for number, value in _fields(data[len(PREFIX) :]):
        if number == 1:
            for inner, text in _fields(_bytes(value)):
                if inner == 1:
                    api_version = _text(text)
                elif inner == 2:
                    kind = _text(text)
        elif number == 2:
            raw = _bytes(value)
    message = _message_of(api_version, kind)
    return {"apiVersion": api_version, "kind": kind, **_decode(message, raw, 0)}


def _message_of(api_version: str, kind: str) -> str:
    """The message of a kind, e.g. `k8s.io.api.apps.v1.Deployment`."""
    group, _, version = api_version.rpartition("/")
    package = group.removesuffix(".k8s.io").split(".")[0] if group else "core"
    for name in (f"k8s.io.api.{package}.{version}.{kind}", f"{_META}{kind}"):
        if name in _messages():
            return name
    raise ProtobufError(f'no kind "{kind}" is registered for version "{api_version}"')


def _decode(message: str, data: bytes, depth: int) -> Obj:
    if depth > MAX_DEPTH:
        raise ProtobufError("the message is nested too deeply")
    fields = _messages().get(message)
    if fields is None:
        raise ProtobufError(f"unknown message {message}")
    out: Obj = {}
    for number, raw in _fields(data):
        if number not in fields:
            continue  # a field of a newer client: dropped, as Kubernetes does
        name, type_, label = fields[number]
        if label == "map":
            key, value = _entry(type_, _bytes(raw), depth)
            out.setdefault(name, {})[key] = value
            continue
        value = _value(type_, raw, depth)
        if label == "repeated":
            out.setdefault(name, []).append(value)
        elif name in _INLINE and isinstance(value, dict):
            out.update(value)
        elif value not in ("", 0, False, None) or _is_pointer(message, name):
            out[name] = value
    return out


def _is_pointer(message: str, name: str) -> bool:
    """Whether a zero was meant. Go writes a field that is no pointer even when it is empty; JSON leaves that out."""
    field = types.field(message.replace("k8s.io.", "io.k8s.", 1), name)
    return field is not None and field.pointer


def _entry(type_: str, data: bytes, depth: int) -> tuple[str, Any]:
    key, value = "", _value(type_, b"", depth) if type_ in ("string", "bytes") or "." in type_ else 0
    for number, raw in _fields(data):
        if number == 1:
            key = _text(raw)
        elif number == 2:
            value = _value(type_, raw, depth)
    return key, value


def _value(type_: str, raw: int | bytes, depth: int) -> Any:
    if type_ == "string":
        return _text(raw)
    if type_ == "bytes":
        return base64.b64encode(_bytes(raw)).decode()
    if type_ == "bool":
        return bool(raw)
    if type_ in ("int32", "int64"):
        return _signed(raw)
    return _well_known(type_, _bytes(raw), depth)


def _well_known(type_: str, data: bytes, depth: int) -> Any:
    """Messages whose JSON is no object of their fields."""
    if type_.endswith(".resource.Quantity"):
        return next((_text(raw) for number, raw in _fields(data) if number == 1), "0")
    if type_.endswith(".intstr.IntOrString"):
        parts = dict(_fields(data))
        return _text(parts.get(3, b"")) if parts.get(1) == 1 else _signed(parts.get(2, 0))
    if type_ in (f"{_META}Time", f"{_META}MicroTime"):
        parts = dict(_fields(data))
        if not parts:
            return None
        time_us = _signed(parts.get(1, 0)) * SECOND_US + _signed(parts.get(2, 0)) // 1000
        try:
            return rfc3339_micro(time_us) if type_.endswith("MicroTime") else rfc3339(time_us)
        except (ValueError, OverflowError, OSError):
            return None
    if type_ == f"{_META}Duration":
        return f"{_signed(dict(_fields(data)).get(1, 0)) / 1e9:g}s"
    if type_ in (f"{_META}FieldsV1", "k8s.io.apimachinery.pkg.runtime.RawExtension"):
        raw = next((_bytes(part) for number, part in _fields(data) if number == 1), b"")
        try:
            return orjson.loads(raw) if raw else None
        except orjson.JSONDecodeError as error:
            raise ProtobufError(str(error)) from None
    if type_.endswith(".ExtraValue"):
        return [_text(raw) for number, raw in _fields(data) if number == 1]
    return _decode(type_, data, depth + 1)


def _fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """(number, value) of each field: an integer, or the bytes of a string or message."""
    position, end = 0, len(data)
    while position < end:
        tag, position = _varint(data, position)
        number, wire = tag >> 3, tag & 7
        if wire == 0:
            value, position = _varint(data, position)
            yield number, value
            continue
        if wire == 2:
            size, position = _varint(data, position)
        elif wire in (1, 5):
            size = 8 if wire == 1 else 4
        else:
            raise ProtobufError(f"illegal wire type {wire}")
        if size > end - position:
            raise ProtobufError("unexpected EOF")
        yield number, data[position : position + size]
        position += size


def _varint(data: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if position >= len(data):
            raise ProtobufError("unexpected EOF")
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
        shift += 7
        if shift > 63:
            raise ProtobufError("integer overflow")


def _signed(raw: int | bytes) -> int:
    if isinstance(raw, bytes):
        raise ProtobufError("wrong wire type for a number")
    return raw - 2**64 if raw >= 2**63 else raw


def _bytes(raw: int | bytes) -> bytes:
    if isinstance(raw, int):
        raise ProtobufError("wrong wire type for a message")
    return raw


def _text(raw: int | bytes) -> str:
    try:
        return _bytes(raw).decode()
    except UnicodeDecodeError:
        raise ProtobufError("a string is not valid UTF-8") from None
