"""What a browser is shown of an object."""

import pytest

from playground.console import view

OWNER = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web-5d4f", "uid": "rs-uid", "controller": True}
READY = {"type": "Ready", "status": "True"}
NOT_READY = {"type": "Ready", "status": "False"}


def no_cells(resource, obj):
    return {}


def pod(phase="Running", *, node="k8s-node01", conditions=(), containers=(), deleted=False, reason=None, **meta):
    metadata = {
        "name": "web-0",
        "namespace": "default",
        "uid": "pod-uid",
        "creationTimestamp": "2026-01-01T00:00:00Z",
        **meta,
    }
    if deleted:
        metadata["deletionTimestamp"] = "2026-01-01T00:01:00Z"
    spec = {"containers": [{"name": "c", "image": "nginx:1.9.1"}]}
    if node:
        spec["nodeName"] = node
    status = {"phase": phase, "conditions": list(conditions), "containerStatuses": list(containers)}
    if reason:
        status["reason"] = reason
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec, "status": status}


def waiting(reason, restarts=0):
    return {"name": "c", "restartCount": restarts, "state": {"waiting": {"reason": reason}}}


def terminated(code, restarts=0):
    return {"name": "c", "restartCount": restarts, "state": {"terminated": {"exitCode": code, "reason": "Error"}}}


RUNNING = {"name": "c", "restartCount": 0, "state": {"running": {}}}


@pytest.mark.parametrize(
    ("state", "word", "obj"),
    [
        ("pending", "Pending", pod("Pending", node="")),
        ("creating", "Pending", pod("Pending")),
        ("creating", "ContainerCreating", pod("Pending", containers=[waiting("ContainerCreating")])),
        ("crashing", "ImagePullBackOff", pod("Pending", containers=[waiting("ImagePullBackOff")])),
        ("running", "Running", pod(conditions=[NOT_READY], containers=[RUNNING])),
        ("ready", "Running", pod(conditions=[READY], containers=[RUNNING])),
        ("crashing", "CrashLoopBackOff", pod(conditions=[NOT_READY], containers=[waiting("CrashLoopBackOff", 3)])),
        ("crashing", "Error", pod(conditions=[NOT_READY], containers=[terminated(1, 1)])),
        ("running", "Completed", pod(conditions=[NOT_READY], containers=[terminated(0)])),
        ("terminating", "Terminating", pod(conditions=[READY], containers=[RUNNING], deleted=True)),
        ("completed", "Completed", pod("Succeeded", containers=[terminated(0)])),
        ("failed", "Error", pod("Failed", containers=[terminated(1)])),
        ("lost", "Evicted", pod("Failed", reason="Evicted")),
        ("lost", "Unknown", pod(reason="NodeLost", deleted=True)),
        ("lost", "Unknown", pod("Unknown")),
    ],
)
def test_every_pod_has_the_shape_of_its_state(state, word, obj):
    assert view.pod_state(obj, word) == state


def test_a_pod_is_shown_with_kubectls_words_its_owner_and_its_revision():
    obj = pod(
        conditions=[READY],
        containers=[{**RUNNING, "restartCount": 2}],
        labels={"app": "web", "pod-template-hash": "5d4f"},
        ownerReferences=[OWNER],
    )
    obj["status"]["podIP"] = "10.244.1.7"
    shown = view.item("/registry/pods/default/web-0", obj, lambda resource, obj: {"Status": "Running", "Ready": "1/1"})
    assert shown == {
        "kind": "Pod",
        "name": "web-0",
        "namespace": "default",
        "uid": "pod-uid",
        "node": "k8s-node01",
        "owner": "rs-uid",
        "owner_kind": "ReplicaSet",
        "owner_name": "web-5d4f",
        "hash": "5d4f",
        "ordinal": None,
        "state": "ready",
        "status": "Running",
        "ready": "1/1",
        "restarts": 2,
        "images": ["nginx:1.9.1"],
        "ip": "10.244.1.7",
        "created": "2026-01-01T00:00:00Z",
    }


def test_a_pod_of_a_stateful_set_carries_its_ordinal():
    owner = {**OWNER, "kind": "StatefulSet", "name": "web"}
    labels = {"controller-revision-hash": "web-6c9", "apps.kubernetes.io/pod-index": "11"}
    shown = view.item(
        "/registry/pods/default/web-11", pod(name="web-11", labels=labels, ownerReferences=[owner]), no_cells
    )
    assert (shown["ordinal"], shown["hash"]) == (11, "web-6c9")
    without_label = view.item("/registry/pods/default/web-4", pod(name="web-4", ownerReferences=[owner]), no_cells)
    assert without_label["ordinal"] == 4


def test_a_pod_without_an_owner_has_none():
    shown = view.item("/registry/pods/default/web-0", pod(), no_cells)
    assert (shown["owner"], shown["owner_kind"], shown["owner_name"], shown["ordinal"]) == (None, "", "", None)


@pytest.mark.parametrize(
    ("replicas", "strategy", "expected"),
    [
        (3, {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}}, (3, 4)),
        (10, {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}}, (8, 13)),
        (10, {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}}, (9, 10)),
        (2, {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0, "maxUnavailable": "30%"}}, (1, 2)),
        (1, {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 5}}, (0, 2)),
        (4, {"type": "Recreate"}, (0, 4)),
        (0, {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}}, (0, 0)),
    ],
)
def test_a_deployment_shows_what_it_promises_while_it_rolls(replicas, strategy, expected):
    assert view.promise({"replicas": replicas, "strategy": strategy}) == expected


