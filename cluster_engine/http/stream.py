"""Responses that go on, pumped to one client: watch events and followed logs.

What carries them (HTTP chunks, a websocket) is a `Sink`. The sink's `write` may wait while the client does not read;
the server below raises `TimeoutError` when it has waited long enough, and the stream ends.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Protocol

from cluster_engine.apimachinery.errors import ApiError
from cluster_engine.http.frontend import Frontend, bookmark_bytes, event_bytes, expired_bytes
from cluster_engine.http.message import BytesResponse, WatchResponse

BOOKMARK_SECONDS = 60.0
# Where nothing below pushes back, a client that never reads costs at most this much; then it has to list again.
MAX_STREAM_BYTES = 64 * 1024 * 1024
MAX_CHUNK_BYTES = 256 * 1024


class Backend(Protocol):
    """One API server as the application sees it."""

    frontend: Frontend

    async def before(self) -> None:
        """Brings the cluster to the present moment."""

    async def after(self) -> None:
        """Returns when all that has happened is safe, so that a client may be told; the cluster goes on by itself."""


class Sink(Protocol):
    """Where the bytes of a stream go."""

    async def start(self, content_type: str) -> None: ...

    async def write(self, parts: list[bytes]) -> None:
        """Sends some messages (events, pieces of text). Raises `TimeoutError` when the client does not read."""

    async def end(self) -> None: ...


class Waiter:
    """Sleeps until it is woken or a moment has come, without a task of its own."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._future: asyncio.Future[None] | None = None
        self._woken = False

    def wake(self) -> None:
        self._woken = True
        if self._future is not None and not self._future.done():
            self._future.set_result(None)

    async def wait(self, seconds: float) -> None:
        if self._woken or seconds <= 0:
            self._woken = False
            return
        self._future = future = self._loop.create_future()
        handle = self._loop.call_later(seconds, self.wake)
        try:
            await future
        finally:
            handle.cancel()
            self._future = None
            self._woken = False


class Client:
    """The client of a stream: whether it is still there, and what it says."""

    def __init__(self, receive: Callable[[], Awaitable[MutableMapping[str, Any]]], gone_on: str) -> None:
        self.waiter = Waiter()
        self.gone = False
        self.dismissed = False
        self.on_message: Callable[[MutableMapping[str, Any]], None] | None = None
        self._receive = receive
        self._gone_on = gone_on

    async def listen(self) -> None:
        """Hands on what the client says, until it goes."""
        while (message := await self._receive())["type"] != self._gone_on:
            if self.on_message is not None:
                self.on_message(message)
        self.leave()

    def leave(self) -> None:
        self.gone = True
        self.waiter.wake()

    def dismiss(self) -> None:
        """Ends the stream from our side."""
        self.dismissed = True
        self.waiter.wake()

    @property
    def done(self) -> bool:
        return self.gone or self.dismissed


class WatchStream:
    """One watch on its way to one client."""

    def __init__(self, response: WatchResponse, backend: Backend, sink: Sink, client: Client) -> None:
        self._response = response
        self._backend = backend
        self._sink = sink
        self._client = client
        self._is_first = True
        self._sent_bytes = 0

    async def run(self) -> None:
        """Sends events until the client leaves, its time is over, or it is too slow."""
        response, watch = self._response, self._response.watch
        await self._sink.start(response.content_type)
        if watch is None:
            await self._sink.write([expired_bytes(response.error)])
            await self._sink.end()
            return
        metrics = self._backend.frontend.metrics
        metrics.watches += 1
        watch.on_ready = self._client.waiter.wake
        try:
            expired = await self._pump()
            if expired:
                await self._sink.write([expired_bytes()])
        except (TimeoutError, ApiError):
            # It did not read for long (what it is told now waits in its own socket), or the cluster has moved.
            await self._sink.write([expired_bytes()])
        finally:
            metrics.watches -= 1
            watch.on_ready = None
            watch.stop()
        if not self._client.gone:
            await self._sink.end()

    async def _pump(self) -> bool:
        """Whether the stream ended because the client was too slow."""
        loop = asyncio.get_running_loop()
        response, watch, client = self._response, self._response.watch, self._client
        assert watch is not None
        end = loop.time() + response.timeout_seconds
        next_bookmark = loop.time() + BOOKMARK_SECONDS
        await self._drain()
        if response.initial_events_end is not None and response.bookmarks:
            await self._write([bookmark_bytes(response, response.initial_events_end, initial_events_end=True)])
        while not client.done and loop.time() < end:
            if self._sent_bytes > MAX_STREAM_BYTES or (watch.ended and not len(watch)):
                return True
            if not len(watch):
                await client.waiter.wait(min(end, next_bookmark if response.bookmarks else end) - loop.time())
            await self._drain()
            if response.bookmarks and loop.time() >= next_bookmark:
                await self._backend.after()
                await self._write([bookmark_bytes(response, self._backend.frontend.server.store.revision)])
                next_bookmark = loop.time() + BOOKMARK_SECONDS
        return False

    async def _drain(self) -> None:
        """Sends all events that have arrived, in chunks of a bounded size."""
        watch = self._response.watch
        assert watch is not None
        if len(watch):
            await self._backend.after()
        while len(watch) and not self._client.done:
            parts: list[bytes] = []
            size = 0
            while size < MAX_CHUNK_BYTES and (event := watch.pop()) is not None:
                parts.append(event_bytes(event[0], watch.render(event[1], self._is_first)))
                size += len(parts[-1])
                self._is_first = False
            await self._write(parts)

    async def _write(self, parts: list[bytes]) -> None:
        self._sent_bytes += sum(map(len, parts))
        await self._sink.write(parts)


async def run_bytes(response: BytesResponse, backend: Backend, sink: Sink, client: Client) -> None:
    """Sends a text that goes on until it ends or the client leaves."""
    stream = response.stream
    await sink.start(response.content_type)
    metrics = backend.frontend.metrics
    metrics.watches += 1
    stream.on_ready = client.waiter.wake
    try:
        while not client.done:
            ended = stream.ended
            data = stream.read()
            for offset in range(0, len(data), MAX_CHUNK_BYTES):
                await sink.write([data[offset : offset + MAX_CHUNK_BYTES]])
            if ended:
                break
            if not data:
                await client.waiter.wait(BOOKMARK_SECONDS)
    except (TimeoutError, ApiError):
        pass  # a client that does not read its log any more
    finally:
        metrics.watches -= 1
        stream.on_ready = None
        stream.stop()
    if not client.gone:
        await sink.end()


