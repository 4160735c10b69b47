"""Controllers that see everything a moment late, and clusters that are put to rest in the middle."""

from __future__ import annotations

from typing import Any

import pytest

from cluster_engine.client.informer import EventType, Informer
from cluster_engine.cluster import Cluster


@pytest.fixture(params=[0.01, 0.2])
def late_world(request: Any, world: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A world whose informers get each event some seconds after the write."""
    at_once = Informer._on_event

    def late(self: Informer, type_: EventType, obj: Any, revision: int) -> None:
        world.cluster.clock.call_after(request.param, lambda: at_once(self, type_, obj, revision))

    monkeypatch.setattr(Informer, "_on_event", late)
    # A watch has kept the method that it delivers to: start anew, from what there is.
    world.cluster = Cluster(world.cluster.config, world.cluster.snapshot())
    world.client = world.cluster.client("kubectl")
    return world


def count_pods_made(world: Any) -> list[str]:
    made: list[str] = []
    world.watch("pods", lambda type_, pod: made.append(pod["metadata"]["name"]) if type_ == "ADDED" else None)
    return made


def test_a_late_cache_makes_no_pod_too_many(late_world: Any) -> None:
    made = count_pods_made(late_world)
    late_world.deployment(replicas=10)
    late_world.run(30)
    assert len(made) == 10
    late_world.set_image("deployments.apps", "d", "nginx:1.26")
    late_world.run(120)
    assert len(made) == 20
    status = late_world.get("deployments.apps", "d")["status"]
    assert (status["replicas"], status["updatedReplicas"], status["availableReplicas"]) == (10, 10, 10)


def test_a_stateful_set_keeps_its_order_with_a_late_cache(late_world: Any) -> None:
    made = count_pods_made(late_world)
    late_world.stateful_set()
    late_world.run(30)
    late_world.set_image("statefulsets.apps", "web", "nginx:1.26")
    late_world.run(60)
    assert made == ["web-0", "web-1", "web-2", "web-2", "web-1", "web-0"]


@pytest.mark.parametrize("seconds", [0.0, 0.3, 1.0, 1.7, 2.5])
def test_a_rollout_goes_on_where_it_was_after_a_restart(world: Any, seconds: float) -> None:
    world.deployment(replicas=5, minReadySeconds=2)
    world.stateful_set(replicas=2, minReadySeconds=2)
    world.run(30)
    world.set_image("deployments.apps", "d", "nginx:1.26")
    world.set_image("statefulsets.apps", "web", "nginx:1.26")
    world.run(seconds)
    world.cluster = Cluster(world.cluster.config, world.cluster.snapshot())
    world.client = world.cluster.client("kubectl")
    world.run(120)
    status = world.get("deployments.apps", "d")["status"]
    assert (status["replicas"], status["updatedReplicas"], status["availableReplicas"]) == (5, 5, 5)
    assert world.conditions("deployments.apps", "d")["Progressing"] == ("True", "NewReplicaSetAvailable")
    status = world.get("statefulsets.apps", "web")["status"]
    assert (status["updatedReplicas"], status["availableReplicas"]) == (2, 2)
    assert status["currentRevision"] == status["updateRevision"]
    assert len(world.names("pods")) == 7
