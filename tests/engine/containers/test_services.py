"""Services as containers meet them: kube-proxy's rules, and what is left of them when it stops."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from tests.engine.containers.cluster import World, pod, service

AGNHOST = "registry.k8s.io/e2e-test-images/agnhost:2.53"
HOSTS = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: host}
spec:
  replicas: 3
  selector: {matchLabels: {app: host}}
  template:
    metadata: {labels: {app: host}}
    spec:
      terminationGracePeriodSeconds: 5
      containers:
      - name: c
        image: registry.k8s.io/e2e-test-images/agnhost:2.53
        args: [serve-hostname]
        ports: [{name: web, containerPort: 9376}]
"""
TO_HOSTS = {"port_spec": {"targetPort": "web"}}
REFUSED = "curl: (7) Failed to connect to {} port 80 after 0 ms: Couldn't connect to server\n"


def make() -> World:
    world = World(seed=3)
    world.apply(
        HOSTS
        + pod("box", "curlimages/curl:8.5.0")
        + service("hosts", {"app": "host"}, **TO_HOSTS)
        + service("sticky", {"app": "host"}, sessionAffinity="ClientIP", **TO_HOSTS)
        + service("node", {"app": "host"}, type="NodePort", port_spec={"targetPort": 9376, "nodePort": 30080})
        + service("local", {"app": "host"}, internalTrafficPolicy="Local", **TO_HOSTS)
        + service("nobody", {"app": "nobody"})
        + service("far", None, type="ExternalName", externalName="hosts.default.svc.cluster.local")
    )
    return world


@pytest.fixture(scope="module")
def world() -> World:
    return make()


def ask(world: World, url: str, times: int = 1, box: str = "box") -> list[str]:
    return world.sh(box, f"for i in $(seq {times}); do curl -s {url}; echo; done").split()


def hosts(world: World) -> set[str]:
    return set(world.ok("get pods -l app=host -o jsonpath='{.items[*].metadata.name}'").split())


def test_each_connection_goes_to_one_endpoint_at_random(world):
    answers = Counter(ask(world, "hosts", 120))
    assert set(answers) == hosts(world)
    # Each of three has a third: 40, give or take.
    assert all(20 <= count <= 60 for count in answers.values()), answers
    in_order = ask(world, "hosts", 12)
    assert in_order[:3] * 4 != in_order


def test_session_affinity_keeps_a_client_at_its_endpoint(world):
    assert len(set(ask(world, "sticky", 20))) == 1


def test_a_node_port_is_there_on_every_node(world):
    for address in ("192.168.0.10", "192.168.0.11", "192.168.0.12"):
        assert set(ask(world, f"{address}:30080", 2)) <= hosts(world)
    assert world.exec("box", "curl -s http://192.168.0.10:30081").code == 7


def test_a_local_policy_stays_on_the_node(world):
    node = world.ok("get pod box -o jsonpath={.spec.nodeName}")
    here = world.ok(
        "get pods -l app=host -o jsonpath='{range .items[?(@.spec.nodeName==\"" + node + "\")]}{.metadata.name} {end}'"
    ).split()
    assert set(ask(world, "local", 10)) == set(here)


@pytest.mark.parametrize(
    ("url", "words", "code"),
    [
        ("http://nobody", REFUSED.format("nobody"), 7),
        ("http://nowhere", "curl: (6) Could not resolve host: nowhere\n", 6),
        ("-m 3 http://hosts:81", "curl: (28) Connection timed out after 3000 milliseconds\n", 28),
        ("-m 3 http://10.99.99.99", "curl: (28) Connection timed out after 3000 milliseconds\n", 28),
    ],
    ids=["no endpoints", "no name", "no such port", "no such address"],
)
def test_what_is_not_there(world, url, words, code):
    result = world.exec("box", f"curl -sS {url}")
    assert (result.stderr, result.code) == (words + f"command terminated with exit code {code}\n", code)


