"""Probes and hooks in depth: thresholds, grace periods, what is said of a failure, what it does to the container."""

from __future__ import annotations

from typing import Any

import pytest

from tests.engine.cluster_tools import Playground
from tests.engine.support import Terminal

Obj = dict[str, Any]


@pytest.fixture
def playground() -> Playground:
    return Playground(seed=9, nodes=1)


def unhealthy(playground: Playground) -> list[str]:
    return [message for reason, message in playground.events("p") if reason == "Unhealthy"]


def killed(playground: Playground) -> list[str]:
    return [message for reason, message in playground.events("p") if reason == "Killing"]


def ready_at(playground: Playground, seconds: int) -> int | None:
    """At which second the container became ready."""
    for second in range(seconds):
        playground.run(1)
        if playground.container()["ready"]:
            return second
    return None


# What a handler says.


@pytest.mark.parametrize(
    ("handler", "words"),
    [
        ({"exec": {"command": ["false"]}}, "{kind} probe failed: "),
        ({"exec": {"command": ["sh", "-c", "echo sorry; exit 2"]}}, "{kind} probe failed: sorry\n"),
        ({"tcpSocket": {"port": 81}}, "{kind} probe failed: dial tcp {ip}:81: connect: connection refused"),
        (
            {"httpGet": {"port": 81}},
            '{kind} probe failed: Get "http://{ip}:81/": dial tcp {ip}:81: connect: connection refused',
        ),
        ({"httpGet": {"port": 80, "path": "/nope"}}, "{kind} probe failed: HTTP probe failed with statuscode: 404"),
        (
            {"grpc": {"port": 9000}},
            '{kind} probe failed: timeout: failed to connect service "{ip}:9000" within 1s: context deadline exceeded',
        ),
        (
            {"exec": {"command": ["sleep", "5"]}},
            '{kind} probe failed: command timed out: "sleep 5" timed out after 1s',
        ),
    ],
)  # fmt: skip
@pytest.mark.parametrize("kind", ["readiness", "liveness", "startup"])
def test_each_kind_of_probe_says_why_each_handler_fails(playground, kind, handler, words):
    playground.pod(**{f"{kind}Probe": {**handler, "failureThreshold": 9}})
    playground.run(14)
    ip = playground.get("pods", "p")["status"]["podIP"]
    assert unhealthy(playground)[0] == words.format(kind=kind.capitalize(), ip=ip)
    assert playground.container()["ready"] is (kind == "liveness")


def test_a_command_that_is_not_there_says_nothing_about_the_container(playground):
    playground.pod(livenessProbe={"exec": {"command": ["nope"]}, "periodSeconds": 2, "failureThreshold": 1})
    playground.run(20)
    assert unhealthy(playground)[0].startswith("Liveness probe errored and resulted in unknown state: rpc error: ")
    assert playground.container()["restartCount"] == 0


# gRPC.

HEALTH = {"image": "registry.k8s.io/e2e-test-images/agnhost:2.53", "args": ["grpc-health-checking", "--service=shop"]}


@pytest.mark.parametrize(
    ("image", "port", "service", "words"),
    [
        (HEALTH, 5000, "shop", ""),
        (HEALTH, 5000, "other", "error: health rpc probe failed: rpc error: code = NotFound desc = unknown service"),
        # A server that speaks HTTP only is there, and is never connected.
        ({}, 80, "", 'timeout: failed to connect service "{ip}:80" within 1s: context deadline exceeded'),
    ],
)
def test_a_grpc_probe_asks_the_health_service(playground, image, port, service, words):
    playground.pod(readinessProbe={"grpc": {"port": port, "service": service}, "periodSeconds": 2}, **image)
    playground.run(12)
    assert playground.container()["ready"] is not bool(words)
    if words:
        ip = playground.get("pods", "p")["status"]["podIP"]
        assert unhealthy(playground) == [f"Readiness probe failed: {words.format(ip=ip)}"]


def test_a_grpc_probe_sees_that_the_service_is_not_well_any_more(playground):
    playground.pod(readinessProbe={"grpc": {"port": 5000, "service": "shop"}, "periodSeconds": 2}, **HEALTH)
    playground.run(12)
    terminal = Terminal(cluster=playground.cluster)
    terminal.ok("kubectl exec p -- curl -s localhost:8080/make-not-serving")
    playground.run(8)
    assert playground.container()["ready"] is False
    assert unhealthy(playground) == ['Readiness probe failed: service unhealthy (responded with "NOT_SERVING")']
    terminal.ok("kubectl exec p -- curl -s localhost:8080/make-serving")
    playground.run(4)
    assert playground.container()["ready"] is True


# Thresholds and times.


@pytest.mark.parametrize(
    ("probe", "least", "most"),
    [
        ({"periodSeconds": 5}, 0, 4),
        ({"periodSeconds": 5, "initialDelaySeconds": 10}, 11, 14),
        ({"periodSeconds": 5, "successThreshold": 3}, 11, 15),
        ({"periodSeconds": 10, "initialDelaySeconds": 5, "successThreshold": 2}, 15, 19),
    ],
)
def test_a_container_is_ready_after_so_many_successes_in_a_row(playground, probe, least, most):
    playground.pod(readinessProbe={"tcpSocket": {"port": 80}, **probe})
    second = ready_at(playground, 40)
    assert second is not None
    assert least <= second <= most


