"""The websocket protocols of exec, attach and port-forward: the first byte of each message says its channel.

Follows k8s.io/apiserver/pkg/util/wsstream, k8s.io/kubelet/pkg/cri/streaming/{remotecommand,portforward}/websocket.go,
and for v5, which the API server itself translates, k8s.io/apiserver/pkg/util/proxy/{websocket,streamtranslator}.go.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections import deque
from collections.abc import Callable

from cluster_engine.apimachinery.meta import Obj
from cluster_engine.apiserver.kubelet_api import translated
from cluster_engine.apiserver.streams import Exchange, PortConnection, PortForward

V5, V4 = "v5.channel.k8s.io", "v4.channel.k8s.io"
# In the order in which they are preferred. A client may also name none, and speaks the oldest then.
EXCHANGE_PROTOCOLS = (
    V5, V4, "v4.base64.channel.k8s.io", "v3.channel.k8s.io", "v2.channel.k8s.io", "base64.channel.k8s.io",
    "channel.k8s.io",
)  # fmt: skip
PORT_PROTOCOLS = (V4, "v4.base64.channel.k8s.io")
CLOSE_CHANNEL = 255
# What one message carries, as a kubelet writes it. Clients refuse very long ones.
CHUNK_BYTES = 32 * 1024


def is_text(protocol: str) -> bool:
    """Whether the messages are text: a digit for the channel, then base64."""
    return "base64" in protocol


def encoded(protocol: str, channel: int, data: bytes) -> bytes:
    if is_text(protocol):
        return b"%d" % channel + base64.b64encode(data)
    return bytes([channel]) + data


def decoded(protocol: str, message: bytes) -> tuple[int, bytes]:
    """(channel, bytes) of a message that is not empty. ValueError where it is none."""
    if not is_text(protocol):
        return message[0], message[1:]
    try:
        return message[0] - ord("0"), base64.b64decode(message[1:], validate=True)
    except binascii.Error:
        raise ValueError from None


def told_status(data: bytes, protocol: str) -> bytes:
    """A session's last Status as its protocol tells it; empty where there is nothing to tell.

    Before v4 it is the message alone. In v5 the API server passes on what it was told as an error of its own.
    """
    if protocol in (V4, "v4.base64.channel.k8s.io"):
        return data
    if protocol == V5:
        return translated(data)
    status: Obj = json.loads(data)
    return b"" if status.get("status") == "Success" else str(status.get("message", "")).encode()


class ExchangeSpeaker:
    """exec and attach over a websocket."""

    def __init__(self, exchange: Exchange, protocol: str) -> None:
        self._exchange = exchange
        self._protocol = protocol
        # Older clients wait for a first message to know that all is well.
        self._greeted = protocol == V5
        self._over = False
        self.on_ready: Callable[[], None] | None = None
        exchange.on_ready = self._ready

    def _ready(self) -> None:
        if self.on_ready is not None:
            self.on_ready()

    def hear(self, data: bytes) -> None:
        exchange = self._exchange
        try:
            channel, content = decoded(self._protocol, data)
        except ValueError:
            exchange.stop()
            return
        if channel == CLOSE_CHANNEL and self._protocol == V5:
            if content:
                exchange.close(content[0])
        elif channel in (Exchange.STDIN, Exchange.RESIZE):
            exchange.receive(channel, content)

    def take(self) -> list[bytes]:
        parts = []
        if not self._greeted:
            self._greeted = True
            parts.append(encoded(self._protocol, Exchange.STDOUT, b""))
        while (part := self._exchange.read()) is not None:
            channel, data = part
            if channel == Exchange.ERROR and not (data := told_status(data, self._protocol)):
                continue
            parts += self._messages(channel, data)
        return parts

    def _messages(self, channel: int, data: bytes) -> list[bytes]:
        starts = range(0, len(data), CHUNK_BYTES)
        return [encoded(self._protocol, channel, data[start : start + CHUNK_BYTES]) for start in starts]

    @property
    def over(self) -> bool:
        return self._exchange.ended

    def stop(self) -> None:
        self._exchange.on_ready = None
        self._exchange.stop()


class PortSpeaker:
    """port-forward over a websocket: two channels for each port that was named, the bytes and the error."""

    def __init__(self, forward: PortForward, protocol: str) -> None:
        self._forward = forward
        self._protocol = protocol
        self._out: deque[bytes] = deque()
        self.on_ready: Callable[[], None] | None = None
        self._connections: list[PortConnection] = []
        self._told: set[int] = set()
        for index, port in enumerate(forward.ports):
            # Both channels begin with the port, the lower byte first.
            for channel in (2 * index, 2 * index + 1):
                self._out.append(encoded(protocol, channel, port.to_bytes(2, "little")))
            connection = forward.connect(port)
            connection.stream.on_ready = self._ready
            self._connections.append(connection)
        forward.on_ready = self._ready

    def _ready(self) -> None:
        if self.on_ready is not None:
            self.on_ready()

    def hear(self, data: bytes) -> None:
        try:
            channel, content = decoded(self._protocol, data)
        except ValueError:
            self.stop()
            return
        index, is_error = divmod(channel, 2)
        if not is_error and 0 <= index < len(self._connections):
            self._connections[index].send(content)

    def take(self) -> list[bytes]:
        for index, connection in enumerate(self._connections):
            data = connection.stream.read()
            for start in range(0, len(data), CHUNK_BYTES):
                self._out.append(encoded(self._protocol, 2 * index, data[start : start + CHUNK_BYTES]))
            if connection.error and index not in self._told:
                self._told.add(index)
                self._out.append(encoded(self._protocol, 2 * index + 1, connection.error.encode()))
        parts = list(self._out)
        self._out.clear()
        return parts

    @property
    def over(self) -> bool:
        return self._forward.ended or all(connection.stream.ended for connection in self._connections)

    def stop(self) -> None:
        for connection in self._connections:
            connection.stream.on_ready = None
        self._forward.on_ready = None
        self._forward.stop()
