"""HTTP messages as plain values."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, parse_qsl

import orjson

from cluster_engine.apimachinery.errors import ApiError
from cluster_engine.apiserver.auth.users import ADMIN, User
from cluster_engine.apiserver.kubelet_api import KubeletRefusal
from cluster_engine.apiserver.request import Watch
from cluster_engine.apiserver.streams import ByteStream, Exchange, PortForward

JSON = "application/json"


@dataclass(slots=True)
class HttpRequest:
    """One request. `path` is percent-encoded, header names are in lower case, `query` is the raw query string.

    `user` is who sends it unless a header says otherwise (a token, or whom to impersonate). `header_list` has every
    header, for those that may come several times. `upgrade`: what it asks for can be carried both ways.
    """

    method: str
    path: str
    query: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    user: User = ADMIN
    header_list: list[tuple[str, str]] = field(default_factory=list)
    upgrade: bool = False

    def parameters(self) -> dict[str, str]:
        """The query's parameters; of several with one name the first counts, as in Go."""
        if not self.query:
            return {}
        return dict(reversed(parse_qsl(self.query, keep_blank_values=True)))

    def parameter_lists(self) -> dict[str, list[str]]:
        """All parameters with all their values (`command` of exec comes several times)."""
        return parse_qs(self.query, keep_blank_values=True) if self.query else {}

    def parameter_list(self, name: str) -> list[str]:
        """All values of a parameter that may come several times."""
        return self.parameter_lists().get(name, [])


@dataclass(slots=True)
class HttpResponse:
    """One whole response."""

    code: int
    body: bytes
    content_type: str = JSON
    headers: list[tuple[str, str]] = field(default_factory=list)
    # How long a client waits until it is told: a request that times out somewhere below takes its time.
    after_seconds: float = 0.0
    # What a kubelet has refused; the newest protocol tells it in words of its own.
    refusal: KubeletRefusal | None = None


@dataclass(slots=True)
class WatchResponse:
    """A response that goes on: events of a watch, until the client leaves or `timeout_seconds` have passed.

    `watch` is None where the only event is `error`.
    """

    watch: Watch | None
    kind: str
    api_version: str
    timeout_seconds: float
    bookmarks: bool
    content_type: str = JSON
    # The revision at which the initial events end, where the client asked to be told (sendInitialEvents).
    initial_events_end: int | None = None
    error: ApiError | None = None


@dataclass(slots=True)
class BytesResponse:
    """A response of plain text that goes on."""

    stream: ByteStream
    content_type: str = "text/plain"


@dataclass(slots=True)
class ExchangeResponse:
    """Bytes both ways: exec and attach."""

    exchange: Exchange

    def stop(self) -> None:
        self.exchange.stop()


@dataclass(slots=True)
class PortForwardResponse:
    """Connections to ports of a pod."""

    forward: PortForward

    def stop(self) -> None:
        self.forward.stop()


AnyResponse = HttpResponse | WatchResponse | BytesResponse | ExchangeResponse | PortForwardResponse


def dumps(value: Any) -> bytes:
    """JSON as the API server writes it: one line, then a newline."""
    return orjson.dumps(value, option=orjson.OPT_APPEND_NEWLINE)


def json_response(value: Any, code: int = 200, warnings: list[str] | None = None) -> HttpResponse:
    """A JSON body, with each warning in a header of its own (RFC 7234, code 299)."""
    return HttpResponse(code, dumps(value), headers=[("Warning", warning(text)) for text in warnings or ()])


def error_response(error: ApiError) -> HttpResponse:
    """The error's Status; where it says when to come back, the header says so too."""
    if isinstance(error, KubeletRefusal):
        if error.body:
            return HttpResponse(error.body_code, error.body.encode(), "text/plain; charset=utf-8", refusal=error)
        return HttpResponse(500, dumps(ApiError(500, "", error.unreached).status()), refusal=error)
    response = HttpResponse(error.code, dumps(error.status()), after_seconds=error.after_seconds)
    seconds = (error.details or {}).get("retryAfterSeconds")
    if seconds:
        response.headers.append(("Retry-After", str(seconds)))
    return response


def encoded_headers(response: HttpResponse) -> list[tuple[bytes, bytes]]:
    """A response's headers as ASGI wants them."""
    headers = [(b"content-type", response.content_type.encode()), (b"cache-control", b"no-cache, private")]
    length = (b"content-length", str(len(response.body)).encode())
    if not response.headers:
        return [*headers, length]
    named = [(name.lower().encode(), value.encode("latin-1", "replace")) for name, value in response.headers]
    names = {name for name, _ in named}
    headers = [*(pair for pair in headers if pair[0] not in names), *named]
    return headers if b"content-length" in names else [*headers, length]


async def send_response(send: Callable[[MutableMapping[str, Any]], Awaitable[None]], response: HttpResponse) -> None:
    """Sends a whole response over ASGI."""
    await send({"type": "http.response.start", "status": response.code, "headers": encoded_headers(response)})
    await send({"type": "http.response.body", "body": response.body})


def text_response(text: str, code: int = 200) -> HttpResponse:
    return HttpResponse(code, text.encode(), "text/plain; charset=utf-8")


def warning(text: str) -> str:
    """The value of a Warning header."""
    shown = "".join(char if char.isprintable() and ord(char) < 256 else " " for char in text)
    escaped = shown.replace("\\", "\\\\").replace('"', '\\"')
    return f'299 - "{escaped}"'
