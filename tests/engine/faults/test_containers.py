"""Containers that crash, hang, fail a probe or leak; and registries that do not answer."""

from __future__ import annotations

import pytest

from tests.engine.faults.conftest import Breakable

TARGET = "container/default/p/c"
HTTP = {"httpGet": {"port": 80, "path": "/"}, "periodSeconds": 5}


@pytest.fixture
def world() -> Breakable:
    """The image catalogue, for its images take time to be pulled, and can be missing."""
    return Breakable(registry="catalogue", start_seconds=None, stop_seconds=None)


def reasons(world: Breakable, name: str = "p") -> list[str]:
    return [reason for reason, _ in world.events(name)]


@pytest.mark.parametrize(("policy", "phase"), [("Always", "Running"), ("OnFailure", "Running"), ("Never", "Failed")])
def test_a_crash_is_what_the_restart_policy_makes_of_it(world, policy, phase):
    world.pod("p", spec={"restartPolicy": policy})
    world.run(10)
    assert world.inject("Crash", TARGET, exitCode=42) == "crash-container-default-p-c"
    assert not world.cluster.faults.active
    world.run(5)
    pod = world.get("pods", "p")
    status = pod["status"]["containerStatuses"][0]
    ended = status["lastState"].get("terminated") or status["state"]["terminated"]
    assert pod["status"]["phase"] == phase
    assert (ended["exitCode"], ended["reason"]) == (42, "Error")
    assert status["restartCount"] == (phase == "Running")


def test_crashes_in_a_row_are_backed_off(world):
    world.pod("p")
    world.run(10)
    for _ in range(2):
        world.inject("Crash", TARGET)
        world.run(4)
    waiting = world.container("p")["state"]["waiting"]
    assert waiting["reason"] == "CrashLoopBackOff"
    assert waiting["message"].startswith("back-off 10s restarting failed container=c pod=p_default(")
    world.run(15)
    assert world.container("p")["restartCount"] == 2


# kind of probe, what is configured, what is told
@pytest.mark.parametrize(
    ("handler", "words"),
    [
        ({"httpGet": {"port": 80}}, "HTTP probe failed with statuscode: 500"),
        ({"tcpSocket": {"port": 80}}, "dial tcp {ip}:80: connect: connection refused"),
        ({"grpc": {"port": 5000}}, 'service unhealthy (responded with "NOT_SERVING")'),
        ({"exec": {"command": ["true"]}}, ""),
    ],
)
def test_a_readiness_probe_fails_until_the_fault_is_lifted(world, handler, words):
    image = {"image": "registry.k8s.io/e2e-test-images/agnhost:2.53", "args": ["grpc-health-checking"]}
    world.pod("p", readinessProbe={**handler, "periodSeconds": 5}, **(image if "grpc" in handler else {}))
    world.run(20)
    assert world.ready() == 1
    name = world.inject("FailProbe", TARGET, probe="readiness")
    world.run(17)
    assert world.ready() == 0
    ip = world.get("pods", "p")["status"]["podIP"]
    assert ("Unhealthy", f"Readiness probe failed: {words.format(ip=ip)}") in world.events("p")
    assert world.container("p")["restartCount"] == 0
    world.lift(name)
    world.run(6)
    assert world.ready() == 1


def test_a_liveness_probe_that_fails_restarts_the_container_again_and_again(world):
    world.pod("p", livenessProbe=HTTP)
    world.run(20)
    name = world.inject("FailProbe", TARGET, probe="liveness")
    world.run(60)
    assert world.container("p")["restartCount"] >= 2
    assert ("Killing", "Container c failed liveness probe, will be restarted") in world.events("p")
    world.lift(name)
    world.run(120)
    restarts = world.container("p")["restartCount"]
    world.run(120)
    assert world.container("p")["restartCount"] == restarts
    assert world.ready() == 1


def test_a_hung_container_is_killed_and_cured_by_its_liveness_probe(world):
    world.pod("p", livenessProbe=HTTP, readinessProbe=HTTP, spec={"terminationGracePeriodSeconds": 7})
    world.run(20)
    world.inject("Hang", TARGET)
    world.run(16)
    ip = world.get("pods", "p")["status"]["podIP"]
    words = f'Get "http://{ip}:80/": context deadline exceeded (Client.Timeout exceeded while awaiting headers)'
    assert ("Unhealthy", f"Liveness probe failed: {words}") in world.events("p")
    assert world.ready() == 0
    world.run(15)
    assert world.container("p")["lastState"]["terminated"]["exitCode"] == 137
    assert not world.cluster.faults.active
    world.run(10)
    assert world.ready() == 1
    cured = next(step for step in world.cluster.trace.steps if step.notes == ["Hang container/default/p/c ends"])
    assert cured.cause.kind == "revision"


def test_a_hung_container_without_probes_is_noticed_by_nobody(world):
    world.pod("p")
    world.run(10)
    world.inject("Hang", TARGET)
    world.run(300)
    assert world.ready() == 1
    world.client.delete("pods", "p", "default")
    world.run(29)
    assert world.pod_names() == ["p"]
    world.run(3)
    assert world.pod_names() == []
    assert not world.cluster.faults.active


