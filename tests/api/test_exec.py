"""exec, attach, cp, run and debug with real clients: several kubectls, and the official Python client."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client, config
from kubernetes.client.rest import ApiException
from kubernetes.stream import stream
from kubernetes.stream.ws_client import ERROR_CHANNEL

from tests.api.pseudoterminal import Pseudoterminal
from tests.api.real import Server, minor, some_kubectls

EACH_KUBECTL = pytest.mark.parametrize("kubectl", some_kubectls(), ids=os.path.basename)
BIG_BYTES = 2_000_000
RUNC = "OCI runtime exec failed: exec failed: unable to start container process: exec: "


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A cluster with the playground's images, over https, and a pod with a web server and a shell in it."""
    server = Server(tmp_path_factory.mktemp("exec"), "--tls", "--registry", "catalogue", "--speed", "4")
    server.write(
        "pod.yaml",
        """
        apiVersion: v1
        kind: Pod
        metadata: {name: web}
        spec:
          containers:
          - {name: nginx, image: "nginx:1.25"}
          - {name: shell, image: "busybox:1.36", command: [sh], stdin: true, tty: true}
        """,
    )
    server.kubectl("apply -f pod.yaml")
    server.kubectl("run once --image=busybox:1.36 --restart=Never -- true")
    server.kubectl('run pending --image=busybox:1.36 --overrides \'{"spec":{"nodeSelector":{"a":"b"}}}\'')
    server.kubectl("wait --for=condition=Ready pod/web --timeout=60s")
    server.kubectl("wait --for=jsonpath='{.status.phase}'=Succeeded pod/once --timeout=60s")
    yield server
    errors = server.errors()
    assert (server.stop(), errors) == (0, "")


@pytest.fixture
def core(world: Server) -> Any:
    return client.CoreV1Api(config.new_client_from_config(config_file=str(world.kubeconfig)))


@EACH_KUBECTL
def test_a_command_prints_on_both_outputs_and_its_exit_code_is_kubectls(world: Server, kubectl: str) -> None:
    ran = world.run("kubectl exec web -c nginx -- sh -c 'echo out; echo err >&2; exit 3'", kubectl=kubectl)
    assert (ran.stdout, ran.stderr, ran.code) == ("out\n", "err\ncommand terminated with exit code 3\n", 3)


@EACH_KUBECTL
def test_what_is_piped_in_arrives_whole(world: Server, kubectl: str) -> None:
    ran = world.run("seq 20000 | kubectl exec -i web -c nginx -- sh -c 'wc -l; echo done'", kubectl=kubectl)
    assert (ran.stdout, ran.stderr, ran.code) == ("20000\ndone\n", "", 0)


@EACH_KUBECTL
def test_a_program_that_there_is_not(world: Server, kubectl: str) -> None:
    ran = world.run("kubectl exec web -c nginx -- nosuch", kubectl=kubectl)
    # From 1.30 on the API server translates, and says once more that there was an error.
    head = "error: " + "Internal error occurred: " * (2 if minor(kubectl) >= 30 else 1)
    assert ran.stderr.startswith(f"{head}error executing command in container: failed to exec in container: failed to")
    assert ran.stderr.endswith(f'{RUNC}"nosuch": executable file not found in $PATH: unknown\n')
    assert ran.code == 1


@EACH_KUBECTL
@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("exec web -c nope -- ls", "Error from server (BadRequest): container nope is not valid for pod web"),
        ("exec nopod -- ls", 'Error from server (NotFound): pods "nopod" not found'),
        ("exec pending -- ls", "Error from server (BadRequest): pod pending does not have a host assigned"),
        ("exec once -- ls", "error: cannot exec into a container in a completed pod; current phase is Succeeded"),
        ("attach pending", "Error from server (BadRequest): pod pending does not have a host assigned"),
    ],
)
def test_where_nothing_can_run(world: Server, kubectl: str, command: str, words: str) -> None:
    ran = world.run(f"kubectl {command} < /dev/null", kubectl=kubectl)
    assert (ran.stdout, ran.stderr.splitlines()[-1], ran.code) == ("", words, 1)


