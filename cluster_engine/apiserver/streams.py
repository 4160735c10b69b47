"""What a response is that goes on: bytes one way (the log that is followed), or both ways (exec, attach, port-forward).

Made by the subresource's handler, read by the HTTP layer or by the terminal. Like `Watch` they are polled, and call
`on_ready` when there is something to poll; nothing here waits.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Protocol
from weakref import ref

MAX_BUFFERED_BYTES = 4 * 1024 * 1024
# A whole archive of the largest disk (kubectl cp) may wait in an exchange.
MAX_EXCHANGED_BYTES = 16 * 1024 * 1024


class ByteStream:
    """Bytes to the client. A stream whose reader is too slow is ended."""

    def __init__(self, on_stop: Callable[[], None] | None = None) -> None:
        self._parts: deque[bytes] = deque()
        self._size = 0
        self._on_stop = on_stop
        self.on_ready: Callable[[], None] | None = None
        # No more will be written; what is in the buffer can still be read.
        self.ended = False

    def write(self, data: bytes) -> None:
        """Called by the server."""
        if self.ended or not data:
            return
        self._parts.append(data)
        self._size += len(data)
        if self._size > MAX_BUFFERED_BYTES:
            self.stop()
        elif self.on_ready is not None:
            self.on_ready()

    def end(self) -> None:
        """Called by the server after the last write."""
        if not self.ended:
            self.ended = True
            if self.on_ready is not None:
                self.on_ready()

    def read(self) -> bytes:
        """All that has arrived since the last time; empty when there is nothing yet."""
        data = b"".join(self._parts)
        self._parts.clear()
        self._size = 0
        return data

    def stop(self) -> None:
        """Called by a reader that wants no more; calling it again changes nothing."""
        stopped, self._on_stop = self._on_stop, None
        if stopped is not None:
            stopped()
        self.end()


class Exchange:
    """Bytes both ways on numbered channels, as exec and attach use them (see the constants)."""

    STDIN, STDOUT, STDERR, ERROR, RESIZE = range(5)

    def __init__(
        self,
        on_receive: Callable[[int, bytes], None],
        on_close: Callable[[int], None],
        on_stop: Callable[[], None],
        outputs: tuple[int, ...] = (1, 2),
    ) -> None:
        # Which of STDOUT and STDERR were asked for.
        self.outputs = outputs
        self._out: deque[tuple[int, bytes]] = deque()
        self._size = 0
        self._on_receive = on_receive
        self._on_close = on_close
        self._on_stop: Callable[[], None] | None = on_stop
        self.on_ready: Callable[[], None] | None = None
        self.ended = False

    # The server's side.

    def write(self, channel: int, data: bytes) -> None:
        """Sends bytes to the client."""
        if self.ended:
            return
        self._out.append((channel, data))
        self._size += len(data)
        if self._size > MAX_EXCHANGED_BYTES:
            self.stop()
        elif self.on_ready is not None:
            self.on_ready()

    def end(self) -> None:
        """Nothing more comes. What ended it was written to the channel ERROR, as a Status."""
        if not self.ended:
            self.ended = True
            if self.on_ready is not None:
                self.on_ready()

    # The client's side.

    def read(self) -> tuple[int, bytes] | None:
        """The next (channel, bytes) for the client, or None when there is nothing yet."""
        if not self._out:
            return None
        channel, data = self._out.popleft()
        self._size -= len(data)
        return channel, data

    def receive(self, channel: int, data: bytes) -> None:
        """The client has sent bytes."""
        if not self.ended:
            self._on_receive(channel, data)

    def close(self, channel: int) -> None:
        """The client sends no more on a channel (the end of its standard input)."""
        if not self.ended:
            self._on_close(channel)

    def stop(self) -> None:
        """The client has gone; calling it again changes nothing."""
        stopped, self._on_stop = self._on_stop, None
        if stopped is not None:
            stopped()
        self.end()


class PortConnection:
    """One connection to a port of a pod. Made by the kubelet, used by whoever carries the bytes."""

    def __init__(self, send: Callable[[bytes], None], finish: Callable[[], None]) -> None:
        self._send = send
        self._finish: Callable[[], None] | None = finish
        self.stream = ByteStream()
        # Why there is no connection, in the kubelet's words; "" where there is one.
        self.error = ""

    def send(self, data: bytes) -> None:
        """The client has sent bytes."""
        if self._finish is not None:
            self._send(data)

    def finish(self) -> None:
        """The client sends no more; calling it again changes nothing."""
        finish, self._finish = self._finish, None
        if finish is not None:
            finish()


class PortForward:
    """Connections to ports of a pod, as many as the client opens. `ports` are those that it named beforehand."""

    def __init__(self, ports: tuple[int, ...], connect: Callable[[int], PortConnection]) -> None:
        self.ports = ports
        self._connect = connect
        self._open: list[PortConnection] = []
        self.on_ready: Callable[[], None] | None = None
        # It was stopped, from either side.
        self.ended = False

    def connect(self, port: int) -> PortConnection:
        """A new connection; its `error` says where there is none."""
        connection = self._connect(port)
        self._open.append(connection)
        return connection

    def forget(self, connection: PortConnection) -> None:
        """The connection is over."""
        if connection in self._open:
            self._open.remove(connection)

    def stop(self) -> None:
        """The client or the server has gone; calling it again changes nothing."""
        self.ended = True
        for connection in self._open:
            connection.finish()
        self._open.clear()
        if self.on_ready is not None:
            self.on_ready()


class Stoppable(Protocol):
    """Any of these."""

    def stop(self) -> None: ...


class OpenStreams:
    """What goes on through one API server, in the order in which it began. Nobody is kept alive by being in it."""

    def __init__(self) -> None:
        self._streams: list[ref[Stoppable]] = []
        self._prune_at = 64

    def add(self, stream: Stoppable) -> None:
        if len(self._streams) >= self._prune_at:
            self._streams = [one for one in self._streams if one() is not None]
            self._prune_at = 2 * len(self._streams) + 64
        self._streams.append(ref(stream))

    def stop(self) -> None:
        """The server goes: so does all that goes through it."""
        streams, self._streams = self._streams, []
        for one in streams:
            stream = one()
            if stream is not None:
                stream.stop()
