"""OpenAPI v2 for clients before v3: the document as JSON, and in the protobuf form in which kubectl asks for it.

Field numbers are those of gnostic's OpenAPIv2.proto. Only what the document has is written: definitions with their
properties, and of the paths what clients look up (which parameters a patch takes).
"""

from __future__ import annotations

from collections.abc import Iterable

import orjson

from cluster_engine.apimachinery.meta import Obj

PROTOBUF = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"
_ASKED_FOR = ("application/com.github.proto-openapi.spec.v2@v1.0+protobuf", PROTOBUF)


def wants_protobuf(accept: str) -> bool:
    """Whether the client would rather have protobuf."""
    return any(media in accept for media in _ASKED_FOR)


def encode(document: Obj) -> bytes:
    """The document as a gnostic `Document`."""
    info = document["info"]
    definitions = b"".join(
        _message(1, _string(1, name) + _message(2, _schema(schema)))
        for name, schema in document["definitions"].items()
    )
    paths = b"".join(
        _message(2, _string(1, path) + _message(2, _path(item))) for path, item in document["paths"].items()
    )
    return b"".join((
        _string(1, document["swagger"]),
        _message(2, _string(1, info["title"]) + _string(2, info["version"])),
        _message(8, paths),
        _message(9, definitions),
    ))  # fmt: skip


def _schema(schema: Obj) -> bytes:
    parts = [
        _string(1, schema.get("$ref", "")),
        _string(2, schema.get("format", "")),
        _string(4, schema.get("description", "")),
    ]
    parts.extend(_string(19, name) for name in schema.get("required") or ())
    if "additionalProperties" in schema:
        parts.append(_message(21, _message(1, _schema(schema["additionalProperties"]))))
    if "type" in schema:
        parts.append(_message(22, _string(1, schema["type"])))
    if "items" in schema:
        parts.append(_message(23, _message(1, _schema(schema["items"]))))
    if "properties" in schema:
        parts.append(_message(25, _named_schemas(schema["properties"])))
    parts.append(_extensions(31, schema))
    return b"".join(parts)


def _named_schemas(schemas: Obj) -> bytes:
    return b"".join(
        _message(1, _string(1, name) + _message(2, _schema(schema))) for name, schema in schemas.items()
    )


_METHODS = {"get": 2, "put": 3, "post": 4, "delete": 5, "patch": 8}


def _path(item: Obj) -> bytes:
    return b"".join(_message(_METHODS[method], _operation(operation)) for method, operation in item.items())


def _operation(operation: Obj) -> bytes:
    parameters = b"".join(_message(8, _message(1, _query_parameter(p["name"]))) for p in operation["parameters"])
    consumed = b"".join(_string(7, media) for media in operation.get("consumes") or ())
    answer = _message(9, _message(1, _string(1, "200") + _message(2, _message(1, _string(1, "OK")))))
    return consumed + parameters + answer + _extensions(13, operation)


def _query_parameter(name: str) -> bytes:
    """A Parameter that is no body, but in the query."""
    return _message(2, _message(3, _string(2, "query") + _string(4, name) + _string(6, "string")))


def _extensions(number: int, holder: Obj) -> bytes:
    """What starts with `x-`, as text that a YAML reader takes."""
    return b"".join(
        _message(number, _string(1, name) + _message(2, _bytes(2, orjson.dumps(value) + b"\n")))
        for name, value in holder.items()
        if name.startswith("x-")
    )


# The wire format: a tag with number and type 2, a length, the bytes.


def _string(number: int, text: str) -> bytes:
    return _bytes(number, text.encode()) if text else b""


def _message(number: int, content: bytes) -> bytes:
    return _bytes(number, content)


def _bytes(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def patch_paths(paths: Iterable[tuple[str, Obj]]) -> Obj:
    """Of the paths of the v3 documents, those with a patch, in the words of v2."""
    found: Obj = {}
    for path, item in paths:
        if "patch" in item:
            operation = item["patch"]
            kept = {name: value for name, value in operation.items() if name.startswith("x-")}
            found[path] = {
                "patch": {
                    **kept,
                    "consumes": list(operation["requestBody"]["content"]),
                    "parameters": [
                        {"name": p["name"], "in": "query", "type": "string"} for p in operation["parameters"]
                    ],
                    "responses": {"200": {"description": "OK"}},
                }
            }
    return found
