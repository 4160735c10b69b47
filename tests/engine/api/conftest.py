"""Small manifests to change one thing in, and the two things that a test asks: what is wrong, and what is printed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from copy import deepcopy
from typing import Any

import pytest

from cluster_engine.api.metadata import validate_object_meta
from cluster_engine.api.registry import scheme, strategies
from cluster_engine.api.strategy import Strategy
from cluster_engine.apimachinery.meta import Obj
from cluster_engine.etcd.freeze import freeze

CONTAINER: Obj = {"name": "c", "image": "nginx:1.25"}
TEMPLATE: Obj = {"metadata": {"labels": {"app": "d"}}, "spec": {"containers": [CONTAINER]}}
JOB_TEMPLATE: Obj = {"spec": {"restartPolicy": "Never", "containers": [CONTAINER]}}
BACKEND: Obj = {"service": {"name": "web", "port": {"number": 80}}}
WORKLOAD: Obj = {"selector": {"matchLabels": {"app": "d"}}, "template": TEMPLATE}
MANIFESTS: dict[str, Obj] = {
    "Pod": {"apiVersion": "v1", "kind": "Pod", "spec": {"containers": [CONTAINER]}},
    "Service": {"apiVersion": "v1", "kind": "Service", "spec": {"ports": [{"port": 80}]}},
    "ConfigMap": {"apiVersion": "v1", "kind": "ConfigMap"},
    "Secret": {"apiVersion": "v1", "kind": "Secret"},
    "Namespace": {"apiVersion": "v1", "kind": "Namespace"},
    "Node": {"apiVersion": "v1", "kind": "Node"},
    "Endpoints": {"apiVersion": "v1", "kind": "Endpoints"},
    "Event": {"apiVersion": "v1", "kind": "Event"},
    "ServiceAccount": {"apiVersion": "v1", "kind": "ServiceAccount"},
    "PersistentVolumeClaim": {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    },
    "PersistentVolume": {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "spec": {"accessModes": ["ReadWriteOnce"], "capacity": {"storage": "1Gi"}, "hostPath": {"path": "/data"}},
    },
    "Deployment": {"apiVersion": "apps/v1", "kind": "Deployment", "spec": WORKLOAD},
    "ReplicaSet": {"apiVersion": "apps/v1", "kind": "ReplicaSet", "spec": WORKLOAD},
    "StatefulSet": {"apiVersion": "apps/v1", "kind": "StatefulSet", "spec": {**WORKLOAD, "serviceName": "s"}},
    "ControllerRevision": {"apiVersion": "apps/v1", "kind": "ControllerRevision", "data": {}, "revision": 1},
    "EndpointSlice": {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "addressType": "IPv4",
        "endpoints": [],
    },
    "Lease": {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "spec": {}},
    "ReplicationController": {"apiVersion": "v1", "kind": "ReplicationController", "spec": {"template": TEMPLATE}},
    "PodTemplate": {"apiVersion": "v1", "kind": "PodTemplate", "template": TEMPLATE},
    "ResourceQuota": {"apiVersion": "v1", "kind": "ResourceQuota", "spec": {"hard": {"pods": "2"}}},
    "LimitRange": {
        "apiVersion": "v1",
        "kind": "LimitRange",
        "spec": {"limits": [{"type": "Container", "max": {"cpu": "1"}}]},
    },
    "DaemonSet": {"apiVersion": "apps/v1", "kind": "DaemonSet", "spec": WORKLOAD},
    "Job": {"apiVersion": "batch/v1", "kind": "Job", "spec": {"template": JOB_TEMPLATE}},
    "CronJob": {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "spec": {"schedule": "*/5 * * * *", "jobTemplate": {"spec": {"template": JOB_TEMPLATE}}},
    },
    "HorizontalPodAutoscaler": {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "spec": {"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "d"}, "maxReplicas": 3},
    },
    "PodDisruptionBudget": {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "spec": {"minAvailable": 1, "selector": {"matchLabels": {"app": "d"}}},
    },
    "Ingress": {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "spec": {
            "rules": [
                {"host": "a.example.com", "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": BACKEND}]}}
            ]
        },
    },
    "IngressClass": {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "IngressClass",
        "spec": {"controller": "example.com/ingress"},
    },
    "NetworkPolicy": {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "spec": {"podSelector": {}, "ingress": [{"from": [{"podSelector": {}}], "ports": [{"port": 80}]}]},
    },
    "StorageClass": {"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "provisioner": "example.com/disk"},
    "PriorityClass": {"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "value": 10},
    "Role": {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "Role",
        "rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}],
    },
    "ClusterRole": {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}],
    },
    "RoleBinding": {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleBinding",
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "r"},
        "subjects": [{"kind": "ServiceAccount", "name": "s", "namespace": "default"}],
    },
    "ClusterRoleBinding": {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "r"},
        "subjects": [{"kind": "User", "name": "jane", "apiGroup": "rbac.authorization.k8s.io"}],
    },
    "CustomResourceDefinition": {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "spec": {
            "group": "example.com",
            "scope": "Namespaced",
            "names": {"plural": "widgets", "kind": "Widget"},
            "versions": [
                {
                    "name": "v1",
                    "served": True,
                    "storage": True,
                    "schema": {
                        "openAPIV3Schema": {
                            "type": "object",
                            "properties": {"spec": {"type": "object", "properties": {"size": {"type": "integer"}}}},
                        }
                    },
                }
            ],
        },
    },
}
Build = Callable[..., Obj]
Faults = Callable[[Obj], list[str]]


def strategy_of(obj: Obj) -> Strategy:
    resource = scheme().for_kind(obj["apiVersion"], obj["kind"])
    assert resource is not None, f"{obj['kind']} is not in the scheme"
    return strategies()[resource.group_resource]


def put(obj: Obj, path: str, value: Any) -> None:
    """Sets `spec.containers.0.image` and the like; the value `...` removes the field."""
    *parents, last = path.split("/")
    target: Any = obj
    for part in parents:
        target = target[int(part)] if part.isdigit() else target.setdefault(part, {})
    if value is ...:
        del target[last]
    elif isinstance(target, list):
        target[int(last) : int(last) + 1] = [value]
    else:
        target[last] = value


@pytest.fixture
def build() -> Build:
    """The kind's smallest manifest with changes, as sent: `build("Pod", {"spec/restartPolicy": "Maybe"})`."""

    def make(kind: str, changes: dict[str, Any] | None = None) -> Obj:
        obj = deepcopy(MANIFESTS[kind])
        obj["metadata"] = {"name": "widgets.example.com" if kind == "CustomResourceDefinition" else "x"}
        if strategy_of(obj).resource.namespaced:
            obj["metadata"]["namespace"] = "default"
        for path, value in (changes or {}).items():
            put(obj, path, deepcopy(value))
        return obj

    return make


