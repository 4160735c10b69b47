"""Faults that are put in force and lifted: by the engine's interface, by kubectl, by time."""

from __future__ import annotations

import pytest

from cluster_engine.apimachinery.errors import ApiError
from cluster_engine.faults import Fault


def test_a_cluster_that_nobody_has_broken_has_no_such_kind(world):
    told = world.terminal.run("kubectl get faults")
    assert told.stderr == 'error: the server doesn\'t have a resource type "faults"\n'


def test_a_fault_is_an_object_while_it_is_in_force(world):
    assert world.inject("Slow", "kubelet/k8s-node01", seconds=0.5) == "slow-kubelet-k8s-node01"
    assert list(world.cluster.faults.active) == ["slow-kubelet-k8s-node01"]
    assert world.terminal.ok("kubectl get faults -o wide") == (
        "NAME                      TYPE   TARGET               PARAMETERS    AGE\n"
        "slow-kubelet-k8s-node01   Slow   kubelet/k8s-node01   seconds=0.5   0s\n"
    )
    world.lift("slow-kubelet-k8s-node01")
    assert not world.cluster.faults.active
    assert world.terminal.run("kubectl get faults").stderr == "No resources found\n"


def test_a_fault_is_a_step_caused_by_an_input(world):
    name = world.inject("Stop", "kube-scheduler")
    begun = world.cluster.trace.steps[-1]
    assert (begun.component, begun.subject) == ("faults", "Stop kube-scheduler")
    assert (begun.cause.kind, begun.cause.ref) == ("input", "inject Stop kube-scheduler")
    assert begun.notes == ["Stop kube-scheduler begins"]
    assert [(verb, key) for _, verb, key in begun.writes] == [("ADDED", f"/registry/faults.podarium.dev/{name}")]
    world.lift(name)
    ended = world.cluster.trace.steps[-1]
    assert (ended.cause.kind, ended.cause.ref) == ("input", "lift Stop kube-scheduler")
    assert ended.notes == ["Stop kube-scheduler ends"]


def test_a_fault_that_is_in_force_is_not_injected_again(world):
    name = world.inject("Stop", "kube-scheduler")
    with pytest.raises(ApiError) as refused:
        world.inject("Stop", "kube-scheduler")
    assert refused.value.message == f'faults.podarium.dev "{name}" already exists'
    assert len(world.stored("faults.podarium.dev", "")) == 1


def test_only_what_is_in_force_is_lifted(world):
    with pytest.raises(ApiError) as refused:
        world.lift("stop-kube-scheduler")
    assert refused.value.message == 'faults.podarium.dev "stop-kube-scheduler" not found'


@pytest.mark.parametrize(
    ("type_", "target", "words"),
    [
        ("Stop", "kubelet/k8s-node09", 'nodes "k8s-node09" not found'),
        ("PowerOff", "node/nowhere", 'nodes "nowhere" not found'),
        ("Stop", "controller/gardener", 'controllers "gardener" not found'),
        ("Stop", "etcd/etcd-7", 'members "etcd-7" not found'),
        ("Hang", "container/default/nobody/c", 'containers "default/nobody/c" not found'),
    ],
)
def test_a_target_that_is_not_there_is_refused(world, type_, target, words):
    with pytest.raises(ApiError) as refused:
        world.inject(type_, target)
    assert refused.value.message == words
    assert world.stored("faults.podarium.dev", "") == []


def test_kubectl_lifts_a_fault(world):
    name = world.inject("Stop", "kube-scheduler")
    assert not world.cluster.scheduler.running
    assert world.terminal.ok(f"kubectl delete fault {name}") == f'fault.podarium.dev "{name}" deleted\n'
    world.run(5)
    assert world.cluster.scheduler.running


def test_kubectl_injects_a_fault_once_the_kind_is_there(world):
    world.lift(world.inject("Slow", "registry"))
    world.terminal.files.write(
        "fault.yaml",
        "apiVersion: podarium.dev/v1\nkind: Fault\nmetadata: {name: mine}\n"
        "spec: {type: Stop, target: kube-scheduler}\n",
    )
    assert world.terminal.ok("kubectl apply -f fault.yaml") == "fault.podarium.dev/mine created\n"
    world.run(1)
    assert world.cluster.faults.active["mine"] == Fault("Stop", "kube-scheduler")
    assert not world.cluster.scheduler.running
    step = next(step for step in world.cluster.trace.steps if step.notes == ["Stop kube-scheduler begins"])
    assert step.cause.kind == "revision"


def test_a_fault_may_end_by_itself(world):
    world.cluster.inject(Fault("Stop", "kube-scheduler", duration_seconds=30))
    world.run(29)
    assert not world.cluster.scheduler.running
    world.run(4)
    assert world.cluster.scheduler.running
    assert not world.cluster.faults.active


def test_a_fault_outlasts_a_sleep(world):
    world.inject("Stop", "kube-scheduler")
    world.inject("PowerOff", "node/k8s-node02")
    world.cluster.inject(Fault("Stop", "kube-apiserver", duration_seconds=60))
    world.run(20)
    again = world.sleep()
    assert list(again.cluster.faults.active) == [
        "power-off-node-k8s-node02",
        "stop-kube-apiserver",
        "stop-kube-scheduler",
    ]
    assert not again.cluster.scheduler.running
    assert again.cluster.server.down is not None
    assert not again.cluster.kubelets["k8s-node02"].powered
    assert not again.cluster.kubelets["k8s-node02"].running
    again.run(45)
    assert again.cluster.server.down is None
    again.lift("power-off-node-k8s-node02")
    again.run(30)
    assert again.node_ready("k8s-node02") == "True"


def test_a_cluster_that_is_broken_and_idle_has_no_more_to_do_than_its_events_to_forget(world):
    for type_, target in (("Stop", "kube-scheduler"), ("Slow", "kubelet/k8s-node01"), ("Stop", "etcd/etcd-1")):
        world.inject(type_, target)
    world.run(120)
    due_us = world.cluster.clock.next_timer_us()
    assert due_us is None or due_us - world.cluster.clock.now_us > 600_000_000


def test_what_is_slow_takes_its_time_and_no_more(world):
    name = world.inject("Slow", "kube-controller-manager", seconds=2)
    world.deployment(1)
    world.run(1.5)
    assert world.stored("replicasets.apps") == []
    world.run(10)
    assert world.ready() == 1
    world.lift(name)
    world.patch("deployments.apps", "web", {"spec": {"replicas": 3}})
    world.run(2)
    assert world.ready() == 3
