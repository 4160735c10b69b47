"""The HTTP API beside the bare limit: the same server below, with an application that always answers the same.

Each figure is measured for a moment on loopback, the server and this client in processes of their own. `measure` is
called by `python -m bench`; `python -m bench.api` prints its figures alone.
"""

from __future__ import annotations

import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
SECONDS = 0.5  # of each turn of each figure
TURNS = 5
CONNECTIONS = 8
PODS = 500
LAGS = 100
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"
PODS_URL = "/api/v1/namespaces/default/pods"
POD = {"metadata": {"generateName": "b-"}, "spec": {"containers": [{"name": "c", "image": "nginx:1.25"}]}}


def measure() -> dict[str, Any]:
    """Requests a second and milliseconds, each beside the bare limit of this machine in this run."""
    with (
        tempfile.TemporaryDirectory() as folder,
        _serving("cluster_engine.serve", folder) as port,
        _serving("bench.api", folder) as bare_port,
    ):
        return _figures(port, bare_port)


def _figures(port: int, bare_port: int) -> dict[str, Any]:
    client = Client(port)
    # Pods that no node takes: nothing but the API works while it is measured.
    unscheduled = {**POD, "spec": {**POD["spec"], "nodeSelector": {"none": "here"}}}
    for index in range(PODS):
        client.ask("POST", PODS_URL, {**unscheduled, "metadata": {"name": f"p{index:03d}"}})
    _settle(client)
    requests = {
        "get_pod": Sent("GET", f"{PODS_URL}/p000"),
        "list_500_pods_as_table": Sent("GET", f"{PODS_URL}?limit=500", accept=TABLE),
        "post_pod": Sent("POST", PODS_URL, unscheduled),
    }
    figures: dict[str, Any] = {}
    for name, sent in requests.items():
        size = client.size(sent)
        # Turn by turn, so that what else the machine does slows both alike.
        turns = [(_rate(port, sent), _rate(bare_port, sent.to(f"/{size}"))) for _ in range(TURNS)]
        rate, limit = (statistics.median(column) for column in zip(*turns))
        figures[name] = {
            "requests_per_second": round(rate),
            "bare_requests_per_second": round(limit),
            "times_the_bare_cost": round(limit / rate, 2),
            "answer_bytes": size,
        }
    lag_ms, trip_ms = _watch_lag_ms(port), _round_trip_ms(bare_port)
    figures["watch_event_lag_ms"] = {"median": round(lag_ms, 2), "bare_round_trip_ms": round(trip_ms, 2)}
    return figures


def _settle(client: Client) -> None:
    """Waits until the cluster has nothing left to do for the pods that were made."""
    last, same = "", 0
    while same < 4:
        time.sleep(0.25)
        now = json.loads(client.ask("GET", "/api/v1/events?limit=1"))["metadata"]["resourceVersion"]
        same, last = (same + 1, last) if now == last else (0, now)


class Sent:
    """One request as bytes."""

    def __init__(self, method: str, url: str, body: Any = None, accept: str = "application/json") -> None:
        self._parts = method, url, body, accept
        data = b"" if body is None else json.dumps(body).encode()
        head = f"{method} {url} HTTP/1.1\r\nHost: b\r\nAccept: {accept}\r\nContent-Length: {len(data)}\r\n\r\n"
        self.data = head.encode() + data

    def to(self, url: str) -> Sent:
        """The same request to another path."""
        method, _, body, accept = self._parts
        return Sent(method, url, body, accept)


class Client:
    """One kept-alive connection."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._rest = b""

    def send(self, sent: Sent) -> None:
        self._socket.sendall(sent.data)

    def receive(self) -> bytes:
        """The body of the next answer, which has a length."""
        while b"\r\n\r\n" not in self._rest:
            self._read()
        head, _, rest = self._rest.partition(b"\r\n\r\n")
        assert head.split(b" ", 2)[1] in (b"200", b"201"), head
        length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        while len(rest) < length:
            rest += self._socket.recv(1 << 18)
        self._rest = rest[length:]
        return rest[:length]

    def line(self) -> bytes:
        """The next line of a chunked answer that is JSON."""
        while True:
            line, found, rest = self._rest.partition(b"\n")
            if not found:
                self._read()
                continue
            self._rest = rest
            if line.startswith(b"{"):
                return line

    def _read(self) -> None:
        data = self._socket.recv(1 << 18)
        if not data:
            raise ConnectionError("the server has closed the connection")
        self._rest += data

    def ask(self, method: str, url: str, body: Any = None) -> bytes:
        self.send(Sent(method, url, body))
        return self.receive()

    def size(self, sent: Sent) -> int:
        self.send(sent)
        return len(self.receive())

    def close(self) -> None:
        self._socket.close()


def _rate(port: int, sent: Sent) -> float:
    """Answers a second over several connections, each with one request under way."""
    clients = [Client(port) for _ in range(CONNECTIONS)]
    for client in clients:
        client.send(sent)
        client.receive()
    for client in clients:
        client.send(sent)
    started = time.perf_counter()
    done = 0
    while (passed := time.perf_counter() - started) < SECONDS:
        for client in clients:
            client.receive()
            client.send(sent)
        done += len(clients)
    for client in clients:
        client.receive()
        client.close()
    return done / passed


def _watch_lag_ms(port: int) -> float:
    """From the sending of a change to its event on another connection: the median."""
    writer, watcher = Client(port), Client(port)
    maps = "/api/v1/namespaces/default/configmaps"
    writer.ask("POST", maps, {"metadata": {"name": "lag"}})
    watcher.send(Sent("GET", f"{maps}?watch=true&fieldSelector=metadata.name%3Dlag"))
    watcher.line()
    lags = []
    for index in range(LAGS):
        started = time.perf_counter()
        writer.send(Sent("PUT", f"{maps}/lag", {"metadata": {"name": "lag"}, "data": {"n": str(index)}}))
        watcher.line()
        lags.append(time.perf_counter() - started)
        writer.receive()
    writer.close()
    watcher.close()
    return statistics.median(lags) * 1000


def _round_trip_ms(port: int) -> float:
    """One small request and its answer, nothing else under way: the median."""
    client = Client(port)
    times = []
    for _ in range(LAGS):
        started = time.perf_counter()
        client.ask("GET", "/300")
        times.append(time.perf_counter() - started)
    client.close()
    return statistics.median(times) * 1000


@contextmanager
def _serving(module: str, folder: str) -> Iterator[int]:
    """A server in a process of its own, and its port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    command = [sys.executable, "-m", module, "--port", str(port), "--kubeconfig", str(Path(folder) / "kubeconfig")]
    environment = {**os.environ, "PODARIUM_FREEZE": "0"}
    process = subprocess.Popen(  # noqa: S603 - a program of ours
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == "ready\n"
        yield port
    finally:
        process.terminate()
        process.wait(10)


def _serve_bare(port: int) -> None:
    """`/N` is answered with N bytes, by the same server, and by nothing else."""
    from cluster_engine.http.server import PatientServer

    async def application(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        body = b"x" * int(scope["path"][1:])
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def ready() -> None:
        sys.stdout.write("ready\n")
        sys.stdout.flush()

    endpoints = [f"tcp:{port}:interface=127.0.0.1"]
    PatientServer(application, endpoints=endpoints, ready_callable=ready, verbosity=0, http_timeout=None).run()


if __name__ == "__main__":
    if "--port" in sys.argv:
        _serve_bare(int(sys.argv[sys.argv.index("--port") + 1]))
    else:
        print(json.dumps(measure(), indent=2))
