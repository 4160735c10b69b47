"""What watches cost a server, measured from outside: memory, threads, and what a client that never reads does."""

from __future__ import annotations

import http.client
import json
import resource
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api.real import Server

WATCHES = 1000
IDLE_MB = 100
MAPS = "/api/v1/namespaces/default/configmaps"
STALLED = 5
CHANGES = 100
CHANGE_BYTES = 200_000


@pytest.fixture
def plain(tmp_path: Path) -> Iterator[Server]:
    """A server over plain http, so that sockets are all that there is between."""
    server = Server(tmp_path)
    yield server
    assert server.stop() == 0


@pytest.fixture
def many_files() -> Iterator[None]:
    """Lets the test open as many sockets as it needs."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, WATCHES + 500)), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def status(server: Server, field: str) -> int:
    """A number out of the kernel's account of the process (sizes in kB)."""
    for line in Path(f"/proc/{server.process.pid}/status").read_text().splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1])
    raise AssertionError(field)


def watch(server: Server, *, receive_bytes: int | None = None) -> socket.socket:
    client = socket.socket()
    if receive_bytes:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
    client.connect(("127.0.0.1", server.port))
    client.settimeout(30)
    client.sendall(f"GET {MAPS}?watch=true&resourceVersion=0 HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    return client


def change(server: Server, index: int, text: str) -> float:
    """Writes an object; seconds until the answer."""
    started = time.monotonic()
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    method, url = ("POST", MAPS) if index == 0 else ("PUT", f"{MAPS}/big")
    connection.request(method, url, json.dumps({"metadata": {"name": "big"}, "data": {"t": text, "n": str(index)}}))
    answer = connection.getresponse()
    assert answer.status in (200, 201), answer.read()
    answer.read()
    connection.close()
    return time.monotonic() - started


@pytest.mark.usefixtures("many_files")
def test_a_thousand_idle_watches_cost_little_memory_and_no_thread(plain: Server) -> None:
    watch(plain).close()
    before_kb, threads = status(plain, "VmRSS"), status(plain, "Threads")
    clients = [watch(plain) for _ in range(WATCHES)]
    for client in clients:
        assert client.recv(100).startswith(b"HTTP/1.1 200 OK")
    assert (status(plain, "VmRSS") - before_kb) / 1024 < IDLE_MB
    assert status(plain, "Threads") == threads
    change(plain, 0, "hello")
    for client in clients:
        seen = b""
        while b'"name":"big"' not in seen:
            seen += client.recv(1 << 16)
        client.close()


def test_clients_that_never_read_harm_nobody(plain: Server) -> None:
    stalled = [watch(plain, receive_bytes=4096) for _ in range(STALLED)]
    reading = watch(plain)
    before_kb = status(plain, "VmRSS")
    slowest = max(change(plain, index, "x" * CHANGE_BYTES) for index in range(CHANGES))
    assert slowest < 2
    # The history keeps every version once; each stalled client may keep a chunk and its socket's buffer.
    grown_mb = (status(plain, "VmRSS") - before_kb) / 1024
    assert grown_mb < 2 * CHANGES * CHANGE_BYTES / 1024**2 + 3 * STALLED
    seen = 0
    while seen < CHANGES * CHANGE_BYTES:
        seen += len(reading.recv(1 << 20))
    for client in (*stalled, reading):
        client.close()
