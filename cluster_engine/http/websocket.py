"""Websockets: watches event by event, exec and attach by channels, port-forward by channels or as a tunnel for SPDY.

Follows k8s.io/apiserver/pkg/endpoints/handlers/watch.go, k8s.io/apiserver/pkg/util/wsstream and
k8s.io/apiserver/pkg/util/proxy/streamtunnel.go.
"""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from cluster_engine.apiserver.streams import Exchange
from cluster_engine.http.channels import (
    CHUNK_BYTES,
    EXCHANGE_PROTOCOLS,
    PORT_PROTOCOLS,
    V5,
    ExchangeSpeaker,
    PortSpeaker,
    is_text,
)
from cluster_engine.http.conversation import Speaker, converse
from cluster_engine.http.message import (
    AnyResponse,
    BytesResponse,
    ExchangeResponse,
    HttpResponse,
    PortForwardResponse,
    WatchResponse,
    dumps,
    encoded_headers,
)
from cluster_engine.http.spdy_streams import PORT_FORWARD, SpdyPorts
from cluster_engine.http.stream import Backend, Client, WatchStream, run_bytes

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

# SPDY inside a websocket, as kubectl 1.31 and later forward ports.
TUNNEL = f"SPDY/3.1+{PORT_FORWARD}"
BASE64 = "base64.binary.k8s.io"
BINARY = "binary.k8s.io"
# Codes of RFC 6455, and one of the private range for an error that came before the stream.
NORMAL, INTERNAL, REFUSED = 1000, 1011, 4000


async def serve(
    response: AnyResponse,
    backend: Backend,
    protocols: list[str],
    client: Client,
    send: Send,
    *,
    can_answer: bool = False,
) -> None:
    """Answers a request over a websocket that has not been accepted yet.

    `can_answer`: the server below can refuse it with a whole HTTP response.
    """
    match response:
        case WatchResponse():
            await WatchStream(response, backend, _Sink(send, protocols), client).run()
        case BytesResponse():
            await run_bytes(response, backend, _Sink(send, protocols, is_text=False), client)
        case ExchangeResponse() | PortForwardResponse():
            await _speak(response, backend, protocols, client, send, can_answer=can_answer)
        case HttpResponse() if response.code == 200:
            await _tell(response, _Sink(send, protocols, is_text=False))
        case HttpResponse():
            await refuse(response, protocols, send, can_answer=can_answer)


async def _speak(
    response: ExchangeResponse | PortForwardResponse,
    backend: Backend,
    protocols: list[str],
    client: Client,
    send: Send,
    *,
    can_answer: bool,
) -> None:
    speaker: Speaker
    known = EXCHANGE_PROTOCOLS if isinstance(response, ExchangeResponse) else (TUNNEL, *PORT_PROTOCOLS)
    protocol = next((name for name in known if name in protocols), None)
    if protocol is None and protocols:
        response.stop()
        body = f"websocket server selects no protocol of [{' '.join(protocols)}]".encode()
        await refuse(HttpResponse(403, body, "text/plain; charset=utf-8"), [], send, can_answer=can_answer)
        return
    spoken = protocol or known[-1]
    if isinstance(response, ExchangeResponse):
        speaker = ExchangeSpeaker(response.exchange, spoken)
    else:
        speaker = SpdyPorts(response.forward) if spoken == TUNNEL else PortSpeaker(response.forward, spoken)
    await send({"type": "websocket.accept", "subprotocol": protocol})

    async def send_part(part: bytes) -> None:
        if is_text(spoken):
            await send({"type": "websocket.send", "text": part.decode()})
        else:
            await send({"type": "websocket.send", "bytes": part})

    await converse(speaker, backend, client, send_part)
    if not client.gone:
        await send({"type": "websocket.close", "code": NORMAL})


async def _tell(response: HttpResponse, sink: _Sink) -> None:
    """A whole text (a log that is not followed) as messages."""
    await sink.start(response.content_type)
    starts = range(0, len(response.body), CHUNK_BYTES)
    await sink.write([response.body[start : start + CHUNK_BYTES] for start in starts])
    await sink.end()


async def refuse(response: HttpResponse, protocols: list[str], send: Send, *, can_answer: bool) -> None:
    """Tells an error: what a kubelet refuses to those who speak v5, over the socket; all else before there is one."""
    spoken = next((name for name in EXCHANGE_PROTOCOLS if name in protocols), None)
    body = response.body
    if response.refusal is not None and spoken == V5:
        body = dumps(response.refusal.status())
    elif can_answer:
        await send({
            "type": "websocket.http.response.start",
            "status": response.code,
            "headers": encoded_headers(response),
        })
        await send({"type": "websocket.http.response.body", "body": body})
        return
    # A server that can refuse a websocket with 403 alone: the Status goes over the socket.
    if spoken is None or response.code in (401, 403, 404):
        await send({"type": "websocket.close", "code": REFUSED})
        return
    await send({"type": "websocket.accept", "subprotocol": spoken})
    await send({"type": "websocket.send", "bytes": bytes([Exchange.ERROR]) + body})
    await send({"type": "websocket.close", "code": NORMAL})


class _Sink:
    """Each event is a message of its own. Events are text unless the client wants bytes; logs are bytes."""

    def __init__(self, send: Send, protocols: list[str], *, is_text: bool = True) -> None:
        self._send = send
        self._is_text = is_text
        self._protocol = next((name for name in protocols if name in (BASE64, BINARY)), None)

    async def start(self, content_type: str) -> None:
        del content_type  # a websocket has none
        await self._send({"type": "websocket.accept", "subprotocol": self._protocol})

    async def write(self, parts: list[bytes]) -> None:
        for part in parts:
            if self._protocol == BINARY or (self._protocol is None and not self._is_text):
                await self._send({"type": "websocket.send", "bytes": part})
            else:
                text = base64.b64encode(part).decode() if self._protocol == BASE64 else part.decode()
                await self._send({"type": "websocket.send", "text": text})

    async def end(self) -> None:
        await self._send({"type": "websocket.close", "code": NORMAL})
