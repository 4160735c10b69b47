"""Containers that cannot start: their reasons, words and back-off, and what starts them all the same."""

from __future__ import annotations

import base64
import json
from itertools import pairwise
from typing import Any

import pytest

from tests.engine.cluster_tools import Playground

PRIVATE = "private.example.com/team/nginx:1.27"
FAILED = f'failed to pull and unpack image "{PRIVATE}": failed to resolve reference "{PRIVATE}": '


@pytest.fixture
def playground() -> Playground:
    return Playground(seed=5, nodes=1)


def waiting(playground: Playground, pod: str = "p") -> dict[str, str]:
    found: dict[str, str] = playground.container(pod)["state"].get("waiting", {})
    return found


def where(playground: Playground) -> str:
    return f'(pod: "p_default({playground.get("pods", "p")["metadata"]["uid"]})", container: c)'


def pull_secret(playground: Playground, server: str, user: str, password: str, name: str = "regcred") -> None:
    config = {"auths": {server: {"auth": base64.b64encode(f"{user}:{password}".encode()).decode()}}}
    data = {".dockerconfigjson": base64.b64encode(json.dumps(config).encode()).decode()}
    secret = {"metadata": {"name": name}, "type": "kubernetes.io/dockerconfigjson", "data": data}
    playground.create("secrets", secret)


# The user.


@pytest.mark.parametrize(
    ("pod", "own", "why"),
    [
        ({"runAsNonRoot": True}, {}, "container has runAsNonRoot and image will run as root {where}"),
        ({}, {"runAsNonRoot": True}, "container has runAsNonRoot and image will run as root {where}"),
        ({"runAsNonRoot": True, "runAsUser": 0}, {}, "container's runAsUser breaks non-root policy {where}"),
        ({}, {"runAsNonRoot": True, "runAsUser": 0}, "container's runAsUser breaks non-root policy {where}"),
        ({"runAsNonRoot": True, "runAsUser": 1000}, {}, ""),
        ({"runAsNonRoot": True}, {"runAsNonRoot": False}, ""),
    ],
)  # fmt: skip
def test_a_container_that_must_not_be_root_is_not_started_as_root(playground, pod, own, why):
    playground.pod(image="redis:7", securityContext=own, spec={"securityContext": pod})
    playground.run(10)
    if not why:
        assert playground.container()["state"].keys() == {"running"}
        return
    message = why.format(where=where(playground))
    assert waiting(playground) == {"reason": "CreateContainerConfigError", "message": message}
    assert playground.events("p")[-1] == ("Failed", f"Error: {message}")


def test_an_image_with_a_user_of_its_own_is_no_root(playground):
    playground.pod(image="memcached:1.6", spec={"securityContext": {"runAsNonRoot": True}})
    playground.run(10)
    assert playground.container()["ready"] is True


# Variables.


@pytest.mark.parametrize(
    ("resource", "reference", "there", "message"),
    [
        ("configmaps", "configMapKeyRef", None, 'configmap "cfg" not found'),
        ("configmaps", "configMapKeyRef", {"other": "x"}, "couldn't find key mode in ConfigMap default/cfg"),
        ("secrets", "secretKeyRef", None, 'secret "cfg" not found'),
        ("secrets", "secretKeyRef", {"other": "eA=="}, "couldn't find key mode in Secret default/cfg"),
    ],
)
def test_a_variable_without_its_source_is_waited_for(playground, resource, reference, there, message):
    if there is not None:
        playground.create(resource, {"metadata": {"name": "cfg"}, "data": there})
    env = [{"name": "MODE", "valueFrom": {reference: {"name": "cfg", "key": "mode"}}}]
    playground.pod(image="redis:7", env=env)
    playground.run(10)
    assert waiting(playground) == {"reason": "CreateContainerConfigError", "message": message}
    data = {"data": {"mode": "ZmFzdA=="}}
    if there is None:
        playground.create(resource, {"metadata": {"name": "cfg"}, **data})
    else:
        playground.client.patch(resource, "cfg", data, "default", patch_type="merge")
    playground.run(10)
    assert playground.container()["ready"] is True


