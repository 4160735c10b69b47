"""Deployment: the scenarios of test/e2e/apps/deployment.go."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from kubernetes import client

from tests.e2e.deployments import Deployments, deployment, replica_set, wait_for_replicas
from tests.e2e.framework import (
    AGNHOST,
    HTTPD,
    MERGE,
    PAUSE,
    POD_START_SECONDS,
    STRATEGIC,
    WEBSERVER,
    Framework,
    controller_of,
)

STATIC = {"test-deployment-static": "true"}
MISSING = "gcr.io/google_samples/gb-redisslave:nonexistent"


def test_reaping_cascades_to_replica_sets_and_pods(f: Framework) -> None:
    made = Deployments(f, "test-new-deployment")
    body = deployment("test-new-deployment", 1, {"name": WEBSERVER}, WEBSERVER, HTTPD)
    applied = "kubectl.kubernetes.io/last-applied-configuration"
    body["metadata"]["annotations"] = {"test": "should-copy-to-replica-set", applied: "should-not-copy-to-replica-set"}
    made.create(body)
    made.wait_for_revision("1", HTTPD)
    made.wait_until_complete()
    annotations = made.new_replica_set().metadata.annotations
    assert annotations["test"] == "should-copy-to-replica-set"
    assert applied not in annotations
    made.delete_with_all()


def adopted_pods(f: Framework, name: str, label: str) -> None:
    """A ReplicaSet of web servers, which a Deployment is going to adopt."""
    f.apps.create_namespaced_replica_set(
        f.ns, replica_set(name, 1, {"name": label, "pod": WEBSERVER}, WEBSERVER, HTTPD)
    )
    f.wait_for_pods_running(1, name=label)


def test_a_rolling_update_replaces_the_pods_that_it_adopts(f: Framework) -> None:
    body = replica_set("test-rolling-update-controller", 1, {"name": "sample-pod", "pod": WEBSERVER}, WEBSERVER, HTTPD)
    body["metadata"]["annotations"] = {"deployment.kubernetes.io/revision": "3546343826724305832"}
    f.apps.create_namespaced_replica_set(f.ns, body)
    f.wait_for_pods_running(1, name="sample-pod")
    made = Deployments(f, "test-rolling-update-deployment")
    made.create(deployment(made.name, 1, {"name": "sample-pod"}, "agnhost", AGNHOST))
    made.wait_for_revision("3546343826724305833", AGNHOST)
    made.wait_until_complete()
    assert [old.metadata.name for old in made.old_replica_sets()] == ["test-rolling-update-controller"]


def test_recreate_never_runs_new_pods_beside_old_ones(f: Framework) -> None:
    made = Deployments(f, "test-recreate-deployment")
    made.create(deployment(made.name, 1, {"name": "sample-pod-3"}, "agnhost", AGNHOST, "Recreate"))
    made.wait_for_revision("1", AGNHOST)
    made.wait_until_complete()
    changed = made.set_image(WEBSERVER, HTTPD)

    def complete(_: str, seen: Any) -> bool:
        status, wanted = seen.status, seen.spec.replicas
        updated, replicas = status.updated_replicas or 0, status.replicas or 0
        assert not updated or replicas == updated, "new pods run beside old ones"
        available = status.available_replicas or 0
        observed = (status.observed_generation or 0) >= seen.metadata.generation
        return (replicas, updated, available) == (wanted,) * 3 and observed

    name = f"metadata.name={made.name}"
    version = changed.metadata.resource_version
    f.until(f.apps.list_namespaced_deployment, complete, version, 120, field_selector=name)


def test_old_replica_sets_are_deleted_beyond_the_limit_of_the_history(f: Framework) -> None:
    adopted_pods(f, "test-cleanup-controller", "cleanup-pod")
    version = f.core.list_namespaced_pod(f.ns).metadata.resource_version
    created: list[str] = []

    def seen(type_: str, pod: Any) -> bool:
        if type_ == "ADDED":
            created.append(pod.spec.containers[0].name)
        return pod.metadata.labels.get("name") == "stop"

    watcher = threading.Thread(target=f.until, args=(f.core.list_namespaced_pod, seen, version))
    watcher.start()
    made = Deployments(f, "test-cleanup-deployment")
    made.create(deployment(made.name, 1, {"name": "cleanup-pod"}, "agnhost", AGNHOST, revisionHistoryLimit=0))
    made.wait_until_complete()
    f.eventually(lambda: len(made.replica_sets()) == 1, "the old ReplicaSet is deleted", POD_START_SECONDS)
    # A last pod tells the watcher that it has seen all.
    stop = {"metadata": {"name": "stop", "labels": {"name": "stop"}}, "spec": {"containers": []}}
    f.core.create_namespaced_pod(f.ns, {**stop, "spec": {"containers": [{"name": "stop", "image": PAUSE}]}})
    watcher.join(60)
    assert created == ["agnhost", "stop"]


def test_rolls_over_an_update_that_is_stuck(f: Framework) -> None:
    adopted_pods(f, "test-rollover-controller", "rollover-pod")
    wait_for_replicas(f, "test-rollover-controller", 1, "ready_replicas")
    made = Deployments(f, "test-rollover-deployment")
    body = deployment(made.name, 1, {"name": "rollover-pod"}, "redis-slave", MISSING, minReadySeconds=10)
    body["spec"]["strategy"]["rollingUpdate"] = {"maxUnavailable": 0, "maxSurge": 1}
    made.create(body)
    made.wait_for("a pod is updated", lambda found: (found.status.updated_replicas or 0) >= 1)
    made.wait_for_revision("1", MISSING)
    stuck = made.new_replica_set().metadata.name
    for name in ("test-rollover-controller", stuck):
        assert wait_for_replicas(f, name, 1).status.replicas == 1
    f.eventually(
        lambda: {
            status.state.waiting and status.state.waiting.reason
            for pod in f.pods(name="rollover-pod")
            for status in pod.status.container_statuses or ()
            if status.name == "redis-slave"
        }
        == {"ImagePullBackOff"},
        "the image cannot be pulled",
    )
    made.set_image("agnhost", AGNHOST)
    made.wait_until_observed()
    made.wait_for_revision("2", AGNHOST)
    made.wait_until_complete(rolling=True)
    for name in ("test-rollover-controller", stuck):
        assert wait_for_replicas(f, name, 0).status.replicas == 0


def edits(f: Framework, made: Deployments, rng: random.Random) -> list[Callable[[], object]]:
    """What is done to a Deployment again and again."""

    def scale(found: Any) -> None:
        chance = rng.random()
        found.spec.replicas += 1 if chance < 0.3 else -1 if chance < 0.6 and found.spec.replicas > 1 else 0

    def roll(found: Any) -> None:
        container = found.spec.template.spec.containers[0]
        container.env = [*(container.env or ()), client.V1EnvVar(name=f"A{rng.randrange(1000)}", value="1")]
        scale(found)

    def toggle(found: Any) -> None:
        found.spec.paused = not found.spec.paused
        scale(found)

    def roll_back(found: Any) -> None:
        found.metadata.annotations["deprecated.deployment.rollback.to"] = "0"

    def delete_pods() -> None:
        for pod in f.pods(name=WEBSERVER):
            if rng.random() < 0.5:
                f.read(f.core.delete_namespaced_pod, pod.metadata.name)

    return [partial(made.update, change) for change in (roll, roll_back, scale, toggle)] + [delete_pods]


def test_iterative_rollouts_progress_in_the_end(f: Framework) -> None:
    rng = random.Random(7)
    made = Deployments(f, "webserver")
    body = deployment(made.name, 6, {"name": WEBSERVER}, WEBSERVER, HTTPD)
    body["spec"] |= {"progressDeadlineSeconds": 300, "revisionHistoryLimit": 2}
    made.create(body)
    actions = edits(f, made, rng)
    for index in range(20):
        if (pause := rng.random()) < 0.6:
            f.sleep(index * pause)
        rng.choice(actions)()
    if made.get().spec.paused:
        made.update(lambda found: setattr(found.spec, "paused", False))
    made.wait_until_observed()
    made.wait_until_complete()

    def says_so(found: Any) -> bool:
        return any((c.type, c.reason) == ("Progressing", "NewReplicaSetAvailable") for c in found.status.conditions)

    made.wait_for("its condition says so", says_so)


def test_orphans_a_replica_set_and_adopts_it(f: Framework) -> None:
    labels = {"name": WEBSERVER}
    made = Deployments(f, "test-orphan-deployment")
    first = made.create(deployment(made.name, 1, labels, WEBSERVER, HTTPD))
    made.wait_until_complete()

    def the_replica_set() -> Any:
        (item,) = f.apps.list_namespaced_replica_set(f.ns, label_selector=f"name={WEBSERVER}").items
        return item

    uid = the_replica_set().metadata.uid
    assert controller_of(the_replica_set()).uid == first.metadata.uid
    body = client.V1DeleteOptions(
        orphan_dependents=True, preconditions=client.V1Preconditions(uid=first.metadata.uid)
    )
    f.apps.delete_namespaced_deployment(made.name, f.ns, body=body)
    f.eventually(lambda: controller_of(the_replica_set()) is None, "orphaned")
    other = Deployments(f, "test-adopt-deployment")
    second = other.create(deployment(other.name, 1, labels, WEBSERVER, HTTPD))
    other.wait_until_complete()
    assert controller_of(the_replica_set()).uid == second.metadata.uid
    assert the_replica_set().metadata.uid == uid


def test_has_a_working_scale_subresource(f: Framework) -> None:
    made = Deployments(f, "test-new-deployment")
    made.create(deployment(made.name, 1, {"name": WEBSERVER}, WEBSERVER, HTTPD))
    made.wait_until_complete()
    scale = f.apps.read_namespaced_deployment_scale(made.name, f.ns)
    assert (scale.spec.replicas, scale.status.replicas) == (1, 1)
    scale.metadata.resource_version = None
    scale.spec.replicas = 2
    assert f.apps.replace_namespaced_deployment_scale(made.name, f.ns, scale).spec.replicas == 2
    assert made.get().spec.replicas == 2
    # As Go writes a Scale of which only the wanted number is set.
    patch = {"metadata": {"creationTimestamp": None}, "spec": {"replicas": 4}, "status": {"replicas": 0}}
    f.apps.patch_namespaced_deployment_scale(made.name, f.ns, patch, _content_type=STRATEGIC)
    assert made.get().spec.replicas == 4


def test_scales_in_proportion_in_the_middle_of_an_update(f: Framework) -> None:
    made = Deployments(f, "webserver-deployment")
    body = deployment(made.name, 10, {"name": WEBSERVER}, WEBSERVER, HTTPD)
    body["spec"]["strategy"]["rollingUpdate"] = {"maxSurge": 3, "maxUnavailable": 2}
    made.create(body)
    made.wait_until_observed()
    f.wait_for_pods_running(10, name=WEBSERVER)
    made.wait_until_complete()
    first = made.new_replica_set().metadata.name
    made.set_image(WEBSERVER, "webserver:404")
    made.wait_until_observed()
    wait_for_replicas(f, first, 8, "available_replicas")
    wait_for_replicas(f, first, 8)
    wait_for_replicas(f, first, 8, "replicas")
    second = made.new_replica_set()
    assert not second.status.available_replicas
    wait_for_replicas(f, second.metadata.name, 5)
    wait_for_replicas(f, second.metadata.name, 5, "replicas")
    assert made.get().status.available_replicas >= 8
    made.update(lambda found: setattr(found.spec, "replicas", 30))
    # 8 + 20 * 8/13 and 5 + 20 * 5/13, rounded.
    wait_for_replicas(f, first, 20)
    wait_for_replicas(f, second.metadata.name, 13)


def test_runs_through_its_life(f: Framework) -> None:
    static = "test-deployment-static=true"
    made = Deployments(f, "test-deployment")
    list_ = f.apps.list_namespaced_deployment
    version = f.apps.list_deployment_for_all_namespaces(label_selector=static).metadata.resource_version

    def see(what: Any) -> None:
        f.until(list_, what, version, POD_START_SECONDS, label_selector=static)

    body = deployment(made.name, 2, STATIC, made.name, AGNHOST)
    body["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] = 1
    made.create(body)
    see(lambda type_, seen: type_ == "ADDED" and seen.metadata.name == made.name)
    see(lambda _, seen: seen.status.ready_replicas == 2)
    container = {"name": made.name, "image": PAUSE}
    template = {"spec": {"terminationGracePeriodSeconds": 2, "containers": [container]}}
    patch = {"metadata": {"labels": {"test-deployment": "patched"}}, "spec": {"replicas": 1, "template": template}}
    f.apps.patch_namespaced_deployment(made.name, f.ns, patch, _content_type=STRATEGIC)
    see(lambda type_, _: type_ == "MODIFIED")

    def complete(seen: Any, replicas: int, image: str) -> bool:
        status = seen.status
        counts = (status.ready_replicas, status.updated_replicas, status.unavailable_replicas or 0)
        return counts == (replicas, replicas, 0) and seen.spec.template.spec.containers[0].image == image

    see(lambda _, seen: complete(seen, 1, PAUSE) and seen.spec.template.spec.termination_grace_period_seconds == 2)
    everywhere = f.apps.list_deployment_for_all_namespaces(label_selector=static).items
    assert [(item.metadata.name, item.metadata.namespace) for item in everywhere] == [(made.name, f.ns)]
    # An update without a resourceVersion, as a whole object.
    body["metadata"]["labels"] = {**STATIC, "test-deployment": "updated"}
    body["spec"]["template"]["spec"]["containers"][0]["image"] = HTTPD
    deployments = f.dynamic.resources.get(api_version="apps/v1", kind="Deployment")
    deployments.replace({"apiVersion": "apps/v1", "kind": "Deployment", **body}, namespace=f.ns)
    found = f.apps.read_namespaced_deployment_status(made.name, f.ns)
    assert found.spec.template.spec.containers[0].image == HTTPD
    assert found.metadata.labels["test-deployment"] == "updated"
    see(lambda _, seen: complete(seen, 2, HTTPD))
    # A patch of the status changes nothing else.
    counts = {"readyReplicas": 0, "availableReplicas": 0}
    patch = {"metadata": {"labels": {"test-deployment": "patched-status"}}, "status": counts}
    version = f.apps.patch_namespaced_deployment_status(
        made.name, f.ns, patch, _content_type=STRATEGIC
    ).metadata.resource_version
    found = f.apps.read_namespaced_deployment_status(made.name, f.ns)
    assert found.metadata.labels["test-deployment"] == "updated"
    see(lambda _, seen: complete(seen, 2, HTTPD))
    f.apps.delete_collection_namespaced_deployment(f.ns, label_selector=static, grace_period_seconds=1)
    see(lambda type_, _: type_ == "DELETED")


@pytest.mark.parametrize("kind", ["deployment", "replica_set", "stateful_set"])
def test_has_a_status_endpoint_whose_changes_others_see(f: Framework, kind: str) -> None:
    labels = {"name": WEBSERVER, "e2e": "testing"}
    if kind == "deployment":
        body = deployment("d", 1, labels, WEBSERVER, HTTPD)
    else:
        body = replica_set("d", 1, labels, WEBSERVER, HTTPD)
    if kind == "stateful_set":
        body["spec"]["serviceName"] = "test"
    list_ = getattr(f.apps, f"list_namespaced_{kind}")
    version = list_(f.ns, label_selector="e2e=testing").metadata.resource_version
    getattr(f.apps, f"create_namespaced_{kind}")(f.ns, body)
    f.wait_for_pods_running(1, **labels)
    read_status = getattr(f.apps, f"read_namespaced_{kind}_status")
    replace_status = getattr(f.apps, f"replace_namespaced_{kind}_status")
    assert read_status("d", f.ns).status.replicas == 1
    condition_type = getattr(client, {"deployment": "V1DeploymentCondition", "replica_set": "V1ReplicaSetCondition"}.get(kind, "V1StatefulSetCondition"))  # fmt: skip # noqa: E501

    def add(found: Any) -> None:
        made = condition_type(type="StatusUpdate", status="True", reason="E2E", message="Set from e2e test")
        found.status.conditions = [*(found.status.conditions or ()), made]

    f.update(read_status, replace_status, "d", add)

    def has(seen: Any, type_: str) -> Any:
        return next((c for c in seen.status.conditions or () if c.type == type_), None)

    seen = f.until(list_, lambda _, seen: has(seen, "StatusUpdate"), version, label_selector="e2e=testing")
    condition = has(seen, "StatusUpdate")
    assert (condition.reason, condition.message) == ("E2E", "Set from e2e test")
    patch = {"status": {"conditions": [{"type": "StatusPatched", "status": "True"}]}}
    patched = getattr(f.apps, f"patch_namespaced_{kind}_status")("d", f.ns, patch, _content_type=MERGE)
    assert [c.type for c in patched.status.conditions] == ["StatusPatched"]
    f.until(list_, lambda _, seen: has(seen, "StatusPatched"), version, label_selector="e2e=testing")
