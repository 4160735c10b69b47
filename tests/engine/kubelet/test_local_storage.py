"""How much room an emptyDir gives, and what happens to a pod that takes more."""

from __future__ import annotations

from typing import Any

import pytest

from tests.engine.cluster_tools import Playground
from tests.engine.support import Terminal

Obj = dict[str, Any]


@pytest.fixture
def playground() -> Playground:
    return Playground(seed=4, nodes=1)


def filled(playground: Playground, volume: Obj, kilobytes: int) -> str:
    """What is said to somebody who writes so much into the volume."""
    mounts = [{"name": "cache", "mountPath": "/cache"}]
    playground.pod(image="redis:7", volumeMounts=mounts, spec={"volumes": [{"name": "cache", "emptyDir": volume}]})
    playground.run(8)
    terminal = Terminal(cluster=playground.cluster)
    line = f"kubectl exec p -- dd if=/dev/zero of=/cache/a bs=1024 count={kilobytes}"
    told = terminal.run(line).text
    playground.run(12)
    return told


def test_a_volume_on_disk_lets_more_in_than_its_limit_and_the_pod_is_evicted(playground):
    filled(playground, {"sizeLimit": "1Mi"}, 1100)
    status = playground.get("pods", "p")["status"]
    message = 'Usage of EmptyDir volume "cache" exceeds the limit "1Mi". '
    assert (status["phase"], status["reason"], status["message"]) == ("Failed", "Evicted", message)
    assert ("Evicted", message) in playground.events("p")


def test_a_volume_within_its_limit_is_left_alone(playground):
    filled(playground, {"sizeLimit": "1Mi"}, 1000)
    assert playground.get("pods", "p")["status"]["phase"] == "Running"


def test_a_volume_in_memory_is_full_at_its_limit(playground):
    told = filled(playground, {"sizeLimit": "1Mi", "medium": "Memory"}, 1100)
    assert "No space left on device" in told
    assert playground.get("pods", "p")["status"]["phase"] == "Running"
