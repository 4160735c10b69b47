"""The ASGI application in front of one or many API servers.

Shared by `cluster_engine.serve` (one cluster) and the site's `kubeapi` (a sandbox under each secret path). A backend
says which API server a path belongs to, and is told before and after each request, so that it can bring the cluster to
the present and make safe what was written.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Protocol

from cluster_engine.apimachinery import errors
from cluster_engine.http.body import MAX_BODY_BYTES
from cluster_engine.http.frontend import Frontend, bookmark_bytes, event_bytes, expired_bytes
from cluster_engine.http.message import HttpRequest, HttpResponse, WatchResponse, error_response

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

BOOKMARK_SECONDS = 60.0
# There is no back-pressure below us, so one watch may not send for ever: then it ends, and the client lists again.
MAX_WATCH_BYTES = 256 * 1024 * 1024


class Backend(Protocol):
    """One API server as the application sees it."""

    frontend: Frontend

    async def before(self) -> None:
        """Brings the cluster to the present moment."""

    async def after(self) -> None:
        """Returns when what was written is safe; the cluster goes on by itself."""


# (path, headers) -> the backend and the path within it and the user, or None for nobody's path.
Resolve = Callable[[str, dict[str, str]], Awaitable["tuple[Backend, str, str] | None"]]


class KubeApi:
    """The ASGI application: HTTP requests and chunked watches."""

    def __init__(self, resolve: Resolve) -> None:
        self._resolve = resolve

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 4404})
            return
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        found = await self._resolve(scope["path"], headers)
        if found is None:
            await _send(send, error_response(errors.page_not_found()))
            return
        backend, path, user = found
        body = await _read_body(receive)
        if body is None:
            await _send(send, error_response(errors.too_large(f"Request entity too large: limit is {MAX_BODY_BYTES}")))
            return
        query = scope.get("query_string", b"").decode("latin-1")
        await backend.before()
        response = backend.frontend.respond(HttpRequest(scope["method"], path, query, headers, body, user))
        await backend.after()
        if isinstance(response, WatchResponse):
            await _Stream(response, backend, receive, send).run()
        else:
            await _send(send, response)


async def _read_body(receive: Receive) -> bytes | None:
    """The whole body, or None when it is larger than any body may be."""
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return b""
        part = message.get("body", b"")
        size += len(part)
        if size <= MAX_BODY_BYTES:
            parts.append(part)
        if not message.get("more_body"):
            return b"".join(parts) if size <= MAX_BODY_BYTES else None


async def _send(send: Send, response: HttpResponse) -> None:
    headers = [
        (b"content-type", response.content_type.encode()),
        (b"content-length", str(len(response.body)).encode()),
        *((name.lower().encode(), value.encode("latin-1", "replace")) for name, value in response.headers),
    ]
    await send({"type": "http.response.start", "status": response.code, "headers": headers})
    await send({"type": "http.response.body", "body": response.body})


class _Stream:
    """One watch on its way to one client."""

    def __init__(self, response: WatchResponse, backend: Backend, receive: Receive, send: Send) -> None:
        self._response = response
        self._backend = backend
        self._receive = receive
        self._send = send
        self._ready = asyncio.Event()
        self._first = True
        self._sent_bytes = 0

    async def run(self) -> None:
        response, watch = self._response, self._response.watch
        watch.on_ready = self._ready.set
        headers = [(b"content-type", response.content_type.encode())]
        await self._send({"type": "http.response.start", "status": 200, "headers": headers})
        # An empty chunk sends the headers: clients wait for them before anything happens.
        await self._send({"type": "http.response.body", "body": b"", "more_body": True})
        gone: asyncio.Future[Any] = asyncio.ensure_future(self._wait_for_disconnect())
        try:
            await self._pump(gone)
        finally:
            gone.cancel()
            watch.on_ready = None
            watch.stop()
        if not gone.done() or gone.cancelled():
            await self._send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _pump(self, gone: asyncio.Future[Any]) -> None:
        loop = asyncio.get_running_loop()
        response, watch = self._response, self._response.watch
        end = loop.time() + response.timeout_seconds
        next_bookmark = loop.time() + BOOKMARK_SECONDS
        await self._drain()
        if response.initial_events_end is not None and response.bookmarks:
            await self._chunk(bookmark_bytes(response, response.initial_events_end, initial_events_end=True))
        while not gone.done() and loop.time() < end:
            if watch.ended or self._sent_bytes > MAX_WATCH_BYTES:
                await self._chunk(expired_bytes())
                return
            self._ready.clear()
            if not len(watch):
                waits = min(end, next_bookmark) - loop.time()
                ready: asyncio.Future[Any] = asyncio.ensure_future(self._ready.wait())
                await asyncio.wait({ready, gone}, timeout=max(waits, 0), return_when=asyncio.FIRST_COMPLETED)
                ready.cancel()
            await self._drain()
            if response.bookmarks and loop.time() >= next_bookmark:
                await self._chunk(bookmark_bytes(response, self._backend.frontend.server.store.revision))
                next_bookmark = loop.time() + BOOKMARK_SECONDS

    async def _drain(self) -> None:
        """Sends all events that have arrived, in one chunk."""
        watch = self._response.watch
        lines = []
        while (event := watch.pop()) is not None:
            lines.append(event_bytes(event[0], watch.render(event[1], self._first)))
            self._first = False
        if lines:
            await self._chunk(b"".join(lines))

    async def _chunk(self, data: bytes) -> None:
        self._sent_bytes += len(data)
        await self._send({"type": "http.response.body", "body": data, "more_body": True})

    async def _wait_for_disconnect(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
