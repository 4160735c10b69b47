"""What a Deployment and its ReplicaSets promise about the number of their pods."""

from __future__ import annotations

from typing import Any

from cluster_engine.apimachinery.intstr import scaled_value
from cluster_engine.apimachinery.meta import annotations_of, controller_of, deleting
from cluster_engine.controllers.common.pods import is_pod_active
from cluster_engine.etcd.store import Commit
from tests.simulation.promises.view import Promise, View, broken

Obj = dict[str, Any]
RESOURCE = "deployments.apps"
REVISION = "deployment.kubernetes.io/revision"
REPLICA_SETS = "/registry/replicasets.apps/"
MAKERS = {"ReplicaSet": "replicasets.apps", "ReplicationController": "replicationcontrollers"}


def fenceposts(deployment: Obj) -> tuple[int, int]:
    """(surge, unavailable) in pods, worked out here once more, so that the engine is not its own witness."""
    wanted, strategy = deployment["spec"]["replicas"], deployment["spec"]["strategy"]
    if strategy["type"] != "RollingUpdate":
        return 0, wanted
    surge = scaled_value(strategy["rollingUpdate"]["maxSurge"], wanted, True)
    unavailable = scaled_value(strategy["rollingUpdate"]["maxUnavailable"], wanted, False)
    return surge, unavailable if surge or unavailable else 1


