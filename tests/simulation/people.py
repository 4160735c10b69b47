"""What people do to a cluster, at random: they create, edit, scale, roll back, delete, and kill pods."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

from cluster_engine.apimachinery.errors import ApiError
from cluster_engine.apimachinery.meta import controller_of
from cluster_engine.client.client import Client

Obj = dict[str, Any]
GOOD_IMAGES = ("nginx:1.7.9", "nginx:1.9.1", "redis:7", "httpd:2.4")
BAD_IMAGE = "registry.example.com/no-such-image:v1"
RESOURCES = {"Deployment": "deployments.apps", "StatefulSet": "statefulsets.apps"}


@dataclass
class People:
    """Acts on a cluster and remembers what it disturbed: where somebody interfered, fewer promises hold."""

    client: Client
    dice: random.Random
    log: list[str] = field(default_factory=list)
    orphaned: set[str] = field(default_factory=set)
    # The revisions of writes that the API server has confirmed.
    acknowledged: list[int] = field(default_factory=list)

    def act(self) -> None:
        """One random deed; a refusal by the API server is part of life."""
        deed = self.dice.choice(
            [self.create, self.create, self.change_image, self.change_image, self.scale, self.delete, self.kill_a_pod]
        )
        try:
            deed()
        except ApiError as error:
            self.log.append(f"refused: {error.message}")

    def _pick(self) -> tuple[str, Obj] | None:
        found = [(r, obj) for r in RESOURCES.values() for obj in self.client.list(r, "default").items]
        return self.dice.choice(found) if found else None

    def create(self) -> None:
        kind = self.dice.choice(list(RESOURCES))
        name, replicas = self.dice.choice("abc"), self.dice.randrange(6)
        labels = {"app": f"{kind.lower()}-{name}"}
        template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "c", "image": self._image()}]}}
        spec: Obj = {"replicas": replicas, "selector": {"matchLabels": labels}, "template": template}
        if kind == "StatefulSet":
            spec["serviceName"] = name
            spec["podManagementPolicy"] = self.dice.choice(["OrderedReady", "OrderedReady", "Parallel"])
        else:
            spec["strategy"] = self._strategy()
        meta = {"name": name, "namespace": "default"}
        self.log.append(f"create {kind} {name} replicas={replicas} {spec.get('strategy', '')}")
        body = {"apiVersion": "apps/v1", "kind": kind, "metadata": meta, "spec": spec}
        self._confirm(self.client.create(RESOURCES[kind], body))

    def _confirm(self, obj: Obj) -> None:
        self.acknowledged.append(int(obj["metadata"]["resourceVersion"]))

    def _strategy(self) -> Obj:
        if self.dice.random() < 0.2:
            return {"type": "Recreate"}
        surge, unavailable = self.dice.choice([(1, 0), (0, 1), ("25%", "25%"), (2, 1), ("100%", 0), (3, "40%")])
        return {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": surge, "maxUnavailable": unavailable}}

    def _image(self) -> str:
        return BAD_IMAGE if self.dice.random() < 0.1 else self.dice.choice(GOOD_IMAGES)

    def change_image(self) -> None:
        picked = self._pick()
        if picked is None:
            return
        resource, obj = picked
        image = self._image()
        self.log.append(f"set image {resource}/{obj['metadata']['name']} {image}")
        patch = {"spec": {"template": {"spec": {"containers": [{"name": "c", "image": image}]}}}}
        self._confirm(self.client.patch(resource, obj["metadata"]["name"], patch, "default"))

    def scale(self) -> None:
        picked = self._pick()
        if picked is None:
            return
        resource, obj = picked
        replicas = self.dice.randrange(8)
        self.log.append(f"scale {resource}/{obj['metadata']['name']} to {replicas}")
        patch = {"spec": {"replicas": replicas}}
        self._confirm(self.client.patch(resource, obj["metadata"]["name"], patch, "default"))

    def delete(self) -> None:
        picked = self._pick()
        if picked is None or self.dice.random() < 0.5:
            return
        resource, obj = picked
        policy: Any = self.dice.choice(["Background", "Foreground", "Orphan"])
        self.log.append(f"delete {resource}/{obj['metadata']['name']} {policy}")
        if policy == "Orphan":
            self.orphaned.add(obj["metadata"]["uid"])
            for rs in self.client.list("replicasets.apps", "default").items:
                self.orphaned.add(rs["metadata"]["uid"])
        self.client.delete(resource, obj["metadata"]["name"], "default", propagation_policy=policy)

    def kill_a_pod(self) -> None:
        pods = self.client.list("pods", "default").items
        if pods:
            pod = self.dice.choice(pods)["metadata"]["name"]
            self.log.append(f"delete pod {pod}")
            self.client.delete("pods", pod, "default", grace_period_seconds=self.dice.choice([None, 1]))

    def _free_recreate(self) -> None:
        """Recreate does not get on where several ReplicaSets that it has adopted are active and their annotations of
        the desired replicas differ from it: it takes that for a scaling, which only a rolling update would do.
        """
        active = [rs for rs in self.client.list("replicasets.apps", "default").items if rs["spec"]["replicas"]]
        for deployment in self.client.list("deployments.apps", "default").items:
            if deployment["spec"]["strategy"]["type"] != "Recreate":
                continue
            own = [rs for rs in active if (controller_of(rs) or {}).get("uid") == deployment["metadata"]["uid"]]
            for rs in own if len(own) > 1 else ():
                self.client.delete("replicasets.apps", rs["metadata"]["name"], "default")

    def repair(self) -> None:
        """Gives every workload an image that exists, so that everything can settle."""
        for resource in RESOURCES.values():
            for obj in self.client.list(resource, "default").items:
                image = obj["spec"]["template"]["spec"]["containers"][0]["image"]
                if image == BAD_IMAGE:
                    patch = {"spec": {"template": {"spec": {"containers": [{"name": "c", "image": GOOD_IMAGES[0]}]}}}}
                    self.client.patch(resource, obj["metadata"]["name"], patch, "default")
        self._free_recreate()
        # The stuck rollout of kubernetes#67250: a StatefulSet waits for a broken pod until somebody deletes it.
        for pod in self.client.list("pods", "default").items:
            if pod["spec"]["containers"][0]["image"] == BAD_IMAGE:
                self.client.delete("pods", pod["metadata"]["name"], "default", grace_period_seconds=0)
