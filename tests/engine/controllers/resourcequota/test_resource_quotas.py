"""Resource quotas: what objects use, who is refused, and that the sums are right again afterwards."""

from __future__ import annotations

from typing import Any

import pytest

from cluster_engine.apimachinery import quota
from cluster_engine.apimachinery.errors import ApiError


def limits(world: Any, hard: dict[str, str], name: str = "q", **spec: Any) -> None:
    body = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": name, "namespace": "default"}}
    world.client.create("resourcequotas", {**body, "spec": {"hard": hard, **spec}})
    world.run(1)


def status(world: Any, name: str = "q") -> Any:
    return world.get("resourcequotas", name)["status"]


def pod(world: Any, name: str, **requests: str) -> Any:
    container = {"name": "c", "image": "nginx:1.25", "resources": {"requests": requests} if requests else {}}
    meta = {"name": name, "namespace": "default"}
    return world.client.create(
        "pods", {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": {"containers": [container]}}
    )


def test_a_new_quota_counts_what_is_there(world: Any) -> None:
    pod(world, "a", cpu="250m", memory="64Mi")
    limits(world, {"pods": "3", "requests.cpu": "1", "requests.memory": "1Gi", "count/deployments.apps": "2"})
    assert status(world) == {
        "hard": {"count/deployments.apps": "2", "pods": "3", "requests.cpu": "1", "requests.memory": "1Gi"},
        "used": {"count/deployments.apps": "0", "pods": "1", "requests.cpu": "250m", "requests.memory": "64Mi"},
    }


def test_what_would_exceed_a_quota_is_refused_with_the_numbers(world: Any) -> None:
    limits(world, {"pods": "2", "requests.cpu": "1"})
    pod(world, "a", cpu="800m")
    with pytest.raises(ApiError) as refusal:
        pod(world, "b", cpu="300m")
    assert refusal.value.code == 403
    assert refusal.value.message == (
        'pods "b" is forbidden: exceeded quota: q, requested: requests.cpu=300m, used: requests.cpu=800m, '
        "limited: requests.cpu=1"
    )
    assert status(world)["used"] == {"pods": "1", "requests.cpu": "800m"}


def test_a_pod_has_to_say_what_a_quota_limits(world: Any) -> None:
    limits(world, {"requests.cpu": "1", "limits.memory": "1Gi"})
    with pytest.raises(ApiError) as refusal:
        pod(world, "a")
    assert refusal.value.message == (
        'pods "a" is forbidden: failed quota: q: must specify limits.memory for: c; requests.cpu for: c'
    )


def test_what_goes_makes_room(world: Any) -> None:
    limits(world, {"pods": "1", "services": "1", "configmaps": "5"})
    pod(world, "a")
    with pytest.raises(ApiError):
        pod(world, "b")
    world.client.delete("pods", "a", "default")
    world.run(40)
    assert status(world)["used"]["pods"] == "0"
    pod(world, "b")


def test_a_pod_that_has_ended_uses_nothing(world: Any) -> None:
    limits(world, {"pods": "1"})
    pod(world, "a")
    world.run(5)
    ended = world.get("pods", "a")
    world.client.update_status("pods", {**ended, "status": {**ended["status"], "phase": "Succeeded"}})
    world.run(1)
    assert status(world)["used"] == {"pods": "0"}


def test_a_quota_with_a_scope_counts_the_pods_of_that_scope(world: Any) -> None:
    limits(world, {"pods": "1"}, "modest", scopes=["BestEffort"])
    pod(world, "asks", cpu="100m")
    pod(world, "modest")
    assert status(world, "modest")["used"] == {"pods": "1"}
    pod(world, "asks-too", cpu="100m")
    with pytest.raises(ApiError) as refusal:
        pod(world, "one-more")
    assert "exceeded quota: modest" in refusal.value.message


def test_a_deployment_stops_short_at_its_quota_and_goes_on_when_there_is_room(world: Any) -> None:
    limits(world, {"pods": "3"})
    world.deployment(replicas=5)
    world.run(10)
    assert len(world.names("pods")) == 3
    assert world.conditions("deployments.apps", "d")["ReplicaFailure"] == ("True", "FailedCreate")
    assert status(world)["used"] == {"pods": "3"}
    world.client.delete("resourcequotas", "q", "default")
    world.run(1100)
    assert len(world.names("pods")) == 5


def test_a_dry_run_is_refused_like_the_real_thing_and_charges_nothing(world: Any) -> None:
    limits(world, {"configmaps": "2"})
    made: dict[str, Any] = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "m", "namespace": "default"}}
    world.client.create("configmaps", made, dry_run=True)
    assert status(world)["used"] == {"configmaps": "1"}
    world.client.create("configmaps", made)
    with pytest.raises(ApiError):
        world.client.create("configmaps", {**made, "metadata": {**made["metadata"], "name": "n"}}, dry_run=True)


def spec(*requests: dict[str, str], init: dict[str, str] | None = None) -> dict[str, Any]:
    containers = [{"name": f"c{i}", "resources": {"requests": one}} for i, one in enumerate(requests)]
    inits = [{"name": "i", "resources": {"requests": init}}] if init else []
    return {"metadata": {"name": "p"}, "spec": {"containers": containers, "initContainers": inits}}


def test_a_pod_uses_the_sum_of_its_containers_or_the_largest_init_container() -> None:
    used = quota.usage("pods", spec({"cpu": "100m"}, {"cpu": "200m"}, init={"cpu": "250m", "memory": "1Gi"}), 0)
    assert {name: str(amount) for name, amount in used.items()} == {
        "count/pods": "1", "pods": "1", "cpu": "300m", "requests.cpu": "300m", "memory": "1Gi", "requests.memory": "1Gi"
    }  # fmt: skip


def test_services_and_claims_use_what_their_type_takes() -> None:
    service = {"metadata": {}, "spec": {"type": "LoadBalancer", "ports": [{"port": 80}, {"port": 443}]}}
    used = quota.usage("services", service, 0)
    assert {name: str(amount) for name, amount in used.items()} == {
        "count/services": "1", "services": "1", "services.nodeports": "2", "services.loadbalancers": "1"
    }  # fmt: skip
    claim = {"metadata": {}, "spec": {"storageClassName": "fast", "resources": {"requests": {"storage": "5Gi"}}}}
    used = quota.usage("persistentvolumeclaims", claim, 0)
    assert {name: str(amount) for name, amount in used.items()} == {
        "count/persistentvolumeclaims": "1",
        "persistentvolumeclaims": "1",
        "requests.storage": "5Gi",
        "fast.storageclass.storage.k8s.io/persistentvolumeclaims": "1",
        "fast.storageclass.storage.k8s.io/requests.storage": "5Gi",
    }


def test_custom_objects_are_counted_from_when_their_kind_is_there(world: Any) -> None:
    limits(world, {"count/widgets.example.com": "1"})
    names = {"plural": "widgets", "kind": "Widget"}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": {"type": "object"}}}
    spec = {"group": "example.com", "scope": "Namespaced", "names": names, "versions": [version]}
    definition = {"metadata": {"name": "widgets.example.com"}, "spec": spec}
    world.client.create("customresourcedefinitions.apiextensions.k8s.io", definition)
    world.run(1)
    widget = {"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "a", "namespace": "default"}}
    world.client.create("widgets.example.com", widget)
    with pytest.raises(ApiError, match="exceeded quota"):
        world.client.create("widgets.example.com", {**widget, "metadata": {"name": "b", "namespace": "default"}})
    world.client.delete("widgets.example.com", "a", "default")
    world.run(1)
    assert status(world)["used"] == {"count/widgets.example.com": "0"}