class Deployments(Promise):
    """Between its surge and its unavailability from one complete rollout to the next, whatever is edited meanwhile."""

    def __init__(self, view: View) -> None:
        super().__init__(view)
        # By uid: (wanted, least available, most pods), since it was last complete.
        self._promised: dict[str, tuple[int, int, int]] = {}

    def on_commit(self, commit: Commit) -> None:
        """No rolling Deployment asks for more pods than its surge allows, when it asks for one more."""
        if (
            not commit.key.startswith(REPLICA_SETS)
            or commit.value is None
            or self.view.writer != "deployment-controller"
        ):
            return
        old = self.view.last.get(commit.key)
        before = old["spec"]["replicas"] if old is not None else 0
        if commit.value["spec"]["replicas"] <= before or not self.view.controllers_see:
            return
        owner = controller_of(commit.value)
        found = self.view.get(RESOURCE, owner["name"]) if owner is not None else None
        if owner is None or found is None or found["metadata"]["uid"] != owner["uid"]:
            return
        surge, _ = fenceposts(found)
        most = found["spec"]["replicas"] + surge
        asked = sum(rs["spec"]["replicas"] for rs in self.view.owned("replicasets.apps", owner["uid"]))
        if found["spec"]["strategy"]["type"] == "RollingUpdate" and asked > most:
            raise broken(f"Deployment {owner['name']} asks for {asked} pods, its surge allows {most}")

    def on_quiet(self) -> None:
        pods = self.view.list("pods")
        for deployment in self.view.list(RESOURCE):
            self._check(deployment, pods)

    def _check(self, deployment: Obj, pods: list[Obj]) -> None:
        name, uid = deployment["metadata"]["name"], deployment["metadata"]["uid"]
        wanted = deployment["spec"]["replicas"]
        if deployment["spec"]["strategy"]["type"] != "RollingUpdate" or deleting(deployment):
            self._promised.pop(uid, None)
            return
        owners = {rs["metadata"]["uid"] for rs in self.view.owned("replicasets.apps", uid)}
        own = [pod for pod in pods if (controller_of(pod) or {}).get("uid") in owners and is_pod_active(pod)]
        available = sum(self.view.available(pod, deployment) for pod in own)
        surge, unavailable = fenceposts(deployment)
        least, most = wanted - unavailable, wanted + surge
        if available == wanted == len(own):
            self._promised[uid] = (wanted, least, most)
        elif (
            self.view.broken or self.view.is_disturbed(RESOURCE, name) or self._promised.get(uid, (None,))[0] != wanted
        ):
            self._promised.pop(uid, None)
        promised = self._promised.get(uid)
        if promised is None:
            return
        # An edit of the strategy in the middle of a rollout may only loosen what was promised before.
        _, least, most = self._promised[uid] = (wanted, min(least, promised[1]), max(most, promised[2]))
        if len(own) > most:
            raise broken(f"Deployment {name} has {len(own)} pods, at most {most} were promised")
        if available < least:
            raise broken(f"Deployment {name} has {available} available, {least} were promised")

    def on_settled(self) -> None:
        for deployment in self.view.list(RESOURCE):
            self._check_settled(deployment)

    def _check_settled(self, deployment: Obj) -> None:
        meta, status, wanted = deployment["metadata"], deployment.get("status", {}), deployment["spec"]["replicas"]
        name = f"Deployment {meta['name']}"
        counts = [status.get(f, 0) for f in ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas")]
        if counts != [wanted] * 4 or status.get("observedGeneration") != meta["generation"]:
            raise broken(f"{name} did not settle: {wanted} wanted, status {status}")
        conditions = {c["type"]: (c["status"], c.get("reason")) for c in status.get("conditions") or ()}
        if conditions.get("Available", ("",))[0] != "True" or "ReplicaFailure" in conditions:
            raise broken(f"{name} has settled, and its conditions are {conditions}")
        own = [rs for rs in self.view.owned("replicasets.apps", meta["uid"]) if not deleting(rs)]
        revisions = [int(annotations_of(rs).get(REVISION, 0)) for rs in own]
        # Older ones may have the same revision: one was released and has been adopted again.
        if revisions.count(max(revisions)) > 1:
            raise broken(f"{name} has two ReplicaSets of its latest revision: {revisions}")
        active = [int(annotations_of(rs)[REVISION]) for rs in own if rs["spec"]["replicas"]]
        if wanted and active != [max(revisions)]:
            raise broken(f"{name} runs revision {active}, its latest is {max(revisions)}")
        if annotations_of(deployment).get(REVISION) != str(max(revisions)):
            shown = annotations_of(deployment).get(REVISION)
            raise broken(f"{name} says revision {shown}, its latest is {max(revisions)}")
        limit = deployment["spec"]["revisionHistoryLimit"]
        if len(own) - 1 > limit:
            raise broken(f"{name} keeps {len(own) - 1} old ReplicaSets, its limit is {limit}")


class ReplicaSets(Promise):
    """A ReplicaSet (or ReplicationController) makes no pod too many, and has what it asks for in the end."""

    def on_commit(self, commit: Commit) -> None:
        if commit.type != "ADDED" or not commit.key.startswith("/registry/pods/") or commit.value is None:
            return
        owner = controller_of(commit.value)
        if owner is None or owner["kind"] not in MAKERS or not self.view.controllers_see:
            return
        found = self.view.get(MAKERS[owner["kind"]], owner["name"])
        if found is None or found["metadata"]["uid"] != owner["uid"]:
            return
        active = [pod for pod in self.view.owned("pods", owner["uid"]) if is_pod_active(pod)]
        if len(active) > found["spec"]["replicas"]:
            raise broken(
                f"{owner['kind']} {owner['name']} made pod {len(active)} of {found['spec']['replicas']} wanted ones"
            )

    def on_settled(self) -> None:
        for resource in MAKERS.values():
            for obj in self.view.list(resource):
                status, wanted = obj.get("status", {}), obj["spec"]["replicas"]
                own = [pod for pod in self.view.owned("pods", obj["metadata"]["uid"]) if is_pod_active(pod)]
                counts = [status.get("replicas", 0), status.get("readyReplicas", 0), len(own)]
                if counts != [wanted] * 3:
                    name = f"{obj['kind']} {obj['metadata']['name']}"
                    raise broken(f"{name} did not settle: {wanted} wanted, status {status}")
