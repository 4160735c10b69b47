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


def _run_rollout(replicas: int) -> dict[str, Any]:
    """Creates a Deployment, then changes its image; each until all replicas are new and available."""
    cluster = Cluster(BIG_NODES)
    cluster.run_for(5)
    client = cluster.client("bench")
    figures: dict[str, Any] = {}
    for verb, image in (("create", "nginx:1.7.9"), ("roll", "nginx:1.9.1")):
        gc.collect()
        first, start = cluster.revision, time.process_time()
        wanted = _deployment(replicas, image)
        if verb == "create":
            client.create("deployments.apps", wanted)
        else:
            patch = [{"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": image}]
            client.patch("deployments.apps", "web", patch, "default", patch_type="json")
        _wait(cluster, replicas)
        figures[f"{verb}_{replicas}_cpu_s"] = round(time.process_time() - start, 4)
        figures[f"{verb}_{replicas}_writes"] = cluster.revision - first
    return figures


def _wait(cluster: Cluster, replicas: int) -> None:
    client = cluster.client("bench")
    for _ in range(6000):
        cluster.run_for(0.1)
        deployment = client.get("deployments.apps", "web", "default")
        status = deployment.get("status", {})
        counts = [status.get(field, 0) for field in ("replicas", "updatedReplicas", "availableReplicas")]
        if status.get("observedGeneration") == deployment["metadata"]["generation"] and counts == [replicas] * 3:
            return
    raise RuntimeError(f"the Deployment did not settle: {status}")


def _idle_mb() -> float:
    """Memory that one more idle cluster costs, in megabytes."""
    run = subprocess.run([sys.executable, "-m", "bench.idle"], capture_output=True, text=True, check=True)
    return float(run.stdout)
