"""exec, logs and cp over a stand-in for the pod's streams: what goes in, what comes out, what it ends with."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cluster_engine.apiserver.request import Request, Response
from cluster_engine.apiserver.server import ApiServer
from cluster_engine.apiserver.streams import ByteStream, Exchange
from tests.engine.support import Terminal


class Kubelet:
    """Answers the log and exec subresources of pods as a kubelet would, by a script of the test."""

    def __init__(self, terminal: Terminal) -> None:
        self.requests: list[Request] = []
        self.log: str | ByteStream = ""
        self.says: list[tuple[int, bytes]] = []
        self.exit_code = 0
        self.received = b""
        self._server: ApiServer = terminal.cluster.server
        self._handle = self._server.handle
        self._server.handle = self.handle  # type: ignore[method-assign]

    def handle(self, request: Request) -> Response:
        if request.subresource not in ("log", "exec"):
            return self._handle(request)
        self.requests.append(request)
        if request.subresource == "log":
            return Response(200, self.log)
        exchange = Exchange(self._receive, lambda channel: self._finish(), lambda: None)
        self.exchange = exchange
        for channel, data in self.says:
            exchange.write(channel, data)
        if "stdin" not in (request.parameters or {}):
            self._finish()
        return Response(101, exchange)

    def _receive(self, channel: int, data: bytes) -> None:
        self.received += data

    def _finish(self) -> None:
        status: dict[str, Any] = {"status": "Success"}
        if self.exit_code:
            causes = [{"reason": "ExitCode", "message": str(self.exit_code)}]
            status = {"status": "Failure", "reason": "NonZeroExitCode", "details": {"causes": causes}}
        self.exchange.write(Exchange.ERROR, json.dumps(status).encode())
        self.exchange.end()


@pytest.fixture
def terminal() -> Terminal:
    terminal = Terminal({"index.html": "<h1>hello</h1>\n"})
    terminal.ok("kubectl run web --image=nginx")
    terminal.settle()
    return terminal


@pytest.fixture
def kubelet(terminal: Terminal) -> Kubelet:
    return Kubelet(terminal)


def parameters(kubelet: Kubelet) -> dict[str, list[str]]:
    return kubelet.requests[-1].parameters or {}


def test_what_a_command_prints_goes_to_its_stream(terminal: Terminal, kubelet: Kubelet) -> None:
    kubelet.says = [(Exchange.STDOUT, b"one\n"), (Exchange.STDERR, b"two\n")]
    result = terminal.run("kubectl exec web -- ls -l /tmp")
    assert (result.stdout, result.stderr, result.code) == ("one\n", "two\n", 0)
    assert parameters(kubelet) == {
        "container": ["web"],
        "command": ["ls", "-l", "/tmp"],
        "stdout": ["true"],
        "stderr": ["true"],
    }


def test_exec_ends_with_the_code_of_the_command(terminal: Terminal, kubelet: Kubelet) -> None:
    kubelet.exit_code = 3
    result = terminal.run("kubectl exec web -- false")
    assert (result.stderr, result.code) == ("command terminated with exit code 3\n", 3)


def test_standard_input_is_handed_on(terminal: Terminal, kubelet: Kubelet) -> None:
    terminal.ok("echo hello | kubectl exec -i web -- cat")
    assert kubelet.received == b"hello\n"
    assert parameters(kubelet)["stdin"] == ["true"]


def test_a_terminal_is_refused_where_input_is_none(terminal: Terminal, kubelet: Kubelet) -> None:
    result = terminal.run("kubectl exec -it web -- sh")
    assert result.stderr == "Unable to use a TTY - input is not a terminal or the right kind of file\n"
    assert "tty" not in parameters(kubelet)


def test_files_are_copied_into_a_container_and_back(terminal: Terminal) -> None:
    terminal.files.write("site/css/a.css", "b {}\n")
    terminal.ok("kubectl cp index.html web:/usr/share/nginx/html/")
    assert terminal.ok("kubectl exec web -- cat /usr/share/nginx/html/index.html") == "<h1>hello</h1>\n"
    terminal.ok("kubectl cp site web:/tmp")
    out = terminal.ok("kubectl cp web:/tmp/site back")
    assert (out, terminal.files.read("back/css/a.css")) == ("tar: removing leading '/' from member names\n", "b {}\n")


def test_what_is_not_there_cannot_be_copied(terminal: Terminal) -> None:
    assert terminal.run("kubectl cp nofile web:/tmp").stderr == "error: nofile doesn't exist in local filesystem\n"
    result = terminal.run("kubectl cp web:/nosuch here")
    assert (result.stdout, result.code) == ("tar: /nosuch: No such file or directory\n", 1)


def test_a_log_is_asked_for_as_the_flags_say(terminal: Terminal, kubelet: Kubelet) -> None:
    kubelet.log = "a line\n"
    assert terminal.ok("kubectl logs web --tail=5 --since=2m --timestamps -p") == "a line\n"
    assert parameters(kubelet) == {
        "container": ["web"],
        "previous": ["true"],
        "timestamps": ["true"],
        "tailLines": ["5"],
        "sinceSeconds": ["120"],
    }


def test_a_log_that_is_followed_is_shown_as_it_comes_with_its_source(terminal: Terminal, kubelet: Kubelet) -> None:
    stream = kubelet.log = ByteStream()
    number = terminal.type("kubectl logs -f web --prefix")
    terminal.cluster.run_for(1)
    stream.write(b"one\ntw")
    terminal.cluster.run_for(1)
    assert terminal.printed(number) == "[pod/web/web] one\n"
    stream.write(b"o\n")
    stream.end()
    terminal.cluster.run_for(1)
    assert terminal.printed(number) == "[pod/web/web] one\n[pod/web/web] two\n"
    assert terminal.codes[number] == 0


def test_ctrl_c_ends_a_log_that_is_followed(terminal: Terminal, kubelet: Kubelet) -> None:
    stopped: list[bool] = []
    kubelet.log = ByteStream(lambda: stopped.append(True))
    number = terminal.type("kubectl logs -f web")
    terminal.cluster.run_for(1)
    terminal.session.interrupt()
    terminal.cluster.run_for(1)
    assert (terminal.codes[number], stopped) == (1, [True])
