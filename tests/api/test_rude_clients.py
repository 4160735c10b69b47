"""Clients that upgrade a connection and then say nonsense, say nothing, or leave: the server goes on without them."""

from __future__ import annotations

import base64
import os
import random
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api.real import Server

PODS = "/api/v1/namespaces/default/pods"
EXEC = f"{PODS}/p/exec?command=cat&stdin=true&stdout=true"
PORTS = f"{PODS}/p/portforward?ports=80"
SEED = 20


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("rude"), "--registry", "catalogue", "--speed", "4")
    server.kubectl("run p --image=nginx:1.25")
    server.kubectl("wait --for=condition=Ready pod/p --timeout=60s")
    yield server
    errors = server.errors()
    assert (server.stop(), errors) == (0, "")


def connect(server: Server) -> socket.socket:
    client = socket.create_connection(("127.0.0.1", server.port), 10)
    client.settimeout(10)
    return client


def spdy(server: Server, path: str, version: str) -> socket.socket:
    client = connect(server)
    upgrade = "Connection: Upgrade\r\nUpgrade: SPDY/3.1\r\n"
    client.sendall(f"POST {path} HTTP/1.1\r\nHost: x\r\n{upgrade}X-Stream-Protocol-Version: {version}\r\n\r\n".encode())
    return client


def websocket(server: Server, path: str, protocol: str) -> socket.socket:
    client = connect(server)
    key = base64.b64encode(b"0123456789abcdef").decode()
    head = f"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n"
    client.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n{head}Sec-WebSocket-Protocol: {protocol}\r\n\r\n".encode())
    return client


def head(client: socket.socket) -> str:
    """The first line of an answer; what comes after the head is left unread or lost."""
    seen = b""
    while b"\r\n\r\n" not in seen and (part := client.recv(4096)):
        seen += part
    return seen.split(b"\r\n")[0].decode()


def masked(data: bytes, opcode: int = 2) -> bytes:
    """A client's frame on a websocket, of at most 125 bytes."""
    return bytes([0x80 | opcode, 0x80 | len(data), 0, 0, 0, 0]) + data


def open_files(server: Server) -> int:
    return len(list(Path(f"/proc/{server.process.pid}/fd").iterdir()))


def is_forgotten(server: Server, before: int) -> bool:
    end = time.monotonic() + 20
    while open_files(server) > before and time.monotonic() < end:
        time.sleep(0.1)
    return open_files(server) <= before


UPGRADES = {
    "spdy-exec": lambda server: spdy(server, EXEC, "v4.channel.k8s.io"),
    "spdy-ports": lambda server: spdy(server, PORTS, "portforward.k8s.io"),
    "v5-exec": lambda server: websocket(server, EXEC, "v5.channel.k8s.io"),
    "v4-ports": lambda server: websocket(server, PORTS, "v4.channel.k8s.io"),
    "tunnel": lambda server: websocket(server, PORTS, "SPDY/3.1+portforward.k8s.io"),
}


@pytest.mark.parametrize("how", UPGRADES)
def test_nonsense_ends_in_the_end(server: Server, how: str) -> None:
    chance = random.Random(SEED)
    before = open_files(server)
    for size in (1, 7, 100, 125):
        client = UPGRADES[how](server)
        assert head(client) == "HTTP/1.1 101 Switching Protocols"
        for _ in range(20):
            noise = chance.randbytes(size)
            try:
                client.sendall(noise if how.startswith("spdy") or size == 7 else masked(noise))
            except OSError:
                break  # it has been thrown out
        client.close()
    assert is_forgotten(server, before)
    assert server.kubectl("get --raw /healthz") == "ok"


@pytest.mark.parametrize("how", UPGRADES)
def test_who_leaves_at_once_is_forgotten(server: Server, how: str) -> None:
    before = open_files(server)
    for wait in (False, True):
        for _ in range(10):
            client = UPGRADES[how](server)
            if wait:
                assert head(client) == "HTTP/1.1 101 Switching Protocols"
            client.close()
    assert is_forgotten(server, before)


def test_what_comes_with_the_request_to_upgrade_is_no_harm(server: Server) -> None:
    client = connect(server)
    upgrade = "Connection: Upgrade\r\nUpgrade: SPDY/3.1\r\nContent-Length: 5\r\n"
    client.sendall(f"POST {EXEC} HTTP/1.1\r\nHost: x\r\n{upgrade}\r\nhello{'x' * 100}".encode())
    assert head(client) in ("HTTP/1.1 101 Switching Protocols", "HTTP/1.1 400 Bad Request")
    client.close()


def test_protocols_that_nobody_speaks(server: Server) -> None:
    with spdy(server, EXEC, "v9.channel.k8s.io") as client:
        answer = client.recv(4096).decode()
    lines = answer.split("\r\n")
    assert lines[0] == "HTTP/1.1 403 Forbidden"
    assert "x-accepted-stream-protocol-versions: v4.channel.k8s.io" in answer.lower()
    assert lines[-1] == (
        "unable to upgrade: unable to negotiate protocol: client supports [v9.channel.k8s.io], server accepts "
        "[v4.channel.k8s.io v3.channel.k8s.io v2.channel.k8s.io channel.k8s.io]"
    )
    with websocket(server, EXEC, "v9.channel.k8s.io") as client:
        assert head(client) == "HTTP/1.1 403 Forbidden"
    with connect(server) as client:
        client.sendall(f"POST {EXEC} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n".encode())
        assert head(client) == "HTTP/1.1 400 Bad Request"


def test_a_connection_that_was_refused_can_be_used_again(server: Server) -> None:
    client = spdy(server, f"{PODS}/nobody/exec?command=ls&stdout=true", "v4.channel.k8s.io")
    answer = client.recv(4096)
    assert answer.startswith(b"HTTP/1.1 404 Not Found\r\n")
    assert b'"message":"pods \\"nobody\\" not found"' in answer
    client.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
    assert client.recv(4096).startswith(b"HTTP/1.1 200 OK\r\n")
    client.close()


def test_no_descriptor_is_left_behind(server: Server) -> None:
    before = open_files(server)
    for _ in range(5):
        assert server.kubectl("exec p -- echo hi") == "hi\n"
    assert is_forgotten(server, before)
    assert os.path.exists(f"/proc/{server.process.pid}")