def test_a_leak_ends_at_the_limit_and_begins_anew(world):
    world.pod("p", resources={"limits": {"memory": "100Mi"}})
    world.run(10)
    name = world.inject("LeakMemory", TARGET, mebibytesPerSecond=8)
    world.run(9)
    assert world.container("p")["restartCount"] == 0
    world.run(3)
    status = world.container("p")
    assert status["restartCount"] == 1
    ended = status["lastState"]["terminated"]
    assert (ended["exitCode"], ended["reason"]) == (137, "OOMKilled")
    world.run(60)
    assert world.container("p")["restartCount"] >= 2
    world.lift(name)
    world.run(120)
    restarts = world.container("p")["restartCount"]
    world.run(120)
    assert world.container("p")["restartCount"] == restarts


def test_a_slow_leak_without_a_limit_makes_the_node_short_of_memory(world):
    """The kubelet sees it before the kernel has to act, and evicts the pod that has more than it asked for."""
    world.pod("p", spec={"nodeName": "k8s-node01"})
    world.pod("other", spec={"nodeName": "k8s-node01"}, resources={"requests": {"memory": "1Gi"}})
    world.run(10)
    world.inject("LeakMemory", TARGET, mebibytesPerSecond=4)
    world.run(1600)
    assert world.get("pods", "p")["status"]["phase"] == "Running"
    assert world.condition("nodes", "k8s-node01", "MemoryPressure")["status"] == "False"
    world.run(40)
    status = world.get("pods", "p")["status"]
    assert (status["phase"], status["reason"]) == ("Failed", "Evicted")
    assert status["message"].startswith("The node was low on resource: memory. Threshold quantity: 100Mi, available: ")
    assert "Container c was using " in status["message"]
    assert world.condition("nodes", "k8s-node01", "MemoryPressure")["status"] == "True"
    assert world.get("pods", "other")["status"]["phase"] == "Running"
    world.run(330)
    assert world.condition("nodes", "k8s-node01", "MemoryPressure")["status"] == "False"
    assert world.get("pods", "other")["status"]["phase"] == "Running"


def test_a_fast_leak_without_a_limit_is_ended_by_the_kernel(world):
    world.pod("p", spec={"nodeName": "k8s-node01"})
    world.run(10)
    world.inject("LeakMemory", TARGET, mebibytesPerSecond=4096)
    world.run(4)
    ended = world.container("p")["lastState"]["terminated"]
    assert (ended["exitCode"], ended["reason"]) == (137, "OOMKilled")
    message = dict(world.events("k8s-node01"))["SystemOOM"]
    assert message.startswith("System OOM encountered, victim process: c, pid: ")


def test_a_fault_of_a_container_ends_with_its_pod(world):
    world.stateful_set(1)
    world.run(10)
    world.inject("FailProbe", "container/default/db-0/c", probe="liveness")
    world.client.delete("pods", "db-0", "default")
    world.run(10)
    assert world.ready() == 1
    assert not world.cluster.faults.active
    assert world.stored("faults.podarium.dev", "") == []


def test_a_leak_goes_on_after_a_sleep(world):
    world.pod("p", resources={"limits": {"memory": "100Mi"}})
    world.run(10)
    world.inject("LeakMemory", TARGET, mebibytesPerSecond=8)
    again = world.sleep()
    again.run(15)
    assert again.container("p")["lastState"]["terminated"]["reason"] == "OOMKilled"


# Registries.

DOCKER = "registry-1.docker.io/v2"


@pytest.mark.parametrize(
    ("reason", "image", "url", "words"),
    [
        ("refused", "redis:7", f"{DOCKER}/library/redis/manifests/7", ":443: connect: connection refused"),
        ("timeout", "redis:7", f"{DOCKER}/library/redis/manifests/7", ":443: i/o timeout"),
        (
            "dns", "registry.k8s.io/pause:3.10", "registry.k8s.io/v2/pause/manifests/3.10",
            "dial tcp: lookup registry.k8s.io on 192.168.0.1:53: no such host",
        ),
    ],
)  # fmt: skip
def test_a_registry_that_is_gone_fails_every_pull(world, reason, image, url, words):
    name = world.inject("Stop", "registry", reason=reason)
    world.pod("p", image=image)
    world.run(40)
    message = next(message for reason, message in world.events("p") if message.startswith("Failed to pull image"))
    assert message.startswith(f'Failed to pull image "{image}": rpc error: code = Unknown desc = failed to pull and ')
    assert f'failed to do request: Head "https://{url}": dial tcp' in message
    assert message.endswith(words)
    assert world.container("p")["state"]["waiting"]["reason"] in ("ErrImagePull", "ImagePullBackOff")
    assert "BackOff" in reasons(world)
    world.lift(name)
    world.run(60)
    assert world.ready() == 1


def test_images_that_are_there_need_no_registry(world):
    world.pod("first", spec={"nodeName": "k8s-node01"})
    world.run(10)
    world.inject("Stop", "registry")
    world.pod("second", spec={"nodeName": "k8s-node01"})
    world.run(5)
    assert world.ready() == 2


def test_a_slow_registry_takes_its_time(world):
    name = world.inject("Slow", "registry", factor=20)
    world.pod("p")
    world.run(15)
    assert world.container("p")["state"]["waiting"]["reason"] == "ContainerCreating"
    world.run(25)
    assert world.ready() == 1
    world.lift(name)
