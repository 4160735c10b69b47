"""The rows that `kubectl get` prints. `data/columns.json` holds the columns of a real server."""

# ruff: noqa: E501 - one whole message or row a line
from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cluster_engine.api.registry import strategies
from cluster_engine.apimachinery.meta import Obj
from cluster_engine.clock import DEFAULT_START_US, SECOND_US, rfc3339

COLUMNS: dict[str, list[list[Any]]] = json.loads((Path(__file__).parent / "data" / "columns.json").read_text())
GROUPS = {"deployments": ".apps", "replicasets": ".apps", "statefulsets": ".apps", "controllerrevisions": ".apps",
          "leases": ".coordination.k8s.io"}  # fmt: skip
NOW_US = DEFAULT_START_US + 100 * SECOND_US


def ago(seconds: int) -> str:
    return rfc3339(NOW_US - seconds * SECOND_US)


def meta(name: str = "web", seconds: int = 57, **more: Any) -> Obj:
    return {"name": name, "namespace": "default", "creationTimestamp": ago(seconds), **more}


def row(resource: str, obj: Obj) -> list[Any]:
    return strategies()[resource].cells({"metadata": meta(), **obj}, NOW_US)


@pytest.mark.parametrize("resource", COLUMNS)
def test_columns_are_those_of_a_real_server(resource: str) -> None:
    strategy = strategies()[resource + GROUPS.get(resource, "")]
    assert [[c.name, c.type, c.format, c.priority] for c in strategy.columns] == COLUMNS[resource]


@pytest.mark.parametrize("strategy", strategies().values(), ids=list(strategies()))
def test_a_row_has_a_cell_for_each_column_even_of_an_empty_object(strategy: Any) -> None:
    assert len(strategy.cells({"metadata": {"name": "x"}}, NOW_US)) == len(strategy.columns)


RUNNING = {"running": {"startedAt": ago(5)}}
STARTED = {"phase": "Running", "podIPs": [{"ip": "10.244.0.208"}]}


def container(
    name: str = "c", *, ready: bool = False, restarts: int = 0, finished: int | None = None, **state: Any
) -> Obj:
    last = {"terminated": {"exitCode": 1, "finishedAt": ago(finished)}} if finished is not None else {}
    return {"name": name, "ready": ready, "restartCount": restarts, "state": state, "lastState": last}


def pod(status: Obj, **more: Any) -> Obj:
    spec: Obj = {"containers": [{"name": "c"}], **more.pop("spec", {})}
    return {"metadata": meta("p", 5, **more), "spec": spec, "status": status}


