"""The scheduler's scenarios: preemption, priority classes, and what lets a pod onto a node.

Follows test/e2e/scheduling/{preemption,predicates}.go of Kubernetes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from kubernetes import client
from kubernetes.client.rest import ApiException

from tests.e2e.framework import PAUSE, STRATEGIC, Framework

FOO, FAKE_CPU, FAKE = "scheduling.k8s.io/foo", "example.com/fakecpu", "example.com/fakePTSRes"
CLASSES = {"sched-low-priority": 1, "sched-medium-priority": 100, "sched-high-priority": 1000}
LOW, MEDIUM, HIGH = CLASSES
EVERY_ADDRESS = "0.0.0.0"  # noqa: S104 - in a manifest


@pytest.fixture
def scheduling(f: Framework) -> Iterator[client.SchedulingV1Api]:
    """The three priority classes; what was advertised on nodes is taken back afterwards."""
    api = client.SchedulingV1Api(f.api_client)
    for name, value in CLASSES.items():
        api.create_priority_class({"metadata": {"name": name}, "value": value})
    yield api
    for name in CLASSES:
        api.delete_priority_class(name)
    for resource in (FOO, FAKE_CPU, FAKE):
        for node in f.schedulable_nodes():
            advertise(f, node.metadata.name, resource, None)


def advertise(f: Framework, node: str, resource: str, amount: str | None) -> None:
    f.core.patch_node_status(node, {"status": {"capacity": {resource: amount}}}, _content_type=STRATEGIC)


def by_name(node: str) -> dict[str, Any]:
    field = {"key": "metadata.name", "operator": "In", "values": [node]}
    terms = [{"matchFields": [field]}]
    return {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}}


def pause(name: str, resources: dict[str, str] | None = None, **spec: Any) -> dict[str, Any]:
    container: dict[str, Any] = {"name": name, "image": PAUSE, "resources": {}}
    if resources:
        container["resources"] = {"requests": resources, "limits": resources}
    container["ports"] = spec.pop("ports", [])
    labels = spec.pop("labels", {})
    spec = {"terminationGracePeriodSeconds": 1, "containers": [container], **spec}
    return {"metadata": {"name": name, "labels": labels}, "spec": spec}


def create(f: Framework, body: dict[str, Any], namespace: str = "") -> Any:
    return f.core.create_namespaced_pod(namespace or f.ns, body)


def run(f: Framework, body: dict[str, Any]) -> Any:
    create(f, body)
    return f.wait_for_pod_running(body["metadata"]["name"])


def fill(f: Framework) -> list[str]:
    """A pod on each node that uses two of three foos: the first of low priority, the others of medium."""
    names = []
    for index, node in enumerate(sorted(node.metadata.name for node in f.schedulable_nodes())):
        advertise(f, node, FOO, "3")
        name, rank = f"pod{index}", MEDIUM if index else LOW
        names.append(name)
        create(f, pause(name, {FOO: "2"}, priorityClassName=rank, affinity=by_name(node)))
    for name in names:
        f.wait_for_pod_running(name)
    return names


def confirm_only_first_is_gone(f: Framework, names: list[str]) -> None:
    first = f.read(f.core.read_namespaced_pod, names[0])
    assert first is None or first.metadata.deletion_timestamp is not None
    for name in names[1:]:
        assert f.core.read_namespaced_pod(name, f.ns).metadata.deletion_timestamp is None


def test_basic_preemption_works(f: Framework, scheduling: client.SchedulingV1Api) -> None:
    names = fill(f)
    run(f, pause("preemptor-pod", {FOO: "2"}, priorityClassName=HIGH))
    confirm_only_first_is_gone(f, names)


def test_a_critical_pod_preempts_one_of_lower_priority(f: Framework, scheduling: client.SchedulingV1Api) -> None:
    names = fill(f)
    create(f, pause("critical-pod", {FOO: "2"}, priorityClassName="system-cluster-critical"), "kube-system")
    try:
        f.eventually(
            lambda: f.core.read_namespaced_pod("critical-pod", "kube-system").status.phase == "Running", "it runs"
        )
        confirm_only_first_is_gone(f, names)
    finally:
        f.core.delete_namespaced_pod("critical-pod", "kube-system", grace_period_seconds=0)


def test_as_many_are_preempted_as_the_spread_asks_for(f: Framework, scheduling: client.SchedulingV1Api) -> None:
    key, label = "kubernetes.io/e2e-pts-preemption", {"e2e-pts-preemption": ""}
    nodes = sorted(node.metadata.name for node in f.schedulable_nodes())[:2]
    for node in nodes:
        f.core.patch_node(node, {"metadata": {"labels": {key: node}}})
        advertise(f, node, FAKE, "10")
    expression = {"key": key, "operator": "In", "values": nodes}
    terms = [{"matchExpressions": [expression]}]
    affinity = {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}}
    more = {"labels": label, "affinity": affinity}
    run(f, pause("high", {FAKE: "9"}, priorityClassName=HIGH, **more))
    for index in (1, 2, 3):
        run(f, pause(f"low-{index}", {FAKE: "3"}, priorityClassName=LOW, **more))
    selector = {"matchExpressions": [{"key": "e2e-pts-preemption", "operator": "Exists"}]}
    spread = {"maxSkew": 1, "topologyKey": key, "whenUnsatisfiable": "DoNotSchedule", "labelSelector": selector}
    run(f, pause("medium", {FAKE: "3"}, priorityClassName=MEDIUM, topologySpreadConstraints=[spread], **more))
    f.eventually(lambda: len(f.pods(**label)) == 3, "three pods are left")
    assert sorted(pod.metadata.name.partition("-")[0] for pod in f.pods(**label)) == ["high", "low", "medium"]
    for node in nodes:
        f.core.patch_node(node, {"metadata": {"labels": {key: None}}})


def test_replica_sets_make_each_preempted_pod_anew_once(f: Framework, scheduling: client.SchedulingV1Api) -> None:
    node = f.schedulable_nodes()[0].metadata
    advertise(f, node.name, FAKE_CPU, "1000")
    here = {"nodeSelector": {"kubernetes.io/hostname": node.labels["kubernetes.io/hostname"]}}
    for index in range(1, 5):
        scheduling.create_priority_class({"metadata": {"name": f"p{index}"}, "value": index})
    for index, amount in ((1, "200"), (2, "300"), (3, "450")):
        template = pause(f"pod{index}", {FAKE_CPU: amount}, priorityClassName=f"p{index}", **here)
        template["metadata"] = {"labels": {"name": f"pod{index}"}}
        spec = {"replicas": 1, "selector": {"matchLabels": {"name": f"pod{index}"}}, "template": template}
        f.apps.create_namespaced_replica_set(f.ns, {"metadata": {"name": f"rs-pod{index}"}, "spec": spec})
        f.wait_for_pods_running(1, name=f"pod{index}")
    first = {pod.metadata.name for pod in f.pods()}
    create(f, pause("pod4", {FAKE_CPU: "500"}, priorityClassName="p4", labels={"name": "pod4"}, **here))
    f.wait_for_pod_running("pod4")
    seen = set(first)

    def each_once() -> bool:
        seen.update(pod.metadata.name for pod in f.pods() if pod.metadata.name != "pod4")
        return [sum(name.startswith(f"rs-pod{index}") for name in seen) for index in (1, 2, 3)] == [2, 2, 1]

    f.eventually(each_once, "the first two are made anew")
    f.throughout(60, each_once)
    for index in range(1, 5):
        scheduling.delete_priority_class(f"p{index}")


def test_of_a_priority_class_all_but_its_value_may_change(f: Framework, scheduling: client.SchedulingV1Api) -> None:
    with pytest.raises(ApiException) as refused:
        scheduling.patch_priority_class(LOW, {"value": 10}, _content_type=STRATEGIC)
    assert refused.value.status == 422
    changed = scheduling.read_priority_class(MEDIUM)
    changed.value *= 10
    with pytest.raises(ApiException) as refused:
        scheduling.replace_priority_class(MEDIUM, changed)
    assert refused.value.status == 422
    scheduling.patch_priority_class(LOW, {"description": "updated"}, _content_type=STRATEGIC)
    changed = scheduling.read_priority_class(MEDIUM)
    changed.description = "updated"
    scheduling.replace_priority_class(MEDIUM, changed)
    found = {item.metadata.name: item for item in scheduling.list_priority_class().items}
    assert [(found[name].value, found[name].description) for name in (LOW, MEDIUM)] == [
        (1, "updated"),
        (100, "updated"),
    ]


# What lets a pod onto a node.


def confirm_waits(f: Framework, name: str) -> None:
    """The pod is not scheduled, and an event says so."""

    def failed() -> bool:
        events = f.core.list_namespaced_event(f.ns, field_selector=f"involvedObject.name={name}").items
        return any(event.reason == "FailedScheduling" for event in events)

    f.eventually(failed, f"{name} is found to fit nowhere")
    pod = f.core.read_namespaced_pod(name, f.ns)
    assert (pod.status.phase, pod.spec.node_name) == ("Pending", None)


def test_limits_of_resources_are_respected(f: Framework) -> None:
    nodes = f.schedulable_nodes()
    for index, node in enumerate(nodes):
        cores = float(node.status.allocatable["cpu"])
        run(f, pause(f"filler-{index}", {"cpu": f"{int(cores * 700)}m"}, affinity=by_name(node.metadata.name)))
    create(f, pause("additional-pod", {"cpu": f"{int(float(nodes[0].status.allocatable['cpu']) * 500)}m"}))
    confirm_waits(f, "additional-pod")


def test_a_node_selector_is_respected(f: Framework) -> None:
    create(f, pause("restricted-pod", nodeSelector={"label": "nonempty"}))
    confirm_waits(f, "restricted-pod")
    node = f.schedulable_nodes()[0].metadata.name
    f.core.patch_node(node, {"metadata": {"labels": {"kubernetes.io/e2e-x": "42"}}})
    found = run(f, pause("with-labels", nodeSelector={"kubernetes.io/e2e-x": "42"}))
    assert found.spec.node_name == node
    f.core.patch_node(node, {"metadata": {"labels": {"kubernetes.io/e2e-x": None}}})


def test_taints_are_respected_unless_tolerated(f: Framework) -> None:
    node = f.schedulable_nodes()[0].metadata.name
    taint = {"key": "kubernetes.io/e2e-taint-key", "value": "testing-taint-value", "effect": "NoSchedule"}
    f.core.patch_node(node, {"metadata": {"labels": {"e2e": "x"}}, "spec": {"taints": [taint]}})
    tolerations = [{**taint, "operator": "Equal"}]
    assert run(f, pause("with-tolerations", tolerations=tolerations, nodeSelector={"e2e": "x"})).spec.node_name == node
    create(f, pause("still-no-tolerations", nodeSelector={"e2e": "x"}))
    confirm_waits(f, "still-no-tolerations")
    f.core.patch_node(node, {"spec": {"taints": None}})
    f.wait_for_pod_running("still-no-tolerations")
    f.core.patch_node(node, {"metadata": {"labels": {"e2e": None}}})


def test_the_same_host_port_conflicts_by_address_and_protocol(f: Framework) -> None:
    node = f.schedulable_nodes()[0]
    here = {"nodeSelector": {"kubernetes.io/hostname": node.metadata.labels["kubernetes.io/hostname"]}}
    address = next(one.address for one in node.status.addresses if one.type == "InternalIP")
    port = {"containerPort": 8080, "hostPort": 54323}
    run(f, pause("pod1", ports=[{**port, "hostIP": "127.0.0.1"}], **here))
    run(f, pause("pod2", ports=[{**port, "hostIP": address}], **here))
    run(f, pause("pod3", ports=[{**port, "hostIP": address, "protocol": "UDP"}], **here))
    run(f, pause("pod4", ports=[{"containerPort": 8080, "hostPort": 54322, "hostIP": EVERY_ADDRESS}], **here))
    create(f, pause("pod5", ports=[{"containerPort": 8080, "hostPort": 54322, "hostIP": address}], **here))
    confirm_waits(f, "pod5")
