"""The site's fixtures, and a client of a sandbox's API."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from playground.kubeapi import access
from tests.site.conftest import (  # noqa: F401 - fixtures
    Site,
    instructor,
    learner,
    sandbox,
    site,
    stranger,
)


class Talk:
    """A client's side of a websocket."""

    def __init__(self) -> None:
        self.sent = asyncio.Queue[dict[str, Any]]()
        self.received = asyncio.Queue[dict[str, Any]]()

    async def message(self) -> dict[str, Any]:
        return await asyncio.wait_for(self.sent.get(), 20)

    async def heard(self) -> tuple[int, str]:
        """(channel, text) of the next message."""
        data = (await self.message())["bytes"]
        return data[0], data[1:].decode()

    def say(self, text: str, channel: int = 0) -> None:
        self.received.put_nowait({"type": "websocket.receive", "bytes": bytes([channel]) + text.encode()})


class ApiClient:
    """Speaks HTTP to the site's ASGI application, without sockets. `on_start` is called when a response begins."""

    def __init__(self) -> None:
        self.on_start: Callable[[], Any] | None = None

    async def call(
        self, method: str, path: str, body: Any = None, *, headers: dict[str, str] | None = None
    ) -> tuple[int, Any]:
        """(status, body as JSON)."""
        sent = asyncio.Queue[dict[str, Any]]()
        received = asyncio.Queue[dict[str, Any]]()
        data = b"" if body is None else json.dumps(body).encode()
        received.put_nowait({"type": "http.request", "body": data})
        await asyncio.wait_for(self._application(method, path, headers, received, sent), 20)
        start, end = sent.get_nowait(), sent.get_nowait()
        is_json = dict(start["headers"])[b"content-type"].startswith(b"application/json")
        return start["status"], json.loads(end["body"]) if is_json else end["body"].decode()

    def _application(self, method: str, path: str, headers: Any, received: Any, sent: Any) -> Any:
        from playground.asgi import application

        plain, _, query = path.partition("?")
        scope = {
            "type": "http", "method": method, "path": plain, "raw_path": plain.encode(),
            "query_string": query.encode(),
            "headers": [(name.lower().encode(), value.encode()) for name, value in (headers or {}).items()],
        }  # fmt: skip

        async def send(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start" and self.on_start is not None:
                await asyncio.to_thread(self.on_start)
            sent.put_nowait(message)

        return application(scope, received.get, send)

    @asynccontextmanager
    async def follow(self, path: str) -> AsyncIterator[Callable[[], Any]]:
        """A text that goes on; what is yielded gives the next piece, or None at the end."""
        sent = asyncio.Queue[dict[str, Any]]()
        received = asyncio.Queue[dict[str, Any]]()
        received.put_nowait({"type": "http.request", "body": b""})
        task = asyncio.ensure_future(self._application("GET", path, None, received, sent))

        async def piece() -> str | None:
            while True:
                message = await asyncio.wait_for(sent.get(), 20)
                if message["type"] == "http.response.start":
                    assert message["status"] == 200
                elif message.get("body"):
                    return str(message["body"].decode())
                elif not message.get("more_body"):
                    return None

        try:
            yield piece
        finally:
            received.put_nowait({"type": "http.disconnect"})
            await asyncio.wait_for(task, 20)

    @asynccontextmanager
    async def talk(self, path: str, protocol: str) -> AsyncIterator[Talk]:
        """A websocket that has been accepted."""
        from playground.asgi import application

        talk = Talk()
        plain, _, query = path.partition("?")
        scope = {
            "type": "websocket", "path": plain, "raw_path": plain.encode(), "query_string": query.encode(),
            "headers": [], "subprotocols": [protocol],
        }  # fmt: skip

        async def send(message: dict[str, Any]) -> None:
            talk.sent.put_nowait(message)

        talk.received.put_nowait({"type": "websocket.connect"})
        task = asyncio.ensure_future(application(scope, talk.received.get, send))
        try:
            assert await talk.message() == {"type": "websocket.accept", "subprotocol": protocol}
            yield talk
        finally:
            talk.received.put_nowait({"type": "websocket.disconnect"})
            await asyncio.wait_for(task, 20)

    @asynccontextmanager
    async def watch(self, path: str) -> AsyncIterator[Callable[[], Any]]:
        """A watch; what is yielded gives the next event, or None at the end."""
        sent = asyncio.Queue[dict[str, Any]]()
        received = asyncio.Queue[dict[str, Any]]()
        received.put_nowait({"type": "http.request", "body": b""})
        task = asyncio.ensure_future(self._application("GET", path, None, received, sent))
        lines: list[bytes] = []

        async def event() -> Any:
            while not lines:
                message = await asyncio.wait_for(sent.get(), 20)
                if message["type"] == "http.response.start":
                    assert message["status"] == 200
                elif not message.get("more_body"):
                    return None
                else:
                    lines.extend(line for line in message["body"].split(b"\n") if line)
            return json.loads(lines.pop(0))

        try:
            yield event
        finally:
            received.put_nowait({"type": "http.disconnect"})
            await asyncio.wait_for(task, 20)


@pytest.fixture
def api() -> ApiClient:
    return ApiClient()


@pytest.fixture(autouse=True)
def fresh_visitors(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test remembers another one's nonces."""
    monkeypatch.setattr(access.visitors, "_nonces", {})
    monkeypatch.setattr(access.visitors, "_leaving", {})


@pytest.fixture
def secret(sandbox: Any) -> str:  # noqa: F811
    return access.secret_of(sandbox)
