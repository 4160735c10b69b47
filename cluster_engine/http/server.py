"""Daphne with back-pressure: a response that goes on waits while its client does not read.

Daphne buffers without bound what an application sends. Twisted, below it, tells a registered producer to pause when a
socket's buffer is full; here the application's `send` waits for that, and raises `TimeoutError` after `STALL_SECONDS`.
Used by `cluster_engine.serve` and by the site's own `serve`.
"""

from __future__ import annotations

import asyncio
import resource
from collections.abc import MutableMapping
from typing import Any

from daphne.server import Server

from cluster_engine.http.upgrade import (
    UPGRADE,
    WEBSOCKET_RESPONSE,
    AnsweringWebSocketFactory,
    UpgradableRequest,
    UpgradingFactory,
)

STALL_SECONDS = 30.0
POLL_SECONDS = 0.05
MAX_OPEN_FILES = 65_536
# Connections that wait to be accepted: many clients may come at one moment, and a full queue costs each a second.
BACKLOG = 1024
MAX_SOCKET_BUFFER_BYTES = 1024 * 1024


class _Producer:
    """What Twisted pauses while a socket's buffer is full."""

    def __init__(self) -> None:
        self._resumed: asyncio.Future[None] | None = None
        self.ended = False

    def pauseProducing(self) -> None:  # noqa: N802 - Twisted's name
        if self._resumed is None:
            self._resumed = asyncio.get_running_loop().create_future()

    def resumeProducing(self) -> None:  # noqa: N802
        resumed, self._resumed = self._resumed, None
        if resumed is not None and not resumed.done():
            resumed.set_result(None)

    def stopProducing(self) -> None:  # noqa: N802
        self.ended = True
        self.resumeProducing()

    async def wait(self) -> None:
        """Returns when more may be sent; `TimeoutError` when the client has not read for `STALL_SECONDS`."""
        if self._resumed is not None and not self.ended:
            await asyncio.wait_for(asyncio.shield(self._resumed), STALL_SECONDS)


def raise_file_limit() -> None:
    """Lets this process have as many connections as the system allows it; each is an open file."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MAX_OPEN_FILES if hard == resource.RLIM_INFINITY else min(MAX_OPEN_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


class PatientServer(Server):  # type: ignore[misc]
    """Daphne's server, whose `send` waits for clients that read slowly, and whose connections can be upgraded."""

    # Daphne makes both factories in `run`, and listens at once: they are replaced as they are set.

    @property
    def http_factory(self) -> UpgradingFactory:
        return self._http_factory

    @http_factory.setter
    def http_factory(self, made: Any) -> None:
        del made
        self._http_factory = UpgradingFactory(self)

    @property
    def ws_factory(self) -> AnsweringWebSocketFactory:
        return self._ws_factory

    @ws_factory.setter
    def ws_factory(self, made: Any) -> None:
        del made
        self._ws_factory = AnsweringWebSocketFactory(self, server=self.server_name)

    def run(self) -> None:
        raise_file_limit()
        super().run()

    def create_application(self, protocol: Any, scope: MutableMapping[str, Any]) -> Any:
        extension = UPGRADE if isinstance(protocol, UpgradableRequest) else WEBSOCKET_RESPONSE
        scope.setdefault("extensions", {})[extension] = {}
        return super().create_application(protocol, scope)

    async def handle_reply(self, protocol: Any, message: MutableMapping[str, Any]) -> None:
        streams = message["type"] == "http.response.body" and message.get("more_body")
        producer = getattr(protocol, "podarium_producer", None)
        if streams and producer is None and getattr(protocol, "channel", None) is not None:
            producer = protocol.podarium_producer = _Producer()
            protocol.registerProducer(producer, True)
        elif producer is not None and not streams:
            protocol.podarium_producer = None
            if getattr(protocol, "channel", None) is not None:
                protocol.unregisterProducer()
        await super().handle_reply(protocol, message)
        if streams and producer is not None:
            await producer.wait()
        elif message["type"] == "websocket.send":
            await _socket_drained(protocol.transport)
        elif message["type"] == "podarium.upgrade.send" and protocol.upgraded is not None:
            await _socket_drained(protocol.upgraded.transport)


async def _socket_drained(transport: Any) -> None:
    """As `_Producer.wait`, for a websocket, whose transport can have no producer of ours."""
    for _ in range(round(STALL_SECONDS / POLL_SECONDS)):
        waiting = len(getattr(transport, "dataBuffer", b"")) + getattr(transport, "_tempDataLen", 0)
        if waiting <= MAX_SOCKET_BUFFER_BYTES or not getattr(transport, "connected", False):
            return
        await asyncio.sleep(POLL_SECONDS)
    raise TimeoutError
