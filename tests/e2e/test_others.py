"""The other kinds of test/e2e/apps: DaemonSet, ControllerRevision, and disruption budgets."""

from __future__ import annotations

import secrets
from typing import Any

import pytest
from kubernetes.client.rest import ApiException

from tests.e2e.deployments import replica_set
from tests.e2e.framework import AGNHOST, HTTPD, MERGE, POD_START_SECONDS, STRATEGIC, Framework, is_ready


def daemon_set(name: str, image: str = HTTPD, **spec: Any) -> dict[str, Any]:
    labels = {"daemonset-name": name}
    pod = {"terminationGracePeriodSeconds": 0, "containers": [{"name": "app", "image": image}]}
    template = {"metadata": {"labels": labels}, "spec": pod}
    return {
        "metadata": {"name": name},
        "spec": {"selector": {"matchLabels": labels}, "template": template, **spec},
    }


def wait_for_daemons(f: Framework, name: str) -> list[Any]:
    """A pod on every node, each of them ready."""

    def look() -> list[Any] | None:
        pods = f.pods(**{"daemonset-name": name})
        nodes = sorted(pod.spec.node_name for pod in pods if is_ready(pod) and not pod.metadata.deletion_timestamp)
        return pods if nodes == ["k8s-node01", "k8s-node02", "k8s-node03"] and len(pods) == 3 else None

    return f.eventually(look, f"{name} runs on every node", POD_START_SECONDS) or []


def test_a_daemon_set_runs_and_stops_a_simple_daemon(f: Framework) -> None:
    f.apps.create_namespaced_daemon_set(f.ns, daemon_set("daemon-set"))
    first = wait_for_daemons(f, "daemon-set")
    gone = first[0].metadata
    f.core.delete_namespaced_pod(gone.name, f.ns, grace_period_seconds=0)
    f.eventually(lambda: all(pod.metadata.uid != gone.uid for pod in f.pods(**{"daemonset-name": "daemon-set"})))
    pods = wait_for_daemons(f, "daemon-set")
    # One that has failed is made again.
    failed = pods[0].metadata
    f.core.patch_namespaced_pod_status(failed.name, f.ns, {"status": {"phase": "Failed"}}, _content_type=MERGE)
    f.eventually(lambda: f.read(f.core.read_namespaced_pod, failed.name) is None, "the failed one is gone")
    wait_for_daemons(f, "daemon-set")
    f.apps.delete_namespaced_daemon_set("daemon-set", f.ns, propagation_policy="Background")
    f.eventually(lambda: not f.pods(**{"daemonset-name": "daemon-set"}), "the daemons are gone")


def test_a_daemon_set_follows_the_labels_of_nodes(f: Framework) -> None:
    body = daemon_set("daemon-set", updateStrategy={"type": "RollingUpdate"})
    body["spec"]["template"]["spec"]["nodeSelector"] = {"daemonset-color": "blue"}
    f.apps.create_namespaced_daemon_set(f.ns, body)

    def scheduled() -> int:
        status = f.apps.read_namespaced_daemon_set("daemon-set", f.ns).status
        return int(status.desired_number_scheduled) if status.observed_generation else -1

    def label(color: str | None) -> None:
        f.core.patch_node("k8s-node02", {"metadata": {"labels": {"daemonset-color": color}}}, _content_type=STRATEGIC)

    f.eventually(lambda: scheduled() == 0, "no node is blue")
    try:
        label("blue")
        (pod,) = f.wait_for_pods_running(1, **{"daemonset-name": "daemon-set"})
        assert pod.spec.node_name == "k8s-node02"
        label("green")
        f.eventually(lambda: not f.pods(**{"daemonset-name": "daemon-set"}), "the node is not blue any more")
    finally:
        label(None)


