"""The simulated container runtime of one node: container records, and the addresses of pods.

A record knows what its container is doing; `pod_worker.py` moves it on. Follows the shapes of containerd behind the
CRI.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from cluster_engine.apimachinery.meta import Obj
from cluster_engine.clock import rfc3339
from cluster_engine.kubelet.behaviour import SERVES, Behaviour
from cluster_engine.kubelet.images import ANY_IMAGE, Image, Reference, digest_of

if TYPE_CHECKING:
    from cluster_engine.containers.logs import LogRing
    from cluster_engine.kubelet.mishaps import Mishap

ContainerState = Literal["waiting", "running", "terminated"]
# 128 and SIGKILL.
KILLED_EXIT_CODE = 137


@dataclass(slots=True)
class Container:
    """One container of one pod. Times are virtual microseconds."""

    spec: Obj
    is_init: bool = False
    is_ephemeral: bool = False
    state: ContainerState = "waiting"
    waiting_reason: str = "ContainerCreating"
    waiting_message: str = ""
    id: str = ""
    reference: Reference | None = None
    image: Image = ANY_IMAGE
    behaviour: Behaviour = SERVES
    started_us: int = 0
    finished_us: int = 0
    exit_code: int = 0
    exit_reason: str = ""
    exit_message: str = ""
    restart_count: int = 0
    # The `terminated` state of the run before this one.
    last_terminated: Obj | None = None
    ready: bool = False
    started: bool = False
    # Somebody is at it: it is being pulled or started, or waits to be tried again.
    launching: bool = False
    # Restart back-off, 0 before the first restart; and when it last grew.
    back_off_seconds: int = 0
    back_off_us: int = 0
    pull_back_off_seconds: int = 0
    pull_error: str = ""
    # Why its start has failed, while it is being ended for that.
    start_failure: str = ""
    # What is wrong with it beyond its own doing: see mishaps.py.
    mishap: Mishap | None = None
    # Since when it leaks, if it does.
    leaks_since_us: int = 0
    # Its command has to be run to know what it does.
    eager: bool = False
    # What it printed in this run and in the one before, as far as somebody has looked.
    log: LogRing | None = None
    previous_log: LogRing | None = None
    # Counts the runs and starts, so that what was planned for an earlier run is known to be out of date.
    run: int = 0

    @property
    def name(self) -> str:
        return self.spec["name"]  # type: ignore[no-any-return]

    @property
    def succeeded(self) -> bool:
        return self.state == "terminated" and self.exit_code == 0

    @property
    def keeps_running(self) -> bool:
        """Whether it goes on as if nothing had happened when its main process ends."""
        return self.image.any and (not self.is_init or self.spec.get("restartPolicy") == "Always")

    @property
    def hung(self) -> bool:
        return self.mishap is not None and self.mishap.hung

    @property
    def leaks(self) -> bool:
        return self.state == "running" and self.mishap is not None and bool(self.mishap.leak_bytes_per_second)

    @property
    def stops_after_seconds(self) -> float | None:
        """How long it takes to end when it is asked to; None when it has to be killed."""
        return None if self.hung else self.behaviour.stops_after_seconds

    @property
    def stop_exit_code(self) -> int:
        return KILLED_EXIT_CODE if self.hung else self.behaviour.stop_exit_code

    def image_shown(self) -> str:
        return str(self.reference) if self.reference and self.id else self.spec.get("image", "")

    def image_id(self) -> str:
        return f"{self.reference.repository}@{digest_of(self.reference)}" if self.reference and self.id else ""

    def start(self, container_id: str, now_us: int, *, restarted: bool) -> None:
        """A new run: the record of the last one moves to `last_terminated`."""
        if self.state == "terminated":
            self.last_terminated = self.terminated()
        if restarted:
            self.restart_count += 1
        if restarted:
            self.previous_log = self.log
        self.log = None
        self.state, self.id, self.started_us = "running", container_id, now_us
        self.ready = self.started = self.launching = False
        self.run += 1

    def exit(self, code: int, now_us: int, reason: str = "", message: str = "") -> None:
        """The end of a run."""
        self.state, self.exit_code, self.finished_us = "terminated", code, now_us
        self.exit_reason = reason or ("Completed" if code == 0 else "Error")
        self.exit_message = message
        self.ready = self.started = False
        self.run += 1

    def wait(self, reason: str, message: str = "") -> None:
        """Not running, and why."""
        if self.state == "terminated":
            self.last_terminated = self.terminated()
        self.state, self.waiting_reason, self.waiting_message = "waiting", reason, message
        self.ready = self.started = False

    def terminated(self) -> Obj:
        """The `terminated` state as the API shows it."""
        state: dict[str, Any] = {"exitCode": self.exit_code, "reason": self.exit_reason}
        if self.exit_message:
            state["message"] = self.exit_message
        state["startedAt"] = rfc3339(self.started_us)  # never started: 1970, as the runtime says
        state["finishedAt"] = rfc3339(self.finished_us)
        if self.id:
            state["containerID"] = f"containerd://{self.id}"
        return state


class AddressesExhausted(Exception):
    """No address of the node's range is free."""


class AddressPool:
    """The pod addresses of one node, handed out in turn.

    Follows the host-local plugin: the first host address is the bridge's.
    """

    def __init__(self, cidr: str, first: int = 2) -> None:
        network = ipaddress.ip_network(cidr)
        self._first = int(network.network_address) + first
        self._count = network.num_addresses - first - 1
        self._next = 0
        self._taken: set[int] = set()
        self.range_shown = (
            f"{ipaddress.ip_address(self._first - 1)}-{ipaddress.ip_address(self._first + self._count - 1)}"
        )

    def allocate(self) -> str:
        """The next free address. Raises `AddressesExhausted`."""
        if len(self._taken) >= self._count:
            raise AddressesExhausted(f"no IP addresses available in range set: {self.range_shown}")
        while self._next in self._taken:
            self._next = (self._next + 1) % self._count
        index = self._next
        self._taken.add(index)
        self._next = (index + 1) % self._count
        return str(ipaddress.ip_address(self._first + index))

    def go_on_from(self, before: AddressPool) -> None:
        """Starts where an earlier kubelet's pool was: the plugin remembers on disk which address came last."""
        self._next = before._next

    def reserve(self, address: str) -> None:
        """Marks an address that a pod has already, and goes on after it."""
        index = int(ipaddress.ip_address(address)) - self._first
        if 0 <= index < self._count:
            self._taken.add(index)
            self._next = max(self._next, (index + 1) % self._count)

    def release(self, address: str) -> None:
        self._taken.discard(int(ipaddress.ip_address(address)) - self._first)
