"""Daphne's HTTP with connections that change their protocol, and websockets that are refused with a whole answer.

ASGI has no word for the first: the server says so by the extension `podarium.upgrade` of an HTTP scope. An application
sends `podarium.upgrade` with the headers of the 101, then `podarium.upgrade.send` and `podarium.upgrade.close`, and
gets `podarium.upgrade.receive`. The second is ASGI's own extension `websocket.http.response`.
"""

from __future__ import annotations

from collections.abc import MutableMapping
from http import HTTPStatus
from typing import Any

from daphne.http_protocol import HTTPFactory, WebRequest
from daphne.ws_protocol import WebSocketFactory, WebSocketProtocol
from twisted.internet.protocol import Protocol
from twisted.protocols.policies import ProtocolWrapper

UPGRADE = "podarium.upgrade"
WEBSOCKET_RESPONSE = "websocket.http.response"
_Message = MutableMapping[str, Any]


class _Upgraded(Protocol):
    """What a connection is after its upgrade: bytes to the application."""

    # Twisted declares less than its transports can do.
    transport: Any = None

    def __init__(self, request: UpgradableRequest) -> None:
        self._request = request

    def dataReceived(self, data: bytes) -> None:  # noqa: N802 - Twisted's name
        self._request.application_queue.put_nowait({"type": "podarium.upgrade.receive", "bytes": data})

    def connectionLost(self, reason: Any = None) -> None:  # noqa: N802
        del reason
        self._request.lost()


class UpgradableRequest(WebRequest):  # type: ignore[misc]
    """A request whose connection may be taken over by the application."""

    transport: Any
    upgraded: _Upgraded | None = None

    def handle_reply(self, message: _Message) -> None:
        match message["type"]:
            case "podarium.upgrade":
                self._take_over(message["headers"])
            case "podarium.upgrade.send":
                if self.upgraded is not None:
                    self.upgraded.transport.write(message["bytes"])
            case "podarium.upgrade.close":
                if self.upgraded is not None:
                    self.upgraded.transport.loseConnection()
            case _:
                super().handle_reply(message)

    def _take_over(self, headers: list[tuple[bytes, bytes]]) -> None:
        if self.finished or self.channel is None:
            return
        transport: Any = self.transport
        self.transport = None
        protocol: Any = _Upgraded(self)
        self.upgraded = protocol
        if isinstance(transport, ProtocolWrapper):
            transport.wrappedProtocol = protocol  # TLS wraps the connection
        else:
            transport.protocol = protocol
        transport.unregisterProducer()
        protocol.makeConnection(transport)
        lines = [b"HTTP/1.1 101 Switching Protocols", *(name + b": " + value for name, value in headers), b"", b""]
        transport.write(b"\r\n".join(lines))
        transport.resumeProducing()

    def lost(self) -> None:
        """The connection has ended after its upgrade."""
        self.application_queue.put_nowait({"type": "http.disconnect"})
        self.server.protocol_disconnected(self)

    def check_timeouts(self) -> None:
        if self.upgraded is None:
            super().check_timeouts()


class UpgradingFactory(HTTPFactory):  # type: ignore[misc]
    """Makes requests that can be upgraded."""

    def buildProtocol(self, addr: Any) -> Any:  # noqa: N802
        protocol = super().buildProtocol(addr)
        protocol.requestFactory = UpgradableRequest
        return protocol


class AnsweringWebSocket(WebSocketProtocol):  # type: ignore[misc]
    """A websocket that can be refused with a status and a body."""

    _answer: _Message | None = None

    def handle_reply(self, message: _Message) -> None:
        if message["type"] == "websocket.http.response.start":
            self._answer = message
        elif message["type"] == "websocket.http.response.body":
            self._refuse(message.get("body", b""))
        elif message["type"] != "websocket.send" or self.state in (self.STATE_CONNECTING, self.STATE_OPEN):
            # What is said to a client that has just gone is heard by nobody.
            super().handle_reply(message)

    def _refuse(self, body: bytes) -> None:
        """Answers as plain HTTP. Only at the handshake, and at once with the whole body."""
        if self._answer is None or not hasattr(self, "handshake_deferred"):
            return
        code = self._answer["status"]
        phrase = HTTPStatus(code).phrase if code in HTTPStatus._value2member_map_ else ""
        headers = [*self._answer["headers"], (b"connection", b"close")]
        lines = [f"HTTP/1.1 {code} {phrase}".encode(), *(name + b": " + value for name, value in headers), b"", b""]
        self.sendData(b"\r\n".join(lines) + body)
        del self.handshake_deferred
        self.server.protocol_disconnected(self)
        self.wasClean = True
        self.dropConnection(abort=False)


class AnsweringWebSocketFactory(WebSocketFactory):  # type: ignore[misc]
    """Makes websockets that can be refused with an answer."""

    protocol = AnsweringWebSocket
