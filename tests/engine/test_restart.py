"""A cluster that is made anew from a snapshot goes on where it was."""

from __future__ import annotations

from tests.engine.cluster_tools import Playground


def test_events_still_end_an_hour_after_they_were_written() -> None:
    play = Playground()
    play.pod("p")
    play.run(60)
    assert play.client.list("events", "default").items
    again = play.restart()
    again.run(3400)
    assert again.client.list("events", "default").items
    again.run(200)
    assert again.client.list("events", "default").items == []


def test_names_are_not_drawn_twice_after_a_restart() -> None:
    play = Playground()
    first = {play.create("configmaps", {"metadata": {"generateName": "x-"}})["metadata"]["name"] for _ in range(20)}
    again = play.restart()
    second = {again.create("configmaps", {"metadata": {"generateName": "x-"}})["metadata"]["name"] for _ in range(20)}
    assert len(first | second) == 40


def test_a_rollout_goes_on_after_a_restart_in_its_middle() -> None:
    play = Playground()
    labels = {"app": "d"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "c", "image": "nginx:1.7.9"}]}}
    spec = {"replicas": 4, "selector": {"matchLabels": labels}, "template": template}
    play.create("deployments.apps", {"metadata": {"name": "d"}, "spec": spec})
    play.run(30)
    patch = {"spec": {"template": {"spec": {"containers": [{"name": "c", "image": "nginx:1.9.1"}]}}}}
    play.client.patch("deployments.apps", "d", patch, "default")
    play.run(1.5)
    assert 0 < play.get("deployments.apps", "d")["status"]["updatedReplicas"] < 4
    again = play.restart()
    again.run(60)
    status = again.get("deployments.apps", "d")["status"]
    assert status["updatedReplicas"] == status["availableReplicas"] == status["replicas"] == 4
