"""The ASGI application in front of one or many API servers.

Shared by `cluster_engine.serve` (one cluster) and the site's `kubeapi` (a sandbox under each secret path). A backend
says which API server a path belongs to, and is told before and after each request, so that it can bring the cluster to
the present and make safe what was written.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from cluster_engine.apimachinery import errors
from cluster_engine.apimachinery.errors import ApiError
from cluster_engine.apiserver.auth.users import ADMIN, User
from cluster_engine.http import spdy_upgrade, websocket
from cluster_engine.http.body import MAX_BODY_BYTES, too_large
from cluster_engine.http.message import (
    AnyResponse,
    BytesResponse,
    ExchangeResponse,
    HttpRequest,
    HttpResponse,
    PortForwardResponse,
    WatchResponse,
    error_response,
    send_response,
)
from cluster_engine.http.stream import Backend, Client, WatchStream, run_bytes
from cluster_engine.http.websocket import Message, Receive, Send

logger = logging.getLogger(__name__)

MAX_DELAY_SECONDS = 30.0


@dataclass(slots=True)
class Found:
    """To whom a path belongs: a backend, the path within it, who sends the request unless a token says otherwise.

    `enter` and `leave` are called around a stream, with what ends it, and `close` when all is over. `headers` are those
    that the backend may see.
    """

    backend: Backend
    path: str
    headers: dict[str, str]
    user: User = ADMIN
    enter: Callable[[Callable[[], None]], None] | None = None
    leave: Callable[[Callable[[], None]], None] | None = None
    close: Callable[[], None] | None = None


# (percent-encoded path, headers) -> whose it is, or None for nobody's path.
Resolve = Callable[[str, dict[str, str]], Awaitable[Found | None]]


class KubeApi:
    """The ASGI application: HTTP requests, chunked watches, websockets."""

    def __init__(self, resolve: Resolve) -> None:
        self._resolve = resolve

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await self._websocket(scope, receive, send)
        elif scope["type"] == "http":
            await self._http(scope, receive, send)

    async def _http(self, scope: Message, receive: Receive, send: Send) -> None:
        body = await _read_body(receive)
        if body is None:
            await send_response(send, error_response(too_large()))
            return
        try:
            found, http = await self._find(scope, scope["method"], body)
            http.upgrade = spdy_upgrade.asked_for(scope, http)
        except Exception:
            logger.exception("a path could not be resolved")
            await send_response(send, error_response(ApiError(500, "InternalError", "Internal error occurred")))
            return
        try:
            response = await _answer(found, http)
            if isinstance(response, HttpResponse):
                if response.after_seconds:
                    await asyncio.sleep(min(response.after_seconds, MAX_DELAY_SECONDS))
                await send_response(send, response)
            elif found is not None:
                await self._stream(found, http, response, receive, send)
        finally:
            if found is not None and found.close is not None:
                found.close()

    async def _stream(
        self, found: Found, http: HttpRequest, response: AnyResponse, receive: Receive, send: Send
    ) -> None:
        client = Client(receive, "http.disconnect")
        sink = _Chunks(send)
        if isinstance(response, WatchResponse):
            await _attended(found, client, WatchStream(response, found.backend, sink, client).run())
        elif isinstance(response, BytesResponse):
            await _attended(found, client, run_bytes(response, found.backend, sink, client))
        elif isinstance(response, (ExchangeResponse, PortForwardResponse)):
            await _attended(found, client, spdy_upgrade.serve(response, http, found.backend, client, send))

    async def _websocket(self, scope: Message, receive: Receive, send: Send) -> None:
        await receive()  # websocket.connect
        found, http = await self._find(scope, "GET", b"")
        can_answer = "websocket.http.response" in scope.get("extensions", {})
        if found is None:
            await websocket.refuse(error_response(errors.page_not_found()), [], send, can_answer=can_answer)
            return
        try:
            http.upgrade = True
            response = await _answer(found, http)
            client = Client(receive, "websocket.disconnect")
            protocols = scope.get("subprotocols") or []
            await _attended(
                found, client, websocket.serve(response, found.backend, protocols, client, send, can_answer=can_answer)
            )
        finally:
            if found.close is not None:
                found.close()

    async def _find(self, scope: Message, method: str, body: bytes) -> tuple[Found | None, HttpRequest]:
        """Whose the path is, and the request as its owner is to see it."""
        pairs = [(name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in scope["headers"]]
        raw = scope.get("raw_path")
        path = raw.decode("latin-1") if raw else scope["path"]
        query = scope.get("query_string", b"").decode("latin-1")
        headers = dict(pairs)
        found = await self._resolve(path, headers)
        if found is None:
            return None, HttpRequest(method, path, query, headers, body)
        return found, HttpRequest(method, found.path, query, found.headers, body, found.user, pairs)


async def _answer(found: Found | None, http: HttpRequest) -> AnyResponse:
    """What is answered, once the cluster has come to the present, and safe is what the answer tells."""
    if found is None:
        return error_response(errors.page_not_found())
    try:
        await found.backend.before()
        response = found.backend.frontend.respond(http)
        await found.backend.after()
        return response
    except ApiError as error:
        return error_response(error)
    except Exception:
        logger.exception("a request could not be answered")
        return error_response(ApiError(500, "InternalError", "Internal error occurred"))


async def _attended(found: Found, client: Client, work: Awaitable[None]) -> None:
    """Runs a stream while its client is listened to; whoever found it may end it."""
    listener = asyncio.ensure_future(client.listen())
    if found.enter is not None:
        found.enter(client.dismiss)
    try:
        await work
    finally:
        listener.cancel()
        if found.leave is not None:
            found.leave(client.dismiss)


async def _read_body(receive: Receive) -> bytes | None:
    """The whole body, or None when it is larger than any body may be."""
    message = await receive()
    if not message.get("more_body"):
        body: bytes = message.get("body", b"")
        return body if len(body) <= MAX_BODY_BYTES else None
    parts: list[bytes] = []
    size = 0
    while True:
        part = message.get("body", b"")
        size += len(part)
        if size <= MAX_BODY_BYTES:
            parts.append(part)
        if message["type"] == "http.disconnect" or not message.get("more_body"):
            return b"".join(parts) if size <= MAX_BODY_BYTES else None
        message = await receive()


class _Chunks:
    """A stream as the chunks of an HTTP response."""

    def __init__(self, send: Send) -> None:
        self._send = send

    async def start(self, content_type: str) -> None:
        headers = [(b"content-type", content_type.encode()), (b"cache-control", b"no-cache, private")]
        await self._send({"type": "http.response.start", "status": 200, "headers": headers})
        # An empty chunk sends the headers: clients wait for them before anything happens.
        await self._send({"type": "http.response.body", "body": b"", "more_body": True})

    async def write(self, parts: list[bytes]) -> None:
        await self._send({"type": "http.response.body", "body": b"".join(parts), "more_body": True})

    async def end(self) -> None:
        await self._send({"type": "http.response.body", "body": b"", "more_body": False})
