"""HTTP as a client: `curl`, `wget`, probes. Generators, because an answer may take its time."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import urlsplit

from cluster_engine.containers.network.fabric import ConnectFault, Connection, Fabric, Namespace
from cluster_engine.containers.network.http import HttpReply, unchunk
from cluster_engine.containers.runner import Wait

# How long a packet to nobody is tried again (Linux: tcp_syn_retries 6), and until a neighbour is given up.
CONNECT_SECONDS = 130.0
UNREACHABLE_SECONDS = 3.1


class Caller(Protocol):
    """Who asks: a pod, or a node."""

    @property
    def fabric(self) -> Fabric: ...

    @property
    def network(self) -> Namespace: ...

    @property
    def now_us(self) -> int: ...


class Timeout(Exception):
    """The deadline has passed. `connected` says how far it came."""

    def __init__(self, *, connected: bool) -> None:
        super().__init__()
        self.connected = connected


class EmptyReply(Exception):
    """The server closed the connection without an answer."""


@dataclass(slots=True)
class Url:
    """A URL, taken apart."""

    scheme: str
    host: str
    port: int
    target: str
    user: str = ""

    @property
    def authority(self) -> str:
        usual = {"http": 80, "https": 443}.get(self.scheme)
        return self.host if self.port == usual else f"{self.host}:{self.port}"


def parse_url(text: str) -> Url:
    """A URL as curl reads it; ValueError for one that is none."""
    if "://" not in text:
        text = f"http://{text}"
    parts = urlsplit(text)
    if not parts.hostname:
        raise ValueError("no host")
    target = parts.path or "/"
    if parts.query:
        target += f"?{parts.query}"
    port = parts.port or {"http": 80, "https": 443, "ftp": 21}.get(parts.scheme, 80)
    user = f"{parts.username}:{parts.password or ''}" if parts.username else ""
    return Url(parts.scheme, parts.hostname, port, target, user)


@dataclass(slots=True)
class Exchange:
    """What to send."""

    method: str = "GET"
    target: str = "/"
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""

    def encode(self) -> bytes:
        head = [f"{self.method} {self.target} HTTP/1.1", *(f"{name}: {value}" for name, value in self.headers)]
        return "\r\n".join([*head, "", ""]).encode("latin-1", "replace") + self.body


def connect(pod: Caller, ip: str, port: int, deadline_us: int | None = None) -> Generator[Wait, None, Connection]:
    """Connects, taking the time that a failure takes. Raises `ConnectFault` or `Timeout`."""
    try:
        return pod.fabric.connect(pod.network, ip, port)
    except ConnectFault as fault:
        if fault.kind == "refused":
            raise
        seconds = UNREACHABLE_SECONDS if fault.kind == "unreachable" else CONNECT_SECONDS
        gives_up_us = pod.now_us + round(seconds * 1_000_000)
        if deadline_us is not None and deadline_us < gives_up_us:
            yield Wait(deadline_us=deadline_us)
            raise Timeout(connected=False) from None
        yield Wait(deadline_us=gives_up_us)
        raise


def exchange(
    pod: Caller, connection: Connection, what: Exchange, deadline_us: int | None = None
) -> Generator[Wait, None, HttpReply]:
    """Sends a request and reads the reply. Raises `Timeout` or `EmptyReply`."""
    connection.send(what.encode())
    data = b""
    while True:
        data += connection.incoming.take()
        try:
            reply = parse_reply(data, head_only=what.method == "HEAD", ended=connection.incoming.closed)
        except ValueError:
            raise EmptyReply from None
        if reply is not None:
            return reply
        if connection.incoming.closed:
            raise EmptyReply
        if deadline_us is not None and pod.now_us >= deadline_us:
            raise Timeout(connected=True)
        yield Wait(on=(connection.incoming,), deadline_us=deadline_us)


def parse_reply(data: bytes, *, head_only: bool, ended: bool) -> HttpReply | None:
    """The reply in some bytes, or None while it is not whole. ValueError for what is none."""
    end = data.find(b"\r\n\r\n")
    if end < 0:
        if data and not b"HTTP/".startswith(data[:5]):
            raise ValueError("not HTTP")
        return None
    lines = data[:end].decode("latin-1").split("\r\n")
    words = lines[0].split(" ", 2)
    if not words[0].startswith("HTTP/") or len(words) < 2 or not words[1].isdigit():
        raise ValueError("not HTTP")
    headers = []
    for line in lines[1:]:
        name, _, value = line.partition(":")
        headers.append((name.strip(), value.strip()))
    reply = HttpReply(int(words[1]), b"", headers)
    rest = data[end + 4 :]
    if head_only or reply.status in (204, 304) or 100 <= reply.status < 200:
        return reply
    if reply.header("transfer-encoding").lower() == "chunked":
        found = unchunk(rest)
        if found is None:
            return None
        reply.body = found[0]
        return reply
    length = reply.header("content-length")
    if length.isdigit():
        if len(rest) < int(length):
            return None
        reply.body = rest[: int(length)]
        return reply
    if not ended:
        return None
    reply.body = rest
    return reply
