"""What holds of every revision, whatever is written: nothing is lost, nothing comes from nowhere, nothing goes back."""

from __future__ import annotations

from typing import Any

from cluster_engine.apimachinery.meta import deleting
from cluster_engine.etcd.store import Commit
from cluster_engine.trace import Step
from tests.simulation.promises.view import Promise, View, broken

Obj = dict[str, Any]
# What is no component's writing: the faults themselves, and the heartbeat that a silent kubelet leaves.
OUTSIDE = ("/registry/faults.podarium.dev/", "/registry/leases.coordination.k8s.io/kube-node-lease/")
ENDED = ("Succeeded", "Failed")


class History(Promise):
    """Revisions without gaps, written by who may write, each of which has a cause."""

    def __init__(self, view: View) -> None:
        super().__init__(view)
        self.steps: dict[int, Step] = {step.number: step for step in view.cluster.trace.steps}
        self.first_revision = self.last_revision = view.cluster.revision
        self._step_of: dict[int, int] = {}

    def on_step(self, step: Step) -> None:
        cluster = self.view.cluster
        self.steps[step.number] = step
        if step.component == "scheduler" and not cluster.scheduler.running:
            raise broken(f"a scheduler that does not run looked at {step.subject}")
        node = step.component.removeprefix("kubelet ")
        if node in cluster.kubelets and not cluster.kubelets[node].running:
            raise broken(f"the kubelet of {node}, which does not run, looked at {step.subject}")

    def on_commit(self, commit: Commit) -> None:
        if commit.revision != self.last_revision + 1:
            raise broken(f"a revision is missing between {self.last_revision} and {commit.revision}")
        self.last_revision = commit.revision
        self._step_of[commit.revision] = commit.step
        if commit.type == "ADDED" and commit.key in self.view.last:
            raise broken(f"{commit.key} was added twice")
        self._check_writable(commit)

    def _check_writable(self, commit: Commit) -> None:
        """Nothing is written past an API server that is down or an etcd without a leader, but what ends by itself."""
        if commit.key.startswith(OUTSIDE) or (commit.key.startswith("/registry/events/") and commit.value is None):
            return
        cluster = self.view.cluster
        if cluster.server.down is not None or cluster.etcd.problem() is not None:
            raise broken(f"{commit.key} was written while nothing could be")

    def on_quiet(self) -> None:
        faults = list(self.view.cluster.trace.faults)
        if faults:
            raise broken(faults[0])

    def on_settled(self) -> None:
        """Every revision's chain of causes ends at an input, a timer, or the start of a component."""
        for revision in range(self.first_revision + 1, self.last_revision + 1):
            self._follow(revision)

    def _follow(self, revision: int) -> None:
        seen = set()
        while revision > self.first_revision:
            if revision in seen:
                raise broken(f"the causes of revision {revision} go in a circle")
            seen.add(revision)
            number = self._step_of[revision]
            if number == 0:
                return  # written by a person's own request
            step = self.steps.get(number)
            if step is None:
                raise broken(f"revision {revision} was written in step {number}, which nobody knows")
            if step.cause.kind != "revision":
                return
            if int(step.cause.ref) >= revision:
                raise broken(f"revision {revision} is said to be caused by {step.cause.ref}")
            revision = int(step.cause.ref)

    def check_acknowledged(self, revisions: list[int]) -> None:
        """What the API server has confirmed was written."""
        lost = [revision for revision in revisions if revision not in self._step_of and revision > self.first_revision]
        if lost:
            raise broken(f"confirmed, and never written: revision {lost[0]}")


class Identity(Promise):
    """What an object is never changes: its uid, its deletion, the node of a pod, how a pod or a Job has ended."""

    def on_commit(self, commit: Commit) -> None:
        old, new = self.view.last.get(commit.key), commit.value
        if old is None or new is None or "metadata" not in new:
            return
        before, after, name = old["metadata"], new["metadata"], commit.key
        for field in ("uid", "creationTimestamp"):
            if before.get(field) != after.get(field):
                raise broken(f"{name} has another {field}")
        if deleting(old) and not deleting(new):
            raise broken(f"{name} is not being deleted any more")
        if after.get("generation", 0) < before.get("generation", 0):
            raise broken(f"the generation of {name} went back")
        if len([r for r in after.get("ownerReferences") or () if r.get("controller")]) > 1:
            raise broken(f"{name} has two controllers")
        if new["kind"] == "Pod":
            _check_pod(name, old, new)
        if new["kind"] == "Job" and _finished(old) and not _finished(new):
            raise broken(f"{name} was finished, and is not any more")


def _check_pod(name: str, old: Obj, new: Obj) -> None:
    before, after = old.get("status") or {}, new.get("status") or {}
    if before.get("phase") in ENDED and before["phase"] != after.get("phase"):
        raise broken(f"{name} had ended ({before['phase']}), and is {after.get('phase')}")
    node = old["spec"].get("nodeName")
    if node and new["spec"].get("nodeName") != node:
        raise broken(f"{name} has moved from {node}")
    counts = {c["name"]: c["restartCount"] for c in after.get("containerStatuses") or ()}
    for container in before.get("containerStatuses") or ():
        if counts.get(container["name"], 0) < container["restartCount"]:
            raise broken(f"the restarts of {name} went back")


def _finished(job: Obj) -> bool:
    conditions = (job.get("status") or {}).get("conditions") or ()
    return any(c["type"] in ("Complete", "Failed") and c["status"] == "True" for c in conditions)