@pytest.fixture
def created() -> Callable[[Obj], Obj]:
    """The object as it is stored: defaulted and prepared. It is frozen, so that whoever changes it fails."""

    def make(obj: Obj) -> Obj:
        strategy = strategy_of(obj)
        # The server has given it an identity by then.
        obj = {**obj, "metadata": {**obj.get("metadata", {}), "uid": "u"}}
        return freeze(strategy.prepare_for_create(strategy.default(freeze(obj))))  # type: ignore[no-any-return]

    return make


@pytest.fixture
def faults(created: Callable[[Obj], Obj]) -> Faults:
    """What is wrong with a manifest, line by line, as a person reads it."""

    def find(obj: Obj) -> list[str]:
        strategy = strategy_of(obj)
        stored = created(obj)
        return lines([*validate_object_meta(stored, strategy), *strategy.validate(stored)])

    return find


@pytest.fixture
def update_faults(created: Callable[[Obj], Obj]) -> Callable[[Obj, dict[str, Any]], list[str]]:
    """What is wrong with a change of a stored object, the object itself being right."""

    def find(obj: Obj, changes: dict[str, Any]) -> list[str]:
        strategy = strategy_of(obj)
        old = freeze({**created(obj), "metadata": {**obj["metadata"], "resourceVersion": "7", "uid": "u"}})
        new = deepcopy(old)
        for path, value in changes.items():
            put(new, path, value)
        new = strategy.prepare_for_update(strategy.default(freeze(new)), old)
        return lines([*strategy.validate(new), *strategy.validate_update(new, old)])

    return find


def lines(errors: Iterable[object]) -> list[str]:
    return [str(error) for error in errors]