def test_an_optional_variable_is_not_missed(playground):
    source = {"name": "cfg", "key": "mode", "optional": True}
    playground.pod(image="redis:7", env=[{"name": "MODE", "valueFrom": {"configMapKeyRef": source}}])
    playground.run(10)
    assert playground.container()["ready"] is True


# The command.


def test_a_start_that_fails_is_shown_and_then_backed_off(playground):
    playground.pod(command=["/nope"])
    seen: list[str] = []
    for _ in range(60):
        playground.run(0.1)
        reason = waiting(playground).get("reason", "")
        if reason and (not seen or seen[-1] != reason):
            seen.append(reason)
    assert seen == ["ContainerCreating", "RunContainerError", "CrashLoopBackOff"]
    ended = playground.container()["lastState"]["terminated"]
    assert (ended["reason"], ended["exitCode"]) == ("StartError", 128)


def test_a_start_that_fails_ends_a_pod_that_is_never_restarted(playground):
    playground.pod(command=["/nope"], spec={"restartPolicy": "Never"})
    playground.run(6)
    assert playground.get("pods", "p")["status"]["phase"] == "Failed"
    assert playground.container()["state"]["terminated"]["reason"] == "StartError"


# Images.


def test_an_image_that_must_not_be_pulled_may_be_pulled_by_another_pod(playground):
    playground.pod(image="redis:7", imagePullPolicy="Never")
    playground.run(30)
    message = 'Container image "redis:7" is not present with pull policy of Never'
    assert waiting(playground) == {"reason": "ErrImageNeverPull", "message": message}
    assert playground.events("p")[1:] == [("ErrImageNeverPull", message), ("Failed", "Error: ErrImageNeverPull")]
    playground.pod("other", image="redis:7")
    playground.run(20)
    assert playground.container()["ready"] is True


def test_pulls_are_backed_off_up_to_five_minutes(playground):
    playground.pod(image="nginx:nope")
    starts = []
    for second in range(1400):
        playground.run(1)
        if waiting(playground).get("reason") == "ErrImagePull" and (not starts or second - starts[-1] > 4):
            starts.append(second)
    waits = [later - earlier for earlier, later in pairwise(starts)]
    # Each wait is the back-off, the pull itself and the second or two until the back-off is noticed.
    assert [round(wait, -1) for wait in waits[:5]] == [10, 20, 40, 80, 160]
    assert all(300 <= wait < 308 for wait in waits[5:])


def test_a_private_image_needs_the_secret_of_its_registry(playground):
    playground.pod(image=PRIVATE)
    playground.run(4)
    why = "pull access denied, repository does not exist or may require authorization: authorization failed: no basic "
    error = f"rpc error: code = Unknown desc = {FAILED}{why}auth credentials"
    assert ("Failed", f'Failed to pull image "{PRIVATE}": {error}') in playground.events("p")
    assert waiting(playground)["reason"] in ("ErrImagePull", "ImagePullBackOff")


@pytest.mark.parametrize(
    "server", ["private.example.com", "https://private.example.com/v1/", "private.example.com/team"]
)
def test_a_pull_secret_opens_the_registry(playground, server):
    pull_secret(playground, server, "learner", "terrarium")
    playground.pod(image=PRIVATE, spec={"imagePullSecrets": [{"name": "regcred"}]})
    playground.run(10)
    assert playground.container()["ready"] is True


@pytest.mark.parametrize(
    ("server", "password", "words"),
    [
        ("private.example.com", "wrong", "manifests/1.27: 401 Unauthorized"),
        ("other.example.com", "terrarium", "authorization failed: no basic auth credentials"),
        ("private.example.com/others", "terrarium", "authorization failed: no basic auth credentials"),
    ],
)
def test_a_pull_secret_for_something_else_does_not(playground, server, password, words):
    pull_secret(playground, server, "learner", password)
    playground.pod(image=PRIVATE, spec={"imagePullSecrets": [{"name": "regcred"}]})
    playground.run(4)
    assert any(reason == "Failed" and message.endswith(words) for reason, message in playground.events("p"))


