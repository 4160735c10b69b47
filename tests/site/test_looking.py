"""Which lines only look, and how many commands of a line do something."""

import pytest

from playground.sandboxes.looking import doing, only_looks


@pytest.mark.parametrize("line", [
    "", "kubectl get pods", "kubectl -n web get pods -w", "kubectl get pods | grep web | wc -l",
    "kubectl rollout status deployment/web", "kubectl rollout history deployment/web --revision=2",
    "kubectl get deploy; kubectl describe pod web-0", "while true; do kubectl get pods; sleep 1; done",
    "watch kubectl get pods", "cat dc-nginx.yaml", "kubectl get pods 2>/dev/null", "kubectl explain pod.spec",
    "echo 'a > b; kubectl delete pod x'", "for i in 1 2 3; do kubectl get pod web-$i; done", "# nothing",
])  # fmt: skip
def test_what_only_looks(line):
    assert only_looks(line)
    assert doing(line) == 0


@pytest.mark.parametrize(("line", "count"), [
    ("kubectl delete pod web-0", 1), ("kubectl -n web delete pod web-0", 1),
    ("kubectl rollout undo deployment/web", 1), ("kubectl rollout pause deployment/web", 1),
    ("kubectl get deploy web -o yaml | sed s/3/4/ | kubectl apply -f -", 2),
    ("kubectl scale deploy web --replicas=3 && kubectl rollout status deploy/web", 1),
    ("kubectl create ns a; kubectl create ns b", 2), ("kubectl get pods > pods.txt", 1),
    ("kubectl exec web-0 -- sh -c 'hostname > /tmp/x'", 1), ("for i in 0 1; do kubectl delete pod web-$i; done", 1),
    ("sed -i s/3/4/ dc-nginx.yaml", 1), ("kubectl label pod web-0 a=b", 1), ("X=1 kubectl delete pod a", 1),
    ("kubectl config use-context other", 1),
])  # fmt: skip
def test_what_does_something(line, count):
    assert not only_looks(line)
    assert doing(line) == count
