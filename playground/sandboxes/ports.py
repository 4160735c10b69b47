"""Ports of pods that a `kubectl port-forward` in a terminal leads to, asked from outside, in HTTP.

On the event loop, like everything that touches a live sandbox. The bytes go through the engine's own connection, so
what answers is the server in the container.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from uuid import UUID

from cluster_engine.apiserver.streams import PortConnection
from cluster_engine.containers.network.client import parse_reply
from playground.sandboxes import gateway

ANSWER_SECONDS = 10.0
MAX_ANSWER_BYTES = 4 * 1024 * 1024


class NoAnswer(Exception):
    """Nobody listens at the port (`kind` "closed"), the pod does not answer ("refused", with its words), or not in time
    ("late"), or not in HTTP ("garbled")."""

    def __init__(self, kind: str, words: str = "") -> None:
        super().__init__(words or kind)
        self.kind = kind
        self.words = words


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server in a pod said."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes


async def get(sandbox_id: UUID, port: int, target: str) -> Answer:
    """Asks for a path at a forwarded port. Raises `NoAnswer`, `SandboxNotFound`."""
    hold = await gateway.hold(sandbox_id)
    try:
        hold.catch_up()
        forwarding = hold.live.terminals.ports.find(port)
        if forwarding is None:
            raise NoAnswer("closed")
        connection = forwarding.connect()
        if connection.error:
            raise NoAnswer("refused", connection.error)
        host = f"localhost:{port}"
        lines = [f"GET {target} HTTP/1.1", f"Host: {host}", "User-Agent: podarium", "Accept: */*", "Connection: close"]
        connection.send("\r\n".join([*lines, "", ""]).encode())
        gateway.worker.want()
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                data = await _everything(connection)
        except TimeoutError:
            raise NoAnswer("late") from None
        finally:
            connection.finish()
            gateway.worker.want()
        return _answer(data)
    finally:
        hold.close()


async def _everything(connection: PortConnection) -> bytes:
    """All bytes until the server closes the connection, or its answer is whole."""
    news = asyncio.Event()
    connection.stream.on_ready = news.set
    data = b""
    while True:
        news.clear()
        data += connection.stream.read()
        if connection.stream.ended or len(data) > MAX_ANSWER_BYTES or _is_whole(data):
            return data
        await news.wait()


def _is_whole(data: bytes) -> bool:
    try:
        return parse_reply(data, head_only=False, ended=False) is not None
    except ValueError:
        return True


def _answer(data: bytes) -> Answer:
    try:
        reply = parse_reply(data, head_only=False, ended=True)
    except ValueError:
        reply = None
    if reply is None:
        raise NoAnswer("garbled", data[:200].decode("utf-8", "replace"))
    return Answer(reply.status, list(reply.headers), reply.body)
