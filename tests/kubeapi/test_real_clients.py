"""kubectl against a sandbox of a running site: over real sockets, under the secret path, at the sandbox's pace."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.api.pseudoterminal import Pseudoterminal
from tests.api.real import free_port, some_kubectls
from tests.server import Server

EACH_KUBECTL = pytest.mark.parametrize("kubectl", some_kubectls(), ids=os.path.basename)
MAKE = """
from playground.accounts.models import User
from playground.kubeapi.access import secret_of
from playground.sandboxes import gateway
print("secret", secret_of(gateway.create(User.objects.create_user("learner"), title="mine")))
"""


class Sandbox:
    """A sandbox with a kubeconfig, and a pod that serves and counts."""

    def __init__(self, folder: Path, server: Server) -> None:
        printed = server.manage("shell", "-c", MAKE)
        secret = next(line.split()[1] for line in printed.splitlines() if line.startswith("secret "))
        self.secret = secret
        self.environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "KUBECONFIG": str(folder / "config")}
        config = {
            "apiVersion": "v1", "kind": "Config", "current-context": "c",
            "clusters": [{"name": "c", "cluster": {"server": f"{server.url}/k/{secret}"}}],
            "users": [{"name": "c", "user": {}}],
            "contexts": [{"name": "c", "context": {"cluster": "c", "user": "c"}}],
        }  # fmt: skip
        (folder / "config").write_text(yaml.safe_dump(config))

    def run(self, kubectl: str, *arguments: str, stdin: str = "") -> tuple[str, str, int]:
        done = subprocess.run(
            [kubectl, *arguments], env=self.environment, input=stdin, capture_output=True, text=True, timeout=60,
            check=False,
        )  # fmt: skip
        return done.stdout, done.stderr, done.returncode

    def start(self, kubectl: str, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [kubectl, *arguments], env=self.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
        )


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("site"))
    server.start()
    yield server
    assert "Traceback" not in server.output()
    assert server.stop() == 0


@pytest.fixture(scope="module")
def own(site: Server, tmp_path_factory: pytest.TempPathFactory) -> Sandbox:
    own = Sandbox(tmp_path_factory.mktemp("home"), site)
    kubectl = some_kubectls()[-1]
    counting = "i=0; while true; do i=$((i+1)); echo line $i; sleep 1; done"
    own.run(kubectl, "run", "web", "--image=nginx:1.25")
    own.run(kubectl, "run", "count", "--image=busybox:1.36", "--", "sh", "-c", counting)
    ready = own.run(kubectl, "wait", "--for=condition=Ready", "pod/web", "pod/count", "--timeout=50s")
    assert ready[2] == 0, ready
    return own


@EACH_KUBECTL
def test_a_command_with_input_and_an_exit_code(own: Sandbox, kubectl: str) -> None:
    ran = own.run(kubectl, "exec", "-i", "web", "--", "sh", "-c", "cat; exit 3", stdin="hello\n")
    assert ran == ("hello\n", "command terminated with exit code 3\n", 3)
    assert own.run(kubectl, "exec", "nopod", "--", "ls")[1] == 'Error from server (NotFound): pods "nopod" not found\n'


@EACH_KUBECTL
def test_a_shell_on_a_terminal(own: Sandbox, kubectl: str) -> None:
    terminal = Pseudoterminal([kubectl, "exec", "-it", "web", "--", "sh"], own.environment)
    terminal.read_until("# ")
    terminal.type("sleep 1; echo $((40 + 2))\r")
    terminal.read_until("\r\n42\r\n# ")
    terminal.type("exit\r")
    assert terminal.finish() == ("exit\r\n", 0)


@EACH_KUBECTL
def test_a_page_through_a_forwarded_port(own: Sandbox, kubectl: str) -> None:
    local = free_port()
    running = own.start(kubectl, "port-forward", "pod/web", f"{local}:80")
    assert running.stdout is not None
    try:
        assert running.stdout.readline() == f"Forwarding from 127.0.0.1:{local} -> 80\n"
        connection = http.client.HTTPConnection("127.0.0.1", local, timeout=20)
        connection.request("GET", "/")
        assert b"Welcome to nginx!" in connection.getresponse().read()
        connection.close()
    finally:
        running.terminate()
        running.communicate(timeout=10)


def test_a_followed_log(own: Sandbox) -> None:
    following = own.start(some_kubectls()[-1], "logs", "-f", "count", "--tail=1")
    assert following.stdout is not None
    try:
        first = int(following.stdout.readline().split()[1])
        assert [following.stdout.readline() for _ in range(2)] == [f"line {first + n}\n" for n in (1, 2)]
    finally:
        following.terminate()
        following.communicate(timeout=10)


def test_a_websocket_under_a_wrong_secret_is_no_path(site: Server) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=20)
    upgrade = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
    key = {"Sec-WebSocket-Key": "MDEyMzQ1Njc4OWFiY2RlZg==", "Sec-WebSocket-Protocol": "v5.channel.k8s.io"}
    connection.request("GET", "/k/wrong/api/v1/namespaces/default/pods/web/exec?command=ls", headers=upgrade | key)
    answer = connection.getresponse()
    assert (answer.status, json.loads(answer.read())["reason"]) == (404, "NotFound")
    connection.close()


def test_the_secret_is_in_no_log(own: Sandbox, site: Server) -> None:
    assert own.secret not in site.output()
