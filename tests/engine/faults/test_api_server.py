"""An API server that is down: who notices, what goes on, and how everybody comes back."""

from __future__ import annotations

import pytest

from cluster_engine.apimachinery.errors import ConnectionLost
from cluster_engine.http.frontend import Frontend
from cluster_engine.http.message import HttpRequest, HttpResponse
from tests.engine.faults.conftest import REFUSED

NO_SCHEMA = (
    'error: error validating "{}": error validating data: failed to download openapi: Get '
    '"https://127.0.0.1:6443/openapi/v2?timeout=32s": dial tcp 127.0.0.1:6443: connect: connection refused; if you '
    "choose to ignore these errors, turn validation off with --validate=false\n"
)


@pytest.mark.parametrize(
    "line",
    [
        "kubectl get pods",
        "kubectl get pods -w",
        "kubectl describe deployment web",
        "kubectl scale deployment web --replicas=2",
        "kubectl create configmap c",
        "kubectl delete deployment web",
        "kubectl rollout status deployment web",
    ],
)
def test_kubectl_says_that_the_connection_was_refused(world, line):
    world.inject("Stop", "kube-apiserver")
    told = world.terminal.run(line)
    assert (told.stdout, told.stderr, told.code) == ("", REFUSED, 1)


@pytest.mark.parametrize(("line", "source"), [("apply -f a.yaml", "a.yaml"), ("create --filename=a.yaml", "a.yaml")])
def test_a_manifest_cannot_be_validated(world, line, source):
    world.terminal.files.write("a.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n")
    world.inject("Stop", "kube-apiserver")
    told = world.terminal.run(f"kubectl {line}")
    assert (told.stdout, told.stderr, told.code) == ("", NO_SCHEMA.format(source), 1)


def test_kubectl_version_knows_its_own(world):
    world.inject("Stop", "kube-apiserver")
    told = world.terminal.run("kubectl version")
    assert told.stdout == "Client Version: v1.32.4\nKustomize Version: v5.5.0\n"
    assert (told.stderr, told.code) == (REFUSED, 1)


@pytest.mark.parametrize("path", ["/api/v1/pods", "/apis", "/readyz", "/version"])
def test_http_answers_503(world, path):
    world.inject("Stop", "kube-apiserver")
    response = Frontend(world.cluster.server).respond(HttpRequest("GET", path))
    assert isinstance(response, HttpResponse)
    assert response.code == 503
    assert b'"reason":"ServiceUnavailable"' in response.body


def test_what_runs_goes_on_and_nothing_is_written(world):
    world.deployment(3)
    world.run(10)
    before = world.cluster.revision
    world.inject("Stop", "kube-apiserver")
    world.run(900)
    assert world.cluster.revision == before + 1
    running = [
        container.state
        for process in world.cluster.kubelets.values()
        for worker in process.kubelet.running_pods()
        for container in worker.main
    ]
    assert running == ["running"] * 3
    assert [world.node_ready(f"k8s-node0{n}") for n in (1, 2, 3)] == ["True"] * 3


def test_watches_end_and_the_caches_are_filled_again(world):
    world.deployment(1)
    world.run(5)
    watch = world.client.watch("pods", "default", resource_version=world.cluster.revision)
    name = world.inject("Stop", "kube-apiserver")
    assert watch.ended
    assert world.cluster.server.watches == {}
    with pytest.raises(ConnectionLost):
        world.client.list("pods")
    world.run(30)
    world.lift(name)
    world.run(3)
    assert world.cluster.server.down is not None
    world.run(60)
    world.patch("deployments.apps", "web", {"spec": {"replicas": 4}})
    world.run(10)
    assert world.ready() == 4
    assert list(world.cluster.trace.faults) == []


def test_a_container_that_ends_meanwhile_is_restarted_meanwhile(world):
    world.pod("p")
    world.run(5)
    name = world.inject("Stop", "kube-apiserver")
    world.inject("Crash", "container/default/p/c", exitCode=7)
    world.run(10)
    assert world.pods()[0]["status"]["containerStatuses"][0]["restartCount"] == 0
    world.lift(name)
    world.run(60)
    status = world.container("p")
    assert (status["restartCount"], status["lastState"]["terminated"]["exitCode"]) == (1, 7)


def test_a_rollout_that_is_watched_is_watched_on(world):
    world.deployment(3)
    number = world.terminal.type("kubectl rollout status deployment web")
    world.run(0.3)
    name = world.inject("Stop", "kube-apiserver")
    world.run(20)
    assert number not in world.terminal.codes
    world.lift(name)
    world.run(60)
    assert world.terminal.codes[number] == 0
    assert world.terminal.printed(number).endswith('deployment "web" successfully rolled out\n')
    assert world.terminal.printed(number, "stderr") == ""


def test_kubectl_get_watch_ends_without_a_word(world):
    world.deployment(1)
    world.run(5)
    number = world.terminal.type("kubectl get pods -w")
    world.run(1)
    world.inject("Stop", "kube-apiserver")
    world.run(1)
    assert world.terminal.codes[number] == 0
    assert world.terminal.printed(number, "stderr") == ""


def test_a_restart_takes_a_few_seconds_and_leaves_no_fault(world):
    world.inject("Restart", "kube-apiserver")
    assert world.terminal.run("kubectl get pods").stderr == REFUSED
    world.run(5)
    assert world.terminal.run("kubectl get pods").stderr == "No resources found in default namespace.\n"
    assert world.stored("faults.podarium.dev", "") == []


def test_a_slow_api_server_makes_everybody_slow(world):
    name = world.inject("Slow", "kube-apiserver", seconds=1)
    before_us = world.cluster.clock.now_us
    world.terminal.ok("kubectl get nodes")
    assert world.cluster.clock.now_us - before_us >= 1_000_000
    world.deployment(1)
    world.run(3)
    assert world.ready() == 0
    world.run(20)
    assert world.ready() == 1
    world.lift(name)
    before_us = world.cluster.clock.now_us
    world.terminal.ok("kubectl get nodes")
    assert world.cluster.clock.now_us == before_us