def test_a_pull_secret_that_is_missing_is_told_and_tried_again(playground):
    playground.pod(image=PRIVATE, spec={"imagePullSecrets": [{"name": "regcred"}]})
    playground.run(4)
    told = "Unable to retrieve some image pull secrets (regcred); attempting to pull the image may not succeed."
    assert ("FailedToRetrieveImagePullSecret", told) in playground.events("p")
    pull_secret(playground, "private.example.com", "learner", "terrarium")
    playground.run(30)
    assert playground.container()["ready"] is True


def test_pods_have_the_pull_secrets_of_their_account(playground):
    pull_secret(playground, "private.example.com", "learner", "terrarium")
    account = {"imagePullSecrets": [{"name": "regcred"}]}
    playground.client.patch("serviceaccounts", "default", account, "default")
    playground.pod(image=PRIVATE)
    playground.run(10)
    assert playground.get("pods", "p")["spec"]["imagePullSecrets"] == [{"name": "regcred"}]
    assert playground.container()["ready"] is True


# Restarts.


def crash_times(playground: Playground, seconds: int) -> list[int]:
    """When the container started, in seconds from now."""
    starts: dict[str, int] = {}
    for second in range(seconds):
        playground.run(1)
        state: dict[str, Any] = playground.container()["state"].get("running", {})
        if state:
            starts.setdefault(state["startedAt"], second)
    return list(starts.values())


def test_restarts_are_ten_seconds_apart_and_then_twice_as_long_up_to_five_minutes(playground):
    playground.pod(image="busybox:1.36", command=["sleep", "3"])
    starts = crash_times(playground, 1600)
    waits = [later - earlier for earlier, later in pairwise(starts)]
    # At once the first time; each wait has the three seconds of the run before it.
    assert waits[0] in (3, 4, 5)
    for wait, back_off in zip(waits[1:], [10, 20, 40, 80, 160, 300, 300]):
        assert back_off + 3 <= wait <= back_off + 6


def test_ten_minutes_without_a_crash_forgive_all_that_were_before(playground):
    """Twice the longest back-off: then the next restart is at once again, and the one after it waits ten seconds."""
    script = "n=$(cat /data/n 2>/dev/null); echo x$n > /data/n; [ x$n = xxxxxx ] && sleep 640; exit 1"
    volumes = {"volumes": [{"name": "d", "emptyDir": {}}]}
    mounts = [{"name": "d", "mountPath": "/data"}]
    playground.pod(image="busybox:1.36", command=["sh", "-c", script], volumeMounts=mounts, spec=volumes)
    playground.run(155)
    assert (playground.container()["restartCount"], playground.container()["state"].keys()) == (5, {"running"})
    playground.run(645)
    assert playground.container()["restartCount"] >= 6
    assert waiting(playground)["message"].startswith("back-off 10s restarting failed container=c")


def test_a_deadline_ends_a_pod_that_is_active_for_too_long(playground):
    playground.pod(image="redis:7", spec={"activeDeadlineSeconds": 20})
    playground.run(15)
    assert playground.get("pods", "p")["status"]["phase"] == "Running"
    playground.run(10)
    status = playground.get("pods", "p")["status"]
    message = "Pod was active on the node longer than the specified deadline"
    assert (status["phase"], status["reason"], status["message"]) == ("Failed", "DeadlineExceeded", message)
    assert playground.events("p")[-2:] == [("DeadlineExceeded", message), ("Killing", "Stopping container c")]
    assert playground.container()["state"].keys() == {"terminated"}


def test_a_deadline_counts_while_an_image_cannot_be_pulled_and_through_a_restart(playground):
    playground.pod(image="nginx:nope", spec={"activeDeadlineSeconds": 60})
    playground.run(30)
    again = playground.restart()
    again.run(40)
    assert again.get("pods", "p")["status"]["reason"] == "DeadlineExceeded"


def test_a_deadline_may_be_set_while_a_pod_runs(playground):
    playground.pod(image="redis:7")
    playground.run(30)
    playground.client.patch("pods", "p", {"spec": {"activeDeadlineSeconds": 40}}, "default")
    playground.run(5)
    assert playground.get("pods", "p")["status"]["phase"] == "Running"
    playground.run(10)
    assert playground.get("pods", "p")["status"]["phase"] == "Failed"
