"""Manifests at random: of every kind that keeps pods, and of what bounds them."""

from __future__ import annotations

import random
from typing import Any

Obj = dict[str, Any]
GOOD_IMAGES = ("nginx:1.7.9", "nginx:1.9.1", "redis:7", "httpd:2.4")
BAD_IMAGE = "registry.example.com/no-such-image:v1"
# The kinds that keep pods, and where they are served.
RESOURCES = {
    "Deployment": "deployments.apps",
    "StatefulSet": "statefulsets.apps",
    "DaemonSet": "daemonsets.apps",
    "ReplicaSet": "replicasets.apps",
    "ReplicationController": "replicationcontrollers",
    "Job": "jobs.batch",
    "CronJob": "cronjobs.batch",
}
# How often each is made, beside the others.
SHARES = {
    "Deployment": 8,
    "StatefulSet": 6,
    "DaemonSet": 2,
    "ReplicaSet": 1,
    "ReplicationController": 1,
    "Job": 2,
    "CronJob": 1,
}
NAMES = "abc"


def labels_of_workload(kind: str, name: str) -> dict[str, str]:
    return {"app": f"{kind.lower()}-{name}"}


class Manifests:
    """Makes manifests from dice."""

    def __init__(self, dice: random.Random, kinds: tuple[str, ...] = ()) -> None:
        self.dice = dice
        chosen = (
            kinds or [kind for kind in SHARES if dice.random() < 0.4] or [dice.choice(["Deployment", "StatefulSet"])]
        )
        self._shares = {kind: SHARES[kind] for kind in chosen}

    def image(self) -> str:
        return BAD_IMAGE if self.dice.random() < 0.1 else self.dice.choice(GOOD_IMAGES)

    def workload(self) -> tuple[str, Obj]:
        """(resource, object) of some kind that keeps pods."""
        kind = self.dice.choices(list(self._shares), list(self._shares.values()))[0]
        name = self.dice.choice(NAMES)
        group = {"ReplicationController": "v1", "Job": "batch/v1", "CronJob": "batch/v1"}.get(kind, "apps/v1")
        spec: Obj = getattr(self, f"_{kind.lower()}")(name)
        meta = {"name": name, "namespace": "default", "labels": labels_of_workload(kind, name)}
        return RESOURCES[kind], {"apiVersion": group, "kind": kind, "metadata": meta, "spec": spec}

    def template(self, kind: str, name: str) -> Obj:
        container = {"name": "c", "image": self.image()}
        return {"metadata": {"labels": labels_of_workload(kind, name)}, "spec": {"containers": [container]}}

    def _apps(self, kind: str, name: str) -> Obj:
        selector = {"matchLabels": labels_of_workload(kind, name)}
        return {"selector": selector, "template": self.template(kind, name)}

    def _min_ready(self) -> Obj:
        return {"minReadySeconds": self.dice.choice([2, 15])} if self.dice.random() < 0.2 else {}

    def _deployment(self, name: str) -> Obj:
        spec = self._apps("Deployment", name)
        spec |= {"replicas": self.dice.randrange(6), "strategy": self.strategy(), **self._min_ready()}
        if self.dice.random() < 0.2:
            spec["revisionHistoryLimit"] = self.dice.randrange(3)
        if self.dice.random() < 0.2:
            spec["progressDeadlineSeconds"] = 60
        return spec

    def strategy(self) -> Obj:
        if self.dice.random() < 0.2:
            return {"type": "Recreate", "rollingUpdate": None}
        surge, unavailable = self.dice.choice([(1, 0), (0, 1), ("25%", "25%"), (2, 1), ("100%", 0), (3, "40%")])
        return {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": surge, "maxUnavailable": unavailable}}

    def _statefulset(self, name: str) -> Obj:
        spec = self._apps("StatefulSet", name)
        spec |= {"replicas": self.dice.randrange(5), "serviceName": name, **self._min_ready()}
        spec["podManagementPolicy"] = self.dice.choice(["OrderedReady", "OrderedReady", "Parallel"])
        spec["updateStrategy"] = self.update_strategy()
        if self.dice.random() < 0.2:
            spec["ordinals"] = {"start": self.dice.choice([1, 3])}
        if self.dice.random() < 0.3:
            asked = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
            claim = {"metadata": {"name": "data"}, "spec": {**asked, "storageClassName": "standard"}}
            spec["volumeClaimTemplates"] = [claim]
            retained = ("Retain", "Delete")
            policy = {"whenDeleted": self.dice.choice(retained), "whenScaled": self.dice.choice(retained)}
            spec["persistentVolumeClaimRetentionPolicy"] = policy
        return spec

    def update_strategy(self) -> Obj:
        if self.dice.random() < 0.2:
            return {"type": "OnDelete", "rollingUpdate": None}
        rolling: Obj = {"partition": self.dice.choice([0, 0, 0, 1, 2])}
        if self.dice.random() < 0.2:
            rolling["maxUnavailable"] = self.dice.choice([1, 2, "50%"])
        return {"type": "RollingUpdate", "rollingUpdate": rolling}

    def _daemonset(self, name: str) -> Obj:
        return {**self._apps("DaemonSet", name), "updateStrategy": self.daemon_strategy(), **self._min_ready()}

    def daemon_strategy(self) -> Obj:
        if self.dice.random() < 0.2:
            return {"type": "OnDelete", "rollingUpdate": None}
        rolling = self.dice.choice([(1, 0), (2, 0), (0, 1)])
        return {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": rolling[0], "maxSurge": rolling[1]}}

    def _replicaset(self, name: str) -> Obj:
        return {**self._apps("ReplicaSet", name), "replicas": self.dice.randrange(4)}

    def _replicationcontroller(self, name: str) -> Obj:
        labels = labels_of_workload("ReplicationController", name)
        template = self.template("ReplicationController", name)
        return {"selector": labels, "replicas": self.dice.randrange(4), "template": template}

    def _job(self, name: str) -> Obj:
        command = self.dice.choice([["sleep", "3"], ["sleep", "30"], ["sh", "-c", "sleep 2; exit 1"], ["true"]])
        container = {"name": "c", "image": "busybox:1.36", "command": command}
        policy = self.dice.choice(["Never", "OnFailure"])
        spec: Obj = {
            "template": {"spec": {"containers": [container], "restartPolicy": policy}},
            "parallelism": self.dice.randrange(1, 4),
            "completions": self.dice.randrange(1, 5),
            "backoffLimit": self.dice.randrange(3),
        }
        if self.dice.random() < 0.3:
            spec["completionMode"] = "Indexed"
        if self.dice.random() < 0.2:
            spec["ttlSecondsAfterFinished"] = self.dice.choice([0, 60])
        if self.dice.random() < 0.2:
            spec["activeDeadlineSeconds"] = 20
        if self.dice.random() < 0.2:
            spec["suspend"] = True
        return spec

    def _cronjob(self, name: str) -> Obj:
        return {
            "schedule": "* * * * *",
            "concurrencyPolicy": self.dice.choice(["Allow", "Forbid", "Replace"]),
            "successfulJobsHistoryLimit": self.dice.randrange(3),
            "failedJobsHistoryLimit": 1,
            "jobTemplate": {"spec": {**self._job(name), "suspend": False}},
        }

    # What bounds them.

    def quota(self) -> Obj:
        hard = {"pods": str(self.dice.randrange(4, 16))}
        return {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "q"}, "spec": {"hard": hard}}

    def budget(self) -> Obj:
        kind, name = self.dice.choice(["Deployment", "StatefulSet"]), self.dice.choice(NAMES)
        bound = self.dice.choice([{"minAvailable": 1}, {"maxUnavailable": 1}, {"minAvailable": "50%"}])
        spec: Obj = {"selector": {"matchLabels": labels_of_workload(kind, name)}, **bound}
        if self.dice.random() < 0.3:
            spec["unhealthyPodEvictionPolicy"] = "AlwaysAllow"
        meta = {"name": f"{kind.lower()}-{name}"}
        return {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": meta, "spec": spec}

    def autoscaler(self) -> Obj:
        name = self.dice.choice(NAMES)
        least = self.dice.randrange(1, 4)
        target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": name}
        spec = {"scaleTargetRef": target, "minReplicas": least, "maxReplicas": least + 3}
        meta = {"name": name}
        kind = {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler"}
        return {**kind, "metadata": meta, "spec": spec}

    def service(self) -> Obj:
        kind, name = self.dice.choice(["Deployment", "StatefulSet"]), self.dice.choice(NAMES)
        spec: Obj = {"selector": labels_of_workload(kind, name), "ports": [{"port": 80}]}
        if kind == "StatefulSet":
            spec["clusterIP"] = "None"
        meta = {"name": f"{kind.lower()}-{name}"}
        return {"apiVersion": "v1", "kind": "Service", "metadata": meta, "spec": spec}
