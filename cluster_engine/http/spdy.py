"""SPDY/3.1 from the server's side, without any I/O: bytes in, streams and bytes out.

The Kubernetes API streams exec, attach and port-forward over it, either on a connection that was upgraded or inside a
websocket. Follows the SPDY/3.1 draft as github.com/moby/spdystream does: no flow control, streams are opened by the
client, headers are compressed with the draft's dictionary.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable

from cluster_engine.http.spdy_dictionary import DICTIONARY

SYN_STREAM, SYN_REPLY, RST_STREAM, SETTINGS, PING, GOAWAY, HEADERS, WINDOW_UPDATE = 1, 2, 3, 4, 6, 7, 8, 9
FIN = 0x01
CANCEL, PROTOCOL_ERROR = 5, 1
VERSION = 3

MAX_CONTROL_BYTES = 64 * 1024
MAX_HEADER_BYTES = 256 * 1024
MAX_STREAMS = 1000
# A frame of data can say that it has 16 MiB. What has arrived of it is handed on at once, so nothing of it is kept.
CHUNK_BYTES = 64 * 1024


class SpdyError(Exception):
    """The client does not speak SPDY/3.1; the session cannot go on."""


class Stream:
    """One stream, opened by the client. Header names are in lower case; of several values the first counts."""

    def __init__(self, session: Session, number: int, headers: dict[str, str]) -> None:
        self.number = number
        self.headers = headers
        self._session = session
        # What the client sends, and that it sends no more.
        self.on_data: Callable[[bytes], None] | None = None
        self.on_end: Callable[[], None] | None = None
        self.heard_end = False
        self.said_end = False

    def write(self, data: bytes) -> None:
        """Sends bytes to the client."""
        if data and not self.said_end:
            for offset in range(0, len(data), CHUNK_BYTES):
                self._session.send_data(self.number, data[offset : offset + CHUNK_BYTES])

    def end(self) -> None:
        """Sends no more; calling it again changes nothing."""
        if not self.said_end:
            self.said_end = True
            self._session.send_data(self.number, b"", FIN)
            self._session.forget_ended(self)

    def heard(self, data: bytes, *, last: bool) -> None:
        """Called by the session."""
        if data and self.on_data is not None and not self.heard_end:
            self.on_data(data)
        if last and not self.heard_end:
            self.heard_end = True
            if self.on_end is not None:
                self.on_end()
            self._session.forget_ended(self)


class Session:
    """One connection. `on_stream` accepts a new stream (and sets what it calls), or refuses it by False."""

    def __init__(self, on_stream: Callable[[Stream], bool]) -> None:
        self._on_stream = on_stream
        self.streams: dict[int, Stream] = {}
        self._inflate = zlib.decompressobj(zdict=DICTIONARY)
        self._deflate = zlib.compressobj(9, zlib.DEFLATED, 15, 8, zlib.Z_DEFAULT_STRATEGY, DICTIONARY)
        self._unread = bytearray()
        self._out: list[bytes] = []
        self._last = 0
        # Bytes that are still to come of the data frame that has begun: (stream, how many, flags).
        self._begun: tuple[int, int, int] | None = None
        # The client has said that it goes, or cannot be understood.
        self.over = False

    # From the client.

    def receive(self, data: bytes) -> None:
        """Takes the next bytes. What is no SPDY ends the session; nothing is raised."""
        self._unread += data
        try:
            while not self.over and self._step():
                pass
        except SpdyError:
            self.go_away(PROTOCOL_ERROR)
            self.over = True
        if self.over:
            self._unread.clear()

    def take(self) -> bytes:
        """What is to be sent."""
        data = b"".join(self._out)
        self._out.clear()
        return data

    def _step(self) -> bool:
        """Reads a frame, or a part of one; False when there is too little."""
        if self._begun is not None:
            return self._more_data(*self._begun)
        if len(self._unread) < 8:
            return False
        first = int.from_bytes(self._unread[:4], "big")
        flags, length = self._unread[4], int.from_bytes(self._unread[5:8], "big")
        if not first & 0x80000000:
            del self._unread[:8]
            self._begun = first, length, flags
            return True
        if length > MAX_CONTROL_BYTES:
            raise SpdyError
        if len(self._unread) < 8 + length:
            return False
        body = bytes(self._unread[8 : 8 + length])
        del self._unread[: 8 + length]
        if first >> 16 & 0x7FFF != VERSION:
            raise SpdyError
        self._control(first & 0xFFFF, flags, body)
        return True

    def _more_data(self, number: int, left: int, flags: int) -> bool:
        if left and not self._unread:
            return False
        data = bytes(self._unread[:left])
        del self._unread[:left]
        left -= len(data)
        self._begun = (number, left, flags) if left else None
        stream = self.streams.get(number)
        if stream is not None:
            stream.heard(data, last=bool(flags & FIN) and not left)
        return True

    def _control(self, kind: int, flags: int, body: bytes) -> None:
        if kind == SYN_STREAM:
            self._open(flags, body)
        elif kind == PING:
            # Those with odd numbers are the client's own.
            if len(body) != 4:
                raise SpdyError
            if body[3] & 1:
                self._send_control(PING, 0, body)
        elif kind == RST_STREAM:
            stream = self.streams.pop(_number(body), None)
            if stream is not None:
                stream.said_end = True
                stream.heard(b"", last=True)
        elif kind in (SYN_REPLY, HEADERS):
            self._read_headers(body[4:])  # keeps the decompression in step
            stream = self.streams.get(_number(body))
            if stream is not None and flags & FIN:
                stream.heard(b"", last=True)
        elif kind == GOAWAY:
            self.over = True
        elif kind not in (SETTINGS, WINDOW_UPDATE):
            raise SpdyError

    def _open(self, flags: int, body: bytes) -> None:
        if len(body) < 10:
            raise SpdyError
        number = _number(body)
        headers = self._read_headers(body[10:])
        if not number & 1 or number <= self._last:
            self._reset(number, PROTOCOL_ERROR)
            return
        self._last = number
        stream = Stream(self, number, headers)
        if len(self.streams) >= MAX_STREAMS:
            self._reset(number, CANCEL)
            return
        self.streams[number] = stream
        # The answer goes before whatever accepting it makes it send.
        place = len(self._out)
        if not self._on_stream(stream):
            del self._out[place:], self.streams[number]
            self._reset(number, CANCEL)
            return
        after = self._out[place:]
        del self._out[place:]
        self._send_control(SYN_REPLY, 0, number.to_bytes(4, "big") + self._headers({}))
        self._out += after
        if flags & FIN:
            stream.heard(b"", last=True)

    # To the client.

    def send_data(self, number: int, data: bytes, flags: int = 0) -> None:
        self._out.append(number.to_bytes(4, "big") + bytes([flags]) + len(data).to_bytes(3, "big") + data)

    def go_away(self, status: int = 0) -> None:
        """No new stream is taken any more."""
        self._send_control(GOAWAY, 0, self._last.to_bytes(4, "big") + status.to_bytes(4, "big"))

    def forget_ended(self, stream: Stream) -> None:
        """Both sides have ended it."""
        if stream.heard_end and stream.said_end:
            self.streams.pop(stream.number, None)

    def _reset(self, number: int, status: int) -> None:
        self._send_control(RST_STREAM, 0, number.to_bytes(4, "big") + status.to_bytes(4, "big"))

    def _send_control(self, kind: int, flags: int, body: bytes) -> None:
        head = (0x80000000 | VERSION << 16 | kind).to_bytes(4, "big")
        self._out.append(head + bytes([flags]) + len(body).to_bytes(3, "big") + body)

    # Headers.

    def _headers(self, headers: dict[str, str]) -> bytes:
        block = len(headers).to_bytes(4, "big")
        for name, value in headers.items():
            for text in (name.encode(), value.encode()):
                block += len(text).to_bytes(4, "big") + text
        return self._deflate.compress(block) + self._deflate.flush(zlib.Z_SYNC_FLUSH)

    def _read_headers(self, compressed: bytes) -> dict[str, str]:
        try:
            block = self._inflate.decompress(compressed, MAX_HEADER_BYTES)
        except zlib.error:
            raise SpdyError from None
        if self._inflate.unconsumed_tail:
            raise SpdyError
        place = 4
        headers: dict[str, str] = {}

        def text() -> str:
            nonlocal place
            length = int.from_bytes(block[place : place + 4], "big")
            place += 4 + length
            if place > len(block):
                raise SpdyError
            return block[place - length : place].decode("latin-1")

        for _ in range(int.from_bytes(block[:4], "big")):
            if place + 4 > len(block):
                raise SpdyError
            name = text().lower()
            headers.setdefault(name, text().partition("\0")[0])
        return headers


def _number(body: bytes) -> int:
    if len(body) < 4:
        raise SpdyError
    return int.from_bytes(body[:4], "big") & 0x7FFFFFFF
