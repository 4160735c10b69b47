"""What the API server fills in. `data/stored.json` holds manifests and how a real cluster stored them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cluster_engine.api.registry import scheme, strategies
from cluster_engine.apimachinery.meta import Obj
from cluster_engine.etcd.freeze import freeze

STORED = json.loads((Path(__file__).parent / "data" / "stored.json").read_text())


def default(obj: Obj) -> Obj:
    resource = scheme().for_kind(obj["apiVersion"], obj["kind"])
    assert resource is not None
    return strategies()[resource.group_resource].default(obj)


@pytest.mark.parametrize("case", STORED, ids=[case["name"] for case in STORED])
def test_a_manifest_is_stored_as_a_real_cluster_stores_it(created: Any, case: Obj) -> None:
    stored = created(case["manifest"])
    assert {field: value for field, value in stored.items() if field not in ("metadata", "status")} == case["stored"]


@pytest.mark.parametrize("case", STORED, ids=[case["name"] for case in STORED])
def test_what_is_stored_needs_no_defaults(created: Any, case: Obj) -> None:
    stored = created(case["manifest"])
    assert default(stored) is stored


def test_pods_of_one_template_share_one_spec(build: Any) -> None:
    template = default(build("Deployment"))["spec"]["template"]
    pods = [default({**build("Pod", {"metadata/name": name}), "spec": template["spec"]}) for name in ("a", "b")]
    assert pods[0]["spec"] is pods[1]["spec"]
    assert pods[0]["spec"]["containers"] is template["spec"]["containers"]
    assert pods[0]["spec"]["enableServiceLinks"] is True


def test_two_equal_manifests_do_not_share(build: Any) -> None:
    first, second = default(build("Pod")), default(build("Pod"))
    assert first == second
    assert first["spec"] is not second["spec"]


@pytest.mark.parametrize(
    ("image", "policy"),
    [
        ("nginx", "Always"),
        ("nginx:latest", "Always"),
        ("nginx:1.25", "IfNotPresent"),
        ("registry.example:5000/nginx", "Always"),
        ("registry.example:5000/nginx:1", "IfNotPresent"),
        (f"nginx@sha256:{'a' * 64}", "IfNotPresent"),
        (f"nginx:latest@sha256:{'a' * 64}", "Always"),
    ],
)
def test_an_image_without_a_version_is_always_pulled(build: Any, image: str, policy: str) -> None:
    pod = default(build("Pod", {"spec/containers/0/image": image}))
    assert pod["spec"]["containers"][0]["imagePullPolicy"] == policy


def test_requests_of_a_pod_follow_its_limits_but_those_of_a_template_do_not(build: Any) -> None:
    limits = {"spec/containers/0/resources": {"limits": {"cpu": "1000m", "memory": "64Mi"}, "requests": {"cpu": "0.5"}}}
    assert default(build("Pod", limits))["spec"]["containers"][0]["resources"] == {
        "limits": {"cpu": "1", "memory": "64Mi"},
        "requests": {"cpu": "500m", "memory": "64Mi"},
    }
    template = {f"spec/template/{path}": value for path, value in limits.items()}
    container = default(build("Deployment", template))["spec"]["template"]["spec"]["containers"][0]
    assert container["resources"]["requests"] == {"cpu": "500m"}


@pytest.mark.parametrize(
    ("volume", "stored"),
    [
        ({"name": "v"}, {"name": "v", "emptyDir": {}}),
        ({"name": "v", "configMap": {"name": "c"}}, {"name": "v", "configMap": {"name": "c", "defaultMode": 420}}),
        ({"name": "v", "hostPath": {"path": "/a"}}, {"name": "v", "hostPath": {"path": "/a", "type": ""}}),
        (
            {"name": "v", "projected": {"sources": [{"serviceAccountToken": {"path": "t"}}]}},
            {
                "name": "v",
                "projected": {
                    "defaultMode": 420,
                    "sources": [{"serviceAccountToken": {"path": "t", "expirationSeconds": 3600}}],
                },
            },
        ),
    ],
)
def test_volumes_get_their_modes(build: Any, volume: Obj, stored: Obj) -> None:
    assert default(build("Pod", {"spec/volumes": [volume]}))["spec"]["volumes"] == [stored]


def test_a_probe_gets_its_times(build: Any) -> None:
    pod = default(build("Pod", {"spec/containers/0/livenessProbe": {"httpGet": {"port": 80}, "periodSeconds": 5}}))
    assert pod["spec"]["containers"][0]["livenessProbe"] == {
        "httpGet": {"port": 80, "path": "/", "scheme": "HTTP"},
        "timeoutSeconds": 1,
        "periodSeconds": 5,
        "successThreshold": 1,
        "failureThreshold": 3,
    }


def test_host_ports_follow_container_ports_on_the_host_network(build: Any) -> None:
    changes = {"spec/hostNetwork": True, "spec/containers/0/ports": [{"containerPort": 80}]}
    assert default(build("Pod", changes))["spec"]["containers"][0]["ports"] == [
        {"containerPort": 80, "protocol": "TCP", "hostPort": 80}
    ]


def test_a_claim_template_is_stored_like_a_claim(build: Any) -> None:
    claim = {
        "metadata": {"name": "data"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    }
    assert default(build("StatefulSet", {"spec/volumeClaimTemplates": [claim]}))["spec"]["volumeClaimTemplates"] == [
        {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": {"creationTimestamp": None, "name": "data"},
            "spec": {
                "accessModes": ["ReadWriteOnce"],
                "resources": {"requests": {"storage": "1Gi"}},
                "volumeMode": "Filesystem",
            },
            "status": {"phase": "Pending"},
        }
    ]


def test_a_surge_alone_keeps_the_other_bound(build: Any) -> None:
    deployment = default(build("Deployment", {"spec/strategy": {"rollingUpdate": {"maxSurge": 1}}}))
    assert deployment["spec"]["strategy"] == {
        "type": "RollingUpdate",
        "rollingUpdate": {"maxSurge": 1, "maxUnavailable": "25%"},
    }


def test_a_recreating_deployment_gets_no_bounds(build: Any) -> None:
    assert default(build("Deployment", {"spec/strategy": {"type": "Recreate"}}))["spec"]["strategy"] == {
        "type": "Recreate"
    }


def test_a_namespace_carries_its_name_and_the_finalizer_of_kubernetes(build: Any, created: Any) -> None:
    namespace = created(build("Namespace"))
    assert namespace["metadata"]["labels"] == {"kubernetes.io/metadata.name": "x"}
    assert namespace["spec"] == {"finalizers": ["kubernetes"]}
    assert namespace["status"] == {"phase": "Active"}


@pytest.mark.parametrize(
    ("resources", "qos"),
    [
        ({}, "BestEffort"),
        ({"requests": {"cpu": "1"}}, "Burstable"),
        ({"limits": {"memory": "1Gi"}}, "Burstable"),
        ({"limits": {"cpu": "1", "memory": "1Gi"}}, "Guaranteed"),
        ({"limits": {"cpu": "1", "memory": "1Gi"}, "requests": {"cpu": "500m"}}, "Burstable"),
        ({"limits": {"cpu": "1", "memory": "1Gi"}, "requests": {"cpu": "1000m"}}, "Guaranteed"),
    ],
)
def test_a_new_pod_is_pending_and_knows_its_quality_of_service(
    build: Any, created: Any, resources: Obj, qos: str
) -> None:
    pod = build("Pod", {"spec/containers/0/resources": resources, "status": {"phase": "Running"}})
    assert created(pod)["status"] == {"phase": "Pending", "qosClass": qos}


def test_a_status_is_not_for_the_one_who_creates(build: Any, created: Any) -> None:
    assert created(build("Deployment", {"status": {"replicas": 9}}))["status"] == {}
    assert created(build("StatefulSet", {"status": {"replicas": 9}}))["status"] == {
        "replicas": 0,
        "availableReplicas": 0,
    }


def test_an_update_keeps_the_status_and_a_status_update_keeps_the_spec(build: Any) -> None:
    deployments = strategies()["deployments.apps"]
    old = freeze({**default(build("Deployment")), "status": {"replicas": 1}})
    new = freeze({**old, "spec": {**old["spec"], "replicas": 7}, "status": {"replicas": 7}})
    assert deployments.prepare_for_update(new, old) == {**new, "status": {"replicas": 1}}
    assert deployments.prepare_for_status_update(new, old) == {**old, "status": {"replicas": 7}}


def test_annotations_of_a_deployment_count_as_a_change_and_labels_do_not(build: Any) -> None:
    deployments = strategies()["deployments.apps"]
    old = default(build("Deployment"))
    assert not deployments.changes_generation({**old, "metadata": {**old["metadata"], "labels": {"a": "b"}}}, old)
    assert deployments.changes_generation({**old, "metadata": {**old["metadata"], "annotations": {"a": "b"}}}, old)


@pytest.mark.parametrize(
    ("changes", "asked", "seconds"),
    [
        ({"spec/nodeName": "n"}, None, 30),
        ({"spec/nodeName": "n"}, 5, 5),
        ({"spec/nodeName": "n"}, -1, 1),
        ({}, None, 0),
        ({"spec/nodeName": "n", "status": {"phase": "Succeeded"}}, 60, 0),
    ],
)
def test_grace_is_for_pods_that_a_kubelet_runs(build: Any, changes: Obj, asked: int | None, seconds: int) -> None:
    assert strategies()["pods"].grace_period_seconds(default(build("Pod", changes)), asked) == seconds


def test_a_service_that_becomes_internal_gives_back_its_node_port(build: Any) -> None:
    services = strategies()["services"]
    ports = [{"port": 80, "nodePort": 30080}]
    sent = build("Service", {"spec/type": "NodePort", "spec/ports": ports, "spec/clusterIP": "10.96.0.9"})
    old = services.prepare_for_create(services.default(sent))
    new = services.default({**old, "spec": {**old["spec"], "type": "ClusterIP"}})
    spec = services.prepare_for_update(new, old)["spec"]
    assert spec["ports"] == [{"port": 80, "protocol": "TCP", "targetPort": 80}]
    assert "externalTrafficPolicy" not in spec
    assert services.validate({**new, "spec": spec}) == []


def test_a_service_without_selector_and_address_is_for_both_families(build: Any, created: Any) -> None:
    spec = created(build("Service", {"spec": {"clusterIP": "None", "ports": [{"port": 80}]}}))["spec"]
    assert (spec["ipFamilies"], spec["ipFamilyPolicy"]) == (["IPv4", "IPv6"], "RequireDualStack")
