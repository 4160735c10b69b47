"""What watches cost a server, measured from outside: memory, threads, and what a client that never reads does."""

from __future__ import annotations

import http.client
import json
import resource
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.api.real import Server

WATCHES = 1000
IDLE_MB = 100
FOLLOWED, COMMANDS = 1000, 100
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


@pytest.fixture
def printing(tmp_path: Path) -> Iterator[Server]:
    """A server with a pod that prints a line each second, and has a shell."""
    server = Server(tmp_path, "--registry", "catalogue")
    server.kubectl("run p --image=busybox:1.36 -- sh -c 'while true; do date; sleep 1; done'")
    server.kubectl("wait --for=condition=Ready pod/p --timeout=60s")
    yield server
    errors = server.errors()
    assert (server.stop(), errors) == (0, "")


def followed(server: Server) -> socket.socket:
    client = socket.create_connection(("127.0.0.1", server.port), 30)
    client.sendall(b"GET /api/v1/namespaces/default/pods/p/log?follow=true&tailLines=1 HTTP/1.1\r\nHost: x\r\n\r\n")
    return client


def commanded(server: Server) -> socket.socket:
    """A `cat` that waits for input, over SPDY; the answer to the upgrade has been read."""
    client = socket.create_connection(("127.0.0.1", server.port), 30)
    path = "/api/v1/namespaces/default/pods/p/exec?command=cat&stdin=true&stdout=true"
    headers = "Connection: Upgrade\r\nUpgrade: SPDY/3.1\r\nX-Stream-Protocol-Version: v4.channel.k8s.io\r\n"
    client.sendall(f"POST {path} HTTP/1.1\r\nHost: x\r\n{headers}\r\n".encode())
    return client


@pytest.mark.usefixtures("many_files")
def test_hundreds_of_followed_logs_and_commands_cost_no_thread(printing: Server) -> None:
    followed(printing).close()
    before_kb, threads = status(printing, "VmRSS"), status(printing, "Threads")
    logs = [followed(printing) for _ in range(FOLLOWED)]
    commands = [commanded(printing) for _ in range(COMMANDS)]
    for client in commands:
        assert client.recv(1000).startswith(b"HTTP/1.1 101 Switching Protocols\r\n")
    for client in logs:
        seen = b""
        while seen.count(b" UTC ") < 3:
            seen += client.recv(1 << 16)
    assert (status(printing, "VmRSS") - before_kb) / 1024 < IDLE_MB
    assert status(printing, "Threads") == threads
    for client in (*logs, *commands):
        client.close()
    # Who has gone leaves nothing behind: a command hears the end of its input.
    assert eventually(lambda: "cat" not in printing.kubectl("exec p -- ps"))



def eventually(condition: Callable[[], bool]) -> bool:
    end = time.monotonic() + 20
    while not condition() and time.monotonic() < end:
        time.sleep(0.2)
    return condition()
