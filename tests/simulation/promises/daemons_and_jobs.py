"""What DaemonSets, Jobs and CronJobs promise."""

from __future__ import annotations

from typing import Any

from cluster_engine.apimachinery.meta import controller_of, deleting, dig
from cluster_engine.controllers.common.pods import is_pod_active
from cluster_engine.controllers.daemonset.placement import target_node
from cluster_engine.etcd.store import Commit
from tests.simulation.promises.view import Promise, broken

Obj = dict[str, Any]
ENDED = ("Succeeded", "Failed")


class DaemonSets(Promise):
    """One pod on a node, or two while a new one surges."""

    def on_commit(self, commit: Commit) -> None:
        pod = commit.value
        if commit.type != "ADDED" or pod is None or not commit.key.startswith("/registry/pods/"):
            return
        owner = controller_of(pod)
        if owner is None or owner["kind"] != "DaemonSet" or not self.view.controllers_see:
            return
        found = self.view.get("daemonsets.apps", owner["name"])
        if found is None or found["metadata"]["uid"] != owner["uid"]:
            return
        surges = dig(found, "spec", "updateStrategy", "rollingUpdate", "maxSurge", default=0)
        node = target_node(pod)
        beside = [
            other["metadata"]["name"]
            for other in self.view.owned("pods", owner["uid"])
            if target_node(other) == node
            and other["metadata"]["uid"] != pod["metadata"]["uid"]
            # One that goes does not count beside a surge, nor ever when it has ended.
            and not (deleting(other) and (surges or (other.get("status") or {}).get("phase") in ENDED))
        ]
        if len(beside) > (1 if surges else 0):
            raise broken(f"{pod['metadata']['name']} was made on {node} beside {beside}")

    def on_settled(self) -> None:
        nodes = len(self.view.list("nodes", ""))
        for ds in self.view.list("daemonsets.apps"):
            status, name = ds.get("status", {}), f"DaemonSet {ds['metadata']['name']}"
            fields = ("desiredNumberScheduled", "currentNumberScheduled", "numberReady", "numberAvailable")
            counts = [status.get(f, 0) for f in (*fields, "updatedNumberScheduled")]
            if counts != [nodes] * 5 or status.get("observedGeneration") != ds["metadata"]["generation"]:
                raise broken(f"{name} did not settle: {nodes} nodes, status {status}")
            own = [target_node(pod) for pod in self.view.owned("pods", ds["metadata"]["uid"]) if is_pod_active(pod)]
            if len(set(own)) != len(own):
                raise broken(f"{name} has two pods on one node: {own}")


class Jobs(Promise):
    """No more at once than its parallelism; each pod counted once; in the end it is finished."""

    def on_commit(self, commit: Commit) -> None:
        if commit.value is None:
            return
        if commit.type == "ADDED" and commit.key.startswith("/registry/pods/"):
            self._check_parallelism(commit.value)
        elif commit.type == "MODIFIED" and commit.key.startswith("/registry/jobs.batch/"):
            self._check_counts(self.view.last.get(commit.key), commit.value)

    def _check_parallelism(self, pod: Obj) -> None:
        owner = controller_of(pod)
        if owner is None or owner["kind"] != "Job" or not self.view.controllers_see:
            return
        job = self.view.get("jobs.batch", owner["name"])
        if job is None or job["metadata"]["uid"] != owner["uid"]:
            return
        active = [other for other in self.view.owned("pods", owner["uid"]) if is_pod_active(other)]
        if len(active) > job["spec"]["parallelism"]:
            raise broken(f"Job {owner['name']} runs {len(active)} pods at once, {job['spec']['parallelism']} may")
        if job["spec"].get("suspend"):
            raise broken(f"Job {owner['name']} is suspended, and made {pod['metadata']['name']}")

    def _check_counts(self, old: Obj | None, new: Obj) -> None:
        before, after = (old or {}).get("status") or {}, new.get("status") or {}
        name, completions = new["metadata"]["name"], new["spec"].get("completions")
        for field in ("succeeded", "failed"):
            if after.get(field, 0) < before.get(field, 0):
                raise broken(f"Job {name} had {before[field]} {field}, and has {after.get(field, 0)}")
        conditions = [c["type"] for c in after.get("conditions") or () if c["status"] == "True"]
        if "Complete" in conditions and completions and after.get("succeeded", 0) != completions:
            raise broken(f"Job {name} is complete with {after.get('succeeded', 0)} of {completions}")
        if after.get("succeeded", 0) > (completions or after.get("succeeded", 0)):
            raise broken(f"Job {name} has {after['succeeded']} of {completions} completions")

    def on_settled(self) -> None:
        for job in self.view.list("jobs.batch"):
            conditions = {c["type"] for c in dig(job, "status", "conditions", default=[]) if c["status"] == "True"}
            if not conditions & {"Complete", "Failed"}:
                raise broken(f"Job {job['metadata']['name']} did not finish: {job.get('status')}")
            pods = self.view.owned("pods", job["metadata"]["uid"])
            waiting = [pod["metadata"]["name"] for pod in pods if pod["metadata"].get("finalizers")]
            if waiting:
                raise broken(f"Job {job['metadata']['name']} is finished and has not counted {waiting}")
        for cronjob in self.view.list("cronjobs.batch"):
            self._check_history(cronjob)

    def _check_history(self, cronjob: Obj) -> None:
        own = self.view.owned("jobs.batch", cronjob["metadata"]["uid"])
        for type_, limit in (("Complete", "successfulJobsHistoryLimit"), ("Failed", "failedJobsHistoryLimit")):
            kept = [
                job
                for job in own
                for c in dig(job, "status", "conditions", default=[])
                if c["type"] == type_ and c["status"] == "True" and not deleting(job)
            ]
            if len(kept) > cronjob["spec"][limit]:
                raise broken(f"CronJob {cronjob['metadata']['name']} keeps {len(kept)} Jobs that are {type_}")
