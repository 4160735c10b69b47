"""The end of a pod that nobody deletes: its containers are through, or its time is up.

Sidecars outlast the other containers and are stopped when none of those runs again. Follows
pkg/kubelet/kuberuntime/kuberuntime_manager.go (computePodActions, KillPod) and pkg/kubelet/active_deadline.go.
"""

from __future__ import annotations

from collections.abc import Callable

from cluster_engine.apimachinery.times import parse_time
from cluster_engine.clock import SECOND_US
from cluster_engine.kubelet.containers import ContainerManager
from cluster_engine.kubelet.interfaces import Sandbox
from cluster_engine.kubelet.runtime import Container
from cluster_engine.kubelet.status import is_restartable_init

DEADLINE_EXCEEDED = "DeadlineExceeded"
DEADLINE_WORDS = "Pod was active on the node longer than the specified deadline"
GRACE_SECONDS = 30


class Ending:
    """How one pod ends by itself. `clear` forgets all that was planned for the pod."""

    def __init__(self, worker: Sandbox, manager: ContainerManager, clear: Callable[[], None]) -> None:
        self._worker = worker
        self._manager = manager
        self._clear = clear
        # It has begun: nothing is started any more.
        self.begun = False
        # Why the kubelet ends it, "" where its containers are through by themselves.
        self.reason = ""
        self._deadline: int | None = None

    @property
    def done(self) -> bool:
        """Whether nothing runs any more of a pod whose time is up."""
        return bool(self.reason) and not self._running()

    def watch_deadline(self, start_time: str) -> None:
        """Plans the end of a pod with `activeDeadlineSeconds`, which may be set or shortened while it runs."""
        deadline = self._worker.pod["spec"].get("activeDeadlineSeconds")
        if deadline is None or deadline == self._deadline or self.begun:
            return
        self._deadline = deadline
        end_us = parse_time(start_time) + deadline * SECOND_US
        seconds = (end_us - self._worker.now_us) / SECOND_US
        self._worker.plan(seconds, lambda: self._time_is_up(deadline), "activeDeadlineSeconds")

    def _time_is_up(self, deadline: int) -> None:
        worker = self._worker
        status = worker.pod.get("status") or {}
        if deadline != self._deadline or worker.terminating or status.get("phase") in ("Succeeded", "Failed"):
            return
        self.reason = DEADLINE_EXCEEDED
        worker.event("Normal", DEADLINE_EXCEEDED, DEADLINE_WORDS)
        self._begin()

    def look(self, ended: Container) -> None:
        """A container has ended that does not run again: are all those through that the pod is there for?"""
        worker = self._worker
        if self.begun or not any(is_restartable_init(container.spec) for container in worker.init):
            return
        if ended.is_init or all(c.state == "terminated" and not self._manager.restarts(c) for c in worker.main):
            self._begin()

    def _begin(self) -> None:
        self.begun = True
        self._worker.dirty = True
        self._clear()
        for container in self._running():
            self._worker.event("Normal", "Killing", f"Stopping container {container.name}", container)
        self.go_on()

    def go_on(self) -> None:
        """Stops the other containers, and then the sidecars, the last one first."""
        running = self._running()
        first = [container for container in running if not container.is_init]
        grace_seconds = self._worker.pod["spec"].get("terminationGracePeriodSeconds", GRACE_SECONDS)
        for container in first or running[-1:]:
            self._manager.stop(container, grace_seconds)
        self._worker.dirty = True

    def container_ended(self) -> None:
        """One of the containers has ended."""
        running = self._running()
        if running and all(container.is_init for container in running):
            self.go_on()
        self._worker.dirty = True

    def _running(self) -> list[Container]:
        worker = self._worker
        return [c for c in (*worker.init, *worker.main, *worker.extra) if c.state == "running"]
