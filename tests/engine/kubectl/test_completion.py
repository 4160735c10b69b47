"""What Tab offers."""

import pytest

from tests.engine.support import Terminal


@pytest.fixture(scope="module")
def terminal():
    terminal = Terminal({"web.yaml": "", "notes.txt": ""})
    terminal.ok(
        "kubectl create deployment web --image=nginx; kubectl create deployment api --image=redis; kubectl create ns team-a"
    )
    terminal.settle()
    return terminal


def candidates(terminal, line):
    found = terminal.session.complete(line, len(line))
    return line[: found.start], found.candidates


@pytest.mark.parametrize(
    ("line", "head", "offered"),
    [
        ("kube", "", ["kubectl"]),
        ("kubectl sc", "kubectl ", ["scale"]),
        ("k rollout st", "k rollout ", ["status"]),
        ("kubectl get deployments ", "kubectl get deployments ", ["api", "web"]),
        ("kubectl get deploy w", "kubectl get deploy ", ["web"]),
        ("kubectl describe deploy/a", "kubectl describe ", ["deploy/api"]),
        ("kubectl rollout undo ", "kubectl rollout undo ", ["daemonset", "deployment", "statefulset"]),
        ("kubectl get po,dep", "kubectl get ", ["po,deploy", "po,deployments"]),
        ("kubectl get pods -n te", "kubectl get pods -n ", ["team-a"]),
        ("kubectl get pods --namespace=te", "kubectl get pods ", ["--namespace=team-a"]),
        ("kubectl get pods -o y", "kubectl get pods -o ", ["yaml"]),
        ("kubectl get pods --show-l", "kubectl get pods ", ["--show-labels"]),
        ("kubectl explain deploy.spec.str", "kubectl explain ", ["deploy.spec.strategy"]),
        ("kubectl explain po.spec.containers.li", "kubectl explain ", [
            "po.spec.containers.lifecycle", "po.spec.containers.livenessProbe",
        ]),
        ("kubectl get po --sort-by .metadata.na", "kubectl get po --sort-by ", [".metadata.name", ".metadata.namespace"]),
        ("kubectl get po --sort-by=.metadata.creationT", "kubectl get po ", ["--sort-by=.metadata.creationTimestamp"]),
        ("kubectl get po --field-selector=status.", "kubectl get po ", [
            "--field-selector=status.phase=", "--field-selector=status.podIP=",
        ]),
        ("kubectl get deploy web -o jsonpath={.spec.repl", "kubectl get deploy web -o ", ["jsonpath={.spec.replicas"]),
        ("kubectl get po -o jsonpath={.items[*].metadata.nam", "kubectl get po -o ", [
            "jsonpath={.items[*].metadata.name", "jsonpath={.items[*].metadata.namespace",
        ]),
        ("kubectl apply -f w", "kubectl apply -f ", ["web.yaml"]),
        ("kubectl set image deploy/web ", "kubectl set image deploy/web ", ["nginx="]),
        ("kubectl delete deploy web ", "kubectl delete deploy web ", ["api"]),
        ("cat n", "cat ", ["notes.txt"]),
        ("kubectl get po | gr", "kubectl get po | ", ["grep"]),
        ("echo 'a | b' > n", "echo 'a | b' > ", ["notes.txt"]),
        ("kubectl get nothing ", "kubectl get nothing ", []),
    ],
)
def test_what_could_come_next_is_offered(terminal, line, head, offered):
    assert candidates(terminal, line) == (head, offered)


def test_only_what_stands_before_the_cursor_counts(terminal):
    found = terminal.session.complete("kubectl get deploy w --no-headers", 20)
    assert (found.start, found.candidates) == (19, ["web"])
