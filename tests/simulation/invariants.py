"""What must hold whenever nobody wants a turn, and what must hold of every revision."""

from __future__ import annotations

from typing import Any

from cluster_engine.apimachinery.intstr import scaled_value
from cluster_engine.apimachinery.meta import condition_is, controller_of, deleting
from cluster_engine.cluster import Cluster
from cluster_engine.etcd.store import Commit
from cluster_engine.trace import Step

Obj = dict[str, Any]


class BrokenPromiseError(AssertionError):
    """An invariant does not hold."""


class Observer:
    """Watches a cluster: every commit and every step, and the whole at each quiet moment."""

    def __init__(self, cluster: Cluster, orphaned: set[str]) -> None:
        self.cluster = cluster
        self._orphaned = orphaned
        self._steps: dict[int, Step] = {}
        self._last_revision = cluster.revision
        self._first_revision = cluster.revision
        self._step_of: dict[int, int] = {}
        self._last: dict[str, Obj] = {}
        # What each Deployment had when it was last complete: from then on its promise holds.
        self._promised: dict[str, tuple[int, int]] = {}
        self._client = cluster.client("observer")
        cluster.store.on_commit(self._on_commit)
        cluster.trace.on_step.append(self._on_step)

    # Every revision.

    def _on_step(self, step: Step) -> None:
        self._steps[step.number] = step

    def _on_commit(self, commit: Commit) -> None:
        if commit.revision != self._last_revision + 1:
            raise BrokenPromiseError(f"a revision is missing between {self._last_revision} and {commit.revision}")
        self._last_revision = commit.revision
        self._step_of[commit.revision] = commit.step
        if commit.type == "ADDED":
            if commit.key in self._last:
                raise BrokenPromiseError(f"{commit.key} was added twice")
            self._check_ordinal(commit)
        if commit.value is None:
            self._last.pop(commit.key, None)
        else:
            self._last[commit.key] = commit.value

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
        pods = self._client.list("pods", "default").items
        self._check_owners(pods)
        for deployment in self._client.list("deployments.apps", "default").items:
            self._check_deployment(deployment, pods, disturbed=disturbed)

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
            for rs in self._client.list("replicasets.apps", "default").items
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
            for obj in self._client.list(resource, "default").items:
                status, wanted = obj.get("status", {}), obj["spec"]["replicas"]
                ready = status.get("readyReplicas", 0)
                if ready != wanted or status.get("replicas", 0) != wanted:
                    name = f"{obj['kind']} {obj['metadata']['name']}"
                    raise BrokenPromiseError(f"{name} did not settle: {wanted} wanted, status {status}")
