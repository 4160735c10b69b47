"""HTTP/1.1: requests as servers read them, replies as they write them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import parse_qs, unquote, urlsplit

from cluster_engine.containers.network.fabric import Connection

MAX_HEADER_BYTES = 64 * 1024
MAX_BODY_BYTES = 4 * 1024 * 1024
REASONS = {
    100: "Continue", 101: "Switching Protocols", 200: "OK", 201: "Created", 202: "Accepted", 204: "No Content",
    206: "Partial Content", 301: "Moved Permanently", 302: "Found", 303: "See Other", 304: "Not Modified",
    307: "Temporary Redirect", 308: "Permanent Redirect", 400: "Bad Request", 401: "Unauthorized", 403: "Forbidden",
    404: "Not Found", 405: "Method Not Allowed", 408: "Request Timeout", 411: "Length Required",
    413: "Request Entity Too Large", 418: "I'm a teapot", 429: "Too Many Requests", 500: "Internal Server Error",
    501: "Not Implemented", 502: "Bad Gateway", 503: "Service Unavailable", 504: "Gateway Timeout",
}  # fmt: skip


@dataclass(slots=True)
class HttpRequest:
    """One request. Header names are in lower case; `target` is as it was sent."""

    method: str
    target: str
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    version: str = "HTTP/1.1"
    peer_ip: str = ""
    peer_port: int = 0
    now_us: int = 0
    # Header lines as they were sent.
    lines: list[str] = field(default_factory=list)

    @property
    def path(self) -> str:
        return unquote(urlsplit(self.target).path) or "/"

    @property
    def query(self) -> dict[str, str]:
        return {
            name: values[-1] for name, values in parse_qs(urlsplit(self.target).query, keep_blank_values=True).items()
        }


@dataclass(slots=True)
class HttpReply:
    """One reply. `close` ends the connection after it."""

    status: int = 200
    body: bytes = b""
    headers: list[tuple[str, str]] = field(default_factory=list)
    close: bool = False

    def header(self, name: str) -> str:
        return next((value for key, value in self.headers if key.lower() == name.lower()), "")


def http_date(time_us: int) -> str:
    """`Thu, 01 Jan 2026 00:00:00 GMT`."""
    return datetime.fromtimestamp(time_us // 1_000_000, UTC).strftime("%a, %d %b %Y %H:%M:%S GMT")


def status_line(reply: HttpReply) -> str:
    return f"HTTP/1.1 {reply.status} {REASONS.get(reply.status, '')}"


def text_reply(text: str, status: int = 200, content_type: str = "text/plain; charset=utf-8") -> HttpReply:
    return HttpReply(status, text.encode(), [("Content-Type", content_type)])


# Answers a request at once, or with None later, through `HttpServer.reply`.
Respond = Callable[["HttpRequest", "HttpServer"], HttpReply | None]


class HttpServer:
    """The server's end of an HTTP connection: `respond` answers request by request."""

    def __init__(self, connection: Connection, respond: Respond) -> None:
        self.connection = connection
        self._respond = respond
        self._buffer = b""
        self._busy = False
        self._request: HttpRequest | None = None

    def received(self, data: bytes) -> None:
        self._buffer += data
        self._go_on()

    def ended(self) -> None:
        if not self._busy:
            self.connection.close()

    def _go_on(self) -> None:
        while not self._busy and not self.connection.incoming.closed:
            try:
                found = parse_request(self._buffer)
            except ValueError:
                self._write(
                    HttpReply(400, b"400 Bad Request", [("Content-Type", "text/plain; charset=utf-8")], close=True)
                )
                return
            if found is None:
                return
            request, self._buffer = found
            request.peer_ip, request.peer_port = self.connection.peer_ip, self.connection.peer_port
            request.now_us = self.connection.now_us
            self._busy, self._request = True, request
            reply = self._respond(request, self)
            if reply is not None:
                self.reply(reply)

    def reply(self, reply: HttpReply) -> None:
        """Answers the request that is being worked on."""
        self._busy = False
        self._write(reply)
        self._go_on()

    def _write(self, reply: HttpReply) -> None:
        request = self._request
        close = reply.close or (request is not None and _wants_close(request))
        head = [f"HTTP/1.1 {reply.status} {REASONS.get(reply.status, 'Unknown')}"]
        head += [f"{name}: {value}" for name, value in reply.headers]
        names = {name.lower() for name, _ in reply.headers}
        if "content-length" not in names and "transfer-encoding" not in names and reply.status not in (204, 304):
            head.append(f"Content-Length: {len(reply.body)}")
        if close and "connection" not in names:
            head.append("Connection: close")
        body = b"" if request is not None and request.method == "HEAD" else reply.body
        self.connection.write("\r\n".join([*head, "", ""]).encode("latin-1", "replace") + body)
        if close:
            self.connection.close()


def _wants_close(request: HttpRequest) -> bool:
    asked = request.headers.get("connection", "").lower()
    return asked == "close" or (request.version == "HTTP/1.0" and asked != "keep-alive")


def parse_request(data: bytes) -> tuple[HttpRequest, bytes] | None:
    """The first request of some bytes and what is left, or None while it is not whole. ValueError for no request."""
    end = data.find(b"\r\n\r\n")
    if end < 0:
        if len(data) > MAX_HEADER_BYTES or (b"\n" in data and not _is_request_line(data.split(b"\n", 1)[0])):
            raise ValueError("not a request")
        return None
    lines = data[:end].decode("latin-1").split("\r\n")
    if not _is_request_line(lines[0].encode("latin-1")):
        raise ValueError("not a request")
    method, target, version = lines[0].split(" ")
    request = HttpRequest(method, target, version=version, lines=lines[1:])
    for line in lines[1:]:
        name, colon, value = line.partition(":")
        if not colon:
            raise ValueError("not a header")
        request.headers[name.strip().lower()] = value.strip()
    rest = data[end + 4 :]
    if request.headers.get("transfer-encoding", "").lower() == "chunked":
        found = unchunk(rest)
        if found is None:
            return None
        request.body, rest = found
        return request, rest
    length_text = request.headers.get("content-length", "0")
    if not length_text.isdigit() or int(length_text) > MAX_BODY_BYTES:
        raise ValueError("bad length")
    length = int(length_text)
    if len(rest) < length:
        return None
    request.body = rest[:length]
    return request, rest[length:]


def _is_request_line(line: bytes) -> bool:
    parts = line.rstrip(b"\r").split(b" ")
    return len(parts) == 3 and parts[0].isalpha() and parts[2].startswith(b"HTTP/")


def unchunk(data: bytes) -> tuple[bytes, bytes] | None:
    """A body in chunks and what is left, or None while it is not whole."""
    parts: list[bytes] = []
    while True:
        line, found, rest = data.partition(b"\r\n")
        if not found:
            return None
        try:
            size = int(line.split(b";")[0], 16)
        except ValueError:
            raise ValueError("bad chunk") from None
        if len(rest) < size + 2:
            return None
        if size == 0:
            return b"".join(parts), rest[2:]
        parts.append(rest[:size])
        data = rest[size + 2 :]
