"""Sidecars: init containers that go on beside the others, from their start to their end."""

from __future__ import annotations

from typing import Any

import pytest

from tests.engine.cluster_tools import Playground
from tests.engine.support import Terminal

Obj = dict[str, Any]


@pytest.fixture
def playground() -> Playground:
    return Playground(seed=7, nodes=1)


def sidecar(name: str, **fields: Any) -> Obj:
    return {"name": name, "image": "registry.k8s.io/pause:3.10", "restartPolicy": "Always", **fields}


def statuses(playground: Playground, field: str = "initContainerStatuses") -> dict[str, str]:
    """The state of each container, by name."""
    found = playground.get("pods", "p")["status"][field]
    return {entry["name"]: next(iter(entry["state"])) for entry in found}


def began(playground: Playground, reason: str) -> list[str]:
    """Whom the events of a reason are about, in the order in which they happened."""
    return [message.split()[-1] for found, message in playground.events("p") if found == reason]


def phase(playground: Playground) -> str:
    found: str = playground.get("pods", "p")["status"]["phase"]
    return found


def test_sidecars_and_init_containers_start_in_the_order_of_the_manifest(playground):
    once = {"name": "once", "image": "busybox:1.36", "command": ["sleep", "2"]}
    playground.pod(spec={"initContainers": [sidecar("first"), once, sidecar("second")]})
    playground.run(15)
    assert began(playground, "Started") == ["first", "once", "second", "c"]
    assert statuses(playground) == {"first": "running", "once": "terminated", "second": "running"}


def test_what_comes_after_a_sidecar_waits_for_its_startup_probe(playground):
    probe = {"tcpSocket": {"port": 6379}, "initialDelaySeconds": 10, "periodSeconds": 2}
    playground.pod(spec={"initContainers": [sidecar("side", image="redis:7", startupProbe=probe)]})
    playground.run(9)
    assert statuses(playground) == {"side": "running"}
    assert statuses(playground, "containerStatuses") == {"c": "waiting"}
    assert phase(playground) == "Pending"
    initialized = playground.condition("pods", "p", "Initialized")
    assert initialized["message"] == "containers with incomplete status: [side]"
    playground.run(10)
    assert statuses(playground, "containerStatuses") == {"c": "running"}


def test_a_sidecar_that_is_not_ready_keeps_the_pod_from_being_ready(playground):
    never = {"exec": {"command": ["false"]}, "periodSeconds": 1}
    playground.pod(spec={"initContainers": [sidecar("side", image="redis:7", readinessProbe=never)]})
    playground.run(15)
    ready = playground.condition("pods", "p", "Ready")
    assert (ready["status"], ready["message"]) == ("False", "containers with unready status: [side]")
    assert phase(playground) == "Running"


@pytest.mark.parametrize(("code", "ends"), [(0, "Succeeded"), (3, "Failed")])
def test_sidecars_are_stopped_when_the_other_containers_are_through(playground, code, ends):
    """The last one first, and how they end does not matter."""
    playground.pod(
        image="busybox:1.36",
        command=["sh", "-c", f"sleep 3; exit {code}"],
        spec={"restartPolicy": "Never", "initContainers": [sidecar("first"), sidecar("second")]},
    )
    playground.run(15)
    assert phase(playground) == ends
    assert statuses(playground) == {"first": "terminated", "second": "terminated"}
    ended = {
        entry["name"]: entry["state"]["terminated"]["finishedAt"]
        for entry in playground.get("pods", "p")["status"]["initContainerStatuses"]
    }
    assert ended["second"] <= ended["first"]
    killed = [message for reason, message in playground.events("p") if reason == "Killing"]
    assert sorted(killed) == ["Stopping container first", "Stopping container second"]


