"""What must hold whenever nobody wants a turn, and what must hold of every revision."""

from __future__ import annotations

from typing import Any

from cluster_engine.apimachinery.intstr import scaled_value
from cluster_engine.apimachinery.meta import condition_is, controller_of, deleting
from cluster_engine.clock import SECOND_US
from cluster_engine.cluster import Cluster
from cluster_engine.etcd.store import Commit
from cluster_engine.trace import Step
from tests.simulation.saboteur import Saboteur

Obj = dict[str, Any]
AFTERMATH_US = 120 * SECOND_US
# What is no component's writing: the faults themselves, and the heartbeat that a silent kubelet leaves.
OUTSIDE = ("/registry/faults.podarium.dev/", "/registry/leases.coordination.k8s.io/kube-node-lease/")


class BrokenPromiseError(AssertionError):
    """An invariant does not hold."""


class Observer:
    """Watches a cluster: every commit and every step, and the whole at each quiet moment."""

    def __init__(self, cluster: Cluster, orphaned: set[str], saboteur: Saboteur | None = None) -> None:
        self._saboteur = saboteur
        self._orphaned = orphaned
        self._steps: dict[int, Step] = {}
        self._last_revision = cluster.revision
        self._first_revision = cluster.revision
        self._step_of: dict[int, int] = {}
        self._last: dict[str, Obj] = {}
        # What each Deployment had when it was last complete: from then on its promise holds.
        self._promised: dict[str, tuple[int, int]] = {}
        self.attach(cluster)

    def attach(self, cluster: Cluster) -> None:
        """Watches a cluster from now on; after a sleep it is another one, over the same data."""
        self.cluster = cluster
        for step in cluster.trace.steps:
            self._steps[step.number] = step
        for commit in cluster.store.history_since(self._last_revision):
            self._on_commit(commit)
        cluster.store.on_commit(self._on_commit)
        cluster.trace.on_step.append(self._on_step)

    # Every revision.

    def _on_step(self, step: Step) -> None:
        self._steps[step.number] = step
        if step.component == "scheduler" and not self.cluster.scheduler.running:
            raise BrokenPromiseError(f"a scheduler that does not run looked at {step.subject}")
        node = step.component.removeprefix("kubelet ")
        if node in self.cluster.kubelets and not self.cluster.kubelets[node].running:
            raise BrokenPromiseError(f"the kubelet of {node}, which does not run, looked at {step.subject}")

    def _on_commit(self, commit: Commit) -> None:
        if commit.revision != self._last_revision + 1:
            raise BrokenPromiseError(f"a revision is missing between {self._last_revision} and {commit.revision}")
        self._last_revision = commit.revision
        self._step_of[commit.revision] = commit.step
        self._check_writable(commit)
        if commit.type == "ADDED":
            if commit.key in self._last:
                raise BrokenPromiseError(f"{commit.key} was added twice")
            self._check_ordinal(commit)
        if commit.value is None:
            self._last.pop(commit.key, None)
        else:
            self._last[commit.key] = commit.value

    def _check_writable(self, commit: Commit) -> None:
        """Nothing is written past an API server that is down or an etcd without a leader, but what ends by itself."""
        if commit.key.startswith(OUTSIDE) or (commit.key.startswith("/registry/events/") and commit.value is None):
            return
        if self.cluster.server.down is not None or self.cluster.etcd.problem() is not None:
            raise BrokenPromiseError(f"{commit.key} was written while nothing could be")

    def _check_ordinal(self, commit: Commit) -> None:
        """A pod of an OrderedReady StatefulSet is made only when all of a lower ordinal are ready."""
        pod = commit.value
        if pod is None or pod.get("kind") != "Pod":
            return
        owner = controller_of(pod)
        if owner is None or owner["kind"] != "StatefulSet":
            return
        stateful_set = self._last.get(f"/registry/statefulsets.apps/default/{owner['name']}")
        if stateful_set is None or stateful_set["spec"].get("podManagementPolicy") == "Parallel":
            return
        base, _, ordinal = pod["metadata"]["name"].rpartition("-")
        for lower in range(int(ordinal)):
            other = self._last.get(f"/registry/pods/default/{base}-{lower}")
            if other is None or deleting(other) or not condition_is(other, "Ready"):
                raise BrokenPromiseError(f"{pod['metadata']['name']} was made before {base}-{lower} was ready")

    def check_causes(self) -> None:
        """Every revision's chain of causes ends at an input, a timer, or the start of a component."""
        for revision in range(self._first_revision + 1, self._last_revision + 1):
            self._follow(revision)

    def _follow(self, revision: int) -> None:
        seen = set()
        while revision > self._first_revision:
            if revision in seen:
                raise BrokenPromiseError(f"the causes of revision {revision} go in a circle")
            seen.add(revision)
            number = self._step_of[revision]
            if number == 0:
                return  # written by a person's own request
            step = self._steps.get(number)
            if step is None:
                raise BrokenPromiseError(f"revision {revision} was written in step {number}, which nobody knows")
            if step.cause.kind != "revision":
                return
            if int(step.cause.ref) >= revision:
                raise BrokenPromiseError(f"revision {revision} is said to be caused by {step.cause.ref}")
            revision = int(step.cause.ref)

    # Every quiet moment.

    def check(self, *, disturbed: bool) -> None:
        """What holds between two moments. `disturbed`: people changed something since the last complete rollout."""
        faults = list(self.cluster.trace.faults)
        if faults:
            raise BrokenPromiseError(faults[0])
        pods = self._list("pods")
        self._check_containers()
        broken = self._is_broken()
        if not broken:
            self._check_owners(pods)
        for deployment in self._list("deployments.apps"):
            self._check_deployment(deployment, pods, disturbed=disturbed or broken)

    def _list(self, resource: str) -> list[Obj]:
        """What etcd has, whether or not anybody could read it."""
        prefix = f"/registry/{resource}/"
        return [item.value for item in self.cluster.store.range(prefix, f"{prefix}default/")]

    def _is_broken(self) -> bool:
        """Whether a fault is in force, or was a moment ago."""
        if self._saboteur is None or not self._saboteur.last_us:
            return False
        since_us = self.cluster.clock.now_us - self._saboteur.last_us
        return bool(self.cluster.faults.active) or since_us < AFTERMATH_US

    def _check_containers(self) -> None:
        """Of one pod of a StatefulSet there is never more than one that runs, wherever it is."""
        running: dict[str, str] = {}
        for process in self.cluster.kubelets.values():
            kubelet = process.kubelet
            for worker in kubelet.running_pods() if kubelet is not None and process.powered else ():
                owner = controller_of(worker.pod)
                if owner is None or owner["kind"] != "StatefulSet":
                    continue
                if any(container.state == "running" for container in worker.main):
                    if running.setdefault(worker.key, worker.uid) != worker.uid:
                        raise BrokenPromiseError(f"two of {worker.key} run at once")

    def check_acknowledged(self, revisions: list[int]) -> None:
        """What the API server has confirmed was written."""
        lost = [revision for revision in revisions if revision not in self._step_of and revision > self._first_revision]
        if lost:
            raise BrokenPromiseError(f"confirmed, and never written: revision {lost[0]}")

    def _check_owners(self, pods: list[Obj]) -> None:
        """No living pod's owner is gone, unless somebody orphaned it."""
        for pod in pods:
            owner = controller_of(pod)
            if owner is None or owner["uid"] in self._orphaned or deleting(pod):
                continue
            resource = {"ReplicaSet": "replicasets.apps", "StatefulSet": "statefulsets.apps"}[owner["kind"]]
            item = self.cluster.store.get(f"/registry/{resource}/default/{owner['name']}")
            if item is None or item.value["metadata"]["uid"] != owner["uid"]:
                raise BrokenPromiseError(f"{pod['metadata']['name']} outlived its {owner['kind']} {owner['name']}")

    def _check_deployment(self, deployment: Obj, pods: list[Obj], *, disturbed: bool) -> None:
        name, uid = deployment["metadata"]["name"], deployment["metadata"]["uid"]
        wanted = deployment["spec"]["replicas"]
        owners = {
            rs["metadata"]["uid"]
            for rs in self._list("replicasets.apps")
            if (controller_of(rs) or {}).get("uid") == uid
        }
        own = [pod for pod in pods if (controller_of(pod) or {}).get("uid") in owners and not deleting(pod)]
        available = sum(condition_is(pod, "Ready") for pod in own)
        if deployment["spec"]["strategy"]["type"] != "RollingUpdate" or deleting(deployment):
            self._promised.pop(uid, None)
            return
        rolling = deployment["spec"]["strategy"]["rollingUpdate"]
        surge = scaled_value(rolling["maxSurge"], wanted, True)
        unavailable = scaled_value(rolling["maxUnavailable"], wanted, False)
        if surge == 0 and unavailable == 0:
            unavailable = 1
        complete = available == wanted == len(own)
        if complete:
            self._promised[uid] = (wanted, wanted - unavailable)
        elif disturbed or self._promised.get(uid, (None, 0))[0] != wanted:
            self._promised.pop(uid, None)
        promised = self._promised.get(uid)
        if promised is None:
            return
        if len(own) > wanted + surge:
            raise BrokenPromiseError(f"Deployment {name} has {len(own)} pods, at most {wanted + surge} were promised")
        if available < promised[1]:
            raise BrokenPromiseError(f"Deployment {name} has {available} available, {promised[1]} were promised")

    def check_settled(self) -> None:
        """With every image there and nobody interfering, everything gets what it asks for."""
        for resource in ("deployments.apps", "statefulsets.apps"):
            for obj in self._list(resource):
                status, wanted = obj.get("status", {}), obj["spec"]["replicas"]
                ready = status.get("readyReplicas", 0)
                if ready != wanted or status.get("replicas", 0) != wanted:
                    name = f"{obj['kind']} {obj['metadata']['name']}"
                    raise BrokenPromiseError(f"{name} did not settle: {wanted} wanted, status {status}")
