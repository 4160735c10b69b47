"""exec, attach and port-forward over the streams of a SPDY session.

Follows k8s.io/kubelet/pkg/cri/streaming/{remotecommand,portforward}/httpstream.go and the clients in
k8s.io/client-go/tools/{remotecommand,portforward}.
"""

from __future__ import annotations

from collections.abc import Callable

from cluster_engine.apiserver.streams import Exchange, PortConnection, PortForward
from cluster_engine.http.channels import told_status
from cluster_engine.http.spdy import Session, Stream

# The protocols between the ends of a session, in the order in which they are preferred.
EXEC_PROTOCOLS = ("v4.channel.k8s.io", "v3.channel.k8s.io", "v2.channel.k8s.io", "channel.k8s.io")
PORT_FORWARD = "portforward.k8s.io"
_CHANNELS = {
    "stdin": Exchange.STDIN,
    "stdout": Exchange.STDOUT,
    "stderr": Exchange.STDERR,
    "error": Exchange.ERROR,
    "resize": Exchange.RESIZE,
}


class _Spoken:
    """What both have in common."""

    def __init__(self) -> None:
        self.session = Session(self._opened)
        self.on_ready: Callable[[], None] | None = None

    def _ready(self) -> None:
        if self.on_ready is not None:
            self.on_ready()

    def _opened(self, stream: Stream) -> bool:
        raise NotImplementedError

    def hear(self, data: bytes) -> None:
        self.session.receive(data)

    def _sent(self) -> list[bytes]:
        data = self.session.take()
        return [data] if data else []


class SpdyExchange(_Spoken):
    """A command, or the main process of a container. It is heard once its streams are there."""

    def __init__(self, exchange: Exchange, protocol: str) -> None:
        super().__init__()
        self._exchange = exchange
        self._protocol = protocol
        self._streams: dict[int, Stream] = {}
        self._said_all = False
        exchange.on_ready = self._ready

    def _opened(self, stream: Stream) -> bool:
        channel = _CHANNELS.get(stream.headers.get("streamtype", ""))
        if channel is None or channel in self._streams:
            return False
        self._streams[channel] = stream
        exchange = self._exchange
        if channel == Exchange.STDIN:
            stream.on_data = lambda data: exchange.receive(channel, data)
            stream.on_end = lambda: exchange.close(channel)
        elif channel == Exchange.RESIZE:
            stream.on_data = self._resized
        return True

    def _resized(self, data: bytes) -> None:
        # A client may send several sizes in one go, each as a line of JSON.
        for line in data.splitlines():
            if line:
                self._exchange.receive(Exchange.RESIZE, line)

    def take(self) -> list[bytes]:
        expected = {Exchange.ERROR} | {channel for channel in (1, 2) if channel in self._exchange.outputs}
        if expected <= self._streams.keys() and not self._said_all:
            ended = self._exchange.ended
            while (part := self._exchange.read()) is not None:
                channel, data = part
                if channel == Exchange.ERROR:
                    data = told_status(data, self._protocol)
                if channel in self._streams:
                    self._streams[channel].write(data)
            if ended:
                self._said_all = True
                for stream in tuple(self._streams.values()):
                    stream.end()
        return self._sent()

    @property
    def over(self) -> bool:
        """The client goes once it has read everything; to close before would lose what is on its way."""
        return self.session.over

    def stop(self) -> None:
        self._exchange.on_ready = None
        self._exchange.stop()


class SpdyPorts(_Spoken):
    """port-forward: each connection is a pair of streams with one `requestid`, the bytes and the error."""

    def __init__(self, forward: PortForward) -> None:
        super().__init__()
        self._forward = forward
        forward.on_ready = self._ready
        # By request: the stream that waits for the other of its pair.
        self._errors: dict[str, Stream] = {}
        self._datas: dict[str, Stream] = {}
        self._open: dict[int, tuple[PortConnection, Stream, Stream]] = {}

    def _opened(self, stream: Stream) -> bool:
        headers = stream.headers
        kind, request, text = headers.get("streamtype"), headers.get("requestid", ""), headers.get("port", "")
        if kind not in ("data", "error") or not text.isascii() or not text.isdigit() or not 0 < int(text) < 65536:
            return False
        mine, others = (self._datas, self._errors) if kind == "data" else (self._errors, self._datas)
        if request in mine:
            return False
        other = others.pop(request, None)
        if other is None:
            mine[request] = stream
            return True
        self._connect(int(text), *((stream, other) if kind == "data" else (other, stream)))
        return True

    def _connect(self, port: int, data: Stream, error: Stream) -> None:
        connection = self._forward.connect(port)
        self._open[data.number] = connection, data, error
        connection.stream.on_ready = self._ready
        data.on_data = connection.send
        data.on_end = connection.finish
        if data.heard_end:
            connection.finish()
        self._ready()

    def take(self) -> list[bytes]:
        for number, (connection, data, error) in tuple(self._open.items()):
            ended = connection.stream.ended
            data.write(connection.stream.read())
            if ended or data.said_end:
                del self._open[number]
                if connection.error:
                    error.write(connection.error.encode())
                error.end()
                data.end()
                connection.finish()
                self._forward.forget(connection)
        return self._sent()

    @property
    def over(self) -> bool:
        return self.session.over or self._forward.ended

    def stop(self) -> None:
        self._forward.on_ready = None
        for connection, _data, _error in self._open.values():
            connection.stream.on_ready = None
        self._forward.stop()


def negotiated(offered: list[str], known: tuple[str, ...]) -> str | None:
    """The first that the client names and the server knows. Naming none means the oldest."""
    if not offered:
        return known[-1]
    return next((name for name in offered if name in known), None)


def refusal(offered: list[str], known: tuple[str, ...]) -> str:
    """Follows k8s.io/apimachinery/pkg/util/httpstream (Handshake)."""
    return (
        f"unable to upgrade: unable to negotiate protocol: client supports [{' '.join(offered)}], "
        f"server accepts [{' '.join(known)}]"
    )


__all__ = ["EXEC_PROTOCOLS", "PORT_FORWARD", "SpdyExchange", "SpdyPorts", "negotiated", "refusal"]
