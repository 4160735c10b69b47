"""NetworkPolicies as containers meet them: who gets through to whom, by Kubernetes' rules."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from tests.engine.containers.cluster import World, pod, service

Obj = dict[str, Any]
WEB = {"image": "nginx:1.25", "command": "", "labels": {"app": "web"}}
PORTS = [{"name": "http", "containerPort": 80}]
TIMED_OUT = 28


def policy(name: str = "p", selects: Obj | None = None, **spec: Any) -> str:
    chosen = {} if selects is None else {"matchLabels": selects}
    body = {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": name}}
    return "---\n" + yaml.safe_dump({**body, "spec": {"podSelector": chosen, **spec}})


def pods(**labels: str) -> Obj:
    return {"podSelector": {"matchLabels": labels}}


@pytest.fixture
def world() -> World:
    world = World()
    world.apply(
        pod("web", **WEB, container={"ports": PORTS})
        + pod("friend", "curlimages/curl:8.5.0", labels={"role": "friend"})
        + pod("stranger", "curlimages/curl:8.5.0", labels={"role": "stranger"})
        + service("web", {"app": "web"})
    )
    return world


def address(world: World, name: str, namespace: str = "default") -> str:
    return world.ok(f"get pod {name} -n {namespace} -o jsonpath='{{.status.podIP}}'")


def code(world: World, source: str, target: str = "web", port: int = 80) -> int:
    """The exit code of curl: 0 when it gets through, 7 when it is refused, 28 when nobody answers."""
    return world.exec(source, f"curl -s -o /dev/null -m 2 {address(world, target)}:{port}").code


def reached(world: World, *sources: str, target: str = "web") -> list[str]:
    return [source for source in sources if code(world, source, target) == 0]


def test_without_a_policy_everybody_gets_through(world):
    assert reached(world, "friend", "stranger") == ["friend", "stranger"]


def test_a_policy_for_other_pods_changes_nothing(world):
    world.apply(policy(selects={"app": "else"}))
    assert reached(world, "friend", "stranger") == ["friend", "stranger"]


def test_default_deny_lets_nobody_in_and_nothing_answers(world):
    world.apply(policy())
    assert code(world, "friend") == TIMED_OUT
    result = world.exec("friend", "curl -sS -m 2 web")
    assert result.stderr.startswith("curl: (28) ")
    world.ok("delete networkpolicy p")
    assert code(world, "friend") == 0


def test_a_rule_lets_pods_with_its_labels_in(world):
    world.apply(policy(selects={"app": "web"}, ingress=[{"from": [pods(role="friend")]}]))
    assert reached(world, "friend", "stranger") == ["friend"]


def test_a_pod_gets_in_by_its_service_as_by_its_address(world):
    world.apply(policy(selects={"app": "web"}, ingress=[{"from": [pods(role="friend")]}]))
    assert world.exec("friend", "curl -s -o /dev/null -m 2 web").code == 0
    assert world.exec("stranger", "curl -s -o /dev/null -m 2 web").code == TIMED_OUT


def test_a_pod_that_gets_the_label_gets_in(world):
    world.apply(policy(selects={"app": "web"}, ingress=[{"from": [pods(role="friend")]}]))
    world.ok("label pod stranger role=friend --overwrite")
    assert code(world, "stranger") == 0


def test_an_empty_rule_lets_everybody_in_and_no_rules_nobody(world):
    world.apply(policy("open", {"app": "web"}, ingress=[{}]) + policy("closed", {"app": "web"}))
    # Policies add up: what one of them lets in is in.
    assert reached(world, "friend", "stranger") == ["friend", "stranger"]
    world.ok("delete networkpolicy open")
    assert reached(world, "friend", "stranger") == []


@pytest.mark.parametrize(
    ("ports", "gets_in"),
    [
        ([{"port": 80}], True),
        ([{"port": 80, "protocol": "UDP"}], False),
        ([{"port": 81}], False),
        ([{"port": 70, "endPort": 90}], True),
        ([{"port": 81, "endPort": 90}], False),
        ([{"port": "http"}], True),
        ([{"port": "metrics"}], False),
        ([{"protocol": "TCP"}], True),
        ([{"port": 81}, {"port": 80}], True),
    ],
)
def test_a_rule_may_be_for_certain_ports_alone(world, ports, gets_in):
    world.apply(policy(selects={"app": "web"}, ingress=[{"ports": ports}]))
    assert (code(world, "friend") == 0) == gets_in


def test_namespaces_are_selected_by_their_labels_and_with_pods_both_must_fit(world):
    world.ok("create namespace team")
    world.ok("label namespace team team=x")
    world.run(1)
    for name in ("friend", "stranger"):
        world.ok(f"run {name} -n team --image=curlimages/curl:8.5.0 --labels=role={name} -- sleep infinity")
    world.terminal.settle()

    def inside() -> list[str]:
        target = address(world, "web")
        line = "exec {} -n team -- curl -s -o /dev/null -m 2 {}"
        return [name for name in ("friend", "stranger") if world.kubectl(line.format(name, target)).code == 0]

    selector = {"namespaceSelector": {"matchLabels": {"team": "x"}}}
    world.apply(policy(selects={"app": "web"}, ingress=[{"from": [selector]}]))
    assert (inside(), reached(world, "friend")) == (["friend", "stranger"], [])
    world.apply(policy(selects={"app": "web"}, ingress=[{"from": [{**selector, **pods(role="friend")}]}]))
    assert inside() == ["friend"]
    world.apply(policy(selects={"app": "web"}, ingress=[{"from": [pods(role="friend")]}]))
    assert (inside(), reached(world, "friend")) == ([], ["friend"])
    world.apply(policy(selects={"app": "web"}, ingress=[{"from": [{"namespaceSelector": {}}]}]))
    assert (inside(), reached(world, "friend")) == (["friend", "stranger"], ["friend"])


def test_an_address_block_lets_in_whom_it_holds_but_for_its_exceptions(world):
    block: Obj = {"cidr": "10.244.0.0/16"}
    world.apply(policy(selects={"app": "web"}, ingress=[{"from": [{"ipBlock": block}]}]))
    assert reached(world, "friend", "stranger") == ["friend", "stranger"]
    block["except"] = [f"{address(world, 'stranger')}/32"]
    world.apply(policy(selects={"app": "web"}, ingress=[{"from": [{"ipBlock": block}]}]))
    assert reached(world, "friend", "stranger") == ["friend"]


def test_egress_is_held_back_at_the_source_and_with_it_the_names(world):
    world.apply(policy(selects={"role": "friend"}, policyTypes=["Egress"]))
    assert reached(world, "friend", "stranger") == ["stranger"]
    words = "curl: (6) Could not resolve host: web (Timeout while contacting DNS servers)"
    assert world.exec("friend", "curl -sS web").stderr.splitlines()[0] == words


def test_names_need_a_rule_of_their_own(world):
    to_web = {"to": [pods(app="web")]}
    dns = {
        "to": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}}}],
        "ports": [{"port": 53, "protocol": "UDP"}],
    }
    world.apply(policy(selects={"role": "friend"}, policyTypes=["Egress"], egress=[to_web]))
    assert code(world, "friend") == 0
    assert world.exec("friend", "curl -s -o /dev/null -m 2 web").code != 0
    world.apply(policy(selects={"role": "friend"}, policyTypes=["Egress"], egress=[to_web, dns]))
    assert world.exec("friend", "curl -s -o /dev/null -m 2 web").code == 0


def test_both_ends_must_agree(world):
    world.apply(policy("out", {"role": "friend"}, policyTypes=["Egress"], egress=[{"to": [pods(app="web")]}]))
    assert code(world, "friend") == 0
    world.apply(policy("in", {"app": "web"}))
    assert code(world, "friend") == TIMED_OUT


def test_a_policy_of_one_direction_leaves_the_other_open(world):
    world.apply(policy(selects={"app": "web"}))
    assert world.exec("web", f"curl -s -m 2 {address(world, 'friend')}").code == 7
    assert code(world, "friend") == TIMED_OUT


def test_a_pod_reaches_itself_and_its_node_probes_it(world):
    probe = {"httpGet": {"path": "/", "port": 80}, "periodSeconds": 1}
    world.apply(policy() + pod("probed", **WEB, container={"readinessProbe": probe}))
    world.run(10)
    assert world.ok("get pod probed -o jsonpath='{.status.containerStatuses[0].ready}'") == "true"
    assert world.exec("probed", "curl -s -o /dev/null localhost").code == 0
    assert world.exec("probed", f"curl -s -o /dev/null -m 2 {address(world, 'probed')}").code == 0


def test_an_echo_request_is_no_port(world):
    world.apply(pod("box") + policy(selects={"app": "web"}, ingress=[{"ports": [{"port": 80}]}]))
    assert world.exec("box", f"ping -c 1 -W 1 {address(world, 'web')}").code == 1
    world.apply(policy(selects={"app": "web"}, ingress=[{}]))
    assert world.exec("box", f"ping -c 1 -W 1 {address(world, 'web')}").code == 0
