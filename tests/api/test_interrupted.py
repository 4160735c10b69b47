"""What becomes of logs, commands and ports that are open when their pod, its container or its machine goes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cluster_engine.apiserver.streams import ByteStream, Exchange, PortForward
from cluster_engine.faults import Fault
from cluster_engine.http.message import BytesResponse, ExchangeResponse, HttpRequest, PortForwardResponse
from tests.api.harness import Api

PODS = "/api/v1/namespaces/default/pods"
POD = {
    "metadata": {"name": "p"},
    "spec": {"terminationGracePeriodSeconds": 2, "containers": [{"name": "c", "image": "nginx:1.25"}]},
}


class Sessions:
    """One of each, open on one pod."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self.shell = self.exchange("exec", "command=sh&stdin=true&stdout=true")
        self.main = self.exchange("attach", "stdout=true")
        self.log = self.ask("log", "follow=true", BytesResponse).stream
        self.ports: PortForward = self.ask("portforward", "", PortForwardResponse).forward
        self.connection = self.ports.connect(80)

    def ask(self, subresource: str, query: str, kind: type) -> Any:
        response = self.api.frontend.respond(HttpRequest("GET", f"{PODS}/p/{subresource}", query, {}, upgrade=True))
        assert isinstance(response, kind), response
        return response

    def exchange(self, subresource: str, query: str) -> Exchange:
        found: Exchange = self.ask(subresource, query, ExchangeResponse).exchange
        return found

    def have_ended(self) -> list[bool]:
        log: ByteStream = self.log
        return [stream.ended for stream in (self.shell, self.main, log, self.connection.stream)]

    def close(self) -> None:
        for stream in (self.shell, self.main, self.log, self.ports):
            stream.stop()
        self.api.cluster.run_for(1)


@pytest.fixture
def sessions() -> Any:
    api = Api()
    api.post(PODS, POD)
    api.cluster.run_for(5)
    sessions = Sessions(api)
    yield sessions
    sessions.close()
    assert list(api.cluster.trace.faults) == []


def last_status(exchange: Exchange) -> dict[str, Any]:
    parts = []
    while (part := exchange.read()) is not None:
        parts.append(part)
    channel, data = parts[-1]
    assert channel == Exchange.ERROR
    status: dict[str, Any] = json.loads(data)
    return status


def test_all_ends_with_the_pod(sessions: Sessions) -> None:
    assert sessions.have_ended() == [False] * 4
    sessions.api.call("DELETE", f"{PODS}/p")
    sessions.api.cluster.run_for(10)
    assert sessions.have_ended() == [True] * 4
    assert last_status(sessions.shell)["details"]["causes"] == [{"reason": "ExitCode", "message": "137"}]
    assert last_status(sessions.main)["status"] == "Success"
    error = sessions.ports.connect(80).error
    sandbox = error.split('"')[1]
    assert len(sandbox) == 64
    words = f'error forwarding port 80 to pod {sandbox}, uid : network namespace for sandbox "{sandbox}" is closed'
    assert error == words


def test_all_ends_with_the_machine(sessions: Sessions) -> None:
    node = sessions.api.get(f"{PODS}/p")["spec"]["nodeName"]
    sessions.api.cluster.kubelets[node].power_off()
    sessions.api.cluster.run_for(5)
    assert sessions.have_ended() == [True] * 4
    assert sessions.ports.connect(80).error.endswith(" is closed")
    answer = sessions.api.call("GET", f"{PODS}/p/log")
    assert (answer.code, answer.message.partition(": ")[2]) == (500, f"dial tcp {address(sessions, node)}: i/o timeout")


def test_all_ends_with_the_api_server(sessions: Sessions) -> None:
    fault = sessions.api.cluster.inject(Fault("Stop", "kube-apiserver"))
    sessions.api.cluster.run_for(1)
    assert sessions.have_ended() == [True] * 4
    assert sessions.ports.ended
    # What was run goes on in its container.
    sessions.api.cluster.lift(fault)
    sessions.api.cluster.run_for(5)
    running = sessions.exchange("exec", "command=ps&stdout=true")
    sessions.api.cluster.run_for(1)
    assert b"nginx" in b"".join(data for _channel, data in iter(running.read, None))


def address(sessions: Sessions, node: str) -> str:
    addresses = sessions.api.get(f"/api/v1/nodes/{node}")["status"]["addresses"]
    return f"{addresses[0]['address']}:10250"


@pytest.mark.parametrize(
    ("subresource", "query"),
    [("exec", "command=ls&stdout=true&container=c"), ("attach", "stdout=true&container=c"), ("portforward", "")],
)
def test_a_kubelet_that_cannot_be_reached(sessions: Sessions, subresource: str, query: str) -> None:
    node = sessions.api.get(f"{PODS}/p")["spec"]["nodeName"]
    sessions.api.cluster.kubelets[node].power_off()
    sessions.api.cluster.run_for(1)
    http = HttpRequest("GET", f"{PODS}/p/{subresource}", query, {}, upgrade=True)
    response: Any = sessions.api.frontend.respond(http)
    fault = f"dial tcp {address(sessions, node)}: i/o timeout"
    # The old protocols are told by the API server, in v5 it is the client of the kubelet that tells.
    assert json.loads(response.body)["message"] == f"error dialing backend: {fault}"
    path = {
        "exec": "exec/default/p/c?command=ls&output=1",
        "attach": "attach/default/p/c?output=1",
        "portforward": "portForward/default/p",
    }[subresource]
    assert response.refusal.message == (
        f'Internal error occurred: error sending request: Post "https://{address(sessions, node)}/{path}": {fault}'
    )
