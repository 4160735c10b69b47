"""A small cluster to try the controllers in, with pods that start and stop within about a second."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from cluster_engine.apimachinery.errors import ApiError
from cluster_engine.cluster import Cluster, ClusterConfig

Obj = dict[str, Any]


def pod_template(name: str, image: str) -> Obj:
    return {"metadata": {"labels": {"app": name}}, "spec": {"containers": [{"name": "c", "image": image}]}}


class World:
    """A cluster, and what a person would do to it. Everything is in the namespace default."""

    def __init__(self, **config: Any) -> None:
        quick = {"registry": "any", "start_seconds": 1.0, "stop_seconds": 1.0}
        self.cluster = Cluster(ClusterConfig(**{**quick, **config}))
        self.client = self.cluster.client("kubectl")
        self.cluster.run_for(1)
        try:
            self.client.get("serviceaccounts", "default", "default")
        except ApiError:
            self.client.create(
                "serviceaccounts",
                {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default", "namespace": "default"}},
            )

    def run(self, seconds: float = 60) -> None:
        self.cluster.run_for(seconds)

    def get(self, resource: str, name: str) -> Obj:
        return self.client.get(resource, name, "default")

    def list(self, resource: str) -> Any:
        return self.client.list(resource, "default").items

    def names(self, resource: str) -> Any:
        return [obj["metadata"]["name"] for obj in self.list(resource)]

    def patch(self, resource: str, name: str, patch: Obj) -> Obj:
        return self.client.patch(resource, name, patch, "default", patch_type="merge")

    def set_image(self, resource: str, name: str, image: str) -> Obj:
        template = {"spec": {"containers": [{"name": "c", "image": image}]}}
        return self.patch(resource, name, {"spec": {"template": template}})

    def scale(self, resource: str, name: str, replicas: int) -> Obj:
        return self.patch(resource, name, {"spec": {"replicas": replicas}})

    def deployment(self, name: str = "d", replicas: int = 3, image: str = "nginx:1.25", **spec: Any) -> Obj:
        selector = {"matchLabels": {"app": name}}
        body = {"replicas": replicas, "selector": selector, "template": pod_template(name, image), **spec}
        return self._create("deployments.apps", "Deployment", name, body)

    def replica_set(self, name: str = "rs", replicas: int = 3, **spec: Any) -> Obj:
        selector = {"matchLabels": {"app": name}}
        body = {"replicas": replicas, "selector": selector, "template": pod_template(name, "nginx:1.25"), **spec}
        return self._create("replicasets.apps", "ReplicaSet", name, body)

    def stateful_set(self, name: str = "web", replicas: int = 3, image: str = "nginx:1.25", **spec: Any) -> Obj:
        selector = {"matchLabels": {"app": name}}
        template = pod_template(name, image)
        body = {"replicas": replicas, "serviceName": name, "selector": selector, "template": template, **spec}
        return self._create("statefulsets.apps", "StatefulSet", name, body)

    def pod(self, name: str, labels: dict[str, str]) -> Obj:
        spec = {"containers": [{"name": "c", "image": "nginx:1.25"}]}
        meta = {"name": name, "namespace": "default", "labels": labels}
        return self.client.create("pods", {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec})

    def _create(self, resource: str, kind: str, name: str, spec: Obj) -> Obj:
        meta = {"name": name, "namespace": "default"}
        return self.client.create(resource, {"apiVersion": "apps/v1", "kind": kind, "metadata": meta, "spec": spec})

    def events(self, kind: str, reason: str | None = None) -> Any:
        """The messages of the events about objects of a kind, in the order in which they came about."""
        events = sorted(self.list("events"), key=lambda event: int(event["metadata"]["resourceVersion"]))
        return [
            event["message"]
            for event in events
            if event["involvedObject"]["kind"] == kind and reason in (None, event["reason"])
        ]

    def conditions(self, resource: str, name: str) -> dict[str, tuple[str, str]]:
        """(status, reason) of each type of condition."""
        conditions = self.get(resource, name)["status"].get("conditions", [])
        return {one["type"]: (one["status"], one["reason"]) for one in conditions}

    def watch(self, resource: str, tell: Callable[[str, Obj], None]) -> None:
        """Calls `tell(type, object)` for every change from now on."""
        watch = self.client.watch(resource, "default", resource_version=self.cluster.revision)
        watch.deliver_to(lambda type_, obj, revision: tell(type_, obj))


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def make_world() -> Callable[..., World]:
    return World
