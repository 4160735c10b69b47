"""Volumes and claims, in a whole cluster."""

from __future__ import annotations

from typing import Any

import pytest

from tests.engine.cluster_tools import Playground

CLAIMS, VOLUMES = "persistentvolumeclaims", "persistentvolumes"


@pytest.fixture
def playground() -> Playground:
    return Playground()


def volume(playground: Playground, name: str, size: str = "1Gi", policy: str = "Retain", **spec: Any) -> None:
    body = {
        "capacity": {"storage": size},
        "accessModes": ["ReadWriteOnce"],
        "persistentVolumeReclaimPolicy": policy,
        "storageClassName": "manual",
        "hostPath": {"path": f"/data/{name}"},
        **spec,
    }
    playground.create(VOLUMES, {"metadata": {"name": name}, "spec": body})


def claim(playground: Playground, name: str = "data", size: str = "1Gi", class_: str = "manual", **spec: Any) -> None:
    body = {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": size}},
        "storageClassName": class_,
        **spec,
    }
    playground.create(CLAIMS, {"metadata": {"name": name}, "spec": body})


def phase(playground: Playground, resource: str, name: str) -> str:
    return str(playground.get(resource, name)["status"]["phase"])


def test_a_new_volume_is_available(playground):
    volume(playground, "pv0")
    playground.run(1)
    assert phase(playground, VOLUMES, "pv0") == "Available"


def test_a_claim_gets_the_smallest_volume_that_is_large_enough(playground):
    for name, size in (("small", "1Gi"), ("large", "10Gi"), ("right", "5Gi")):
        volume(playground, name, size)
    playground.run(1)
    claim(playground, size="2Gi")
    playground.run(1)
    bound = playground.get(CLAIMS, "data")
    assert (bound["spec"]["volumeName"], bound["status"]["phase"]) == ("right", "Bound")
    assert bound["status"]["capacity"] == {"storage": "5Gi"}
    assert phase(playground, VOLUMES, "right") == "Bound"
    assert playground.get(VOLUMES, "right")["spec"]["claimRef"]["uid"] == bound["metadata"]["uid"]


def test_a_claim_that_nothing_suits_waits_for_a_volume(playground):
    claim(playground)
    playground.run(1)
    assert phase(playground, CLAIMS, "data") == "Pending"
    assert playground.events("data") == [("ProvisioningFailed", 'storageclass.storage.k8s.io "manual" not found')]
    volume(playground, "pv0")
    playground.run(1)
    assert phase(playground, CLAIMS, "data") == "Bound"


def test_a_claim_of_no_class_takes_no_volume_of_a_class(playground):
    volume(playground, "pv0")
    claim(playground, class_="")
    playground.run(1)
    assert phase(playground, CLAIMS, "data") == "Pending"
    assert playground.events("data") == [
        ("FailedBinding", "no persistent volumes available for this claim and no storage class is set")
    ]


def test_a_pod_waits_until_its_claim_is_bound(playground):
    claim(playground)
    playground.pod(spec={"volumes": [{"name": "d", "persistentVolumeClaim": {"claimName": "data"}}]})
    playground.run(5)
    assert playground.condition("pods", "p", "PodScheduled")["message"] == (
        "0/3 nodes are available: pod has unbound immediate PersistentVolumeClaims. preemption: 0/3 "
        "nodes are available: "
        "3 Preemption is not helpful for scheduling."
    )
    volume(playground, "pv0")
    playground.run(5)
    assert playground.container()["ready"] is True


def test_a_volume_is_made_for_a_claim_of_the_standard_class(playground):
    claim(playground, class_="standard")
    playground.run(2)
    bound = playground.get(CLAIMS, "data")
    name = f"pvc-{bound['metadata']['uid']}"
    assert (bound["spec"]["volumeName"], bound["status"]["phase"]) == (name, "Bound")
    assert playground.events("data")[-1] == ("ProvisioningSucceeded", f"Successfully provisioned volume {name}")
    made = playground.get(VOLUMES, name)
    assert (made["spec"]["persistentVolumeReclaimPolicy"], made["status"]["phase"]) == ("Delete", "Bound")


def test_a_claim_that_a_pod_uses_is_kept_until_the_pod_is_gone(playground):
    volume(playground, "pv0")
    claim(playground)
    playground.pod(spec={"volumes": [{"name": "d", "persistentVolumeClaim": {"claimName": "data"}}]})
    playground.run(5)
    playground.client.delete(CLAIMS, "data", "default")
    playground.run(5)
    assert playground.names(CLAIMS) == ["data"]
    playground.client.delete("pods", "p", "default")
    playground.run(5)
    assert playground.names(CLAIMS) == []


def test_a_claim_is_not_kept_for_a_pod_that_has_no_node(playground):
    claim(playground)
    playground.pod(spec={"volumes": [{"name": "d", "persistentVolumeClaim": {"claimName": "data"}}]})
    playground.run(5)
    playground.client.delete(CLAIMS, "data", "default")
    playground.run(1)
    assert playground.names(CLAIMS) == []


def test_a_retained_volume_is_released_and_not_given_to_another_claim(playground):
    volume(playground, "pv0")
    claim(playground)
    playground.run(1)
    playground.client.delete(CLAIMS, "data", "default")
    playground.run(1)
    assert phase(playground, VOLUMES, "pv0") == "Released"
    claim(playground)
    playground.run(1)
    assert phase(playground, CLAIMS, "data") == "Pending"


def test_a_made_volume_goes_with_its_claim(playground):
    claim(playground, class_="standard")
    playground.run(2)
    playground.client.delete(CLAIMS, "data", "default")
    playground.run(2)
    assert playground.client.list(VOLUMES).items == []


def test_a_bound_volume_is_kept_until_its_claim_is_gone(playground):
    volume(playground, "pv0")
    claim(playground)
    playground.run(1)
    playground.client.delete(VOLUMES, "pv0")
    playground.run(1)
    assert phase(playground, VOLUMES, "pv0") == "Bound"
    playground.client.delete(CLAIMS, "data", "default")
    playground.run(1)
    assert playground.client.list(VOLUMES).items == []


def test_claims_are_bound_and_made_after_a_restart_as_before_it(playground):
    volume(playground, "pv0")
    claim(playground)
    claim(playground, "made", class_="standard")
    again = playground.restart()
    again.run(2)
    assert [phase(again, CLAIMS, name) for name in ("data", "made")] == ["Bound", "Bound"]