POD_ROWS: list[tuple[str, Obj, list[str]]] = [
    ("just created", pod({"phase": "Pending"}), ["0/1", "Pending", "0"]),
    ("running", pod({**STARTED, "containerStatuses": [container(ready=True, **RUNNING)]}), ["1/1", "Running", "0"]),
    (
        "creating",
        pod({"phase": "Pending", "containerStatuses": [container(waiting={"reason": "ContainerCreating"})]}),
        ["0/1", "ContainerCreating", "0"],
    ),
    (
        "crashing",
        pod({**STARTED, "containerStatuses": [container(restarts=3, finished=20, waiting={"reason": "CrashLoopBackOff"})]}),
        ["0/1", "CrashLoopBackOff", "3 (20s ago)"],
    ),
    (
        "ended well",
        pod({"phase": "Succeeded", "containerStatuses": [container(terminated={"exitCode": 0, "reason": "Completed"})]}),
        ["0/1", "Completed", "0"],
    ),
    (
        "ended with a code alone",
        pod({"phase": "Failed", "containerStatuses": [container(terminated={"exitCode": 3})]}),
        ["0/1", "ExitCode:3", "0"],
    ),
    (
        "ended by a signal",
        pod({"phase": "Failed", "containerStatuses": [container(terminated={"exitCode": 137, "signal": 9})]}),
        ["0/1", "Signal:9", "0"],
    ),
    (
        "on its way out",
        pod({**STARTED, "containerStatuses": [container(ready=True, **RUNNING)]}, deletionTimestamp=ago(1)),
        ["1/1", "Terminating", "0"],
    ),
    (
        "lost with its node",
        pod({**STARTED, "reason": "NodeLost", "containerStatuses": []}, deletionTimestamp=ago(1)),
        ["0/1", "Unknown", "0"],
    ),
    ("evicted", pod({"phase": "Failed", "reason": "Evicted"}), ["0/1", "Evicted", "0"]),
    (
        "held by a gate",
        pod({"phase": "Pending", "conditions": [{"type": "PodScheduled", "status": "False", "reason": "SchedulingGated"}]}),
        ["0/1", "SchedulingGated", "0"],
    ),
    (
        "first of two init containers",
        pod(
            {"phase": "Pending", "initContainerStatuses": [container("i", **RUNNING), container("j", waiting={})]},
            spec={"initContainers": [{"name": "i"}, {"name": "j"}]},
        ),
        ["0/1", "Init:0/2", "0"],
    ),
    (
        "init container that fails",
        pod(
            {"phase": "Pending", "initContainerStatuses": [
                container("i", restarts=2, finished=9, waiting={"reason": "CrashLoopBackOff"})]},
            spec={"initContainers": [{"name": "i"}]},
        ),
        ["0/1", "Init:CrashLoopBackOff", "2 (9s ago)"],
    ),
    (
        "init container done",
        pod(
            {
                "phase": "Pending",
                "initContainerStatuses": [container("i", ready=True, terminated={"exitCode": 0})],
                "containerStatuses": [container(waiting={"reason": "PodInitializing"})],
            },
            spec={"initContainers": [{"name": "i"}]},
        ),
        ["0/1", "PodInitializing", "0"],
    ),
    (
        "with a sidecar",
        pod(
            {
                **STARTED,
                "initContainerStatuses": [{**container("s", ready=True, **RUNNING), "started": True}],
                "containerStatuses": [container(ready=True, **RUNNING)],
            },
            spec={"initContainers": [{"name": "s", "restartPolicy": "Always"}]},
        ),
        ["2/2", "Running", "0"],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("obj", "expected"), [case[1:] for case in POD_ROWS], ids=[case[0] for case in POD_ROWS])
def test_a_pod_shows_how_it_is(obj: Obj, expected: list[str]) -> None:
    assert row("pods", obj)[:5] == ["p", *expected, "5s"]


def test_a_pod_shows_where_it_is() -> None:
    obj = pod({**STARTED}, spec={"nodeName": "k8s-node01"})
    assert row("pods", obj)[5:] == ["10.244.0.208", "k8s-node01", "<none>", "<none>"]
    assert row("pods", pod({}))[5:] == ["<none>", "<none>", "<none>", "<none>"]


def test_readiness_gates_are_counted() -> None:
    gates = {"readinessGates": [{"conditionType": "a"}, {"conditionType": "b"}]}
    assert row("pods", pod({"conditions": [{"type": "a", "status": "True"}]}, spec=gates))[8] == "1/2"


@pytest.mark.parametrize("phase", ["Succeeded", "Failed"])
def test_the_row_of_a_pod_that_ended_says_so(phase: str) -> None:
    (condition,) = strategies()["pods"].row_conditions(pod({"phase": phase}))
    assert (condition["type"], condition["status"], condition["reason"]) == ("Completed", "True", phase)
    assert strategies()["pods"].row_conditions(pod({"phase": "Running"})) == []


TEMPLATE = {"template": {"spec": {"containers": [{"name": "c", "image": "nginx:1.25"}, {"name": "d", "image": "a"}]}}}
SELECTOR = {"selector": {"matchLabels": {"app": "web"}}}


def service(**spec: Any) -> Obj:
    return {
        "spec": {"type": "ClusterIP", "clusterIPs": ["10.96.1.199"], "ports": [{"port": 80, "protocol": "TCP"}], **spec}
    }


def endpoints(count: int) -> Obj:
    addresses = [{"ip": f"10.244.0.{number}"} for number in range(1, count + 1)]
    return {"subsets": [{"addresses": addresses, "ports": [{"port": 80}]}]}


ROWS: list[tuple[str, str, Obj, list[Any]]] = [
    (
        "deployment",
        "deployments.apps",
        {"spec": {"replicas": 5, **TEMPLATE, **SELECTOR},
         "status": {"readyReplicas": 3, "updatedReplicas": 4, "availableReplicas": 2}},
        ["web", "3/5", 4, 2, "57s", "c,d", "nginx:1.25,a", "app=web"],
    ),
    (
        "replica set",
        "replicasets.apps",
        {"spec": {"replicas": 3, **TEMPLATE, **SELECTOR}, "status": {"replicas": 2, "readyReplicas": 1}},
        ["web", 3, 2, 1, "57s", "c,d", "nginx:1.25,a", "app=web"],
    ),
    (
        "stateful set",
        "statefulsets.apps",
        {"spec": {"replicas": 2, **TEMPLATE}, "status": {"readyReplicas": 1}},
        ["web", "1/2", "57s", "c,d", "nginx:1.25,a"],
    ),
    ("service", "services", service(selector={"app": "web"}),
     ["web", "ClusterIP", "10.96.1.199", "<none>", "80/TCP", "57s", "app=web"]),
    ("headless service", "services", service(clusterIPs=["None"], ports=[]),
     ["web", "ClusterIP", "None", "<none>", "<none>", "57s", "<none>"]),
    (
        "node port service",
        "services",
        service(type="NodePort", ports=[{"port": 80, "nodePort": 30080, "protocol": "TCP"}, {"port": 53, "protocol": "UDP"}]),
        ["web", "NodePort", "10.96.1.199", "<none>", "80:30080/TCP,53/UDP", "57s", "<none>"],
    ),
    ("load balancer that waits", "services", service(type="LoadBalancer"),
     ["web", "LoadBalancer", "10.96.1.199", "<pending>", "80/TCP", "57s", "<none>"]),
    ("external name", "services", {"spec": {"type": "ExternalName", "externalName": "example.com"}},
     ["web", "ExternalName", "<none>", "example.com", "<none>", "57s", "<none>"]),
    ("no endpoints", "endpoints", {}, ["web", "<none>", "57s"]),
    ("three endpoints", "endpoints", endpoints(3), ["web", "10.244.0.1:80,10.244.0.2:80,10.244.0.3:80", "57s"]),
    ("six endpoints", "endpoints", endpoints(6), ["web", "10.244.0.1:80,10.244.0.2:80,10.244.0.3:80 + 3 more...", "57s"]),
    (
        "endpoint slice",
        "endpointslices.discovery.k8s.io",
        {"addressType": "IPv4", "ports": [{"port": 80}], "endpoints": [{"addresses": ["10.244.0.1"]}]},
        ["web", "IPv4", "80", "10.244.0.1", "57s"],
    ),
    ("empty endpoint slice", "endpointslices.discovery.k8s.io", {"addressType": "IPv6"},
     ["web", "IPv6", "<unset>", "<unset>", "57s"]),
    ("config map", "configmaps", {"data": {"a": "1"}, "binaryData": {"b": ""}}, ["web", 2, "57s"]),
    ("secret", "secrets", {"type": "Opaque", "data": {"a": "MQ=="}}, ["web", "Opaque", 1, "57s"]),
    ("namespace", "namespaces", {"status": {"phase": "Active"}}, ["web", "Active", "57s"]),
    ("service account", "serviceaccounts", {}, ["web", 0, "57s"]),
    ("lease", "leases.coordination.k8s.io", {"spec": {"holderIdentity": "k8s-node01"}}, ["web", "k8s-node01", "57s"]),
    (
        "volume",
        "persistentvolumes",
        {"spec": {"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce", "ReadOnlyMany"],
                  "persistentVolumeReclaimPolicy": "Retain", "storageClassName": "manual", "volumeMode": "Filesystem",
                  "claimRef": {"namespace": "default", "name": "data-db-0"}}, "status": {"phase": "Bound"}},
        ["web", "1Gi", "RWO,ROX", "Retain", "Bound", "default/data-db-0", "manual", "<unset>", "", "57s", "Filesystem"],
    ),
    (
        "bound claim",
        "persistentvolumeclaims",
        {"spec": {"volumeName": "pv0", "volumeMode": "Filesystem", "storageClassName": "manual"},
         "status": {"phase": "Bound", "capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"]}},
        ["web", "Bound", "pv0", "1Gi", "RWO", "manual", "<unset>", "57s", "Filesystem"],
    ),
    (
        "claim that waits",
        "persistentvolumeclaims",
        {"spec": {"volumeMode": "Filesystem"}, "status": {"phase": "Pending"}},
        ["web", "Pending", "", "", "", "", "<unset>", "57s", "Filesystem"],
    ),
    (
        "revision",
        "controllerrevisions.apps",
        {"metadata": meta("web-7dc4f664f9", ownerReferences=[
            {"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "web", "controller": True}]), "revision": 2},
        ["web-7dc4f664f9", "statefulset.apps/web", 2, "57s"],
    ),
    (
        "event",
        "events",
        {"metadata": meta("web.1"), "type": "Normal", "reason": "Pulled", "message": "done \n", "count": 4,
         "involvedObject": {"kind": "Pod", "name": "web-0", "fieldPath": "spec.containers{c}"},
         "source": {"component": "kubelet", "host": "k8s-node01"},
         "firstTimestamp": ago(90), "lastTimestamp": ago(12)},
        ["12s", "Normal", "Pulled", "pod/web-0", "spec.containers{c}", "kubelet, k8s-node01", "done", "90s", 4, "web.1"],
    ),
    (
        "event of the newer API",
        "events",
        {"metadata": meta("web.2"), "type": "Normal", "reason": "Scheduled", "message": "m", "eventTime": ago(7),
         "involvedObject": {"kind": "Pod", "name": "web-0"}, "reportingComponent": "default-scheduler",
         "reportingInstance": "default-scheduler-vm", "source": {}},
        ["7s", "Normal", "Scheduled", "pod/web-0", "", "default-scheduler, default-scheduler-vm", "m", "7s", 1, "web.2"],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("resource", "obj", "expected"), [c[1:] for c in ROWS], ids=[c[0] for c in ROWS])
def test_a_row_reads_as_a_real_server_prints_it(resource: str, obj: Obj, expected: list[Any]) -> None:
    assert row(resource, obj) == expected


def node(ready: str | None, labels: dict[str, str] | None = None, **spec: Any) -> Obj:
    conditions = [] if ready is None else [{"type": "Ready", "status": ready}]
    info = {
        "kubeletVersion": "v1.32.4",
        "osImage": "Linux",
        "kernelVersion": "6.1",
        "containerRuntimeVersion": "containerd://1.7",
    }
    addresses = [{"type": "InternalIP", "address": "192.168.0.10"}]
    return {
        "metadata": meta("k8s-node01", labels=labels or {}),
        "spec": spec,
        "status": {"conditions": conditions, "nodeInfo": info, "addresses": addresses},
    }


@pytest.mark.parametrize(
    ("obj", "status", "roles"),
    [
        (node("True"), "Ready", "<none>"),
        (node("False"), "NotReady", "<none>"),
        (node("Unknown", unschedulable=True), "NotReady,SchedulingDisabled", "<none>"),
        (node(None), "Unknown", "<none>"),
        (node("True", {"node-role.kubernetes.io/worker": "", "kubernetes.io/role": "edge"}), "Ready", "edge,worker"),
    ],
)
def test_a_node_shows_whether_it_is_ready_and_what_for(obj: Obj, status: str, roles: str) -> None:
    assert row("nodes", obj) == [
        "k8s-node01", status, roles, "57s", "v1.32.4", "192.168.0.10", "<none>", "Linux", "6.1", "containerd://1.7",
    ]  # fmt: skip
