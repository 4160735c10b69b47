"""StatefulSet, basic scenarios of test/e2e/apps/statefulset.go: identity, order, updates, evictions."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from kubernetes import client

from tests.e2e.framework import BUSYBOX, HTTPD, NEW_HTTPD, POD_START_SECONDS, Framework, controller_of
from tests.e2e.stateful import (
    HTTP_PROBE,
    PAUSE_PROBE,
    SERVICE,
    Sets,
    headless_service,
    images_and_revisions,
    rolling,
    stateful_set,
)

FINALIZER = "example.com/test-finalizer"


@pytest.fixture
def ss(f: Framework) -> Iterator[Sets]:
    f.core.create_namespaced_service(f.ns, headless_service())
    sets = Sets(f, "ss")
    yield sets
    sets.clean_up()


def test_provides_basic_identity(f: Framework, ss: Sets) -> None:
    ss.create(stateful_set("ss", 3, volumes=True, probe=PAUSE_PROBE))
    ss.saturate()
    ss.wait_for_ready(3)
    ss.check_mount("/data")
    names = ["ss-0", "ss-1", "ss-2"]
    assert ss.run_in_all("printf $(hostname)") == {name: name for name in names}
    assert ss.get().spec.service_name == SERVICE
    ss.run_in_all("echo $(hostname) | dd of=/data/hostname conv=fsync")
    ss.run_in_all("ln -s /data/hostname /data/hostname-symlink")
    ss.restart()
    # What was written is still there, and with it what the probes look for.
    ss.wait_for_ready(3)
    ss.check_mount("/data")
    for file in ("hostname", "hostname-symlink"):
        ss.run_in_all(f'if [ "$(cat /data/{file})" = "$(hostname)" ]; then exit 0; else exit 1; fi')


def test_adopts_matching_orphans_and_releases_pods_that_do_not_match(f: Framework, ss: Sets) -> None:
    made = ss.create(stateful_set("ss", 1, volumes=True, probe=PAUSE_PROBE))
    ss.saturate()
    (pod,) = ss.pods()
    owner = controller_of(pod)
    assert (owner.kind, owner.name, owner.uid) == ("StatefulSet", "ss", made.metadata.uid)
    labels = pod.metadata.labels
    read, replace = f.core.read_namespaced_pod, f.core.replace_namespaced_pod

    def owner_uid() -> str | None:
        found = controller_of(f.core.read_namespaced_pod("ss-0", f.ns))
        return found and found.uid

    f.update(read, replace, "ss-0", lambda pod: setattr(pod.metadata, "owner_references", None))
    f.eventually(lambda: owner_uid() == made.metadata.uid, "adopted again")
    f.update(read, replace, "ss-0", lambda pod: setattr(pod.metadata, "labels", None))
    f.eventually(lambda: owner_uid() is None, "released")
    f.update(read, replace, "ss-0", lambda pod: setattr(pod.metadata, "labels", labels))
    f.eventually(lambda: owner_uid() == made.metadata.uid, "adopted once more")


def test_does_not_deadlock_when_the_predecessor_of_a_pod_fails(f: Framework, ss: Sets) -> None:
    ss.create(stateful_set("ss", 2, volumes=True, probe=PAUSE_PROBE))
    ss.wait_for_running(1, 0)
    ss.resume_next_pod()
    ss.wait_for_running(2, 1)
    # The healthy one is made again, although the other is not healthy.
    ss.delete_pod_at(0)
    ss.wait_for_running(2, 1)
    ss.resume_next_pod()
    ss.wait_for_ready(2)


@pytest.mark.parametrize("volumes", [False, True], ids=["plain", "with volumes"])
def test_rolls_templates_forward_and_back(f: Framework, ss: Sets, volumes: bool) -> None:
    ss.create(stateful_set("ss", 3, volumes=volumes, probe=HTTP_PROBE))
    ss.wait_for_ready(3)
    found = ss.wait_for_status()
    first = found.status.current_revision
    assert found.status.update_revision == first
    assert images_and_revisions(ss.pods()) == [(HTTPD, first)] * 3
    # While one pod is not well, nothing is replaced.
    ss.break_probe("ss-1")
    ss.wait_for_pod("ss-1", ready=False)
    ss.update(lambda found: setattr(found.spec.template.spec.containers[0], "image", NEW_HTTPD))
    found = ss.wait_for_status()
    second = found.status.update_revision
    assert found.status.current_revision == first != second
    ss.restore_probe("ss-1")
    found, pods = ss.wait_for_rolling_update()
    assert found.status.current_revision == second
    assert images_and_revisions(pods) == [(NEW_HTTPD, second)] * 3
    # And back: the revision is the first one, not a third.
    ss.break_probe("ss-1")
    ss.wait_for_pod("ss-1", ready=False)
    ss.update(lambda found: setattr(found.spec.template.spec.containers[0], "image", HTTPD))
    found = ss.wait_for_status()
    assert (found.status.current_revision, found.status.update_revision) == (second, first)
    ss.restore_probe("ss-1")
    found, pods = ss.wait_for_rolling_update()
    assert found.status.current_revision == first
    assert images_and_revisions(pods) == [(HTTPD, first)] * 3
    revisions = f.apps.list_namespaced_controller_revision(f.ns).items
    assert sorted((item.metadata.name, item.revision) for item in revisions) == sorted([(first, 3), (second, 2)])


def test_updates_a_canary_and_then_in_phases(f: Framework, ss: Sets) -> None:
    ss.create(stateful_set("ss", 3, probe=HTTP_PROBE, updateStrategy=rolling(3)))
    ss.wait_for_ready(3)
    old = ss.wait_for_status().status.current_revision
    ss.update(lambda found: setattr(found.spec.template.spec.containers[0], "image", NEW_HTTPD))
    found = ss.wait_for_status()
    new = found.status.update_revision
    assert found.status.current_revision == old != new
    was, becomes = (HTTPD, old), (NEW_HTTPD, new)
    assert images_and_revisions(ss.pods()) == [was] * 3

    def partition(number: int) -> list[tuple[str, str]]:
        ss.update(lambda found: setattr(found.spec.update_strategy.rolling_update, "partition", number))
        return images_and_revisions(ss.wait_for_partitioned_update()[1])

    assert partition(2) == [was, was, becomes]
    # Pods that go missing come back at the revision of their side of the partition.
    ss.delete_pod_at(0)
    ss.delete_pod_at(2)
    ss.wait_for_ready(3)
    assert images_and_revisions(ss.pods()) == [was, was, becomes]
    assert partition(1) == [was, becomes, becomes]
    assert partition(0) == [becomes] * 3
    assert ss.get().status.current_revision == new


FAILING = """
echo "Running in pod $POD_NAME"
_term(){
  echo "Received SIGTERM signal"
  if [ "${POD_NAME}" = "ss-0" ]; then
    exit 1
  else
    exit 0
  fi
}
trap _term SIGTERM
while true; do
  echo "Running in infinite loop in $POD_NAME"
  sleep 1
