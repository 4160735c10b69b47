"""StatefulSet: what becomes of its claims, its scale, and sets as a collection (test/e2e/apps/statefulset.go)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e.framework import PAUSE, STRATEGIC, WEBSERVER, Framework
from tests.e2e.stateful import HTTP_PROBE, Sets, headless_service, stateful_set

POD_LABELS = {"name": "sample-pod", "pod": WEBSERVER}


@pytest.fixture
def ss(f: Framework) -> Iterator[Sets]:
    f.core.create_namespaced_service(f.ns, headless_service())
    sets = Sets(f, "ss")
    yield sets
    sets.clean_up()


def claims_are(ss: Sets, ordinals: list[int]) -> bool:
    return {claim.metadata.name for claim in ss.claims()} == {f"datadir-ss-{ordinal}" for ordinal in ordinals}


def claims_are_owned_by_the_set(ss: Sets, ordinals: list[int]) -> bool:
    """Each claim belongs to the set, and to no pod."""
    uid = ss.get().metadata.uid
    owners = [
        [(owner.kind, owner.uid) for owner in claim.metadata.owner_references or ()] for claim in ss.claims()
    ]
    return claims_are(ss, ordinals) and owners == [[("StatefulSet", uid)]] * len(ordinals)


def orphan_the_third_pod(ss: Sets) -> None:
    """As the scenario sends it: a patch of metadata without a `metadata`, which changes nothing."""
    ss.f.eventually(lambda: ss.f.read(ss.f.core.read_namespaced_pod, "ss-2"), "the third pod")
    ss.f.core.patch_namespaced_pod("ss-2", ss.f.ns, {"creationTimestamp": None}, _content_type=STRATEGIC)


@pytest.mark.parametrize("orphaned", [False, True])
def test_deletes_claims_with_the_set(f: Framework, ss: Sets, orphaned: bool) -> None:
    policy = {"whenDeleted": "Delete"}
    ss.create(stateful_set("ss", 3, volumes=True, persistentVolumeClaimRetentionPolicy=policy))
    assert ss.get().spec.persistent_volume_claim_retention_policy.when_scaled == "Retain"
    f.eventually(lambda: claims_are_owned_by_the_set(ss, [0, 1, 2]), "the claims are the set's")
    if orphaned:
        orphan_the_third_pod(ss)
    f.apps.delete_namespaced_stateful_set("ss", f.ns)
    f.eventually(lambda: claims_are(ss, []), "the claims are gone")


@pytest.mark.parametrize("orphaned", [False, True])
def test_deletes_claims_with_their_pods(f: Framework, ss: Sets, orphaned: bool) -> None:
    policy = {"whenScaled": "Delete"}
    ss.create(stateful_set("ss", 3, volumes=True, persistentVolumeClaimRetentionPolicy=policy))
    f.eventually(lambda: claims_are(ss, [0, 1, 2]), "the claims are there")
    if orphaned:
        orphan_the_third_pod(ss)
    ss.scale(1)
    f.eventually(lambda: claims_are(ss, [0]), "one claim is left")


def test_recreates_a_claim_that_a_pending_pod_misses(f: Framework, ss: Sets) -> None:
    node = f.schedulable_nodes()[0]
    body = stateful_set("ss", 1, volumes=True)
    host = node.metadata.labels["kubernetes.io/hostname"]
    body["spec"]["template"]["spec"]["nodeSelector"] = {"kubernetes.io/hostname": host}
    ss.create(body)
    f.eventually(lambda: claims_are(ss, [0]), "the claim is there")
    ss.wait_for_count("ready_replicas", 1)
    assert ss.pods()[0].spec.node_name == node.metadata.name
    first = ss.claims()[0].metadata.uid
    try:
        f.core.patch_node(node.metadata.name, {"spec": {"unschedulable": True}}, _content_type=STRATEGIC)
        f.core.delete_namespaced_pod("ss-0", f.ns)
        ss.wait_for_count("ready_replicas", 0)
        ss.wait_for_count("current_replicas", 1)
        f.core.delete_namespaced_persistent_volume_claim("datadir-ss-0", f.ns)
    finally:
        f.core.patch_node(node.metadata.name, {"spec": {"unschedulable": None}}, _content_type=STRATEGIC)
    f.eventually(lambda: claims_are(ss, [0]) and ss.claims()[0].metadata.uid != first, "the claim is made again")
    ss.wait_for_count("ready_replicas", 1)
    assert ss.pods()[0].spec.node_name == node.metadata.name


def test_has_a_working_scale_subresource(f: Framework, ss: Sets) -> None:
    ss.create(stateful_set("ss", 1, probe=HTTP_PROBE))
    ss.wait_for_ready(1)
    ss.wait_for_status()
    scale = f.apps.read_namespaced_stateful_set_scale("ss", f.ns)
    assert (scale.spec.replicas, scale.status.replicas) == (1, 1)
    scale.metadata.resource_version = None
    scale.spec.replicas = 2
    assert f.apps.replace_namespaced_stateful_set_scale("ss", f.ns, scale).spec.replicas == 2
    assert ss.get().spec.replicas == 2
    patch = {"metadata": {"creationTimestamp": None}, "spec": {"replicas": 4}, "status": {"replicas": 0}}
    f.apps.patch_namespaced_stateful_set_scale("ss", f.ns, patch, _content_type=STRATEGIC)
    assert ss.get().spec.replicas == 4


def test_is_listed_patched_and_deleted_as_a_collection(f: Framework) -> None:
    ss = Sets(f, "test-ss", POD_LABELS)
    ss.create(stateful_set("test-ss", 1, probe=HTTP_PROBE, labels=POD_LABELS))
    ss.wait_for_ready(1)
    ss.wait_for_status()
    # A second container by another name, and a field whose name is written as Go has it.
    pod = {"TerminationGracePeriodSeconds": 1, "containers": [{"name": "test-ss", "image": PAUSE}]}
    patch = {"metadata": {"labels": {"test-ss": "patched"}}, "spec": {"replicas": 2, "template": {"spec": pod}}}
    f.apps.patch_namespaced_stateful_set("test-ss", f.ns, patch, _content_type=STRATEGIC)
    found = ss.get()
    assert (found.spec.replicas, found.spec.template.spec.containers[0].image) == (2, PAUSE)
    ss.wait_for_ready(2)
    ss.wait_for_status()
    everywhere = f.apps.list_stateful_set_for_all_namespaces
    assert len(everywhere(label_selector="test-ss=patched").items) == 1
    f.apps.delete_collection_namespaced_stateful_set(f.ns, label_selector="test-ss=patched", grace_period_seconds=1)
    assert everywhere(label_selector="test-ss=patched").items == []
