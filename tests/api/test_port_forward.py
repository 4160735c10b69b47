"""port-forward and the proxies with real clients: kubectl with SPDY and in a websocket, the Python client, HTTP."""

from __future__ import annotations

import http.client
import os
import re
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from kubernetes import client, config
from kubernetes.stream import portforward

from tests.api.real import Server, free_port, some_kubectls

EACH_KUBECTL = pytest.mark.parametrize("kubectl", some_kubectls(), ids=os.path.basename)
TITLE = b"<title>Welcome to nginx!</title>"
PODS = "/api/v1/namespaces/default/pods"
SERVICES = "/api/v1/namespaces/default/services"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("ports"), "--tls", "--registry", "catalogue", "--speed", "4")
    server.kubectl("create deployment web --image=nginx:1.25 --replicas=2 --port=80")
    server.kubectl("expose deployment web --port=8080 --target-port=80")
    server.kubectl("run one --image=nginx:1.25 --port=80")
    server.kubectl("run store --image=redis:7")
    server.kubectl("run pending --image=nginx:1.25 --overrides '{\"spec\":{\"nodeSelector\":{\"a\":\"b\"}}}'")
    server.kubectl("create service clusterip empty --tcp=80:80")
    server.kubectl("rollout status deployment/web --timeout=60s")
    server.kubectl("wait --for=condition=Ready pod/one pod/store --timeout=60s")
    yield server
    errors = server.errors()
    assert (server.stop(), errors) == (0, "")


@contextmanager
def forwarded(world: Server, kubectl: str, target: str, port: int) -> Iterator[int]:
    """A local port that leads to one of the cluster."""
    local = free_port()
    running = world.start(f"exec kubectl port-forward {target} {local}:{port}", kubectl=kubectl)
    assert running.stdout is not None
    line = running.stdout.readline()
    assert line.startswith(f"Forwarding from 127.0.0.1:{local} -> "), running.communicate()
    try:
        yield local
    finally:
        running.send_signal(signal.SIGINT)
        running.communicate(timeout=10)


def get(port: int, path: str = "/", method: str = "GET", body: bytes | None = None) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request(method, path, body)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


@EACH_KUBECTL
@pytest.mark.parametrize(("target", "port"), [("pod/one", 80), ("deployment/web", 80), ("service/web", 8080)])
def test_a_page_comes_through_a_forwarded_port(world: Server, kubectl: str, target: str, port: int) -> None:
    with forwarded(world, kubectl, target, port) as local:
        for _ in range(3):
            status, page = get(local)
            assert (status, TITLE in page) == (200, True)
        assert get(local, "/nowhere")[0] == 404


@EACH_KUBECTL
def test_many_connections_share_one_tunnel(world: Server, kubectl: str) -> None:
    with forwarded(world, kubectl, "pod/one", 80) as local:
        connections = [http.client.HTTPConnection("127.0.0.1", local, timeout=20) for _ in range(20)]
        for connection in connections:
            connection.request("GET", "/")
        for connection in reversed(connections):
            assert TITLE in connection.getresponse().read()
            # It is kept alive: the next request takes the same one.
            connection.request("GET", "/again")
            answer = connection.getresponse()
            assert (answer.status, len(answer.read()) > 0) == (404, True)
            connection.close()


def test_a_port_where_nobody_listens(world: Server) -> None:
    local = free_port()
    ran = world.run(
        f"kubectl port-forward pod/one {local}:81 & sleep 2; curl -s -m 5 http://127.0.0.1:{local}/; sleep 0.5; "
        "kill -INT $! 2>/dev/null; wait"
    )
    said = re.search(r"an error occurred forwarding \d+ -> 81: (error forwarding .*refused )", ran.stderr)
    assert said is not None, ran
    words = re.sub(r"[0-9a-f]{64}|cni-[0-9a-f-]+", "ID", said[1].replace('\\"', '"'))
    assert words == (
        "error forwarding port 81 to pod ID, uid : failed to execute portforward in network namespace "
        '"/var/run/netns/ID": failed to connect to localhost:81 inside namespace "ID", IPv4: dial tcp4 127.0.0.1:81: '
        "connect: connection refused IPv6 dial tcp6 [::1]:81: connect: connection refused "
    )


def test_what_cannot_be_forwarded(world: Server) -> None:
    error = world.kubectl("port-forward pod/pending 0:80", fails=True)
    assert error == "error: unable to forward port because pod is not running. Current status=Pending\n"


@EACH_KUBECTL
def test_a_connection_that_is_not_http(world: Server, kubectl: str) -> None:
    with forwarded(world, kubectl, "pod/store", 6379) as local, socket.create_connection(("127.0.0.1", local)) as redis:
        redis.settimeout(10)
        redis.sendall(b"SET greeting hello\r\n")
        assert redis.recv(100) == b"+OK\r\n"
        redis.sendall(b"GET greeting\r\n")
        assert redis.recv(100) == b"$5\r\nhello\r\n"


