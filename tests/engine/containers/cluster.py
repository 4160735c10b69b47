"""Containers in a whole cluster: manifests, and commands in pods, in virtual time."""

from __future__ import annotations

import shlex
from typing import Any

import yaml

from cluster_engine.cluster import Cluster, ClusterConfig
from cluster_engine.faults import Fault
from tests.engine.support import Result, Terminal

Obj = dict[str, Any]


class World:
    """A cluster with the playground's images, and a terminal on it."""

    def __init__(self, seed: int = 1, cluster: Cluster | None = None) -> None:
        self.terminal = Terminal(cluster=cluster or Cluster(ClusterConfig(seed=seed)))
        self.cluster = self.terminal.cluster

    def run(self, seconds: float) -> None:
        self.cluster.run_for(seconds)

    def apply(self, manifests: str) -> None:
        """Applies YAML documents and waits until all is at rest."""
        self.terminal.files.write("all.yaml", manifests)
        self.ok("apply -f all.yaml")
        self.terminal.settle()

    def kubectl(self, line: str) -> Result:
        return self.terminal.run(f"kubectl {line}")

    def ok(self, line: str) -> str:
        return self.terminal.ok(f"kubectl {line}")

    def exec(self, pod: str, script: str, container: str = "") -> Result:
        """Runs a shell script in a container."""
        chosen = f"-c {container} " if container else ""
        return self.kubectl(f"exec {pod} {chosen}-- sh -c {shlex.quote(script)}")

    def sh(self, pod: str, script: str, container: str = "") -> str:
        """Standard output of a script that has to succeed."""
        result = self.exec(pod, script, container)
        assert (result.code, result.stderr) == (0, ""), result
        return result.stdout

    def inject(self, type_: str, target: str, **parameters: Any) -> str:
        return self.cluster.inject(Fault(type_, target, parameters))

    def confirm_no_defects(self) -> None:
        """Nothing inside may have failed."""
        assert list(self.cluster.trace.faults) == []


def pod(name: str, image: str = "busybox:1.36", command: str = "sleep infinity", **spec: Any) -> str:
    """A manifest of a pod with one container `c`; keys of the container are given as `container={...}`."""
    container = {"name": "c", "image": image, **spec.pop("container", {})}
    if command:
        container["command"] = shlex.split(command)
    labels = spec.pop("labels", {})
    body = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": labels},
        "spec": {"containers": [container], **spec},
    }
    return "---\n" + yaml.safe_dump(body)


def service(name: str, selector: Obj | None, port: int = 80, **spec: Any) -> str:
    """A manifest of a Service."""
    body: Obj = {"ports": [{"name": "p", "port": port, **spec.pop("port_spec", {})}], **spec}
    if selector is not None:
        body["selector"] = selector
    return "---\n" + yaml.safe_dump({"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": body})