@EACH_KUBECTL
def test_a_container_that_waits_to_run_again(world: Server, kubectl: str) -> None:
    name = f"crash{minor(kubectl)}"
    world.kubectl(f"run {name} --image=busybox:1.36 -- false")
    world.kubectl(f"wait pod/{name} --for=jsonpath='{{.status.containerStatuses[0].state.waiting}}' --timeout=60s")
    ran = world.run(f"kubectl exec {name} -- ls", kubectl=kubectl)
    head = "error: Internal error occurred: " if minor(kubectl) >= 30 else "error: "
    assert ran.stderr == f'{head}unable to upgrade connection: container not found ("{name}")\n'
    ran = world.run(f"kubectl attach {name} < /dev/null", kubectl=kubectl)
    words = f"{head}unable to upgrade connection: container {name} not found in pod {name}_default"
    assert ran.stderr.splitlines()[-1] == words
    world.kubectl(f"delete pod {name} --now")


@EACH_KUBECTL
def test_a_shell_on_a_terminal(world: Server, kubectl: str) -> None:
    program = [kubectl, "exec", "-it", "web", "-c", "nginx", "--", "sh"]
    terminal = Pseudoterminal(program, world.environment())
    terminal.read_until("# ")
    terminal.type("echo $((40 + 2)); tty; stty size\r")
    assert terminal.read_until("# ") == "echo $((40 + 2)); tty; stty size\r\n42\r\n/dev/pts/0\r\n40 111\r\n# "
    terminal.type("sleep 1000\r")
    terminal.read_until("sleep 1000")
    terminal.type("\x03")
    assert terminal.read_until("# ") == "\r\n^C\r\n# "
    terminal.type("exit 7\r")
    assert terminal.finish() == ("exit 7\r\ncommand terminated with exit code 7\r\n", 7)


@EACH_KUBECTL
def test_files_are_copied_both_ways(world: Server, kubectl: str, tmp_path: Path) -> None:
    there, back = tmp_path / "there", tmp_path / "back"
    (there / "sub").mkdir(parents=True)
    (there / "big").write_bytes(os.urandom(BIG_BYTES))
    (there / "sub" / "small").write_text("small\n")
    ran = world.run(f"kubectl cp {there} web:/tmp/copied -c nginx", kubectl=kubectl)
    assert (ran.stdout, ran.stderr, ran.code) == ("", "", 0)
    assert world.kubectl("exec web -c nginx -- cat /tmp/copied/sub/small") == "small\n"
    assert world.run(f"kubectl cp web:/tmp/copied {back} -c nginx", kubectl=kubectl).code == 0
    assert (back / "big").read_bytes() == (there / "big").read_bytes()
    assert (back / "sub" / "small").read_text() == "small\n"
    world.kubectl("exec web -c nginx -- rm -r /tmp/copied")


@EACH_KUBECTL
def test_run_shows_what_the_container_says_and_removes_it(world: Server, kubectl: str) -> None:
    name = f"ask{minor(kubectl)}"
    ran = world.run(
        f"echo 'echo heard; exit 4' | kubectl run {name} --image=busybox:1.36 --rm -i --restart=Never -- sh",
        kubectl=kubectl,
    )
    assert ran.stdout == f'heard\npod "{name}" deleted\n'
    assert ran.stderr.splitlines()[-1] == f"pod default/{name} terminated (Error)"
    assert ran.code == 4


@EACH_KUBECTL
def test_attach_speaks_with_the_main_process(world: Server, kubectl: str) -> None:
    name = f"shell{minor(kubectl)}"
    world.kubectl(f"run {name} --image=busybox:1.36 --restart=Never --stdin --tty --attach=false -- sh")
    world.kubectl(f"wait --for=condition=Ready pod/{name} --timeout=60s")
    terminal = Pseudoterminal([kubectl, "attach", "-it", name], world.environment())
    terminal.read_until("try pressing enter.\r\n")
    terminal.type("echo $((50 + 5))\r")
    terminal.read_until("\r\n55\r\n")
    terminal.type("exit\r")
    assert terminal.finish() == ("/ # exit\r\n", 0)
    # With a terminal, what is typed is a part of what is shown.
    assert world.kubectl(f"logs {name}").splitlines() == ["/ # echo $((50 + 5))", "55", "/ # exit"]


