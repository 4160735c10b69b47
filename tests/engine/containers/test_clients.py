"""What curl, wget, nc and ping print of the cluster's network."""

from __future__ import annotations

import re

import pytest

from tests.engine.containers.cluster import World, pod, service


@pytest.fixture(scope="module")
def world() -> World:
    world = World(seed=3)
    netexec = {"args": ["netexec", "--http-port=8080"]}
    world.apply(
        pod("box")
        + pod("curl", "curlimages/curl:8.5.0")
        + pod("web", "nginx:1.25", "", labels={"app": "web"})
        + service("web", {"app": "web"})
        + pod("agent", "registry.k8s.io/e2e-test-images/agnhost:2.53", "", container=netexec, labels={"app": "agent"})
        + service("agent", {"app": "agent"}, port_spec={"targetPort": 8080})
        + service("nobody", {"app": "nobody"})
    )
    return world


def ran(world: World, box: str, script: str) -> str:
    """Both outputs of a command and its exit code, with addresses, times and sizes left out."""
    result = world.exec(box, script)
    text = result.stdout + result.stderr.replace(f"command terminated with exit code {result.code}\n", "")
    text = re.sub(r"\b10\.\d+\.\d+\.\d+", "IP", text)
    text = re.sub(r"\b\d+ +0:00:00", "SIZE 0:00:00", re.sub(r"(time=|= )[\d./]+", r"\1T", text))
    return text + (f"[{result.code}]" if result.code else "")


@pytest.mark.parametrize(
    ("script", "printed"),
    [
        (
            "wget -O /tmp/x http://web",
            "Connecting to web (IP:80)\nsaving to '/tmp/x'\n"
            "x                    100% |********************************|   SIZE 0:00:00 ETA\n'/tmp/x' saved\n",
        ),
        ("wget --spider http://web", "Connecting to web (IP:80)\nremote file exists\n"),
        ("wget -q http://web/nope", "wget: server returned error: HTTP/1.1 404 Not Found\n[1]"),
        ("wget -q http://nobody", "wget: can't connect to remote host (IP): Connection refused\n[1]"),
        ("wget -q http://nowhere", "wget: bad address 'nowhere'\n[1]"),
        ("wget -T 1 -q http://10.99.99.99", "wget: download timed out\n[1]"),
        ("wget -qO- http://agent/hostname", "agent"),
        ("wget -qO- 'http://agent/echo?msg=hi%20there'", "hi there"),
        ("nc -zv web 80", "web (IP:80) open\n"),
        ("nc -zv nobody 80", "nc: nobody (IP:80): Connection refused\n[1]"),
        ("printf 'GET / HTTP/1.0\\r\\n\\r\\n' | nc web 80 | head -n 1", "HTTP/1.1 200 OK\r\n"),
        (
            "ping -c 1 $(nslookup web.default.svc.cluster.local | tail -n 2 | sed -n 's/Address: //p') -W 1",
            "PING IP (IP): 56 data bytes\n\n--- IP ping statistics ---\n"
            "1 packets transmitted, 0 packets received, 100% packet loss\n[1]",
        ),
    ],
)
def test_busybox(world, script, printed):
    assert ran(world, "box", script) == printed


def test_a_pod_answers_a_ping(world):
    address = world.ok("get pod web -o jsonpath={.status.podIP}")
    assert ran(world, "box", f"ping -c 2 {address}") == (
        "PING IP (IP): 56 data bytes\n64 bytes from IP: seq=0 ttl=63 time=T ms\n64 bytes from IP: seq=1 ttl=63 time=T ms\n\n"
        "--- IP ping statistics ---\n2 packets transmitted, 2 packets received, 0% packet loss\n"
        "round-trip min/avg/max = T ms\n"
    )


@pytest.mark.parametrize(
    ("script", "printed"),
    [
        ("curl -s -o /dev/null -w '%{http_code} %{content_type}' http://web", "200 text/html"),
        ("curl -sI http://web/nope | head -n 1", "HTTP/1.1 404 Not Found\r\n"),
        ("curl -fsS http://web/nope", "curl: (22) The requested URL returned error: 404\n[22]"),
        ("curl -sS http://nobody", "curl: (7) Failed to connect to nobody port 80 after 0 ms: Couldn't connect to server\n[7]"),
        ("curl -sS http://nowhere", "curl: (6) Could not resolve host: nowhere\n[6]"),
        ("curl -sS -m 2 http://10.99.99.99", "curl: (28) Connection timed out after 2000 milliseconds\n[28]"),
        ("curl -s 'http://agent/shell?cmd=hostname'", '{"output":"agent\\n"}'),
        ("curl -s -H 'X-A: b' agent/header?key=X-A", "b"),
    ],
)  # fmt: skip
def test_curl(world, script, printed):
    assert ran(world, "curl", script) == printed