def test_a_container_is_restarted_after_so_many_failures_in_a_row(playground):
    playground.pod(livenessProbe={"tcpSocket": {"port": 81}, "periodSeconds": 5, "failureThreshold": 4})
    playground.run(17)
    assert playground.container()["restartCount"] == 0
    playground.run(6)
    assert killed(playground) == ["Container c failed liveness probe, will be restarted"]
    assert playground.container()["restartCount"] == 1


def test_no_other_probe_is_asked_before_the_startup_probe_has_succeeded(playground):
    playground.pod(
        startupProbe={"tcpSocket": {"port": 80}, "initialDelaySeconds": 30},
        livenessProbe={"tcpSocket": {"port": 81}, "periodSeconds": 1, "failureThreshold": 1},
    )
    playground.run(25)
    assert (unhealthy(playground), playground.container()["started"]) == ([], False)
    playground.run(10)
    assert unhealthy(playground)[0].startswith("Liveness probe failed: ")


def test_a_startup_probe_that_never_succeeds_restarts_the_container(playground):
    playground.pod(startupProbe={"tcpSocket": {"port": 81}, "periodSeconds": 2, "failureThreshold": 3})
    playground.run(12)
    assert killed(playground) == ["Container c failed startup probe, will be restarted"]
    assert playground.container()["restartCount"] >= 1


@pytest.mark.parametrize("kind", ["liveness", "startup"])
@pytest.mark.parametrize(("own", "seconds"), [(None, 40), (5, 5)])
def test_a_probe_may_have_a_grace_period_of_its_own(playground, kind, own, seconds):
    """A shell that ignores SIGTERM is killed when it is over."""
    probe: Obj = {"exec": {"command": ["false"]}, "periodSeconds": 1, "failureThreshold": 1}
    if own is not None:
        probe["terminationGracePeriodSeconds"] = own
    command = ["sh", "-c", "trap '' TERM; while true; do sleep 1; done"]
    spec = {"terminationGracePeriodSeconds": 40}
    playground.pod(image="busybox:1.36", command=command, spec=spec, **{f"{kind}Probe": probe})
    playground.run(4)
    assert killed(playground)
    playground.run(seconds - 2.5)
    assert playground.container()["restartCount"] == 0
    playground.run(5)
    assert playground.container()["restartCount"] == 1
    assert playground.container()["lastState"]["terminated"]["exitCode"] == 137


# Hooks.


def test_a_container_counts_as_started_when_its_hook_is_through(playground):
    playground.pod(lifecycle={"postStart": {"exec": {"command": ["sleep", "10"]}}})
    playground.run(8)
    assert playground.container()["ready"] is False
    playground.run(8)
    assert playground.container()["ready"] is True


def test_a_hook_that_fails_after_the_start_ends_the_container(playground):
    playground.pod(lifecycle={"postStart": {"exec": {"command": ["sh", "-c", "echo no; exit 3"]}}})
    seen: list[str] = []
    for _ in range(60):
        playground.run(0.1)
        waiting = playground.container()["state"].get("waiting", {})
        if waiting and (not seen or seen[-1] != waiting["reason"]):
            seen.append(waiting["reason"])
            if waiting["reason"] == "PostStartHookError":
                message = waiting["message"]
    assert seen == ["ContainerCreating", "PostStartHookError", "CrashLoopBackOff"]
    uid = playground.get("pods", "p")["metadata"]["uid"]
    assert message == (
        f'Exec lifecycle hook ([sh -c echo no; exit 3]) for Container "c" in Pod "p_default({uid})" failed - error: '
        "command 'sh -c echo no; exit 3' exited with 3: , message: \"no\\n\""
    )
    told = [event for event in playground.events("p") if event[0] in ("FailedPostStartHook", "Killing")]
    assert told == [("FailedPostStartHook", "PostStartHook failed"), ("Killing", "FailedPostStartHook")]


def test_a_hook_that_fails_before_the_end_is_told_and_holds_nothing_up(playground):
    playground.pod(lifecycle={"preStop": {"exec": {"command": ["false"]}}})
    playground.run(6)
    playground.client.delete("pods", "p", "default")
    playground.run(4)
    assert playground.names("pods") == []
    assert ("FailedPreStopHook", "PreStopHook failed") in playground.events("p")


@pytest.mark.parametrize(
    ("hook", "least", "most"),
    [
        ({"sleep": {"seconds": 7}}, 7, 9),
        ({"exec": {"command": ["sleep", "7"]}}, 7, 9),
        ({"exec": {"command": ["sleep", "100"]}}, 10, 13.5),
        ({"httpGet": {"port": 80, "path": "/"}}, 0, 2),
    ],
)
def test_the_grace_period_begins_with_the_hook(playground, hook, least, most):
    """One that uses it up gets two seconds more, as does what it holds up."""
    playground.pod(lifecycle={"preStop": hook}, spec={"terminationGracePeriodSeconds": 10})
    playground.run(6)
    playground.client.delete("pods", "p", "default")
    gone = 0.0
    while playground.names("pods"):
        playground.run(0.5)
        gone += 0.5
        assert gone < 60
    assert least <= gone <= most