def test_a_daemon_set_rolls_forward_and_back_without_needless_restarts(f: Framework) -> None:
    body = daemon_set("daemon-set", updateStrategy={"type": "RollingUpdate"})
    f.apps.create_namespaced_daemon_set(f.ns, body)
    before = {pod.metadata.name for pod in wait_for_daemons(f, "daemon-set")}
    read, replace = f.apps.read_namespaced_daemon_set, f.apps.replace_namespaced_daemon_set

    def image(name: str) -> None:
        f.update(read, replace, "daemon-set", lambda d: setattr(d.spec.template.spec.containers[0], "image", name))

    image("foo:nonexistent")

    def stuck() -> set[str] | None:
        pods = f.pods(**{"daemonset-name": "daemon-set"})
        new = [pod for pod in pods if pod.spec.containers[0].image == "foo:nonexistent"]
        return {pod.metadata.name for pod in pods} if len(new) == 1 and len(pods) == 3 else None

    kept = (f.eventually(stuck, "the update is stuck at one pod") or set()) & before
    assert len(kept) == 2
    image(HTTPD)
    pods = wait_for_daemons(f, "daemon-set")
    assert kept < {pod.metadata.name for pod in pods}
    assert all(status.restart_count == 0 for pod in pods for status in pod.status.container_statuses)


def test_controller_revisions_live_through_all_verbs(f: Framework) -> None:
    name = f"e2e-{secrets.token_hex(3)}-daemon-set"
    selector = f"daemonset-name={name}"
    f.apps.create_namespaced_daemon_set(f.ns, daemon_set(name))
    wait_for_daemons(f, name)

    def revisions() -> list[Any]:
        return list(f.apps.list_namespaced_controller_revision(f.ns, label_selector=selector).items)

    (first,) = revisions()
    assert f.apps.read_namespaced_controller_revision(first.metadata.name, f.ns).metadata.uid == first.metadata.uid
    label = {"metadata": {"labels": {first.metadata.name: "patched"}}}
    patch = f.apps.patch_namespaced_controller_revision
    patched = patch(first.metadata.name, f.ns, label, _content_type=STRATEGIC)
    assert patched.metadata.labels[first.metadata.name] == "patched"
    copy = {
        "apiVersion": "apps/v1",
        "kind": "ControllerRevision",
        "metadata": {
            "name": f"{name}-copy",
            "labels": first.metadata.labels,
            "ownerReferences": [f.api_client.sanitize_for_serialization(o) for o in first.metadata.owner_references],
        },
        "data": first.data,
        "revision": first.revision + 1,
    }
    f.apps.create_namespaced_controller_revision(f.ns, copy)
    f.apps.delete_namespaced_controller_revision(first.metadata.name, f.ns)
    # With the same data, the copy takes its place.
    f.eventually(lambda: [item.metadata.name for item in revisions()] == [f"{name}-copy"], "one is left")
    f.apps.delete_collection_namespaced_controller_revision(f.ns, label_selector=selector)
    f.eventually(lambda: f"{name}-copy" not in {item.metadata.name for item in revisions()}, "it is gone")


def test_a_budget_holds_back_an_eviction_until_there_is_room(f: Framework) -> None:
    f.apps.create_namespaced_replica_set(f.ns, replica_set("rs", 3, {"foo": "bar"}, "agnhost", AGNHOST))
    pods = f.wait_for_pods_running(3, foo="bar")
    budget = {"metadata": {"name": "foo"}, "spec": {"selector": {"matchLabels": {"foo": "bar"}}, "minAvailable": 3}}
    f.policy.create_namespaced_pod_disruption_budget(f.ns, budget)
    read = f.policy.read_namespaced_pod_disruption_budget
    f.eventually(lambda: read("foo", f.ns).status.current_healthy == 3, "the budget is counted")
    name = pods[0].metadata.name
    eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name, "namespace": f.ns}}
    with pytest.raises(ApiException) as refused:
        f.core.create_namespaced_pod_eviction(name, f.ns, eviction)
    assert refused.value.status == 429
    assert "Cannot evict pod as it would violate the pod's disruption budget." in refused.value.body
    f.policy.patch_namespaced_pod_disruption_budget("foo", f.ns, {"spec": {"minAvailable": 2}}, _content_type=MERGE)
    f.eventually(lambda: read("foo", f.ns).status.disruptions_allowed == 1, "one may go")
    f.core.create_namespaced_pod_eviction(name, f.ns, eviction)
    f.eventually(lambda: f.read(f.core.read_namespaced_pod, name) is None, "it is gone")
