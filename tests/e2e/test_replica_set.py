"""ReplicaSet and ReplicationController: the scenarios of test/e2e/apps/{replica_set,rc}.go."""

from __future__ import annotations

import secrets
from typing import Any

import pytest
from kubernetes.client.rest import ApiException

from tests.e2e.deployments import replica_set
from tests.e2e.framework import AGNHOST, HTTPD, PAUSE, POD_START_SECONDS, STRATEGIC, WEBSERVER, Framework, controller_of

LABELS = {"name": "sample-pod", "pod": WEBSERVER}


def as_controller(body: dict[str, Any]) -> dict[str, Any]:
    """A ReplicationController with the same template."""
    spec = {**body["spec"], "selector": body["spec"]["selector"]["matchLabels"]}
    return {"metadata": body["metadata"], "spec": spec}


class Kind:
    """The two kinds, which have the same scenarios."""

    def __init__(self, f: Framework, kind: str) -> None:
        self.f = f
        self.kind = kind
        self._api = f.apps if kind == "replica_set" else f.core

    def __getattr__(self, verb: str) -> Any:
        """`read`, `replace`, `list`…: the client's method for the kind."""
        verb, _, suffix = verb.partition("_")
        name = f"{verb}_namespaced_{self.kind}" + (f"_{suffix}" if suffix else "")
        return getattr(self._api, name)

    def create(self, body: dict[str, Any]) -> Any:
        make = getattr(self._api, f"create_namespaced_{self.kind}")
        return make(self.f.ns, body if self.kind == "replica_set" else as_controller(body))

    def get(self, name: str) -> Any:
        return self.read(name, self.f.ns)


@pytest.fixture(params=["replica_set", "replication_controller"])
def kind(f: Framework, request: pytest.FixtureRequest) -> Kind:
    return Kind(f, request.param)


def test_serves_its_host_name_on_each_replica(f: Framework, kind: Kind) -> None:
    name = f"my-hostname-basic-{secrets.token_hex(4)}"
    body = replica_set(name, 2, {"name": name}, name, AGNHOST)
    container = body["spec"]["template"]["spec"]["containers"][0]
    container |= {"args": ["serve-hostname"], "ports": [{"containerPort": 9376}]}
    kind.create(body)
    pods = f.wait_for_pods_running(2, name=name)
    # Through the API server, with and without the port.
    for pod in pods:
        assert f.proxied(pod.metadata.name, port=9376) == pod.metadata.name
        assert f.proxied(pod.metadata.name) == pod.metadata.name


def test_surfaces_the_failure_when_a_quota_is_exceeded(f: Framework, kind: Kind) -> None:
    quota = {"metadata": {"name": "condition-test"}, "spec": {"hard": {"pods": "2"}}}
    f.core.create_namespaced_resource_quota(f.ns, quota)

    def synced() -> bool:
        hard = f.core.read_namespaced_resource_quota("condition-test", f.ns).status.hard or {}
        return bool(hard.get("pods") == "2")

    f.eventually(synced, "the quota is counted")
    kind.create(replica_set("condition-test", 3, {"name": "condition-test"}, WEBSERVER, HTTPD))

    def failure() -> Any:
        found = kind.get("condition-test")
        if (found.status.observed_generation or 0) < found.metadata.generation:
            return "unknown"
        return next((c for c in found.status.conditions or () if c.type == "ReplicaFailure"), None)

    condition = f.eventually(lambda: failure() if failure() != "unknown" else None, "it fails")
    assert condition.reason == "FailedCreate"
    assert condition.message.endswith(
        "is forbidden: exceeded quota: condition-test, requested: pods=1, used: pods=2, limited: pods=2"
    )
    f.update(kind.read, kind.replace, "condition-test", lambda found: setattr(found.spec, "replicas", 2))
    f.eventually(lambda: failure() is None, "it fails no more")