def test_a_debugger_sees_the_processes_and_the_network_of_its_target(world: Server) -> None:
    world.kubectl("run target --image=nginx:1.25")
    world.kubectl("wait --for=condition=Ready pod/target --timeout=60s")
    command = """sh -c 'wget -qO- localhost | grep -c Welcome; ps | grep "^    1"'"""
    debug = "debug target --image=busybox:1.36 --profile=general"
    ran = world.run(f"kubectl {debug} -i --target=target -c look -- {command}")
    seen = "2\n    1 root      0:00 nginx: master process nginx -g daemon off;\n"
    targeting = 'Targeting container "target". '
    assert (ran.stdout.startswith(targeting), ran.stdout.partition("\n")[2], ran.code) == (True, seen, 0), ran
    status = json.loads(world.kubectl("get pod target -o json"))["status"]["ephemeralContainerStatuses"]
    assert [(one["name"], one["state"]["terminated"]["reason"]) for one in status] == [("look", "Completed")]
    assert world.kubectl("logs target -c look") == seen


def test_ephemeral_containers_stay_as_they_are(world: Server, core: Any) -> None:
    world.kubectl("run kept --image=nginx:1.25")
    entry = {"name": "dbg", "image": "busybox:1.36", "command": ["sleep", "1000"]}

    def patch(containers: list[Any]) -> str:
        """The message of a refusal, or the names of the containers that there are then."""
        body = [{"op": "add", "path": "/spec/ephemeralContainers", "value": containers}]
        try:
            made = core.patch_namespaced_pod_ephemeralcontainers("kept", "default", body)
        except ApiException as refused:
            return str(json.loads(refused.body)["message"])
        return " ".join(one.name for one in made.spec.ephemeral_containers)

    assert patch([entry]) == "dbg"
    forbidden = (
        'Pod "kept" is invalid: spec.ephemeralContainers: Forbidden: existing ephemeral containers "dbg" may not'
    )
    assert patch([]) == f"{forbidden} be removed\n"
    assert patch([{**entry, "image": "busybox:1.35"}]).startswith(f"{forbidden} be changed\n")
    twice = patch([entry, {**entry, "name": "kept"}])
    assert twice == 'Pod "kept" is invalid: spec.ephemeralContainers[1].name: Duplicate value: "kept"'
    # Nothing else is taken from what is sent.
    labelled = core.patch_namespaced_pod_ephemeralcontainers("kept", "default", {"metadata": {"labels": {"a": "b"}}})
    assert labelled.metadata.labels == {"run": "kept"}


def test_a_copy_of_a_pod_and_a_pod_on_a_node_for_debugging(world: Server) -> None:
    ran = world.run(
        "kubectl debug once -i -q --profile=general --image=busybox:1.36 --copy-to=once-copy -- echo from the copy"
    )
    assert (ran.stdout, ran.code) == ("from the copy\n", 0), ran
    ran = world.run("kubectl debug node/k8s-node01 -i --profile=general --image=busybox:1.36 -- hostname")
    assert "Creating debugging pod node-debugger-k8s-node01-" in ran.stdout + ran.stderr
    assert ran.stdout.splitlines()[-1] == "k8s-node01"


# The Python client.


def test_the_python_client_runs_a_command(core: Any) -> None:
    said = stream(
        core.connect_get_namespaced_pod_exec, "web", "default", container="nginx",
        command=["sh", "-c", "echo out; echo err >&2"], stderr=True, stdin=False, stdout=True, tty=False,
    )  # fmt: skip
    assert said in ("out\nerr\n", "err\nout\n")


