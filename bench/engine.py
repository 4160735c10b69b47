"""CPU and memory of the engine: clusters, and Deployments that are created and rolled, kubelets included."""

from __future__ import annotations

import gc
import subprocess
import sys
import time
from typing import Any

from cluster_engine.cluster import Cluster, ClusterConfig

# The recorded cluster: nodes with room for 5,000 pods, every image there, pods that take about a second.
BIG_NODES = ClusterConfig(
    node_cpu="32", node_memory="64Gi", node_pods=5000, registry="any", start_seconds=1.0, stop_seconds=1.0
)
# What a real control plane (v1.20.2: API server, etcd, controller manager, scheduler, without kubelets; rate limits
# raised) took for the same on a machine of two cores. The ratio is what counts; `make bench` wants at most a fifth.
CONTROL_PLANE_CPU_S = {"create_100": 1.64, "roll_100": 3.45, "create_500": 7.02, "roll_500": 16.84}


def measure() -> dict[str, Any]:
    """All figures of the engine. `*_cpu_s` are CPU seconds of this process, `*_writes` revisions of etcd."""
    _run_rollout(10)  # warm-up: imports, the schema, compiled patterns
    figures: dict[str, Any] = {}
    start = time.process_time()
    ready = Cluster()
    ready.run_for(5)
    figures["ready_cpu_s"] = round(time.process_time() - start, 4)
    figures["ready_writes"] = ready.revision
    for replicas in (100, 500):
        figures |= _run_rollout(replicas)
    figures["idle_mb"] = round(_idle_mb(), 2)
    return figures


def _deployment(replicas: int, image: str) -> dict[str, Any]:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "default", "labels": {"app": "web"}},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": "web"}},
            "template": {
                "metadata": {"labels": {"app": "web"}},
                "spec": {"containers": [{"name": "web", "image": image, "ports": [{"containerPort": 80}]}]},
            },
        },
    }


class Rollout:
    """A Deployment that is created, and whose image is changed then."""

    def __init__(self, cluster: Cluster, replicas: int) -> None:
        self.cluster = cluster
        self.replicas = replicas
        self._client = cluster.client("bench")

    def steps(self) -> tuple[tuple[str, str], ...]:
        """(verb, image) of each step, in order."""
        return ("create", "nginx:1.7.9"), ("roll", "nginx:1.9.1")

    def run(self, verb: str, image: str) -> None:
        """One step, until all replicas are new and available."""
        if verb == "create":
            self._client.create("deployments.apps", _deployment(self.replicas, image))
        else:
            patch = [{"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": image}]
            self._client.patch("deployments.apps", "web", patch, "default", patch_type="json")
        self._wait()

    def _wait(self) -> None:
        for _ in range(6000):
            self.cluster.run_for(0.1)
            deployment = self._client.get("deployments.apps", "web", "default")
            status = deployment.get("status", {})
            counts = [status.get(field, 0) for field in ("replicas", "updatedReplicas", "availableReplicas")]
            observed = status.get("observedGeneration") == deployment["metadata"]["generation"]
            if observed and counts == [self.replicas] * 3:
                return
        raise RuntimeError(f"the Deployment did not settle: {status}")


def _run_rollout(replicas: int) -> dict[str, Any]:
    """Creates a Deployment, then changes its image; each until all replicas are new and available."""
    cluster = Cluster(BIG_NODES)
    cluster.run_for(5)
    rollout = Rollout(cluster, replicas)
    figures: dict[str, Any] = {}
    for verb, image in rollout.steps():
        gc.collect()
        first, start = cluster.revision, time.process_time()
        rollout.run(verb, image)
        name = f"{verb}_{replicas}"
        seconds = figures[f"{name}_cpu_s"] = round(time.process_time() - start, 4)
        figures[f"{name}_writes"] = cluster.revision - first
        if name in CONTROL_PLANE_CPU_S:
            figures[f"{name}_of_a_control_planes_cpu"] = round(seconds / CONTROL_PLANE_CPU_S[name], 3)
    return figures


def _idle_mb() -> float:
    """Memory that one more idle cluster costs, in megabytes."""
    run = subprocess.run([sys.executable, "-m", "bench.idle"], capture_output=True, text=True, check=True)
    return float(run.stdout)
