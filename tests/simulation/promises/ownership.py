"""Who belongs to whom: no orphan without a cause, nothing that outlives its owner, no orphan that somebody wants."""

from __future__ import annotations

from typing import Any

from cluster_engine.apimachinery.labels import from_label_selector, from_map
from cluster_engine.apimachinery.meta import controller_of, deleting, labels_of
from cluster_engine.controllers.common.pods import is_pod_active
from cluster_engine.etcd.store import Commit
from tests.simulation.promises.view import Promise, View, broken

Obj = dict[str, Any]
OWNED = ("pods", "replicasets.apps", "jobs.batch", "controllerrevisions.apps")
OWNERS = {
    "ReplicaSet": "replicasets.apps",
    "StatefulSet": "statefulsets.apps",
    "DaemonSet": "daemonsets.apps",
    "ReplicationController": "replicationcontrollers",
    "Deployment": "deployments.apps",
    "Job": "jobs.batch",
    "CronJob": "cronjobs.batch",
}


class Ownership(Promise):
    """`let_go` are the uids of owners that were orphaned on purpose, and of objects that were relabelled."""

    def __init__(self, view: View, let_go: set[str]) -> None:
        super().__init__(view)
        self._let_go = let_go

    def on_commit(self, commit: Commit) -> None:
        """Nobody loses its owner but who was relabelled, or whose owner was deleted or edited for that."""
        if not commit.key.startswith(("/registry/pods/", "/registry/replicasets.apps/")) or commit.value is None:
            return
        old = self.view.last.get(commit.key)
        owner = controller_of(old) if old is not None else None
        if owner is None or controller_of(commit.value) is not None:
            return
        if {owner["uid"], commit.value["metadata"]["uid"]} & self._let_go:
            return
        name = commit.value["metadata"]["name"]
        raise broken(f"{name} was let go by {owner['kind']} {owner['name']} without a cause")

    def _owner(self, reference: Obj) -> Obj | None:
        found = self.view.get(OWNERS[reference["kind"]], reference["name"])
        return found if found is not None and found["metadata"]["uid"] == reference["uid"] else None

    def on_quiet(self) -> None:
        """Garbage is collected at once where nothing is out of order; a collector that was refused for long may wait
        for its back-off, up to 1,000 s.
        """
        if not self.view.breakable:
            self._check_owners()

    def _check_owners(self) -> None:
        """No living object's owner is gone, unless somebody orphaned it."""
        for resource in OWNED:
            for obj in self.view.list(resource):
                owner = controller_of(obj)
                if owner is None or owner["uid"] in self._let_go or deleting(obj) or owner["kind"] not in OWNERS:
                    continue
                if self._owner(owner) is None:
                    raise broken(f"{obj['metadata']['name']} outlived its {owner['kind']} {owner['name']}")

    def on_settled(self) -> None:
        """What a workload selects and nobody owns has been adopted."""
        self._check_owners()
        for kind, resource in OWNERS.items():
            if kind in ("Job", "CronJob"):
                continue
            dependents = self.view.list("replicasets.apps" if kind == "Deployment" else "pods")
            for owner in self.view.list(resource):
                if not deleting(owner):
                    self._check_adopted(kind, owner, dependents)

    def _check_adopted(self, kind: str, owner: Obj, dependents: list[Obj]) -> None:
        spec = owner["spec"]
        if kind == "ReplicationController":
            selector = from_map(spec["selector"])
        else:
            selector = from_label_selector(spec["selector"])
        name = owner["metadata"]["name"]
        for obj in dependents:
            if controller_of(obj) is not None or deleting(obj) or not selector.matches(labels_of(obj)):
                continue
            if obj["kind"] == "Pod" and not is_pod_active(obj):
                continue
            # A StatefulSet wants what has one of its names.
            if kind != "StatefulSet" or obj["metadata"]["name"].rpartition("-")[0] == name:
                raise broken(f"{obj['metadata']['name']} was not adopted by {kind} {name}")