def test_a_pod_runs_until_its_last_sidecar_has_ended(playground):
    """One that does not hear SIGTERM takes the whole grace period."""
    deaf = {"name": "deaf", "image": "busybox:1.36", "command": ["sleep", "1000"], "restartPolicy": "Always"}
    spec = {"restartPolicy": "Never", "terminationGracePeriodSeconds": 20, "initContainers": [deaf]}
    playground.pod(image="busybox:1.36", command=["sleep", "3"], spec=spec)
    playground.run(15)
    assert statuses(playground, "containerStatuses") == {"c": "terminated"}
    assert phase(playground) == "Running"
    playground.run(20)
    assert phase(playground) == "Succeeded"
    assert playground.get("pods", "p")["status"]["initContainerStatuses"][0]["state"]["terminated"]["exitCode"] == 137


def test_a_sidecar_that_crashes_is_restarted_whatever_the_pods_policy_says(playground):
    brief = {"name": "side", "image": "busybox:1.36", "command": ["sh", "-c", "sleep 5; exit 1"]}
    spec = {"restartPolicy": "Never", "initContainers": [{**brief, "restartPolicy": "Always"}]}
    playground.pod(spec=spec)
    playground.run(40)
    side = playground.get("pods", "p")["status"]["initContainerStatuses"][0]
    assert side["restartCount"] >= 1
    assert phase(playground) == "Running"


def test_a_job_with_a_sidecar_completes(playground):
    work = {"name": "work", "image": "busybox:1.36", "command": ["sleep", "2"]}
    spec = {"restartPolicy": "Never", "containers": [work], "initContainers": [sidecar("side")]}
    playground.create("jobs.batch", {"metadata": {"name": "j"}, "spec": {"template": {"spec": spec}}})
    playground.run(30)
    assert playground.condition("jobs.batch", "j", "Complete")["status"] == "True"


def test_sidecars_of_a_deleted_pod_outlive_the_others(playground):
    """What the others still have to say on their way out, a sidecar can pass on."""
    hook = {"preStop": {"exec": {"command": ["sleep", "5"]}}}
    playground.pod(lifecycle=hook, spec={"initContainers": [sidecar("side")]})
    playground.run(8)
    playground.client.delete("pods", "p", "default")
    playground.run(3)
    assert statuses(playground) == {"side": "running"}
    playground.run(10)
    assert playground.names("pods") == []


def test_sidecars_are_stopped_after_a_kubelet_restart_too(playground):
    spec = {"restartPolicy": "Never", "initContainers": [sidecar("side")]}
    playground.pod(image="busybox:1.36", command=["sleep", "20"], spec=spec)
    playground.run(8)
    again = playground.restart()
    again.run(30)
    assert again.get("pods", "p")["status"]["phase"] == "Succeeded"


def cpu(amount: str) -> Obj:
    return {"resources": {"requests": {"cpu": amount}}}


@pytest.mark.parametrize("spec", [{}, {"nodeName": "k8s-node01"}])
def test_a_sidecar_counts_beside_the_others_and_beside_the_init_containers_after_it(playground, spec):
    """Of four: three for an init container and then one and two together fit; three beside two do not."""
    once = {"name": "once", "image": "busybox:1.36", "command": ["true"], **cpu("3")}
    after = {"initContainers": [once, sidecar("side", **cpu("2"))]}
    playground.pod("fits", image="redis:7", spec={**after, **spec}, **cpu("1"))
    playground.run(15)
    assert playground.get("pods", "fits")["status"]["phase"] == "Running"
    described = Terminal(cluster=playground.cluster).ok("kubectl describe node k8s-node01")
    line = next(line for line in described.splitlines() if " fits " in line)
    assert " ".join(line.split()[1:4]) == "fits 3 (75%)"
    playground.client.delete("pods", "fits", "default")
    playground.run(5)
    before = {"initContainers": [sidecar("side", **cpu("2")), once]}
    playground.pod("does-not", image="redis:7", spec={**before, **spec}, **cpu("1"))
    playground.run(5)
    status = playground.get("pods", "does-not")["status"]
    assert (status["phase"], status.get("reason")) == (("Failed", "OutOfcpu") if spec else ("Pending", None))