done
"""


@pytest.mark.parametrize("failing", [False, True], ids=["well", "with a container that fails"])
def test_keeps_the_old_revision_below_the_partition_for_a_pod_that_is_deleted(
    f: Framework, ss: Sets, failing: bool
) -> None:
    body = stateful_set("ss", 3, probe=HTTP_PROBE, updateStrategy=rolling(1))
    if failing:
        name = {"name": "POD_NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}
        container = {"name": "sleep-exit-with-1", "image": BUSYBOX, "command": ["sh", "-c"], "args": [FAILING]}
        body["spec"]["template"]["spec"]["containers"].append({**container, "env": [name]})
    ss.create(body)
    ss.wait_for_ready(3)
    old = ss.wait_for_status().status.current_revision
    read, replace = f.core.read_namespaced_pod, f.core.replace_namespaced_pod
    f.update(read, replace, "ss-0", lambda pod: setattr(pod.metadata, "finalizers", [FINALIZER]))
    ss.update(lambda found: setattr(found.spec.template.spec.containers[0], "image", NEW_HTTPD))
    new = ss.wait_for_status().status.update_revision
    assert new != old

    def all_but_the_first(found: Any, _: list[Any]) -> bool:
        status = found.status
        return (status.updated_replicas, status.replicas, status.ready_replicas) == (2, 3, 3)

    ss.wait_for("all but the first are new", all_but_the_first)
    wanted = [(HTTPD, old), (NEW_HTTPD, new), (NEW_HTTPD, new)]
    assert images_and_revisions(ss.pods()) == wanted
    ss.delete_pod_at(0)
    ss.wait_for("the first is not ready", lambda found, _: found.status.ready_replicas == 2)
    f.update(read, replace, "ss-0", lambda pod: setattr(pod.metadata, "finalizers", None))
    ss.wait_for("all are ready", lambda found, _: found.status.ready_replicas == 3)
    assert images_and_revisions(ss.pods()) == wanted


def test_replaces_only_what_is_deleted_with_on_delete(f: Framework, ss: Sets) -> None:
    ss.create(stateful_set("ss", 3, probe=HTTP_PROBE, updateStrategy={"type": "OnDelete"}))
    ss.wait_for_ready(3)
    old = ss.wait_for_status().status.current_revision
    for index in range(3):
        ss.delete_pod_at(index)
    ss.wait_for_ready(3)
    assert images_and_revisions(ss.pods()) == [(HTTPD, old)] * 3
    ss.update(lambda found: setattr(found.spec.template.spec.containers[0], "image", NEW_HTTPD))
    new = ss.wait_for_status().status.update_revision
    assert images_and_revisions(ss.pods()) == [(HTTPD, old)] * 3
    for index in range(3):
        ss.delete_pod_at(index)
    ss.wait_for_ready(3)
    assert images_and_revisions(ss.pods()) == [(NEW_HTTPD, new)] * 3


class Order:
    """Watches that pods come or go in an order, beside the test."""

    def __init__(self, f: Framework, ss: Sets, type_: str, names: list[str]) -> None:
        self.missing = list(names)
        self._f, self._type = f, type_
        selector = ",".join(f"{key}={value}" for key, value in ss.labels.items())
        version = f.core.list_namespaced_pod(f.ns, label_selector=selector).metadata.resource_version
        self._thread = threading.Thread(target=self._watch, args=(selector, version))
        self._thread.start()

    def _watch(self, selector: str, version: str) -> None:
        def seen(type_: str, pod: Any) -> bool:
            if type_ == self._type and pod.metadata.name == self.missing[0]:
                self.missing.pop(0)
            return not self.missing

        self._f.until(self._f.core.list_namespaced_pod, seen, version, label_selector=selector)

    def confirm(self) -> None:
        self._thread.join(120)
        assert self.missing == []


def test_scales_in_order_and_halts_at_a_pod_that_is_not_well(f: Framework, ss: Sets) -> None:
    up = Order(f, ss, "ADDED", ["ss-0", "ss-1", "ss-2"])
    ss.create(stateful_set("ss", 1, probe=HTTP_PROBE))
    ss.wait_for_ready(1)
    ss.break_probe()
    ss.wait_for_not_ready(1)
    ss.wait_for_count("ready_replicas", 0)
    ss.scale_to(3)
    ss.confirm_count(1, 10, hard=True)
    ss.restore_probe()
    ss.wait_for_ready(3)
    up.confirm()
    down = Order(f, ss, "DELETED", ["ss-2", "ss-1", "ss-0"])
    ss.break_probe()
    ss.wait_for_count("ready_replicas", 0)
    ss.wait_for_not_ready(3)
    ss.scale_to(0)
    ss.confirm_count(3, 10, hard=True)
    ss.restore_probe()
    ss.scale(0)
    down.confirm()


def test_scales_in_bursts_with_pods_that_are_not_well(f: Framework, ss: Sets) -> None:
    ss.create(stateful_set("ss", 1, probe=HTTP_PROBE, podManagementPolicy="Parallel"))
    ss.wait_for_ready(1)
    ss.break_probe()
    ss.wait_for_not_ready(1)
    ss.wait_for_count("ready_replicas", 0)
    ss.scale_to(3)
    ss.confirm_count(3, 10, hard=False)
    ss.restore_probe()
    ss.wait_for_ready(3)
    ss.break_probe()
    ss.wait_for_count("ready_replicas", 0)
    ss.wait_for_not_ready(3)
    ss.scale_to(0)
    ss.confirm_count(0, 10, hard=False)
    ss.restore_probe()
    ss.scale(0)
    ss.wait_for_count("replicas", 0)


def test_recreates_a_pod_that_its_node_rejects(f: Framework, ss: Sets) -> None:
    node = f.schedulable_nodes()[0].metadata.name
    port = {"hostPort": 21017, "containerPort": 21017, "name": "conflict"}
    container = {"name": "webserver", "image": HTTPD, "ports": [port]}
    f.core.create_namespaced_pod(
        f.ns, {"metadata": {"name": "test-pod"}, "spec": {"containers": [container], "nodeName": node}}
    )
    f.wait_for_pod_running("test-pod")
    body = stateful_set("ss", 1)
    body["spec"]["template"]["spec"]["containers"][0]["ports"] = [port]
    body["spec"]["template"]["spec"]["nodeName"] = node
    version = f.core.list_namespaced_pod(f.ns, field_selector="metadata.name=ss-0").metadata.resource_version
    ss.create(body)
    seen: dict[str, str] = {}

    def deleted_once(type_: str, pod: Any) -> bool:
        if type_ == "DELETED" and seen:
            return True
        seen[pod.metadata.uid] = pod.status.phase
        if pod.status.phase == "Failed":
            assert pod.status.reason == "NodePorts"
            assert pod.status.message == "Pod was rejected: Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports"  # fmt: skip # noqa: E501
        return False

    f.until(
        f.core.list_namespaced_pod, deleted_once, version, POD_START_SECONDS, field_selector="metadata.name=ss-0"
    )
    assert "Failed" in seen.values()
    f.core.delete_namespaced_pod("test-pod", f.ns, grace_period_seconds=0)

    def recreated() -> bool:
        pod = f.read(f.core.read_namespaced_pod, "ss-0")
        return pod is not None and pod.status.phase == "Running" and pod.metadata.uid not in list(seen)[:1]

    f.eventually(recreated, "ss-0 runs", POD_START_SECONDS)


def test_honours_min_ready_seconds(f: Framework, ss: Sets) -> None:
    ss.create(stateful_set("ss", 2, probe=HTTP_PROBE, minReadySeconds=30))
    ss.wait_for_count("available_replicas", 0)
    ss.wait_for("a pod is ready", lambda found, _: (found.status.ready_replicas or 0) >= 1)
    f.sleep(5)
    assert not ss.get().status.available_replicas
    ss.wait_for_count("available_replicas", 2)
    ss.update(lambda found: setattr(found.spec, "min_ready_seconds", 3600))
    ss.wait_for_count("available_replicas", 0)
    ss.update(lambda found: setattr(found.spec, "min_ready_seconds", 0))
    ss.wait_for_count("available_replicas", 2)
    assert "availableReplicas: 2" in f.kubectl("get statefulset ss -o=yaml").stdout


@pytest.mark.parametrize(
    ("before", "after", "names"),
    [
        (None, (3, 2), ["ss-2", "ss-3", "ss-4"]),
        (2, (2, 4), ["ss-4", "ss-5"]),
        (3, (2, 2), ["ss-2", "ss-3"]),
        (3, (2, None), ["ss-0", "ss-1"]),
    ],
    ids=["set", "increased", "decreased", "removed"],
)
def test_moves_to_another_start_ordinal(
    f: Framework, ss: Sets, before: int | None, after: tuple[int, int | None], names: list[str]
) -> None:
    ordinals = {} if before is None else {"ordinals": {"start": before}}
    ss.create(stateful_set("ss", 2, **ordinals))
    ss.wait_for_status()
    ss.wait_for_count("replicas", 2)
    ss.wait_for_count("ready_replicas", 2)
    first = before or 0
    assert [pod.metadata.name for pod in ss.pods()] == [f"ss-{first}", f"ss-{first + 1}"]

    def change(found: Any) -> None:
        replicas, start = after
        found.spec.replicas = replicas
        found.spec.ordinals = None if start is None else client.V1StatefulSetOrdinals(start=start)

    ss.update(change)
    ss.wait_for_status()

    def named(_: Any, pods: list[Any]) -> bool:
        return [pod.metadata.name for pod in pods if pod.metadata.deletion_timestamp is None] == names

    ss.wait_for(f"the pods are {names}", named)
    ss.wait_for_count("replicas", len(names))
    ss.wait_for_count("ready_replicas", len(names))
