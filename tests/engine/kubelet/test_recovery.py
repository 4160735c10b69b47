"""A kubelet that starts over the pods of the last one goes on where that stopped."""

from __future__ import annotations

import pytest

from tests.engine.cluster_tools import Playground


@pytest.fixture
def playground() -> Playground:
    return Playground(nodes=1)


def test_what_ran_still_runs_and_nothing_is_written(playground):
    playground.pod(readinessProbe={"httpGet": {"port": 80}})
    playground.run(10)
    before = playground.get("pods", "p")
    again = playground.restart()
    again.run(60)
    assert again.get("pods", "p") == before


def test_a_half_started_pod_finishes_its_start(playground):
    playground.pod()
    playground.run(0.1)
    again = playground.restart()
    again.run(5)
    assert again.container()["ready"] is True
    assert again.container()["restartCount"] == 0


def test_a_terminating_pod_finishes_its_end(playground):
    playground.pod(image="busybox:1.36", command=["sleep", "3600"])
    playground.run(5)
    playground.client.delete("pods", "p", "default")
    playground.run(10)
    again = playground.restart()
    again.run(10)
    assert again.names("pods") == ["p"]
    again.run(15)
    assert again.names("pods") == []


def test_a_crash_loop_goes_on_with_its_back_off(playground):
    playground.pod(image="busybox:1.36", command=["false"])
    playground.run(20)
    restarts = playground.container()["restartCount"]
    assert restarts == 2
    again = playground.restart()
    again.run(5)
    assert again.container()["state"]["waiting"]["reason"] == "CrashLoopBackOff"
    assert again.container()["restartCount"] == restarts
    again.run(30)
    assert again.container()["restartCount"] == restarts + 1


def test_a_sleeping_command_ends_when_it_would_have_ended(playground):
    playground.pod(image="busybox:1.36", command=["sleep", "30"], spec={"restartPolicy": "Never"})
    playground.run(20)
    again = playground.restart()
    again.run(5)
    assert again.get("pods", "p")["status"]["phase"] == "Running"
    again.run(10)
    assert again.get("pods", "p")["status"]["phase"] == "Succeeded"


def test_a_failed_pull_is_tried_again(playground):
    playground.pod(image="nginx:nosuchtag")
    playground.run(5)
    again = playground.restart()
    again.run(3)
    assert again.container()["state"]["waiting"]["reason"] in ("ErrImagePull", "ImagePullBackOff")
    assert again.get("pods", "p")["status"]["phase"] == "Pending"


def test_init_containers_that_are_through_do_not_run_again(playground):
    init = [{"name": "init", "image": "busybox:1.36", "command": ["sh", "-c", "sleep 1"]}]
    playground.pod(spec={"initContainers": init})
    playground.run(10)
    before = playground.get("pods", "p")["status"]
    again = playground.restart()
    again.run(30)
    assert again.get("pods", "p")["status"] == before


def test_a_new_pod_does_not_get_the_address_of_an_old_one(playground):
    playground.pod("a")
    playground.run(5)
    again = playground.restart()
    again.pod("b")
    again.run(5)
    addresses = [again.get("pods", name)["status"]["podIP"] for name in ("a", "b")]
    assert addresses == ["10.244.0.2", "10.244.0.3"]


def test_an_image_that_was_pulled_is_still_there(playground):
    playground.pod("a")
    playground.run(5)
    again = playground.restart()
    again.pod("b")
    again.run(5)
    assert ("Pulled", 'Container image "nginx:1.25" already present on machine') in again.events("b")
