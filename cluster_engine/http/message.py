"""HTTP messages as plain values."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

import orjson

from cluster_engine.apimachinery.errors import ApiError
from cluster_engine.apiserver.request import Watch

JSON = "application/json"


@dataclass(slots=True)
class HttpRequest:
    """One request. Header names are in lower case; `query` is the raw query string."""

    method: str
    path: str
    query: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    user: str = "system:masters"

    def parameters(self) -> dict[str, str]:
        """The query's parameters; of several with one name the last counts."""
        return {name: values[-1] for name, values in parse_qs(self.query, keep_blank_values=True).items()}


@dataclass(slots=True)
class HttpResponse:
    """One whole response."""

    code: int
    body: bytes
    content_type: str = JSON
    headers: list[tuple[str, str]] = field(default_factory=list)


@dataclass(slots=True)
class WatchResponse:
    """A response that goes on: events of a watch, until the client leaves or `timeout_seconds` have passed."""

    watch: Watch
    kind: str
    api_version: str
    timeout_seconds: float
    bookmarks: bool
    content_type: str = JSON
    # The revision at which the initial events end, where the client asked to be told (sendInitialEvents).
    initial_events_end: int | None = None


def dumps(value: Any) -> bytes:
    """JSON as the API server writes it: one line, then a newline."""
    return orjson.dumps(value, option=orjson.OPT_APPEND_NEWLINE)


def json_response(value: Any, code: int = 200, warnings: list[str] | None = None) -> HttpResponse:
    """A JSON body, with each warning in a header of its own (RFC 7234, code 299)."""
    return HttpResponse(code, dumps(value), headers=[("Warning", _warning(text)) for text in warnings or ()])


def error_response(error: ApiError) -> HttpResponse:
    return HttpResponse(error.code, dumps(error.status()))


def text_response(text: str, code: int = 200) -> HttpResponse:
    return HttpResponse(code, text.encode(), "text/plain; charset=utf-8")


def _warning(text: str) -> str:
    shown = "".join(char if char.isprintable() and ord(char) < 256 else " " for char in text)
    escaped = shown.replace("\\", "\\\\").replace('"', '\\"')
    return f'299 - "{escaped}"'
