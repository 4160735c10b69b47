"""What a container finds when it starts: variables, command lines, and the files that the kubelet writes for it."""

from __future__ import annotations

import pytest

from tests.engine.containers.cluster import World, pod, service

CONFIG = """
apiVersion: v1
kind: ConfigMap
metadata: {name: conf}
data: {color: blue, shape.txt: round, "9bad": x}
---
apiVersion: v1
kind: Secret
metadata: {name: sec}
stringData: {password: hush}
"""
VARIABLES = [
    {"name": "PLAIN", "value": "hello"},
    {"name": "FULL", "value": "$(PLAIN) $(NOPE) $$(PLAIN) $(FRONT_SERVICE_PORT) $(PASS_password)"},
    {"name": "LATER", "value": "$(LAST)"},
    {"name": "color", "value": "red"},
    {"name": "NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
    {"name": "SPACE", "valueFrom": {"fieldRef": {"fieldPath": "metadata.namespace"}}},
    {"name": "NODE", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}},
    {"name": "ACCOUNT", "valueFrom": {"fieldRef": {"fieldPath": "spec.serviceAccountName"}}},
    {"name": "HOST", "valueFrom": {"fieldRef": {"fieldPath": "status.hostIP"}}},
    {"name": "IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
    {"name": "TIER", "valueFrom": {"fieldRef": {"fieldPath": "metadata.labels['tier']"}}},
    {"name": "CPU", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu"}}},
    {"name": "MILLI", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu", "divisor": "1m"}}},
    {"name": "MEMORY", "valueFrom": {"resourceFieldRef": {"resource": "requests.memory", "divisor": "1Mi"}}},
    {"name": "KEY", "valueFrom": {"configMapKeyRef": {"name": "conf", "key": "shape.txt"}}},
    {"name": "SECRET", "valueFrom": {"secretKeyRef": {"name": "sec", "key": "password"}}},
    {"name": "MAYBE", "valueFrom": {"configMapKeyRef": {"name": "none", "key": "x", "optional": True}}},
    {"name": "LAST", "value": "z"},
]


@pytest.fixture(scope="module")
def world() -> World:
    world = World()
    world.apply(CONFIG + service("front", {"app": "x"}, 8080))
    container = {
        "env": VARIABLES,
        "envFrom": [{"configMapRef": {"name": "conf"}}, {"prefix": "PASS_", "secretRef": {"name": "sec"}}],
        "resources": {"limits": {"cpu": "1500m", "memory": "128Mi"}, "requests": {"memory": "64Mi"}},
        "args": [],
    }
    world.apply(
        pod("box", container=container, labels={"tier": "front"}, nodeName="k8s-node02")
        + pod("bare", enableServiceLinks=False)
        + pod("host", hostNetwork=True, nodeName="k8s-node01")
    )
    return world


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PLAIN", "hello"),
        ("FULL", "hello $(NOPE) $(PLAIN) 8080 hush"),
        # What is named further down is not known yet.
        ("LATER", "$(LAST)"),
        # `env` has the last word over `envFrom`.
        ("color", "red"),
        ("9bad", "x"),
        ("PASS_password", "hush"),
        ("NAME", "box"),
        ("SPACE", "default"),
        ("NODE", "k8s-node02"),
        ("ACCOUNT", "default"),
        ("HOST", "192.168.0.11"),
        ("TIER", "front"),
        # Rounded up.
        ("CPU", "2"),
        ("MILLI", "1500"),
        ("MEMORY", "64"),
        ("KEY", "round"),
        ("SECRET", "hush"),
        ("MAYBE", None),
        ("HOSTNAME", "box"),
        ("HOME", "/root"),
        ("FRONT_SERVICE_PORT", "8080"),
        ("FRONT_SERVICE_PORT_P", "8080"),
        ("KUBERNETES_SERVICE_HOST", "10.96.0.1"),
        ("KUBERNETES_PORT", "tcp://10.96.0.1:443"),
        ("KUBERNETES_PORT_443_TCP_PROTO", "tcp"),
    ],
)
def test_a_variable(world, name, value):
    result = world.kubectl(f"exec box -- printenv {name}")
    assert (result.stdout, result.code) == (("", 1) if value is None else (f"{value}\n", 0))


def test_the_addresses_are_those_of_the_status(world):
    ip = world.ok("get pod box -o jsonpath={.status.podIP}")
    front = world.ok("get svc front -o jsonpath={.spec.clusterIP}")
    assert world.sh("box", "echo $IP $FRONT_SERVICE_HOST $FRONT_PORT") == f"{ip} {front} tcp://{front}:8080\n"


def test_services_that_come_later_have_no_variables(world):
    world.apply(service("late", {"app": "x"}))
    assert world.exec("box", "printenv LATE_SERVICE_HOST").code == 1


def test_service_links_can_be_turned_off_but_for_kubernetes(world):
    names = world.sh("bare", "env | cut -d= -f1").split()
    assert "KUBERNETES_SERVICE_HOST" in names
    assert "FRONT_SERVICE_HOST" not in names


@pytest.mark.parametrize(
    ("command", "args", "log"),
    [
        (["echo", "$(NAME)", "$(NOPE)", "$$(NAME)"], None, "me $(NOPE) $(NAME)\n"),
        (["sh", "-c", 'echo "$0-$1"', "a"], ["b"], "a-b\n"),
        (None, ["echo", "args alone"], "args alone\n"),
    ],
)
def test_a_command_line(world, command, args, log):
    name = f"line-{len(str(command))}-{len(str(args))}"
    container = {"env": [{"name": "NAME", "value": "me"}]}
    container |= {"command": command} if command else {}
    container |= {"args": args} if args else {}
    world.apply(pod(name, command="", container=container, restartPolicy="Never"))
    assert world.ok(f"logs {name}") == log


def test_a_reference_to_what_is_missing_holds_the_container_back(world):
    missing = [{"name": "X", "valueFrom": {"secretKeyRef": {"name": "later", "key": "a"}}}]
    world.apply(pod("waits", container={"env": missing}))
    assert "CreateContainerConfigError" in world.ok("get pod waits")
    assert 'Error: secret "later" not found' in world.ok("describe pod waits")
    world.ok("create secret generic later --from-literal=a=b")
    world.run(30)
    assert world.sh("waits", "echo $X") == "b\n"


def test_the_files_of_the_network(world):
    ip = world.ok("get pod box -o jsonpath={.status.podIP}")
    hosts = world.sh("box", "cat /etc/hosts")
    assert hosts.startswith("# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n")
    assert hosts.endswith(f"{ip}\tbox\n")
    assert world.sh("box", "cat /etc/hostname; hostname; hostname -i") == f"box\nbox\n{ip}\n"


def test_a_pod_on_the_network_of_its_node_is_the_node(world):
    assert world.sh("host", "hostname; hostname -i") == "k8s-node01\n192.168.0.10\n"
    assert world.sh("host", "cat /etc/hosts").startswith("# Kubernetes-managed hosts file (host network).\n")


def test_the_token_of_the_service_account_is_there(world):
    folder = "/var/run/secrets/kubernetes.io/serviceaccount"
    assert world.sh("box", f"ls {folder}").split() == ["ca.crt", "namespace", "token"]
    assert world.sh("box", f"cat {folder}/namespace") == "default"
    assert world.sh("box", f"cat {folder}/token").count(".") == 2
    world.confirm_no_defects()
