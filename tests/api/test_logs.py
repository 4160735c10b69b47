"""Logs with real clients: kubectl's flags, the Python client, and what is followed."""

from __future__ import annotations

import re
import signal
import time
from collections.abc import Iterator
from typing import Any

import pytest
from kubernetes import client, config
from kubernetes.client.rest import ApiException

from tests.api.real import Server

# What the pod `talk` says: its second container a line each second, without end.
POD = """
apiVersion: v1
kind: Pod
metadata: {name: talk, labels: {app: talk}}
spec:
  initContainers:
  - {name: before, image: "busybox:1.36", command: [echo, made ready]}
  containers:
  - {name: one, image: "busybox:1.36", command: [sh, -c, "echo first; echo second >&2; echo third; sleep 10000"]}
  - name: many
    image: busybox:1.36
    command: [sh, -c, "i=0; while true; do i=$((i+1)); echo line $i; sleep 1; done"]
"""
LOG = "/api/v1/namespaces/default/pods/talk/log"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("logs"), "--registry", "catalogue", "--speed", "4")
    server.write("talk.yaml", POD)
    server.kubectl("apply -f talk.yaml")
    server.kubectl("run once --image=busybox:1.36 --restart=Never -- echo done and gone")
    server.kubectl("run crash --image=busybox:1.36 -- sh -c 'echo run; sleep 1; exit 1'")
    server.kubectl("create deployment web --image=nginx:1.25 --replicas=2")
    server.kubectl("run pending --image=busybox:1.36 --overrides '{\"spec\":{\"nodeSelector\":{\"a\":\"b\"}}}'")
    server.kubectl("run unpulled --image=nosuch:9")
    server.kubectl("wait --for=condition=Ready pod/talk --timeout=60s")
    server.kubectl("wait --for=jsonpath='{.status.phase}'=Succeeded pod/once --timeout=60s")
    server.kubectl("rollout status deployment/web --timeout=60s")
    waiting = "jsonpath='{.status.containerStatuses[0].state.waiting.reason}'"
    server.kubectl(f"wait --for={waiting}=CrashLoopBackOff pod/crash --timeout=60s")
    server.kubectl(f"wait --for={waiting}=ImagePullBackOff pod/unpulled --timeout=60s")
    yield server
    errors = server.errors()
    assert (server.stop(), errors) == (0, "")


@pytest.fixture
def core(world: Server) -> Any:
    return client.CoreV1Api(config.new_client_from_config(config_file=str(world.kubeconfig)))


@pytest.mark.parametrize(
    ("flags", "printed"),
    [
        ("talk -c one", "first\nsecond\nthird\n"),
        ("talk -c one --tail=2", "second\nthird\n"),
        ("talk -c one --tail=0", ""),
        ("talk -c one --limit-bytes=8", "first\nse"),
        ("talk -c before", "made ready\n"),
        ("talk -c one --since-time=2000-01-01T00:00:00Z --tail=1", "third\n"),
        ("talk -c one --since-time=2100-01-01T00:00:00Z", ""),
        ("talk -c one --since=1s", ""),
        ("once", "done and gone\n"),
        ("crash --previous", "run\n"),
        ("pending", ""),
        ("-l app=talk -c one --tail=1 --prefix", "[pod/talk/one] third\n"),
    ],
)
def test_what_kubectl_logs_prints(world: Server, flags: str, printed: str) -> None:
    if "--since=1s" in flags:
        time.sleep(0.5)  # virtual time is four times as fast: what was said at the start is older by now
    assert world.kubectl(f"logs {flags}") == printed


def test_each_line_has_its_time_when_asked_for(world: Server) -> None:
    printed = world.kubectl("logs talk -c one --timestamps --tail=1")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z third\n", printed)


def test_all_containers_and_the_first_by_default(world: Server) -> None:
    ran = world.run("kubectl logs talk --tail=1")
    default = "Defaulted container \"one\" out of: one, many, before (init)\n"
    assert (ran.stdout, ran.stderr) == ("third\n", default)
    lines = world.kubectl("logs talk --all-containers --prefix").splitlines()
    assert {"[pod/talk/before] made ready", "[pod/talk/one] first", "[pod/talk/many] line 1"} <= set(lines)


def test_the_log_of_a_deployment_is_that_of_one_of_its_pods(world: Server) -> None:
    ran = world.run("kubectl logs deployment/web")
    assert re.fullmatch(r"Found 2 pods, using pod/web-\w+-\w+\n", ran.stderr)
    assert "Configuration complete; ready for start up\n" in ran.stdout


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        ("talk -c nope", "error: container nope is not valid for pod talk"),
        (
            "once --previous",
            'Error from server (BadRequest): previous terminated container "once" in pod "once" not found',
        ),
        (
            "unpulled",
            'Error from server (BadRequest): container "unpulled" in pod "unpulled" is waiting to start: '
            "trying and failing to pull image",
        ),
    ],
)
def test_where_there_is_no_log(world: Server, flags: str, words: str) -> None:
    assert world.kubectl(f"logs {flags}", fails=True) == f"{words}\n"


def test_a_followed_log_goes_on(world: Server) -> None:
    following = world.start("exec kubectl logs -f talk -c many --tail=1")
    assert following.stdout is not None
    first = following.stdout.readline()
    number = int(first.removeprefix("line "))
    assert [following.stdout.readline() for _ in range(3)] == [f"line {number + n}\n" for n in (1, 2, 3)]
    following.send_signal(signal.SIGINT)
    following.wait(10)


def test_a_followed_log_ends_with_its_container(world: Server) -> None:
    world.kubectl("run short --image=busybox:1.36 --restart=Never -- sh -c 'echo a; sleep 4; echo b'")
    world.kubectl("wait --for=condition=Ready pod/short --timeout=60s")
    ran = world.run("kubectl logs -f short")
    assert (ran.stdout, ran.stderr, ran.code) == ("a\nb\n", "", 0)


def test_the_python_client_reads_a_log(core: Any) -> None:
    assert core.read_namespaced_pod_log("talk", "default", container="one", tail_lines=2) == "second\nthird\n"
    with pytest.raises(ApiException) as refused:
        core.read_namespaced_pod_log("talk", "default")
    assert refused.value.status == 400
    assert "a container name must be specified for pod talk, choose one of: [one many]" in refused.value.body


def test_the_python_client_follows_a_log(core: Any) -> None:
    answer = core.read_namespaced_pod_log(
        "talk", "default", container="many", follow=True, tail_lines=1, _preload_content=False
    )
    seen = b""
    for part in answer.stream(amt=None):
        seen += part
        if seen.count(b"\n") >= 4:
            break
    answer.close()
    numbers = [int(line.split()[1]) for line in seen.split(b"\n")[:4]]
    assert numbers == list(range(numbers[0], numbers[0] + 4))


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("container=one&tailLines=-1", "tailLines: Invalid value: -1: must be greater than or equal to 0"),
        ("container=one&limitBytes=0", "limitBytes: Invalid value: 0: must be greater than 0"),
        ("container=one&sinceSeconds=0", "sinceSeconds: Invalid value: 0: must be greater than 0"),
    ],
)
def test_values_that_are_refused(world: Server, query: str, words: str) -> None:
    error = world.kubectl(f"get --raw '{LOG}?{query}'", fails=True)
    assert error == f'The PodLogOptions "talk" is invalid: {words}\n'
