"""The same seed and the same inputs give the same revisions, byte for byte."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import orjson
import pytest

from cluster_engine.apimachinery.errors import ApiError
from cluster_engine.client.client import Client
from cluster_engine.cluster import Cluster, ClusterConfig

ROOT = Path(__file__).parents[2]
ACTIONS = 25


def workload(kind: str, name: str, replicas: int, image: str) -> dict[str, Any]:
    labels = {"app": name}
    spec: dict[str, Any] = {
        "replicas": replicas,
        "selector": {"matchLabels": labels},
        "template": {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "c", "image": image}]}},
    }
    if kind == "StatefulSet":
        spec["serviceName"] = name
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": name, "namespace": "default"}, "spec": spec}


def act(client: Client, dice: random.Random) -> None:
    """One random command of a person; a refusal is as good as a success."""
    kind, resource = dice.choice([("Deployment", "deployments.apps"), ("StatefulSet", "statefulsets.apps")])
    name = dice.choice(["a", "b"])
    image = dice.choice(["nginx:1.7.9", "nginx:1.9.1", "no-such-image:v1", "busybox"])
    try:
        match dice.randrange(6):
            case 0 | 1:
                client.create(resource, workload(kind, name, dice.randrange(5), image))
            case 2:
                patch = {"spec": {"template": {"spec": {"containers": [{"name": "c", "image": image}]}}}}
                client.patch(resource, name, patch, "default")
            case 3:
                client.patch(resource, name, {"spec": {"replicas": dice.randrange(7)}}, "default", patch_type="merge")
            case 4:
                policy: Any = dice.choice(["Background", "Foreground", "Orphan"])
                client.delete(resource, name, "default", propagation_policy=policy)
            case 5:
                pods = client.list("pods", "default").items
                if pods:
                    client.delete("pods", dice.choice(pods)["metadata"]["name"], "default")
    except ApiError:
        pass


def revisions(seed: int) -> bytes:
    """Every revision of a random session on a cluster of that seed, as bytes."""
    dice = random.Random(seed)
    cluster = Cluster(ClusterConfig(seed=seed))
    written: list[Any] = []
    cluster.store.on_commit(lambda c: written.append([c.revision, c.time_us, c.type, c.key, c.value, c.step]))
    cluster.run_for(2)
    client = cluster.client("kubectl")
    for _ in range(ACTIONS):
        act(client, dice)
        cluster.run_for(dice.choice([0.01, 0.5, 3, 20]))
    assert list(cluster.trace.faults) == []
    return orjson.dumps(written)


@pytest.mark.parametrize("seed", range(6))
def test_the_same_seed_and_inputs_give_the_same_revisions(seed: int) -> None:
    first = revisions(seed)
    assert first == revisions(seed), f"seed {seed} gave two histories"
    assert len(orjson.loads(first)) > 100


def test_another_seed_gives_another_history() -> None:
    assert revisions(1) != revisions(2)


def test_the_history_does_not_depend_on_the_hash_seed_of_the_process() -> None:
    """Sets and dicts of strings must not decide anything by their order in memory."""
    program = (
        "import hashlib, sys\nfrom tests.engine.test_determinism import revisions\n"
        "sys.stdout.write(hashlib.sha256(revisions(3)).hexdigest())"
    )
    digests = set()
    for hash_seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(ROOT)}
        run = subprocess.run(
            [sys.executable, "-c", program], env=environment, cwd=ROOT, capture_output=True, text=True, check=True
        )
        digests.add(run.stdout)
    assert len(digests) == 1