def test_adopts_matching_pods_and_releases_those_that_match_no_longer(f: Framework, kind: Kind) -> None:
    name = "pod-adoption-release"
    labels = {"name": name}
    container = {"name": name, "image": HTTPD}
    f.core.create_namespaced_pod(
        f.ns, {"metadata": {"name": name, "labels": labels}, "spec": {"containers": [container]}}
    )
    f.wait_for_pod_running(name)
    made = kind.create(replica_set(name, 1, labels, name, HTTPD))

    def owner() -> Any:
        found = controller_of(f.core.read_namespaced_pod(name, f.ns))
        return found and found.uid

    f.eventually(lambda: owner() == made.metadata.uid, "adopted")
    read, replace = f.core.read_namespaced_pod, f.core.replace_namespaced_pod
    f.update(read, replace, name, lambda pod: setattr(pod.metadata, "labels", {"name": "not-matching-name"}))
    f.eventually(lambda: owner() is None, "released")
    f.wait_for_pods_running(1, **labels)


def test_has_a_working_scale_subresource(f: Framework, kind: Kind) -> None:
    kind.create(replica_set("test-rs", 1, LABELS, WEBSERVER, HTTPD))
    f.wait_for_pods_running(1, **LABELS)
    scale = kind.read_scale("test-rs", f.ns)
    assert (scale.spec.replicas, scale.status.replicas) == (1, 1)
    assert scale.status.selector in ("name=sample-pod,pod=httpd", "pod=httpd,name=sample-pod")
    scale.metadata.resource_version = None
    scale.spec.replicas = 2
    assert kind.replace_scale("test-rs", f.ns, scale).spec.replicas == 2
    assert kind.get("test-rs").spec.replicas == 2
    patch = {"metadata": {"creationTimestamp": None}, "spec": {"replicas": 4}, "status": {"replicas": 0}}
    kind.patch_scale("test-rs", f.ns, patch, _content_type=STRATEGIC)
    assert kind.get("test-rs").spec.replicas == 4
    f.wait_for_pods_running(4, **LABELS)


def test_is_replaced_and_patched(f: Framework, kind: Kind) -> None:
    version = kind.list(f.ns, label_selector="test-rs=patched").metadata.resource_version
    kind.create(replica_set("test-rs", 1, LABELS, WEBSERVER, HTTPD))
    f.wait_for_pods_running(1, **LABELS)
    f.update(kind.read, kind.replace, "test-rs", lambda found: setattr(found.spec, "replicas", 2))
    template = {"spec": {"terminationGracePeriodSeconds": 0, "containers": [{"name": "test-rs", "image": PAUSE}]}}
    patch = {"metadata": {"labels": {"test-rs": "patched"}}, "spec": {"replicas": 3, "template": template}}
    kind.patch("test-rs", f.ns, patch, _content_type=STRATEGIC)

    def patched(_: str, seen: Any) -> bool:
        status = seen.status
        return (
            (status.ready_replicas, status.available_replicas) == (3, 3)
            and seen.spec.template.spec.containers[0].image == PAUSE
            and seen.spec.template.spec.termination_grace_period_seconds == 0
        )

    f.until(kind.list, patched, version, POD_START_SECONDS, label_selector="test-rs=patched")


def test_is_listed_and_deleted_as_a_collection(f: Framework, kind: Kind) -> None:
    value = secrets.token_hex(3)
    labels = {**LABELS, "e2e": value}
    kind.create(replica_set("test-rs", 3, labels, WEBSERVER, HTTPD))
    f.wait_for_pods_running(3, **labels)
    selector = f"e2e={value}"
    assert len(kind.list(f.ns, label_selector=selector).items) == 1
    delete = getattr(kind._api, f"delete_collection_namespaced_{kind.kind}")
    delete(f.ns, label_selector=selector, grace_period_seconds=1)
    assert kind.list(f.ns, label_selector=selector).items == []
    # The default of the client is to delete in the background: the pods follow.
    f.eventually(lambda: not f.pods(**labels) or kind.kind == "replication_controller", "the end of its pods")
    with pytest.raises(ApiException) as missing:
        kind.get("test-rs")
    assert missing.value.status == 404