def test_the_python_client_forwards_ports(world: Server) -> None:
    core = client.CoreV1Api(config.new_client_from_config(config_file=str(world.kubeconfig)))
    forward = portforward(core.connect_get_namespaced_pod_portforward, "one", "default", ports="80,81")
    web = forward.socket(80)
    web.settimeout(10)
    web.sendall(b"GET / HTTP/1.1\r\nHost: one\r\nConnection: close\r\n\r\n")
    page = b""
    while data := web.recv(65536):
        page += data
    assert page.startswith(b"HTTP/1.1 200 OK\r\n")
    assert TITLE in page
    end = time.monotonic() + 10
    while forward.error(81) is None and time.monotonic() < end:
        time.sleep(0.05)
    assert forward.error(81).startswith("error forwarding port 81 to pod ")
    web.close()


# Proxies.


@pytest.mark.parametrize(
    "path",
    [
        f"{SERVICES}/web:8080/proxy/",
        f"{SERVICES}/http:web:8080/proxy/",
        f"{SERVICES}/web/proxy/",
        f"{PODS}/one/proxy/",
        f"{PODS}/one:80/proxy/index.html?a=b",
    ],
)
def test_a_page_comes_through_a_proxy(world: Server, path: str) -> None:
    assert TITLE.decode() in world.kubectl(f"get --raw '{path}'")


@pytest.mark.parametrize(
    ("path", "words"),
    [
        (f"{SERVICES}/web:81/proxy/", '(ServiceUnavailable): no service port 81 found for service "web"'),
        (f"{SERVICES}/empty/proxy/", '(ServiceUnavailable): no endpoints available for service "empty"'),
        (f"{SERVICES}/web:https/proxy/", '(ServiceUnavailable): no endpoints available for service "web:https"'),
        (f"{SERVICES}/ftp:web:80/proxy/", '(BadRequest): invalid service request "ftp:web:80"'),
        (f"{SERVICES}/none/proxy/", '(NotFound): services "none" not found'),
        (f"{PODS}/pending/proxy/", "(BadRequest): address not allowed"),
        (f"{PODS}/one/proxy/nowhere", "(NotFound): the server could not find the requested resource"),
        ("/api/v1/nodes/k8s-node09/proxy/healthz", '(NotFound): nodes "k8s-node09" not found'),
    ],
)
def test_what_a_proxy_refuses(world: Server, path: str, words: str) -> None:
    assert world.kubectl(f"get --raw '{path}'", fails=True) == f"Error from server {words}\n"


def test_a_port_that_a_proxy_cannot_reach(world: Server) -> None:
    error = world.kubectl(f"get --raw '{PODS}/one:81/proxy/'", fails=True)
    refused = r"error trying to reach service: dial tcp 10\.244\.\d+\.\d+:81: connect: connection refused"
    assert re.fullmatch(rf"Error from server \(ServiceUnavailable\): {refused}\n", error)


def test_a_kubelet_answers_for_itself(world: Server) -> None:
    node = world.kubectl("get pod one -o jsonpath='{.spec.nodeName}'")
    assert world.kubectl(f"get --raw /api/v1/nodes/{node}/proxy/healthz") == "ok"
    assert '"name": "one"' in world.kubectl(f"get --raw /api/v1/nodes/{node}/proxy/pods")
    log = world.kubectl(f"get --raw '/api/v1/nodes/{node}/proxy/containerLogs/default/one/one?tailLines=1'")
    assert log.count("\n") == 1


def test_kubectl_proxy_and_every_method(world: Server) -> None:
    local = free_port()
    running = world.start(f"exec kubectl proxy --port={local}")
    assert running.stdout is not None
    assert running.stdout.readline() == f"Starting to serve on 127.0.0.1:{local}\n"
    try:
        base = f"{PODS}/one/proxy"
        connection = http.client.HTTPConnection("127.0.0.1", local, timeout=20)
        connection.request("GET", base)
        answer = connection.getresponse()
        assert (answer.status, answer.getheader("Location"), answer.read()) == (301, "proxy/", b"")
        connection.request("GET", f"{base}/", headers={"Cookie": "sessionid=secret"})
        answer = connection.getresponse()
        assert TITLE in answer.read()
        # A browser must not run what a container says as if the API server had said it.
        assert answer.getheader("Content-Security-Policy") == "sandbox"
        assert answer.getheader("Set-Cookie") is None
        for method, status in (("HEAD", 200), ("POST", 405), ("PUT", 405), ("DELETE", 405)):
            connection.request(method, f"{base}/", b"" if method in ("POST", "PUT") else None)
            answer = connection.getresponse()
            answer.read()
            assert (method, answer.status) == (method, status)
        connection.close()
    finally:
        running.send_signal(signal.SIGINT)
        running.communicate(timeout=10)
