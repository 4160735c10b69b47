"""What is worked out when somebody asks: components, group versions, bindings."""

from __future__ import annotations

from typing import Any

import pytest

from cluster_engine.apimachinery.errors import ApiError
from tests.engine.cluster_tools import Playground


@pytest.fixture
def play() -> Playground:
    return Playground()


def rows(play: Playground, resource: str) -> list[list[Any]]:
    table = play.client.request("list", resource, accept="table")
    return [row["cells"] for row in table["rows"]]


def test_components_are_healthy_while_they_run(play: Playground) -> None:
    assert rows(play, "componentstatuses") == [
        ["controller-manager", "Healthy", "ok", ""],
        ["scheduler", "Healthy", "ok", ""],
        ["etcd-0", "Healthy", "ok", ""],
        ["etcd-1", "Healthy", "ok", ""],
        ["etcd-2", "Healthy", "ok", ""],
    ]


def test_a_component_that_is_stopped_is_not(play: Playground) -> None:
    play.cluster.scheduler.stop()
    words = 'Get "https://127.0.0.1:10259/healthz": dial tcp 127.0.0.1:10259: connect: connection refused'
    assert rows(play, "componentstatuses")[1] == ["scheduler", "Unhealthy", words, ""]
    one = play.client.get("componentstatuses", "scheduler")
    assert one["conditions"] == [{"type": "Healthy", "status": "False", "message": words}]


def test_there_is_an_api_service_for_each_group_version(play: Playground) -> None:
    names = [row[0] for row in rows(play, "apiservices.apiregistration.k8s.io")]
    assert names == sorted(names)
    assert {"v1.", "v1.apps", "v1.autoscaling", "v2.autoscaling"} <= set(names)


def test_nobody_writes_them(play: Playground) -> None:
    body = {"apiVersion": "v1", "kind": "ComponentStatus", "metadata": {"name": "x"}}
    with pytest.raises(ApiError) as caught:
        play.client.request("create", "componentstatuses", body=body)
    assert caught.value.code == 405


def test_a_binding_puts_a_pod_on_a_node(play: Playground) -> None:
    play.pod(spec={"schedulerName": "mine"})
    body = {
        "apiVersion": "v1",
        "kind": "Binding",
        "metadata": {"name": "p"},
        "target": {"kind": "Node", "name": "k8s-node02"},
    }
    play.client.request("create", "bindings", "default", body=body)
    assert play.get("pods", "p")["spec"]["nodeName"] == "k8s-node02"
    with pytest.raises(ApiError) as caught:
        play.client.request("create", "bindings", "default", body=body)
    assert caught.value.message == (
        'Operation cannot be fulfilled on pods/binding "p": pod p is already assigned to node "k8s-node02"'
    )
