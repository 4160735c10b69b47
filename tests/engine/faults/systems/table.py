"""The table itself, and short ways to say what a line of it needs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from cluster_engine.apimachinery.errors import ApiError
from tests.engine.faults.conftest import Breakable

Obj = dict[str, Any]
Show = Callable[[Breakable], None]
# Name -> (shows it at work, shows what is missing without what it lives by).
SYSTEMS: dict[str, tuple[Show, Show]] = {}
SLICES = "endpointslices.discovery.k8s.io"


def system(name: str, works: Show, fails: Show) -> None:
    """Adds a line to the table."""
    assert name not in SYSTEMS
    SYSTEMS[name] = works, fails


def phase(world: Breakable, pod: str = "p") -> str:
    found: str = world.get("pods", pod)["status"]["phase"]
    return found


def refused(world: Breakable, words: str, **pod: Any) -> None:
    with pytest.raises(ApiError) as error:
        world.pod(**pod)
    assert words in error.value.message


def unschedulable(world: Breakable, words: str, pod: str = "p") -> None:
    world.run(3)
    assert phase(world, pod) == "Pending"
    message = next(message for reason, message in world.events(pod) if reason == "FailedScheduling")
    assert words in message


def running(world: Breakable, *pods: str) -> None:
    world.run(5)
    assert [phase(world, pod) for pod in pods] == ["Running"] * len(pods)


def without(controller: str, show: Show, missing: Show) -> Show:
    """Shows that something is missing while a controller is stopped, and that it comes when that is back."""

    def fails(world: Breakable) -> None:
        name = world.inject("Stop", f"controller/{controller}")
        missing(world)
        world.lift(name)
        show(world)

    return fails


def service(world: Breakable, name: str = "web", **spec: Any) -> None:
    whole = {"selector": {"app": name}, "ports": [{"port": 80}], **spec}
    world.create("services", {"metadata": {"name": name}, "spec": whole})
