"""Pods that no kubelet will end, and who removes them."""

from __future__ import annotations

import pytest

from cluster_engine.apimachinery.errors import ApiError
from tests.engine.cluster_tools import Playground


@pytest.fixture
def playground() -> Playground:
    return Playground(nodes=2, registry="any", start_seconds=1.0, stop_seconds=1.0)


def is_gone(playground: Playground, name: str) -> bool:
    try:
        playground.get("pods", name)
    except ApiError as error:
        return error.code == 404
    return False


def test_pods_of_a_node_that_is_missing_are_deleted_after_forty_seconds(playground):
    playground.pod(spec={"nodeName": "gone"})
    playground.run(39)
    assert not is_gone(playground, "p")
    seen = []
    watch = playground.client.watch("pods", "default", resource_version=playground.cluster.revision)
    watch.deliver_to(lambda type_, obj, revision: seen.append((type_, obj["status"])))
    playground.run(2)
    assert is_gone(playground, "p")
    (_, failed), (last, _) = seen
    assert (failed["phase"], last) == ("Failed", "DELETED")
    target = next(c for c in failed["conditions"] if c["type"] == "DisruptionTarget")
    assert (target["reason"], target["message"]) == ("DeletionByPodGC", "PodGC: node no longer exists")


def test_a_node_that_comes_in_time_keeps_its_pods(playground):
    playground.pod(spec={"nodeName": "late"})
    playground.run(30)
    playground.create("nodes", {"metadata": {"name": "late"}})
    playground.run(30)
    assert not is_gone(playground, "p")


def test_terminating_pods_of_a_node_that_is_declared_out_of_service_go_at_once(playground):
    playground.create("nodes", {"metadata": {"name": "dead"}})
    playground.pod(spec={"nodeName": "dead"})
    playground.pod("stays", spec={"nodeName": "dead"})
    playground.client.delete("pods", "p", "default")
    playground.run(5)
    assert not is_gone(playground, "p")
    taint = {"key": "node.kubernetes.io/out-of-service", "value": "nodeshutdown", "effect": "NoSchedule"}
    playground.client.patch("nodes", "dead", {"spec": {"taints": [taint]}}, patch_type="merge")
    playground.run(1)
    assert is_gone(playground, "p")
    assert not is_gone(playground, "stays")
