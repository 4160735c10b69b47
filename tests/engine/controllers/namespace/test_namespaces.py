"""What a namespace gets, and how it goes, in a whole cluster."""

from __future__ import annotations

import pytest

from cluster_engine.apimachinery.errors import ApiError
from tests.engine.cluster_tools import Playground


@pytest.fixture
def playground() -> Playground:
    made = Playground()
    made.create("namespaces", {"metadata": {"name": "team-a"}})
    made.run(1)
    return made


def conditions(playground: Playground) -> dict[str, tuple[str, str, str]]:
    found = playground.get("namespaces", "team-a")["status"]["conditions"]
    return {c["type"]: (c["status"], c["reason"], c["message"]) for c in found}


def test_a_namespace_gets_its_service_account_and_the_certificate(playground):
    assert playground.names("serviceaccounts", "team-a") == ["default"]
    certificate = playground.get("configmaps", "kube-root-ca.crt", "team-a")["data"]["ca.crt"]
    assert certificate.startswith("-----BEGIN CERTIFICATE-----\n")


def test_the_service_account_comes_back_when_it_is_deleted(playground):
    playground.client.delete("serviceaccounts", "default", "team-a")
    playground.run(1)
    assert playground.names("serviceaccounts", "team-a") == ["default"]


def test_the_certificate_is_put_right_when_it_is_changed(playground):
    before = playground.get("configmaps", "kube-root-ca.crt", "team-a")["data"]
    playground.client.patch("configmaps", "kube-root-ca.crt", {"data": {"ca.crt": "x"}}, "team-a")
    playground.run(1)
    assert playground.get("configmaps", "kube-root-ca.crt", "team-a")["data"] == before


def test_an_empty_namespace_goes_at_once(playground):
    playground.client.delete("namespaces", "team-a")
    assert playground.get("namespaces", "team-a")["status"]["phase"] == "Terminating"
    playground.run(1)
    with pytest.raises(ApiError, match='namespaces "team-a" not found'):
        playground.get("namespaces", "team-a")


def test_a_namespace_waits_for_its_pods_and_says_so(playground):
    playground.create(
        "pods",
        {
            "metadata": {"name": "p", "namespace": "team-a"},
            "spec": {"containers": [{"name": "c", "image": "busybox:1.36", "command": ["sleep", "3600"]}]},
        },
    )
    playground.run(5)
    playground.client.delete("namespaces", "team-a")
    playground.run(1)
    found = conditions(playground)
    assert found["NamespaceContentRemaining"] == (
        "True",
        "SomeResourcesRemain",
        "Some resources are remaining: pods. has 1 resource instances",
    )
    assert found["NamespaceDeletionContentFailure"] == (
        "False",
        "ContentDeleted",
        "All content successfully deleted, may be waiting on finalization",
    )
    assert found["NamespaceFinalizersRemaining"] == (
        "False",
        "ContentHasNoFinalizers",
        "All content-preserving finalizers finished",
    )
    playground.run(35)
    assert "team-a" not in [n["metadata"]["name"] for n in playground.client.list("namespaces").items]
    assert playground.names("pods", "team-a") == []


def test_a_finalizer_in_it_holds_a_namespace_until_it_is_removed(playground):
    meta = {"name": "f", "namespace": "team-a", "finalizers": ["example.com/hold"]}
    playground.create("configmaps", {"metadata": meta})
    playground.client.delete("namespaces", "team-a")
    playground.run(60)
    assert conditions(playground)["NamespaceFinalizersRemaining"] == (
        "True",
        "SomeFinalizersRemain",
        "Some content in the namespace has finalizers remaining: example.com/hold in 1 resource instances",
    )
    playground.client.patch("configmaps", "f", {"metadata": {"finalizers": None}}, "team-a", patch_type="merge")
    playground.run(1)
    assert "team-a" not in [n["metadata"]["name"] for n in playground.client.list("namespaces").items]


def test_nothing_is_made_in_a_namespace_that_goes(playground):
    meta = {"name": "f", "namespace": "team-a", "finalizers": ["example.com/hold"]}
    playground.create("configmaps", {"metadata": meta})
    playground.client.delete("namespaces", "team-a")
    playground.run(1)
    with pytest.raises(ApiError) as refusal:
        playground.create("configmaps", {"metadata": {"name": "g", "namespace": "team-a"}})
    assert refusal.value.message == (
        'configmaps "g" is forbidden: unable to create new content in namespace team-a because it is being terminated'
    )


def test_a_deployment_in_it_does_not_come_back(playground):
    template = {"metadata": {"labels": {"app": "x"}}, "spec": {"containers": [{"name": "c", "image": "nginx:1.25"}]}}
    spec = {"replicas": 3, "selector": {"matchLabels": {"app": "x"}}, "template": template}
    playground.create("deployments.apps", {"metadata": {"name": "x", "namespace": "team-a"}, "spec": spec})
    playground.run(5)
    playground.client.delete("namespaces", "team-a")
    playground.run(20)
    assert "team-a" not in [n["metadata"]["name"] for n in playground.client.list("namespaces").items]
    assert playground.names("pods", "team-a") == []
