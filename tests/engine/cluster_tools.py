"""What the tests of components share: a cluster, and short ways to make and read objects."""

from __future__ import annotations

from typing import Any

from cluster_engine.client.client import Client
from cluster_engine.cluster import Cluster, ClusterConfig

Obj = dict[str, Any]


class Playground:
    """A cluster that has come to rest, and a person's client."""

    def __init__(self, cluster: Cluster | None = None, **config: Any) -> None:
        self.cluster = cluster or Cluster(ClusterConfig(**config))
        self.client: Client = self.cluster.client("kubectl")
        self.cluster.run_until_idle(5)

    def run(self, seconds: float) -> None:
        self.cluster.run_for(seconds)

    def restart(self) -> Playground:
        """The same cluster after a sleep: everything but the store is made anew."""
        again = Playground.__new__(Playground)
        again.cluster = Cluster(self.cluster.config, self.cluster.snapshot())
        again.client = again.cluster.client("kubectl")
        return again

    def create(self, resource: str, obj: Obj) -> Obj:
        kind = self.cluster.scheme.get(resource)
        assert kind is not None
        meta = {"namespace": "default", **obj["metadata"]} if kind.namespaced else obj["metadata"]
        body = {"apiVersion": kind.api_version, "kind": kind.kind, **obj, "metadata": meta}
        created: Obj = self.client.request("create", resource, meta.get("namespace", ""), body=body)
        return created

    def pod(self, name: str = "p", image: str = "nginx:1.25", **container: Any) -> Obj:
        """Creates a pod with one container `c`; keys of the pod's spec are given as `spec={...}`."""
        spec = container.pop("spec", {})
        labels = container.pop("labels", {})
        one = {"name": "c", "image": image, **container}
        return self.create(
            "pods", {"metadata": {"name": name, "labels": labels}, "spec": {"containers": [one], **spec}}
        )

    def get(self, resource: str, name: str, namespace: str = "default") -> Obj:
        kind = self.cluster.scheme.get(resource)
        assert kind is not None
        return self.client.get(resource, name, namespace if kind.namespaced else "")

    def names(self, resource: str, namespace: str = "default") -> list[str]:
        return [obj["metadata"]["name"] for obj in self.client.list(resource, namespace).items]

    def container(self, pod: str = "p", index: int = 0) -> Obj:
        """The status of one container of a pod."""
        status: Obj = self.get("pods", pod)["status"]["containerStatuses"][index]
        return status

    def events(self, name: str, namespace: str = "default") -> list[tuple[str, str]]:
        """(reason, message) of the events about an object, in the order in which they began."""
        found = [e for e in self.client.list("events", namespace).items if e["involvedObject"]["name"] == name]
        return [(e["reason"], e["message"]) for e in sorted(found, key=lambda e: int(e["metadata"]["resourceVersion"]))]

    def condition(self, resource: str, name: str, type_: str) -> Obj:
        return next(c for c in self.get(resource, name)["status"]["conditions"] if c["type"] == type_)
