"""The kubeconfig: contexts keep a namespace. What is printed was compared with kubectl v1.32.4."""

from __future__ import annotations

import pytest

from tests.engine.support import Terminal

HEAD = "CURRENT   NAME       CLUSTER    AUTHINFO   NAMESPACE\n"


@pytest.fixture
def terminal():
    return Terminal()


def test_the_namespace_of_the_current_context_is_used(terminal):
    terminal.ok("kubectl create ns dev")
    terminal.ok("kubectl -n dev create cm mine --from-literal=a=b")
    line = "kubectl config set-context --current --namespace=dev"
    assert terminal.ok(line) == 'Context "podarium" modified.\n'
    assert terminal.ok("kubectl get cm mine -o name") == "configmap/mine\n"
    assert terminal.ok("kubectl config view --minify -o jsonpath='{..namespace}'") == "dev"
    assert terminal.ok("kubectl get -n kube-system sa default -o jsonpath={.metadata.namespace}") == "kube-system"


def test_a_context_is_made_used_renamed_and_deleted(terminal):
    line = "kubectl config set-context other --cluster=podarium --user=podarium --namespace=kube-system"
    assert terminal.ok(line) == 'Context "other" created.\n'
    assert terminal.ok("kubectl config get-contexts") == HEAD + (
        "          other      podarium   podarium   kube-system\n*         podarium   podarium   podarium   default\n"
    )
    assert (
        terminal.ok("kubectl --context=other get cm -o jsonpath={.items[*].metadata.namespace}").split()[0]
        == "kube-system"
    )
    assert terminal.ok("kubectl config use-context other") == 'Switched to context "other".\n'
    assert terminal.ok("kubectl config current-context") == "other\n"
    assert terminal.ok("kubectl config rename-context other third") == 'Context "other" renamed to "third".\n'
    result = terminal.run("kubectl config delete-context third")
    assert result.stdout == "deleted context third from /root/.kube/config\n"
    assert result.stderr.startswith("warning: this removed your active context, ")
    assert terminal.run("kubectl config view --minify").stderr == "error: cannot locate context third\n"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("kubectl config use-context x", 'error: no context exists with the name: "x"\n'),
        ("kubectl config get-contexts x", "error: context x not found\n"),
        ("kubectl config delete-context x", "error: cannot delete context x, not in /root/.kube/config\n"),
        ("kubectl config set-context", "error: you must specify a non-empty context name or --current\n"),
        (
            "kubectl config get-contexts -o yaml",
            "error: --output yaml is not available in kubectl config get-contexts; resetting to default output format\n",
        ),
        ("kubectl --context=x get pods", "Error in configuration: context was not found for specified context: x\n"),
    ],
)
def test_what_there_is_not_is_said(terminal, line, words):
    result = terminal.run(line)
    assert (result.code, result.stderr) == (1, words)


def test_the_kubeconfig_is_a_file(terminal):
    terminal.ok("kubectl config set-context --current --namespace=dev")
    assert "    namespace: dev\n" in terminal.ok("cat .kube/config")
