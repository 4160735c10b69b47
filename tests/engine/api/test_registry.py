"""The kinds as discovery tells of them."""

# ruff: noqa: E501 - one whole message or row a line
from __future__ import annotations

from typing import Any

import pytest

from cluster_engine.api.registry import scheme, strategies


def test_resources_come_in_the_order_of_discovery() -> None:
    assert [resource.group_resource for resource in scheme()] == [
        "bindings",
        "componentstatuses",
        "configmaps",
        "endpoints",
        "events",
        "limitranges",
        "namespaces",
        "nodes",
        "persistentvolumeclaims",
        "persistentvolumes",
        "pods",
        "podtemplates",
        "replicationcontrollers",
        "resourcequotas",
        "secrets",
        "serviceaccounts",
        "services",
        "apiservices.apiregistration.k8s.io",
        "controllerrevisions.apps",
        "daemonsets.apps",
        "deployments.apps",
        "replicasets.apps",
        "statefulsets.apps",
        "selfsubjectreviews.authentication.k8s.io",
        "tokenreviews.authentication.k8s.io",
        "localsubjectaccessreviews.authorization.k8s.io",
        "selfsubjectaccessreviews.authorization.k8s.io",
        "selfsubjectrulesreviews.authorization.k8s.io",
        "subjectaccessreviews.authorization.k8s.io",
        "horizontalpodautoscalers.autoscaling",
        "cronjobs.batch",
        "jobs.batch",
        "ingressclasses.networking.k8s.io",
        "ingresses.networking.k8s.io",
        "networkpolicies.networking.k8s.io",
        "poddisruptionbudgets.policy",
        "clusterrolebindings.rbac.authorization.k8s.io",
        "clusterroles.rbac.authorization.k8s.io",
        "rolebindings.rbac.authorization.k8s.io",
        "roles.rbac.authorization.k8s.io",
        "storageclasses.storage.k8s.io",
        "mutatingwebhookconfigurations.admissionregistration.k8s.io",
        "validatingwebhookconfigurations.admissionregistration.k8s.io",
        "customresourcedefinitions.apiextensions.k8s.io",
        "priorityclasses.scheduling.k8s.io",
        "leases.coordination.k8s.io",
        "endpointslices.discovery.k8s.io",
    ]


@pytest.mark.parametrize(
    ("word", "resource"),
    [
        ("po", "pods"),
        ("deploy", "deployments.apps"),
        ("sts", "statefulsets.apps"),
        ("rs", "replicasets.apps"),
        ("svc", "services"),
        ("ep", "endpoints"),
        ("cm", "configmaps"),
        ("ns", "namespaces"),
        ("no", "nodes"),
        ("pv", "persistentvolumes"),
        ("pvc", "persistentvolumeclaims"),
        ("sa", "serviceaccounts"),
        ("ev", "events"),
        ("statefulset.v1.apps", "statefulsets.apps"),
        ("endpointslice", "endpointslices.discovery.k8s.io"),
        ("rc", "replicationcontrollers"),
        ("ds", "daemonsets.apps"),
        ("cj", "cronjobs.batch"),
        ("job", "jobs.batch"),
        ("hpa", "horizontalpodautoscalers.autoscaling"),
        ("pdb", "poddisruptionbudgets.policy"),
        ("ing", "ingresses.networking.k8s.io"),
        ("netpol", "networkpolicies.networking.k8s.io"),
        ("sc", "storageclasses.storage.k8s.io"),
        ("quota", "resourcequotas"),
        ("limits", "limitranges"),
        ("pc", "priorityclasses.scheduling.k8s.io"),
    ],
)
def test_people_find_a_resource_by_its_short_names(word: str, resource: str) -> None:
    found = scheme().lookup(word)
    assert found is not None
    assert found.group_resource == resource


def test_all_means_what_it_means_in_kubernetes() -> None:
    assert [r.plural for r in scheme() if "all" in r.categories] == [
        "pods",
        "replicationcontrollers",
        "services",
        "daemonsets",
        "deployments",
        "replicasets",
        "statefulsets",
        "horizontalpodautoscalers",
        "cronjobs",
        "jobs",
    ]


def test_workloads_can_be_scaled_and_count_their_generations() -> None:
    scaled = {name for name, strategy in strategies().items() if "scale" in strategy.resource.subresources}
    assert scaled == {"replicationcontrollers", "deployments.apps", "replicasets.apps", "statefulsets.apps"}
    counted = {name for name, strategy in strategies().items() if strategy.tracks_generation}
    assert counted >= scaled | {"daemonsets.apps", "jobs.batch", "cronjobs.batch", "ingresses.networking.k8s.io"}
    assert counted.isdisjoint({"configmaps", "pods", "resourcequotas", "roles.rbac.authorization.k8s.io"})


@pytest.mark.parametrize(
    ("resource", "obj", "fields"),
    [
        (
            "pods",
            {"spec": {"nodeName": "n", "hostNetwork": True}, "status": {"phase": "Running", "podIPs": [{"ip": "1.2.3.4"}]}},
            {"spec.nodeName": "n", "spec.hostNetwork": "true", "status.phase": "Running", "status.podIP": "1.2.3.4"},
        ),
        (
            "events",
            {"involvedObject": {"kind": "Pod", "name": "a"}, "reason": "Pulled", "type": "Normal",
             "reportingComponent": "kubelet"},
            {"involvedObject.kind": "Pod", "involvedObject.name": "a", "reason": "Pulled", "type": "Normal",
             "source": "kubelet", "reportingComponent": "kubelet"},
        ),
        ("namespaces", {"status": {"phase": "Active"}}, {"status.phase": "Active"}),
        ("nodes", {"spec": {"unschedulable": True}}, {"spec.unschedulable": "true"}),
        ("secrets", {"type": "Opaque"}, {"type": "Opaque"}),
        ("replicasets.apps", {"status": {"replicas": 3}}, {"status.replicas": "3"}),
    ],
)  # fmt: skip
def test_field_selectors_see_what_kubernetes_lets_them_see(resource: str, obj: Any, fields: dict[str, str]) -> None:
    found = strategies()[resource].fields({"metadata": {"name": "x"}, **obj})
    assert fields.items() <= found.items()


@pytest.mark.parametrize("strategy", strategies().values(), ids=list(strategies()))
def test_the_fields_of_an_empty_object_name_all_that_may_be_asked(strategy: Any) -> None:
    assert all(isinstance(value, str) for value in strategy.fields({"metadata": {"name": ""}}).values())
