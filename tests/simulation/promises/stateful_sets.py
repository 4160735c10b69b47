"""What a StatefulSet promises: one pod of a name, in order, and claims that stay."""

from __future__ import annotations

from typing import Any

from cluster_engine.apimachinery.intstr import scaled_value
from cluster_engine.apimachinery.meta import controller_of, deleting, labels_of
from cluster_engine.etcd.store import Commit
from tests.simulation.promises.view import Promise, broken

Obj = dict[str, Any]
RESOURCE = "statefulsets.apps"
CONTROLLER = "statefulset-controller"
HASH = "controller-revision-hash"


def ordinal(pod: Obj) -> int:
    return int(pod["metadata"]["name"].rpartition("-")[2])


def ordinals(set_: Obj) -> range:
    """Those that the set wants now."""
    start = (set_["spec"].get("ordinals") or {}).get("start", 0)
    return range(start, start + set_["spec"]["replicas"])


def is_parallel(set_: Obj) -> bool:
    return bool(set_["spec"].get("podManagementPolicy") == "Parallel")


class StatefulSets(Promise):
    """Pods come from the lowest ordinal up and go from the highest down, one at a time unless it is Parallel."""

    def on_commit(self, commit: Commit) -> None:
        if self.view.writer != CONTROLLER or not self.view.controllers_see:
            return
        if commit.key.startswith("/registry/pods/"):
            self._on_pod(commit)

    def _on_pod(self, commit: Commit) -> None:
        old, new = self.view.last.get(commit.key), commit.value
        set_ = self._set_of(new or old)
        if set_ is None:
            return
        if commit.type == "ADDED" and new is not None:
            self._check_creation(set_, new)
        elif old is not None and not deleting(old) and (new is None or deleting(new)):
            self._check_deletion(set_, old)

    def _set_of(self, pod: Obj | None) -> Obj | None:
        owner = controller_of(pod) if pod is not None else None
        if owner is None or owner["kind"] != "StatefulSet":
            return None
        found = self.view.get(RESOURCE, owner["name"])
        return found if found is not None and found["metadata"]["uid"] == owner["uid"] else None

    def _pod(self, set_: Obj, number: int) -> Obj | None:
        return self.view.last.get(f"/registry/pods/default/{set_['metadata']['name']}-{number}")

    def _is_well(self, set_: Obj, number: int) -> bool:
        pod = self._pod(set_, number)
        return pod is not None and not deleting(pod) and self.view.available(pod, set_)

    def _check_creation(self, set_: Obj, pod: Obj) -> None:
        name, number = pod["metadata"]["name"], ordinal(pod)
        if number not in ordinals(set_):
            raise broken(f"{name} was made, and {list(ordinals(set_))} are wanted")
        if is_parallel(set_):
            return
        for lower in ordinals(set_):
            if lower < number and not self._is_well(set_, lower):
                raise broken(f"{name} was made before {set_['metadata']['name']}-{lower} was ready")

    def _check_deletion(self, set_: Obj, pod: Obj) -> None:
        name, number = pod["metadata"]["name"], ordinal(pod)
        if (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed"):
            return
        owned = self.view.owned("pods", set_["metadata"]["uid"])
        if number not in ordinals(set_):
            above = [p for p in owned if ordinal(p) > number and ordinal(p) not in ordinals(set_)]
            if above and not is_parallel(set_):
                raise broken(f"{name} was scaled away before {above[0]['metadata']['name']}")
            return
        strategy = set_["spec"]["updateStrategy"]
        if strategy["type"] != "RollingUpdate":
            raise broken(f"{name} was deleted under {strategy['type']}")
        rolling = strategy.get("rollingUpdate") or {}
        # The partition counts the pods from the first one, whatever the start ordinal: as the real controller does.
        if number - ordinals(set_).start < rolling.get("partition", 0):
            raise broken(f"{name} was deleted below the partition {rolling['partition']}")
        if "maxUnavailable" in rolling:
            self._check_several(set_, pod, rolling["maxUnavailable"])
            return
        for higher in ordinals(set_):
            if higher > number and not self._is_well(set_, higher):
                raise broken(f"{name} was updated before {set_['metadata']['name']}-{higher} was ready")

    def _check_several(self, set_: Obj, pod: Obj, bound: int | str) -> None:
        """No more than so many are unavailable, this one included."""
        most = max(scaled_value(bound, set_["spec"]["replicas"], False), 1)
        away = sum(not self._is_well(set_, number) for number in ordinals(set_) if number != ordinal(pod)) + 1
        if away > most:
            raise broken(f"{pod['metadata']['name']} was updated while {away - 1} others were away, {most} may be")

    def on_quiet(self) -> None:
        """Of one pod there is never more than one that runs, wherever it is."""
        running: dict[str, str] = {}
        for process in self.view.cluster.kubelets.values():
            kubelet = process.kubelet
            for worker in kubelet.running_pods() if kubelet is not None and process.powered else ():
                owner = controller_of(worker.pod)
                if owner is None or owner["kind"] != "StatefulSet":
                    continue
                if any(container.state == "running" for container in worker.main):
                    if running.setdefault(worker.key, worker.uid) != worker.uid:
                        raise broken(f"two of {worker.key} run at once")

    def on_settled(self) -> None:
        for set_ in self.view.list(RESOURCE):
            meta, status, wanted = set_["metadata"], set_.get("status", {}), set_["spec"]["replicas"]
            name = f"StatefulSet {meta['name']}"
            counts = [status.get(field, 0) for field in ("replicas", "readyReplicas", "availableReplicas")]
            if counts != [wanted] * 3 or status.get("observedGeneration") != meta["generation"]:
                raise broken(f"{name} did not settle: {wanted} wanted, status {status}")
            own = self.view.owned("pods", meta["uid"])
            if sorted(ordinal(pod) for pod in own) != list(ordinals(set_)):
                there = [pod["metadata"]["name"] for pod in own]
                raise broken(f"{name} has {there}, wanted are {list(ordinals(set_))}")
            self._check_updated(set_, own)
            self._check_claims(set_)

    def _check_updated(self, set_: Obj, own: list[Obj]) -> None:
        strategy = set_["spec"]["updateStrategy"]
        partition = (strategy.get("rollingUpdate") or {}).get("partition", 0)
        if strategy["type"] != "RollingUpdate":
            return
        first, wanted = ordinals(set_).start, set_["status"]["updateRevision"]
        late = [p["metadata"]["name"] for p in own if ordinal(p) - first >= partition and labels_of(p)[HASH] != wanted]
        if late:
            raise broken(f"StatefulSet {set_['metadata']['name']} has not updated {late}")

    def _check_claims(self, set_: Obj) -> None:
        for template in set_["spec"].get("volumeClaimTemplates") or ():
            for number in ordinals(set_):
                name = f"{template['metadata']['name']}-{set_['metadata']['name']}-{number}"
                claim = self.view.get("persistentvolumeclaims", name)
                if claim is None or claim.get("status", {}).get("phase") != "Bound":
                    raise broken(f"claim {name} is not bound: {claim and claim.get('status')}")


class Claims(Promise):
    """A claim goes only where somebody asked for it: people, or the retention policy."""

    def on_commit(self, commit: Commit) -> None:
        if not commit.key.startswith("/registry/persistentvolumeclaims/") or not self.view.writer:
            return
        old, new = self.view.last.get(commit.key), commit.value
        if old is None or deleting(old) or (new is not None and not deleting(new)):
            return
        if not old["metadata"].get("ownerReferences"):
            raise broken(f"{self.view.writer} deleted claim {old['metadata']['name']}, which was to be retained")
