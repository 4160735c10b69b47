"""Every system of a cluster, at work and failing: a table (`systems/`).

One line is one system that a course on Kubernetes names: a function that shows it at work, and one that takes away what
it lives by and shows what is missing then. Where a system has tests of its own, those go into depth; here is that each
is there.
"""

from __future__ import annotations

import pytest

from tests.engine.faults.conftest import Breakable
from tests.engine.faults.systems import control_plane, controllers, inside, nodes, pods, workloads
from tests.engine.faults.systems.table import SYSTEMS

PARTS = (control_plane, controllers, inside, nodes, pods, workloads)
# What the course's own list names, by the words of the table.
NAMED = """
API server; etcd; odd members of etcd; quorum of etcd; scheduler; filters of the scheduler; scores of the scheduler;
binding; resources; nodeSelector; node affinity; pod affinity; anti-affinity; taints and tolerations; controller
manager; node controller; replication controller; endpoint controller; namespace controller; service account
controller; resource quota controller; service controller; token controller; kubelet; kube-proxy; container engine;
pause container; shared network of a pod; shared volumes of a pod; one address a pod; host network; liveness probe;
readiness probe; startup probe; restart policy; image pull; pull secrets; limits of memory; environment; volume
emptyDir; volume hostPath; volume secret; volume configMap; volume persistentVolumeClaim; security context;
Deployment; ReplicaSet controller; rolling update; Recreate; rollout history; revision limit; StatefulSet; headless
names; DNS names of pods; Redis master and slave; static volumes; dynamic volumes; update strategy OnDelete; update
strategy RollingUpdate; partition; deletion with cascade; deletion without cascade
"""


def names() -> list[str]:
    return [name.strip() for name in NAMED.replace("\n", " ").split(";")]


def test_the_table_has_every_system_that_is_named():
    assert sorted(set(names()) - set(SYSTEMS)) == []
    assert all(part.__doc__ for part in PARTS)


@pytest.mark.parametrize("name", list(SYSTEMS))
def test_a_system_is_at_work(world: Breakable, name: str):
    SYSTEMS[name][0](world)
    assert list(world.cluster.trace.faults) == []


@pytest.mark.parametrize("name", list(SYSTEMS))
def test_a_system_fails_without_what_it_lives_by(world: Breakable, name: str):
    SYSTEMS[name][1](world)
    assert list(world.cluster.trace.faults) == []
