"""A real SQLite file with WAL, a worker that the test drives by hand, and browsers that speak the protocol."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from typing import Any

import orjson
import pytest
from channels.auth import AuthMiddlewareStack
from channels.layers import channel_layers
from channels.routing import URLRouter
from channels.testing import WebsocketCommunicator

from playground.accounts.models import User

# Tests read rows from coroutines now and then; nothing else runs on their loop meanwhile.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"


@pytest.fixture
def learner(transactional_db) -> User:
    return User.objects.create_user("learner")


@pytest.fixture
def stranger(transactional_db) -> User:
    return User.objects.create_user("stranger")


@pytest.fixture
def instructor(transactional_db) -> User:
    return User.objects.create_user("instructor", is_instructor=True)


ANSWER_SECONDS = 20.0


class Site:
    """The site's worker, driven by hand: `now` is its monotonic clock; `settle` and `pass_time` move things."""

    def __init__(self) -> None:
        from playground.sandboxes import gateway
        from playground.sandboxes.registry import Registry

        self.gateway = gateway
        self.now = 1000.0
        self.browsers: list[Browser] = []
        self._saved = vars(gateway.worker).copy()
        gateway.worker.registry = Registry()
        gateway.worker.monotonic = lambda: self.now
        gateway.worker.automatic = False
        gateway.worker.progress_hook = None
        gateway.worker._writing = asyncio.Lock()
        channel_layers.backends.clear()

    @property
    def worker(self) -> Any:
        return self.gateway.worker

    @property
    def lives(self) -> list[Any]:
        return list(self.worker.registry)

    async def settle(self) -> None:
        """Everything that is due at this moment is done and written, and browsers have heard of it."""
        await self.worker.settle()
        for browser in self.browsers:
            await browser.drain()

    async def pass_time(self, seconds: float, step_seconds: float = 1.0) -> None:
        end = self.now + seconds
        while self.now < end:
            self.now = min(end, self.now + step_seconds)
            await self.settle()

    def crash(self) -> None:
        """The process is gone: what is in memory is lost, and nobody says goodbye."""
        from playground.sandboxes.registry import Registry

        self.worker.registry = Registry()
        self.worker._writing = asyncio.Lock()
        self.browsers.clear()
        channel_layers.backends.clear()

    async def browser(self, sandbox: Any, user: Any, *, query: str = "", hello: bool = True) -> Browser:
        """A browser that looks at a sandbox."""
        browser = Browser(self, sandbox, user, query)
        self.browsers.append(browser)
        await browser.connect(hello=hello)
        return browser

    async def close(self) -> None:
        for browser in self.browsers:
            await browser.leave()
        vars(self.gateway.worker).update(self._saved)


class Browser:
    """What a browser's side of the websocket keeps: the mirror of the items, and all that it was told."""

    def __init__(self, site: Site, sandbox: Any, user: Any, query: str = "") -> None:
        from playground.console.routing import websocket_urlpatterns

        self.site = site
        path = f"/ws/sandboxes/{getattr(sandbox, 'pk', sandbox)}/" + (f"?{query}" if query else "")
        self.socket = WebsocketCommunicator(AuthMiddlewareStack(URLRouter(websocket_urlpatterns)), path)
        self.socket.scope["user"] = user
        self.heard: list[dict[str, Any]] = []
        self.items: dict[str, Any] = {}
        self.steps: list[dict[str, Any]] = []
        self.revision: int | None = None
        self.close_code: int | None = None
        self._asked = 0

    async def connect(self, *, hello: bool = True) -> None:
        connected, _ = await self.socket.connect()
        assert connected
        if hello:
            await self.connect_again()

    async def connect_again(self) -> None:
        """Says hello with the revision that it has, and waits for the answer."""
        await self.say(type="hello", revision=self.revision)
        await self.until(lambda: self.all("snapshot") or self.all("clock") or self.close_code)
        await self.site.settle()

    async def say(self, **message: Any) -> None:
        """Sends a message and lets everything come to rest."""
        await self.socket.send_to(text_data=orjson.dumps(message).decode())
        await self.drain()
        await self.site.settle()

    async def run(self, line: str, *, terminal: str = "1") -> str:
        """Types a line and returns what it printed so far."""
        await self.say(type="command", terminal=terminal, line=line)
        number = self.last("started")["command"]
        return self.printed(number)

    async def drain(self) -> None:
        """Takes in everything that the server has to send by now.

        A made-up message is answered with an error after all that came before it. Nudges come in beside what the
        browser says, so it is asked until an answer came twice with nothing else.
        """
        quiet = 0
        while quiet < 2 and self.close_code is None:
            quiet = 0 if await self._ask() else quiet + 1

    async def _ask(self) -> bool:
        """Waits for the answer to a made-up message; returns whether something else came too."""
        self._asked += 1
        question = f"question-{self._asked}"
        await self.socket.send_to(text_data=orjson.dumps({"type": question}).decode())
        something = False
        while self.close_code is None:
            output = await asyncio.wait_for(self.socket.output_queue.get(), ANSWER_SECONDS)
            if output["type"] == "websocket.close":
                self.close_code = output.get("code", 1000)
                return True
            message = orjson.loads(output["text"])
            if message == {"type": "error", "message": f"unknown message type '{question}'"}:
                break
            something = True
            self.take(message)
        return something

    async def until(self, condition: Callable[[], Any], timeout_seconds: float = 10.0) -> None:
        """Drains until something is so, which may need another thread's answer."""
        async with asyncio.timeout(timeout_seconds):
            while not condition():
                await self.drain()
                await asyncio.sleep(0.001)

    def take(self, message: dict[str, Any]) -> None:
        self.heard.append(message)
        if message["type"] == "snapshot":
            self.items, self.revision, self.steps = dict(message["items"]), message["revision"], list(message["steps"])
        elif message["type"] == "events":
            assert message["from"] == self.revision, "a gap between two messages"
            for change in message["changes"]:
                assert change["revision"] > self.revision
                if change["item"] is None:
                    self.items.pop(change["key"], None)
                else:
                    self.items[change["key"]] = change["item"]
            self.revision = message["to"]
            self.steps += message["steps"]

    def all(self, type_: str) -> list[dict[str, Any]]:
        return [message for message in self.heard if message["type"] == type_]

    def last(self, type_: str) -> dict[str, Any]:
        return self.all(type_)[-1]

    def printed(self, command: int) -> str:
        return "".join(m["text"] for m in self.all("output") if m["command"] == command)

    def pods(self) -> dict[str, dict[str, Any]]:
        return {item["name"]: item for item in self.items.values() if item["kind"] == "Pod"}

    async def leave(self) -> None:
        if self.close_code is None:
            await self.socket.disconnect()


@pytest.fixture
async def site(transactional_db) -> AsyncIterator[Site]:
    site = Site()
    yield site
    await site.close()


@pytest.fixture
def sandbox(learner) -> Any:
    from playground.sandboxes import gateway

    return gateway.create(learner, title="Test", seed=7)


@pytest.fixture
def make_sandbox() -> Callable[..., Any]:
    from playground.sandboxes import gateway

    return gateway.create