def test_the_python_client_speaks_with_a_command(core: Any) -> None:
    talk = stream(
        core.connect_get_namespaced_pod_exec, "web", "default", container="nginx",
        command=["sh"], stderr=True, stdin=True, stdout=True, tty=False, _preload_content=False,
    )  # fmt: skip
    talk.write_stdin("echo one; echo two >&2\n")
    assert talk.readline_stdout(timeout=10) == "one"
    assert talk.readline_stderr(timeout=10) == "two"
    talk.write_stdin("exit 5\n")
    talk.run_forever(timeout=10)
    assert talk.returncode == 5
    talk.close()


def test_the_python_client_may_say_much_at_once(core: Any) -> None:
    talk = stream(
        core.connect_get_namespaced_pod_exec, "web", "default", container="nginx",
        command=["head", "-c", str(BIG_BYTES)], stderr=True, stdin=True, stdout=True, tty=False, _preload_content=False,
    )  # fmt: skip
    talk.write_stdin("0123456789" * (BIG_BYTES // 10))
    talk.run_forever(timeout=30)
    assert talk.read_stdout() == "0123456789" * (BIG_BYTES // 10)
    assert talk.returncode == 0
    talk.close()


def test_the_python_client_attaches(core: Any) -> None:
    talk = stream(
        core.connect_get_namespaced_pod_attach, "web", "default", container="shell",
        stderr=False, stdin=True, stdout=True, tty=True, _preload_content=False,
    )  # fmt: skip
    talk.write_stdin("echo $((60 + 6))\r")
    end, seen = time.monotonic() + 10, ""
    while "66" not in seen and time.monotonic() < end:
        talk.update(timeout=1)
        seen += talk.read_stdout() if talk.peek_stdout() else ""
    assert "\n66\r\n" in seen
    talk.close()


@pytest.mark.parametrize(
    ("name", "container", "code", "words"),
    [
        ("nopod", "nginx", 404, 'pods \\"nopod\\" not found'),
        ("web", "nope", 400, "container nope is not valid for pod web"),
    ],
)
def test_the_python_client_is_told_why_not(core: Any, name: str, container: str, code: int, words: str) -> None:
    with pytest.raises(ApiException) as refused:
        stream(
            core.connect_get_namespaced_pod_exec, name, "default", container=container,
            command=["ls"], stderr=True, stdin=False, stdout=True, tty=False,
        )  # fmt: skip
    assert refused.value.reason.startswith(f"Handshake status {code} ")
    assert words in refused.value.reason


def test_the_python_client_is_told_what_the_kubelet_refuses(core: Any) -> None:
    talk = stream(
        core.connect_get_namespaced_pod_exec, "once", "default", container="once",
        command=["ls"], stderr=True, stdin=False, stdout=True, tty=False, _preload_content=False,
    )  # fmt: skip
    told = json.loads(talk.read_channel(ERROR_CHANNEL, timeout=10))
    words = 'Internal error occurred: unable to upgrade connection: container not found ("once")'
    assert (told["message"], told["code"]) == (words, 500)
    talk.close()


@EACH_KUBECTL
def test_a_service_account_needs_the_right_to_run_commands(world: Server, kubectl: str) -> None:
    account = f"bot{minor(kubectl)}"
    world.kubectl(f"create serviceaccount {account}")
    world.kubectl(f"create role {account} --verb=get --resource=pods")
    world.kubectl(f"create rolebinding {account} --role={account} --serviceaccount=default:{account}")
    command = f"kubectl --token=$(kubectl create token {account}) exec web -c nginx -- echo allowed"
    ran = world.run(command, kubectl=kubectl)
    assert (ran.stdout, ran.code) == ("", 1)
    assert ran.stderr == (
        f'Error from server (Forbidden): pods "web" is forbidden: User "system:serviceaccount:default:{account}" '
        'cannot create resource "pods/exec" in API group "" in the namespace "default"\n'
    )
    rules = '[{"op":"add","path":"/rules/-","value":{"apiGroups":[""],"resources":["pods/exec"],"verbs":["create"]}}]'
    world.kubectl(f"patch role {account} --type=json -p '{rules}'")
    # Over a websocket it is a GET, which is not allowed: newer kubectls then take the older way.
    ran = world.run(command, kubectl=kubectl)
    assert (ran.stdout, ran.stderr, ran.code) == ("allowed\n", "", 0)
