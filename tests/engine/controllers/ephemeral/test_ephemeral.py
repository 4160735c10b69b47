"""Generic ephemeral volumes: a claim comes and goes with its pod."""

from __future__ import annotations

import pytest

from tests.engine.cluster_tools import Playground

CLAIMS = "persistentvolumeclaims"


@pytest.fixture
def playground() -> Playground:
    return Playground()


def scratch(playground: Playground, name: str = "p") -> None:
    spec = {
        "accessModes": ["ReadWriteOnce"],
        "storageClassName": "standard",
        "resources": {"requests": {"storage": "1Gi"}},
    }
    template = {"metadata": {"labels": {"kind": "scratch"}}, "spec": spec}
    volumes = [{"name": "scratch", "ephemeral": {"volumeClaimTemplate": template}}]
    mounts = [{"name": "scratch", "mountPath": "/scratch"}]
    playground.pod(name, volumeMounts=mounts, spec={"volumes": volumes})


def test_a_claim_is_made_for_the_pod_which_runs_when_it_is_bound(playground):
    scratch(playground)
    playground.run(15)
    claim, pod = playground.get(CLAIMS, "p-scratch"), playground.get("pods", "p")
    assert claim["metadata"]["labels"] == {"kind": "scratch"}
    assert claim["metadata"]["ownerReferences"] == [
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "name": "p",
            "uid": pod["metadata"]["uid"],
            "controller": True,
            "blockOwnerDeletion": True,
        }
    ]
    assert (claim["status"]["phase"], pod["status"]["phase"]) == ("Bound", "Running")


def test_the_claim_and_its_volume_go_with_the_pod(playground):
    scratch(playground)
    playground.run(15)
    playground.client.delete("pods", "p", "default")
    playground.run(60)
    assert playground.names(CLAIMS) == []
    assert playground.names("persistentvolumes", "") == []


def test_a_claim_of_that_name_that_is_somebody_else_s_keeps_the_pod_waiting(playground):
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    playground.create(CLAIMS, {"metadata": {"name": "p-scratch"}, "spec": spec})
    scratch(playground)
    playground.run(5)
    assert playground.condition("pods", "p", "PodScheduled")["message"] == (
        "0/3 nodes are available: PVC default/p-scratch was not created for pod default/p (pod is not owner). "
        "preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling."
    )
    assert "ownerReferences" not in playground.get(CLAIMS, "p-scratch")["metadata"]
