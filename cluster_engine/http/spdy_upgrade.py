"""exec, attach and port-forward over a connection that is upgraded to SPDY/3.1: kubectl up to 1.29 (1.30 for
port-forward), newer ones whose websocket was refused, and many clients that are made with client-go.

Follows k8s.io/apimachinery/pkg/util/httpstream (Handshake) and its package spdy.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from cluster_engine.http.conversation import Speaker, converse
from cluster_engine.http.message import (
    ExchangeResponse,
    HttpRequest,
    HttpResponse,
    PortForwardResponse,
    send_response,
)
from cluster_engine.http.spdy_streams import (
    EXEC_PROTOCOLS,
    PORT_FORWARD,
    SpdyExchange,
    SpdyPorts,
    negotiated,
    refusal,
)
from cluster_engine.http.stream import Backend, Client
from cluster_engine.http.websocket import Message

_SPDY = "SPDY/3.1"
_VERSION_HEADER = "x-stream-protocol-version"


def asked_for(scope: Message, http: HttpRequest) -> bool:
    """Whether a request wants its connection upgraded to SPDY/3.1, and the server below can do it."""
    if "podarium.upgrade" not in scope.get("extensions", {}):
        return False
    return (
        "upgrade" in http.headers.get("connection", "").lower()
        and _SPDY.lower() in http.headers.get("upgrade", "").lower()
    )


async def serve(
    response: ExchangeResponse | PortForwardResponse,
    http: HttpRequest,
    backend: Backend,
    client: Client,
    send: Callable[[Message], Awaitable[None]],
) -> None:
    """Upgrades the connection and speaks until one side goes."""
    offered = [
        name.strip() for key, value in http.header_list if key == _VERSION_HEADER for name in value.split(",")
    ]
    known = EXEC_PROTOCOLS if isinstance(response, ExchangeResponse) else (PORT_FORWARD,)
    protocol = negotiated(offered, known)
    if protocol is None:
        response.stop()
        headers = [("X-Accepted-Stream-Protocol-Versions", name) for name in known]
        body = refusal(offered, known).encode()
        await send_response(send, HttpResponse(403, body, "text/plain; charset=utf-8", headers))
        return
    speaker: Speaker
    if isinstance(response, ExchangeResponse):
        speaker = SpdyExchange(response.exchange, protocol)
    else:
        speaker = SpdyPorts(response.forward)
    headers = [("Connection", "Upgrade"), ("Upgrade", _SPDY)]
    if offered:
        headers.append(("X-Stream-Protocol-Version", protocol))
    await send({
        "type": "podarium.upgrade",
        "headers": [(name.encode(), value.encode()) for name, value in headers],
    })

    async def send_bytes(data: bytes) -> None:
        await send({"type": "podarium.upgrade.send", "bytes": data})

    await converse(speaker, backend, client, send_bytes)
    await send({"type": "podarium.upgrade.close"})
