"""Content negotiation: in which form, encoding and layout a client wants its answer."""

from __future__ import annotations

import gzip
from functools import lru_cache
from typing import Any, Literal

import orjson
import yaml

from cluster_engine.apimachinery.errors import ApiError
from cluster_engine.apiserver.request import Accept
from cluster_engine.http.message import HttpRequest, HttpResponse, dumps, warning

Encoding = Literal["json", "yaml"]
_ENCODINGS: dict[str, Encoding] = {
    "application/json": "json",
    "application/*": "json",
    "*/*": "json",
    "application/yaml": "yaml",
}
_META_GROUP, _META_VERSIONS = "meta.k8s.io", ("v1", "v1beta1")
# Larger answers to a GET are compressed for clients that accept it, as the feature APIResponseCompression does.
GZIP_FROM_BYTES = 128 * 1024
_PRETTY_AGENTS = ("curl", "Wget", "Mozilla/5.0")


@lru_cache(maxsize=512)
def media_types(accept: str) -> tuple[tuple[str, tuple[tuple[str, str], ...]], ...]:
    """The media types of an Accept header in the client's order: (type, its parameters)."""
    parsed = []
    for clause in accept.split(","):
        media, *parameters = (part.strip() for part in clause.split(";"))
        if media:
            pairs = tuple((name, value) for name, _, value in (p.partition("=") for p in parameters))
            parsed.append((media, pairs))
    return tuple(parsed)


@lru_cache(maxsize=512)
def accepted(accept: str) -> tuple[Accept, Encoding] | None:
    """(whole objects, a Table or metadata only; the encoding), or None where the client accepts neither of ours."""
    clauses = media_types(accept)
    if not clauses:
        return "object", "json"
    for media, pairs in clauses:
        encoding = _ENCODINGS.get(media)
        if encoding is None:
            continue
        parameters = dict(pairs)
        as_kind = parameters.get("as", "")
        if not as_kind:
            return "object", encoding
        if parameters.get("g", _META_GROUP) != _META_GROUP or parameters.get("v", "v1") not in _META_VERSIONS:
            continue
        if as_kind == "Table":
            return "table", encoding
        if as_kind in ("PartialObjectMetadata", "PartialObjectMetadataList"):
            return "partial", encoding
    return None


def in_version_asked(accept: str, body: Any) -> Any:
    """A Table or metadata-only object as older clients know it: v1beta1 of meta.k8s.io has the same fields."""
    if "v1beta1" not in accept or not isinstance(body, dict) or body.get("apiVersion") != f"{_META_GROUP}/v1":
        return body
    for media, pairs in media_types(accept):
        if media in _ENCODINGS:
            asked = dict(pairs).get("v") == "v1beta1"
            return {**body, "apiVersion": f"{_META_GROUP}/v1beta1"} if asked else body
    return body


def not_acceptable() -> ApiError:
    """406: what the client accepts is not written here."""
    known = ", ".join(media for media in _ENCODINGS if "*" not in media)
    return ApiError(406, "NotAcceptable", f"only the following media types are accepted: {known}")


def wants_aggregated_discovery(accept: str) -> str:
    """The version of apidiscovery.k8s.io that the client asks for ("v2", "v2beta1"), or "" for plain discovery."""
    for media, pairs in media_types(accept):
        parameters = dict(pairs)
        if media == "application/json" and parameters.get("g") == "apidiscovery.k8s.io":
            if parameters.get("as") == "APIGroupDiscoveryList" and parameters.get("v") in ("v2", "v2beta1"):
                return parameters["v"]
        elif media == "application/json" and not parameters.get("g"):
            return ""
    return ""


def encode(http: HttpRequest, value: Any, code: int, encoding: Encoding, warnings: list[str]) -> HttpResponse:
    """An object as the client wants it: JSON in one line or pretty, or YAML; large ones compressed."""
    if encoding == "yaml":
        text = yaml.safe_dump(orjson.loads(orjson.dumps(value)), sort_keys=False, allow_unicode=True)
        response = HttpResponse(code, text.encode(), "application/yaml")
    elif _is_pretty(http):
        response = HttpResponse(code, orjson.dumps(value, option=orjson.OPT_INDENT_2))
    else:
        response = HttpResponse(code, dumps(value))
    if warnings:
        response.headers.extend(("Warning", warning(text)) for text in warnings)
    if len(response.body) >= GZIP_FROM_BYTES and http.method == "GET" and _accepts_gzip(http):
        response.body = gzip.compress(response.body, 1, mtime=0)
        response.headers += [("Content-Encoding", "gzip"), ("Vary", "Accept-Encoding")]
    return response


def _is_pretty(http: HttpRequest) -> bool:
    """Whether a person reads the answer: asked for by `pretty`, else guessed from the client."""
    asked = http.parameters().get("pretty") if "pretty" in http.query else None
    if asked is None:
        return http.headers.get("user-agent", "").startswith(_PRETTY_AGENTS)
    return asked.lower() not in ("false", "0")


def _accepts_gzip(http: HttpRequest) -> bool:
    return "gzip" in http.headers.get("accept-encoding", "")
