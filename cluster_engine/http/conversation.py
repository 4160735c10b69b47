"""Bytes both ways between the API server and one client: exec, attach and port-forward on their way.

A `Speaker` knows what the bytes mean (`channels.py`, `spdy_streams.py`); `converse` carries them, whatever is below: a
websocket, or a connection that was upgraded.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Protocol

from cluster_engine.apimachinery.errors import ApiError
from cluster_engine.http.stream import Backend, Client

# What may wait of what a client sends, until the cluster has taken it.
MAX_WAITING_BYTES = 16 * 1024 * 1024
_LONG_SECONDS = 3600.0


class Speaker(Protocol):
    """One side of a conversation, without I/O. It asks to be read by `on_ready`."""

    on_ready: Callable[[], None] | None

    def hear(self, data: bytes) -> None:
        """The client has sent a message."""

    def take(self) -> list[bytes]:
        """The messages for the client since the last time."""

    @property
    def over(self) -> bool:
        """Nothing more will come than what `take` gives now."""

    def stop(self) -> None:
        """The client has gone."""


async def converse(
    speaker: Speaker, backend: Backend, client: Client, send: Callable[[bytes], Awaitable[None]]
) -> None:
    """Carries messages until one side has said all. What a client is told is safe by then."""
    heard: deque[bytes] = deque()
    waiting = 0

    def on_message(message: MutableMapping[str, Any]) -> None:
        nonlocal waiting
        data = message.get("bytes") or (message.get("text") or "").encode()
        waiting += len(data)
        if waiting > MAX_WAITING_BYTES:
            client.dismiss()
        elif data:
            heard.append(data)
            client.waiter.wake()

    client.on_message = on_message
    speaker.on_ready = client.waiter.wake
    metrics = backend.frontend.metrics
    metrics.watches += 1
    try:
        while not client.done:
            spoke = bool(heard)
            if spoke:
                await backend.before()
            while heard:
                data = heard.popleft()
                waiting -= len(data)
                speaker.hear(data)
            if spoke:
                # What it brings about at once is told at once.
                await backend.before()
            over = speaker.over
            parts = speaker.take()
            if spoke or parts:
                await backend.after()
            for part in parts:
                await send(part)
            if over:
                return
            if not parts and not heard:
                await client.waiter.wait(_LONG_SECONDS)
    except (TimeoutError, ApiError):
        pass  # a client that does not read, or a cluster that has moved
    finally:
        metrics.watches -= 1
        speaker.on_ready = None
        speaker.stop()