def test_a_deployment_is_shown_with_its_counts():
    spec = {
        "replicas": 3,
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
        "template": {"spec": {"containers": [{"image": "nginx:1.9.1"}]}},
    }
    status = {
        "replicas": 4,
        "updatedReplicas": 1,
        "readyReplicas": 3,
        "availableReplicas": 3,
        "conditions": [{"type": "Progressing", "status": "True", "reason": "ReplicaSetUpdated"}],
    }
    obj = {
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "default", "uid": "u"},
        "spec": spec,
        "status": status,
    }
    assert view.item("/registry/deployments.apps/default/web", obj, no_cells) == {
        "kind": "Deployment",
        "name": "web",
        "namespace": "default",
        "uid": "u",
        "desired": 3,
        "updated": 1,
        "ready": 3,
        "available": 3,
        "total": 4,
        "at_least": 3,
        "at_most": 4,
        "paused": False,
        "strategy": "RollingUpdate",
        "images": ["nginx:1.9.1"],
        "progress": "ReplicaSetUpdated",
    }


def test_a_new_deployment_without_a_status_is_shown_with_zeros():
    obj = {"kind": "Deployment", "metadata": {"name": "web", "namespace": "default"}, "spec": {"replicas": 2}}
    shown = view.item("/registry/deployments.apps/default/web", obj, no_cells)
    assert (shown["desired"], shown["total"], shown["ready"], shown["progress"]) == (2, 0, 0, "")


def test_a_replica_set_carries_its_revision_and_hash():
    meta = {
        "name": "web-5d4f",
        "namespace": "default",
        "uid": "u",
        "labels": {"pod-template-hash": "5d4f"},
        "annotations": {"deployment.kubernetes.io/revision": "2"},
        "ownerReferences": [{"kind": "Deployment", "name": "web", "uid": "d", "controller": True}],
    }
    obj = {"kind": "ReplicaSet", "metadata": meta, "spec": {"replicas": 0}, "status": {"replicas": 1}}
    shown = view.item("/registry/replicasets.apps/default/web-5d4f", obj, no_cells)
    assert (shown["owner"], shown["revision"], shown["hash"], shown["desired"], shown["current"]) == (
        "d",
        2,
        "5d4f",
        0,
        1,
    )


def test_a_stateful_set_carries_its_revisions_and_partition():
    spec = {"replicas": 5, "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 3}}}
    status = {
        "replicas": 5,
        "readyReplicas": 4,
        "updatedReplicas": 2,
        "currentRevision": "web-1",
        "updateRevision": "web-2",
    }
    obj = {"kind": "StatefulSet", "metadata": {"name": "web", "namespace": "default"}, "spec": spec, "status": status}
    assert view.item("/registry/statefulsets.apps/default/web", obj, no_cells) == {
        "kind": "StatefulSet",
        "name": "web",
        "namespace": "default",
        "uid": "",
        "desired": 5,
        "current": 5,
        "ready": 4,
        "updated": 2,
        "current_revision": "web-1",
        "update_revision": "web-2",
        "partition": 3,
        "strategy": "RollingUpdate",
        "images": [],
    }


def test_a_node_is_shown_with_what_it_offers():
    status = {"allocatable": {"cpu": "4", "memory": "8Gi", "pods": "110"}, "conditions": [READY]}
    obj = {"kind": "Node", "metadata": {"name": "k8s-node01"}, "spec": {"unschedulable": True}, "status": status}
    shown = view.item("/registry/nodes/k8s-node01", obj, lambda r, o: {"Status": "Ready,SchedulingDisabled"})
    assert shown == {
        "kind": "Node",
        "name": "k8s-node01",
        "ready": True,
        "status": "Ready,SchedulingDisabled",
        "unschedulable": True,
        "cpu": "4",
        "memory": "8Gi",
        "pods": "110",
    }


def test_a_service_is_shown_with_its_address_and_ports():
    spec = {"type": "ClusterIP", "clusterIP": "10.96.0.1", "selector": {"app": "web"}}
    obj = {"kind": "Service", "metadata": {"name": "web", "namespace": "default"}, "spec": spec}
    assert view.item("/registry/services/default/web", obj, lambda r, o: {"Port(s)": "80/TCP"}) == {
        "kind": "Service",
        "name": "web",
        "namespace": "default",
        "type": "ClusterIP",
        "cluster_ip": "10.96.0.1",
        "ports": "80/TCP",
        "selector": {"app": "web"},
    }


def test_other_kinds_are_shown_by_name_and_what_ticks_by_itself_is_not_shown():
    objects = [
        ("/registry/configmaps/default/c", {"kind": "ConfigMap", "metadata": {"name": "c", "namespace": "default"}}),
        ("/registry/namespaces/default", {"kind": "Namespace", "metadata": {"name": "default"}}),
        ("/registry/events/default/e", {"kind": "Event", "metadata": {"name": "e", "namespace": "default"}}),
        ("/registry/leases.coordination.k8s.io/kube-node-lease/n", {"kind": "Lease", "metadata": {"name": "n"}}),
    ]
    assert view.items(objects, no_cells) == {
        "/registry/configmaps/default/c": {"kind": "ConfigMap", "name": "c", "namespace": "default"},
        "/registry/namespaces/default": {"kind": "Namespace", "name": "default"},
    }