def test_an_external_name_is_another_name(world):
    assert set(ask(world, "far:80", 3)) <= hosts(world)


def test_a_service_has_the_endpoints_that_are_ready():
    world = make()
    world.ok("scale deployment host --replicas=1")
    world.run(20)
    (only,) = hosts(world)
    assert set(ask(world, "hosts", 6)) == {only}
    world.ok("scale deployment host --replicas=0")
    world.run(20)
    result = world.exec("box", "curl -sS hosts")
    assert result.stderr.splitlines()[0] + "\n" == REFUSED.format("hosts")
    world.confirm_no_defects()


def test_a_last_endpoint_that_is_on_its_way_out_is_still_asked():
    """Follows KEP-1669: terminating endpoints serve while there are no others."""
    world = make()
    script = "exec /agnhost netexec --http-port=9376 --delay-shutdown=20"
    world.apply(
        pod("last", AGNHOST, "", labels={"app": "last"}, terminationGracePeriodSeconds=30,
            container={"command": ["sh", "-c", script], "ports": [{"name": "web", "containerPort": 9376}]})
        + service("last", {"app": "last"}, **TO_HOSTS)
    )  # fmt: skip
    assert ask(world, "last/hostname") == ["last"]
    world.ok("delete pod last --wait=false")
    world.run(3)
    assert "Terminating" in world.ok("get pod last")
    assert ask(world, "last/hostname") == ["last"]
    world.run(40)
    assert world.exec("box", "curl -sS last").stderr.startswith(REFUSED.format("last"))


def test_rules_stay_as_they_were_while_kube_proxy_is_stopped():
    world = make()
    node = world.ok("get pod box -o jsonpath={.spec.nodeName}")
    before = hosts(world)
    fault = world.inject("Stop", f"kube-proxy/{node}")
    world.ok("rollout restart deployment host")
    world.run(40)
    after = hosts(world)
    assert not before & after
    # Its rules lead to addresses that nobody has any more.
    assert re.match(r"curl: \((7|28)\)", world.exec("box", "curl -sS -m 5 hosts").stderr)
    world.cluster.lift(fault)
    world.run(5)
    assert set(ask(world, "hosts", 6)) <= after
    world.confirm_no_defects()


def test_a_node_that_is_cut_off_is_not_reached():
    world = make()
    node = world.ok("get pod box -o jsonpath={.spec.nodeName}")
    other = next(f"k8s-node0{n}" for n in (1, 2, 3) if f"k8s-node0{n}" != node)
    (address,) = [
        world.ok(f"get pod {name} -o jsonpath={{.status.podIP}}")
        for name in sorted(hosts(world))
        if world.ok(f"get pod {name} -o jsonpath={{.spec.nodeName}}") == other
    ][:1]
    assert world.exec("box", f"curl -s {address}:9376").code == 0
    fault = world.inject("CutOff", f"node/{other}")
    world.run(1)
    assert world.exec("box", f"curl -sS -m 2 {address}:9376").code == 28
    world.cluster.lift(fault)
    world.run(1)
    assert world.exec("box", f"curl -s {address}:9376").code == 0


def test_a_host_port_is_there_on_the_pod_s_own_node_alone():
    world = World()
    ports = [{"containerPort": 80, "hostPort": 8080}]
    world.apply(pod("box", "curlimages/curl:8.5.0") + pod("web", "nginx:1.25", "", container={"ports": ports}))
    there = world.ok("get pod web -o jsonpath='{.status.hostIP}'")
    addresses = ["192.168.0.10", "192.168.0.11", "192.168.0.12"]
    codes = {ip: world.exec("box", f"curl -s -o /dev/null -m 2 {ip}:8080").code for ip in addresses}
    assert codes == {ip: 0 if ip == there else 7 for ip in addresses}
    world.ok("delete pod web --now")
    world.run(40)
    assert world.exec("box", f"curl -s -m 2 {there}:8080").code == 7
