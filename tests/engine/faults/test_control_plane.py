"""The scheduler and the controllers: what is left undone without them, and how they start over."""

from __future__ import annotations

import pytest

from tests.engine.faults.conftest import Breakable

SLICES = "endpointslices.discovery.k8s.io"


def test_without_a_scheduler_pods_wait_without_a_word(world):
    name = world.inject("Stop", "kube-scheduler")
    world.deployment(2)
    world.run(120)
    assert [pod["status"]["phase"] for pod in world.pods()] == ["Pending", "Pending"]
    for pod in world.pod_names():
        assert world.events(pod) == []
    world.lift(name)
    world.run(1.5)
    assert world.ready() == 0
    world.run(5)
    assert world.ready() == 2
    scheduled = next(s for s in world.cluster.trace.steps if s.component == "scheduler" and s.time_us > 100_000_000)
    assert scheduled.cause.kind == "start"


def test_a_scheduler_that_starts_over_has_forgotten_its_back_offs(world):
    """A pod that nobody can place waits in the queue; a new scheduler tries it at once."""
    world.pod("big", resources={"requests": {"cpu": "100"}})
    world.run(60)
    before = len([r for r, _ in world.events("big") if r == "FailedScheduling"])
    world.inject("Restart", "kube-scheduler")
    world.run(3)
    assert len([r for r, _ in world.events("big") if r == "FailedScheduling"]) == before + 1


def test_without_controllers_changes_are_stored_and_nothing_comes_of_them(world):
    world.deployment(2)
    world.run(10)
    name = world.inject("Stop", "kube-controller-manager")
    world.patch("deployments.apps", "web", {"spec": {"replicas": 5}})
    world.client.delete("pods", world.pod_names()[0], "default")
    world.run(300)
    deployment = world.get("deployments.apps", "web")
    assert deployment["metadata"]["generation"] == 2
    assert deployment["status"]["observedGeneration"] == 1
    assert len(world.pod_names()) == 1
    world.lift(name)
    world.run(15)
    assert world.ready() == 5
    assert world.get("deployments.apps", "web")["status"]["observedGeneration"] == 2


@pytest.mark.parametrize(
    ("controller", "undone"),
    [
        ("deployment", lambda world: not world.stored("replicasets.apps")),
        ("replicaset", lambda world: world.stored("replicasets.apps") and not world.pods()),
        ("endpointslice", lambda world: world.ready() == 2 and len(world.stored(SLICES)) == 1),
    ],
)
def test_one_controller_leaves_its_own_work_undone(world, controller, undone):
    name = world.inject("Stop", f"controller/{controller}")
    world.deployment(2)
    spec = {"selector": {"app": "web"}, "ports": [{"port": 80}]}
    world.create("services", {"metadata": {"name": "web"}, "spec": spec})
    world.run(30)
    assert undone(world)
    world.lift(name)
    world.run(10)
    assert world.ready() == 2
    assert len(world.stored(SLICES)) == 2


def test_a_controller_that_is_switched_off_stays_off_when_the_manager_restarts(world):
    name = world.inject("Stop", "controller/deployment")
    world.inject("Restart", "kube-controller-manager")
    world.run(10)
    world.deployment(1)
    world.stateful_set(1)
    world.run(10)
    assert world.pod_names() == ["db-0"]
    world.lift(name)
    world.run(10)
    assert len(world.pod_names()) == 2


def test_controllers_that_start_over_do_not_do_anything_twice(world):
    world.deployment(5)
    world.stateful_set(3)
    for _ in range(6):
        world.run(0.4)
        world.inject("Restart", "kube-controller-manager")
        world.run(4)
    world.run(30)
    assert len(world.pod_names()) == 8
    assert world.ready() == 8
    assert len(world.stored("replicasets.apps")) == 1


@pytest.mark.parametrize("process", ["kube-scheduler", "kube-controller-manager"])
def test_a_process_that_is_cut_off_tries_again_and_catches_up(world, process):
    name = world.inject("CutOff", process)
    world.deployment(2)
    world.run(200)
    assert world.ready() == 0
    world.lift(name)
    world.run(60)
    assert world.ready() == 2
    assert list(world.cluster.trace.faults) == []


def test_a_manager_that_is_cut_off_gives_up_no_node(world):
    name = world.inject("CutOff", "kube-controller-manager")
    world.run(400)
    world.lift(name)
    world.run(60)
    assert [world.node_ready(f"k8s-node0{n}") for n in (1, 2, 3)] == ["True"] * 3
    assert world.taints("k8s-node01") == []


def test_old_handlers_are_told_nothing(world: Breakable):
    """Each life of a process leaves nothing behind in the informers, however often it starts."""
    counts = set()
    for _ in range(4):
        for target in ("kubelet/k8s-node01", "kube-scheduler", "kube-controller-manager"):
            world.inject("Restart", target)
            world.run(4)
        informers = world.cluster.kubelets["k8s-node01"].informers
        counts.add((len(world.cluster.server.watches), len(informers.get("pods")._handlers)))
    assert len(counts) == 1
