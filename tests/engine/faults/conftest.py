"""What the tests of faults share: a cluster with a terminal, and short ways to look at it."""

from __future__ import annotations

from typing import Any

import pytest

from cluster_engine.cluster import Cluster, ClusterConfig
from cluster_engine.faults import Fault
from tests.engine.cluster_tools import Playground
from tests.engine.support import Terminal

Obj = dict[str, Any]
REFUSED = "The connection to the server 127.0.0.1:6443 was refused - did you specify the right host or port?\n"


class Breakable(Playground):
    """A cluster to break: a person's client, a terminal, and what etcd has while nobody may ask."""

    def __init__(self, **config: Any) -> None:
        settings = {"seed": 3, "registry": "any", "start_seconds": 1.0, "stop_seconds": 1.0, **config}
        super().__init__(Cluster(ClusterConfig(**settings)))
        self.terminal = Terminal(cluster=self.cluster)

    def inject(self, type_: str, target: str, **parameters: Any) -> str:
        return self.cluster.inject(Fault(type_, target, parameters))

    def lift(self, name: str) -> None:
        self.cluster.lift(name)

    def deployment(self, replicas: int = 3, name: str = "web", image: str = "nginx:1.25") -> None:
        template = {"metadata": {"labels": {"app": name}}, "spec": {"containers": [{"name": "c", "image": image}]}}
        spec = {"replicas": replicas, "selector": {"matchLabels": {"app": name}}, "template": template}
        self.create("deployments.apps", {"metadata": {"name": name}, "spec": spec})

    def stateful_set(self, replicas: int = 3, name: str = "db") -> None:
        template = {"metadata": {"labels": {"app": name}}, "spec": {"containers": [{"name": "c", "image": "redis:7"}]}}
        spec = {"replicas": replicas, "serviceName": name, "selector": {"matchLabels": {"app": name}}}
        self.create("statefulsets.apps", {"metadata": {"name": name}, "spec": {**spec, "template": template}})

    def patch(self, resource: str, name: str, patch: Obj) -> None:
        self.client.patch(resource, name, patch, "default", patch_type="merge")

    def stored(self, resource: str, namespace: str = "default") -> list[Obj]:
        """What etcd has, whether or not anybody may ask for it."""
        prefix = f"/registry/{resource}/"
        return [item.value for item in self.cluster.store.range(prefix, f"{prefix}{namespace}/" if namespace else "")]

    def pods(self, node: str = "") -> list[Obj]:
        """The pods of a node (all of them for ""), in order of their names."""
        return [pod for pod in self.stored("pods") if not node or pod["spec"].get("nodeName") == node]

    def pod_names(self, node: str = "") -> list[str]:
        return [pod["metadata"]["name"] for pod in self.pods(node)]

    def ready(self) -> int:
        """How many pods are ready and not on their way out."""
        return sum(
            condition["type"] == "Ready" and condition["status"] == "True"
            for pod in self.pods()
            if "deletionTimestamp" not in pod["metadata"]
            for condition in pod.get("status", {}).get("conditions", ())
        )

    def node_ready(self, node: str) -> str:
        found = next(obj for obj in self.stored("nodes", "") if obj["metadata"]["name"] == node)
        return next(c["status"] for c in found["status"]["conditions"] if c["type"] == "Ready")

    def taints(self, node: str) -> list[str]:
        found = next(obj for obj in self.stored("nodes", "") if obj["metadata"]["name"] == node)
        return [f"{taint['key']}:{taint['effect']}" for taint in found["spec"].get("taints", ())]

    def sleep(self) -> Breakable:
        """The cluster as it is after a night: only etcd and the time are left of it."""
        again = Breakable.__new__(Breakable)
        again.cluster = Cluster(self.cluster.config, self.cluster.snapshot())
        again.client = again.cluster.client("kubectl")
        return again


@pytest.fixture
def world() -> Breakable:
    """Three nodes on which every image runs, each pod a second after it has its node."""
    return Breakable()
