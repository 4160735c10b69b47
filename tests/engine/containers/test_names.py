"""Names: what the cluster's DNS answers, and how nslookup, dig, host and getaddrinfo show it."""

from __future__ import annotations

import pytest

from tests.engine.containers.cluster import World, pod, service

SEARCH = "default.svc.cluster.local svc.cluster.local cluster.local"
SET = """
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: web}
spec:
  serviceName: nginx
  replicas: 2
  selector: {matchLabels: {app: nginx}}
  template:
    metadata: {labels: {app: nginx}}
    spec: {containers: [{name: c, image: "nginx:1.25"}]}
"""


@pytest.fixture(scope="module")
def world() -> World:
    world = World(seed=3)
    never = {"readinessProbe": {"exec": {"command": ["false"]}}}
    world.apply(
        service("nginx", {"app": "nginx"}, clusterIP="None")
        + service("front", {"app": "nginx"})
        + service("early", {"app": "slow"}, clusterIP="None", publishNotReadyAddresses=True)
        + service("late", {"app": "slow"}, clusterIP="None")
        + service("outside", None, type="ExternalName", externalName="example.com")
        + "---"
        + SET
        + pod("box")
        + pod("tools", "registry.k8s.io/e2e-test-images/jessie-dnsutils:1.7", "")
        + pod("slow", labels={"app": "slow"}, container=never, hostname="turtle", subdomain="early")
        + pod("plain", dnsPolicy="Default")
        + pod("own", dnsPolicy="None", dnsConfig={"nameservers": ["10.96.0.10"], "searches": ["svc.cluster.local"]})
    )
    return world


def address(world: World, name: str, kind: str = "pod") -> str:
    path = ".status.podIP" if kind == "pod" else ".spec.clusterIP"
    return world.ok(f"get {kind} {name} -o jsonpath={{{path}}}")


def test_a_service_has_its_cluster_ip(world):
    ip = address(world, "front", "service")
    assert world.sh("tools", "dig +short front.default.svc.cluster.local") == f"{ip}\n"
    assert world.sh("tools", "nslookup front") == (
        "Server:\t\t10.96.0.10\nAddress:\t10.96.0.10#53\n\n"
        f"Name:\tfront.default.svc.cluster.local\nAddress: {ip}\n\n"
    )
    assert world.sh("tools", "host front") == f"front.default.svc.cluster.local has address {ip}\n"


def test_busybox_asks_for_every_search_domain_and_says_which_failed(world):
    result = world.exec("box", "nslookup front")
    assert result.stdout == (
        "Server:\t\t10.96.0.10\nAddress:\t10.96.0.10:53\n\n"
        f"Name:\tfront.default.svc.cluster.local\nAddress: {address(world, 'front', 'service')}\n\n"
        "** server can't find front.svc.cluster.local: NXDOMAIN\n\n"
        "** server can't find front.cluster.local: NXDOMAIN\n\n"
    )
    assert result.code == 1


def test_a_headless_service_has_the_addresses_of_its_pods(world):
    pods = sorted(address(world, name) for name in ("web-0", "web-1"))
    assert sorted(world.sh("tools", "dig +short nginx.default.svc.cluster.local").split()) == pods
    for name in ("web-0", "web-1"):
        full = f"{name}.nginx.default.svc.cluster.local"
        assert world.sh("tools", f"dig +short {full}") == f"{address(world, name)}\n"
        assert world.sh("box", f"wget -qO- {full} | grep -c Welcome") == "2\n"


def test_a_service_record_names_ports_and_pods(world):
    answer = world.sh("tools", "dig +noall +answer _p._tcp.nginx.default.svc.cluster.local SRV")
    assert [line.split()[3:] for line in answer.splitlines()] == [
        ["SRV", "0", "50", "80", f"web-{ordinal}.nginx.default.svc.cluster.local."] for ordinal in (0, 1)
    ]


def test_a_pod_that_is_not_ready_has_a_name_only_where_that_is_published(world):
    ip = address(world, "slow")
    assert world.sh("tools", "dig +short early.default.svc.cluster.local") == f"{ip}\n"
    assert world.sh("tools", "dig +short turtle.early.default.svc.cluster.local") == f"{ip}\n"
    assert world.sh("tools", "dig +short late.default.svc.cluster.local") == ""
    assert world.sh("slow", "hostname; hostname -f") == "turtle\nturtle.early.default.svc.cluster.local\n"


def test_an_external_name_is_an_alias(world):
    answer = world.sh("tools", "dig +noall +answer outside.default.svc.cluster.local CNAME")
    assert answer.split()[3:] == ["CNAME", "example.com."]


@pytest.mark.parametrize(
    ("name", "record"),
    [
        ("kubernetes.default.svc.cluster.local", "10.96.0.1"),
        ("10-244-0-7.default.pod.cluster.local", "10.244.0.7"),
        ("nope.default.svc.cluster.local", ""),
        ("front.nope.svc.cluster.local", ""),
    ],
)
def test_other_names(world, name, record):
    assert world.sh("tools", f"dig +short {name}").strip() == record


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("box", f"search {SEARCH}\nnameserver 10.96.0.10\noptions ndots:5\n"),
        # The node's own resolver.
        ("plain", "search podarium.internal\nnameserver 192.168.0.1\n"),
        ("own", "search svc.cluster.local\nnameserver 10.96.0.10\n"),
    ],
)
def test_the_resolver_is_told_what_the_policy_says(world, name, text):
    assert world.sh(name, "cat /etc/resolv.conf") == text


def test_names_from_another_namespace_are_longer(world):
    world.ok("create namespace other")
    world.ok("run there -n other --image=busybox:1.36 -- sleep 3600")
    world.run(10)
    inside = "exec there -n other -- wget -qO- -T 2"
    assert "bad address 'front'" in world.kubectl(f"{inside} front").stderr
    assert "Welcome to nginx" in world.ok(f"{inside} front.default")


def test_nobody_answers_while_coredns_is_stopped():
    world = World(seed=3)
    world.apply(service("front", {"app": "nginx"}) + "---" + SET + pod("box"))
    ip = address(world, "front", "service")
    fault = world.inject("Stop", "coredns")
    world.run(1)
    result = world.exec("box", "nslookup front.default.svc.cluster.local")
    assert (result.code, result.stdout, result.stderr.splitlines()[0]) == (
        1, ";; connection timed out; no servers could be reached\n\n", "command terminated with exit code 1"
    )  # fmt: skip
    assert "wget: bad address 'front'" in world.exec("box", "wget -qO- front").stderr
    # Addresses and variables work on.
    assert "Welcome" in world.sh("box", f"wget -qO- {ip}")
    world.cluster.lift(fault)
    world.run(1)
    assert "Welcome" in world.sh("box", "wget -qO- front")
    world.confirm_no_defects()
