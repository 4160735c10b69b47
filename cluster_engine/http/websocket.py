"""Websockets: watches event by event, and exec, attach and port-forward by channels.

Follows k8s.io/apiserver/pkg/endpoints/handlers/watch.go and k8s.io/apiserver/pkg/util/wsstream: the first byte of each
message of an exchange is its channel; v5 of the protocol can close one.
"""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from cluster_engine.apiserver.streams import Exchange
from cluster_engine.http.message import AnyResponse, BytesResponse, ExchangeResponse, HttpResponse, WatchResponse
from cluster_engine.http.stream import Backend, Client, WatchStream, run_bytes

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

V5 = "v5.channel.k8s.io"
# In the order in which they are preferred. The older ones differ in what a Status on the error channel may say.
EXCHANGE_PROTOCOLS = (V5, "v4.channel.k8s.io", "v3.channel.k8s.io", "v2.channel.k8s.io", "channel.k8s.io")
BASE64 = "base64.binary.k8s.io"
BINARY = "binary.k8s.io"
CLOSE_CHANNEL = 255
# Codes of RFC 6455, and one of the private range for an error that came before the stream.
NORMAL, INTERNAL, REFUSED = 1000, 1011, 4000


async def serve(response: AnyResponse, backend: Backend, protocols: list[str], client: Client, send: Send) -> None:
    """Answers a request over a websocket that has not been accepted yet."""
    match response:
        case WatchResponse():
            await WatchStream(response, backend, _Sink(send, protocols), client).run()
        case BytesResponse():
            await run_bytes(response, backend, _Sink(send, protocols), client)
        case ExchangeResponse():
            await _Conversation(response.exchange, protocols, client, send).run()
        case HttpResponse():
            await _refuse(response, protocols, send)


async def _refuse(response: HttpResponse, protocols: list[str], send: Send) -> None:
    """Tells an error. The server below can refuse a websocket with 403 alone, so the Status goes over the socket."""
    spoken = next((name for name in EXCHANGE_PROTOCOLS if name in protocols), None)
    if spoken is None or response.code in (401, 403, 404):
        await send({"type": "websocket.close", "code": REFUSED})
        return
    await send({"type": "websocket.accept", "subprotocol": spoken})
    await send({"type": "websocket.send", "bytes": bytes([Exchange.ERROR]) + response.body})
    await send({"type": "websocket.close", "code": NORMAL})


class _Sink:
    """Each event is a message of its own."""

    def __init__(self, send: Send, protocols: list[str]) -> None:
        self._send = send
        self._protocol = next((name for name in protocols if name in (BASE64, BINARY)), None)

    async def start(self, content_type: str) -> None:
        del content_type  # a websocket has none
        await self._send({"type": "websocket.accept", "subprotocol": self._protocol})

    async def write(self, parts: list[bytes]) -> None:
        for part in parts:
            if self._protocol == BINARY:
                await self._send({"type": "websocket.send", "bytes": part})
            else:
                text = base64.b64encode(part).decode() if self._protocol == BASE64 else part.decode()
                await self._send({"type": "websocket.send", "text": text})

    async def end(self) -> None:
        await self._send({"type": "websocket.close", "code": NORMAL})


class _Conversation:
    """An exchange on its way between the server and one client."""

    def __init__(self, exchange: Exchange, protocols: list[str], client: Client, send: Send) -> None:
        self._exchange = exchange
        self._protocol = next((name for name in EXCHANGE_PROTOCOLS if name in protocols), None)
        self._client = client
        self._send = send

    async def run(self) -> None:
        exchange = self._exchange
        if self._protocol is None:
            exchange.stop()
            await self._send({"type": "websocket.close", "code": REFUSED})
            return
        await self._send({"type": "websocket.accept", "subprotocol": self._protocol})
        self._client.on_message = self._take
        exchange.on_ready = self._client.waiter.wake
        try:
            await self._pump()
        except TimeoutError:
            pass  # a client that does not read
        finally:
            exchange.on_ready = None
            exchange.stop()
        if not self._client.gone:
            await self._send({"type": "websocket.close", "code": NORMAL})

    async def _pump(self) -> None:
        exchange, client = self._exchange, self._client
        while not client.done:
            ended = exchange.ended
            while (part := exchange.read()) is not None:
                await self._send({"type": "websocket.send", "bytes": bytes([part[0]]) + part[1]})
            if ended:
                return
            await client.waiter.wait(3600)

    def _take(self, message: Message) -> None:
        data = message.get("bytes") or (message.get("text") or "").encode()
        if not data:
            return
        if data[0] == CLOSE_CHANNEL and self._protocol == V5:
            if len(data) > 1:
                self._exchange.close(data[1])
        else:
            self._exchange.receive(data[0], data[1:])
