"""One pod's life on its node: sandbox, containers, status, end.

Follows pkg/kubelet/pod_workers.go and kubelet.go (SyncPod, SyncTerminatingPod, SyncTerminatedPod). A worker keeps an
agenda of what is due when; a sync does what is due, writes the status if it has changed, and asks for a timer for the
next thing.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from cluster_engine.apimachinery.errors import ApiError
from cluster_engine.apimachinery.meta import Obj, deleting, key_of
from cluster_engine.apimachinery.times import parse_time
from cluster_engine.clock import SECOND_US
from cluster_engine.kubelet import delays, recovery, references, status, stopping
from cluster_engine.kubelet.admission import Rejection
from cluster_engine.kubelet.agenda import Agenda
from cluster_engine.kubelet.containers import ContainerManager
from cluster_engine.kubelet.credentials import missing_secrets
from cluster_engine.kubelet.ending import DEADLINE_WORDS, Ending
from cluster_engine.kubelet.host_paths import type_fault
from cluster_engine.kubelet.inside.pod_inside import PodInside
from cluster_engine.kubelet.interfaces import Host
from cluster_engine.kubelet.mishaps import Mishap
from cluster_engine.kubelet.runtime import KILLED_EXIT_CODE, AddressesExhausted, Container
from cluster_engine.trace import Cause

RETRY_SECONDS = 10.0
# What a container gets that has spent its grace period in its hook.
_EXTRA_GRACE_US = 3 * SECOND_US


class PodWorker:
    """The state of one pod on one node. Made anew from the pod's status when the kubelet restarts."""

    def __init__(self, host: Host, pod: Obj) -> None:
        self.host = host
        self.pod = pod
        self.uid: str = pod["metadata"]["uid"]
        self.key = key_of(pod)
        spec = pod["spec"]
        self.init = [Container(c, is_init=True) for c in spec.get("initContainers") or ()]
        self.main = [Container(c) for c in spec["containers"]]
        if self.init:
            for container in (*self.init, *self.main):
                container.waiting_reason = "PodInitializing"
        # Ephemeral ones, in the order in which they came.
        self.extra: list[Container] = []
        self.containers = ContainerManager(self)
        self.inside = PodInside(self)
        self.ip = ""
        self.sandbox_ready = False
        self.start_time = ""
        # The images are all there, so that one wait covers the sandbox and the start of the containers.
        self.prepaid = False
        self.terminating = False
        self.finished = False
        self.dirty = False
        # Why the kubelet itself has ended the pod, "" where it has not; and why it was never taken in.
        self.evicted = ""
        self.rejected: Rejection | None = None
        # What to try again when a ConfigMap or Secret appears.
        self.blocked: list[Callable[[], None]] = []
        # When the pod ends at the latest, and when its grace period does.
        self._end_us = 0
        self._limit_us = 0
        self._admitted = False
        self._holds_address = False
        self.agenda = Agenda(host.clock, lambda what: host.queue.add(self.key, Cause("timer", what)))
        self.ending = Ending(self, self.containers, self._drop_plans)

    # The agenda.

    @property
    def now_us(self) -> int:
        return self.host.clock.now_us

    def jitter(self, seconds: float) -> float:
        """Seconds, more or less a fifth."""
        return seconds * self.host.rng.uniform(0.8, 1.2)

    def plan(self, seconds: float, action: Callable[[], None], what: str, container: Container | None = None) -> None:
        """Does `action` after `seconds`, unless the container's run has ended by then."""
        self.agenda.plan(seconds, action, what, container)

    def wake(self) -> None:
        """There is something to do for the pod's next sync."""
        self.host.queue.add(self.key, Cause("timer", "containers"))

    def rearm(self) -> None:
        """Something has been planned outside of a sync."""
        self.agenda.arm()

    # The sync.

    def sync(self, pod: Obj) -> None:
        """Brings the pod on its way, as far as it gets at this moment."""
        if pod.get("status") is not self.pod.get("status"):
            # Somebody else has written what they thought of the pod. Follows status_manager.go (needsReconcile).
            self.dirty = True
        self.pod = pod
        if not self._admitted:
            self._admitted = True
            self._admit()
        elif not self.terminating and not self.ending.begun:
            self.containers.adopt_spec(pod["spec"])
            if pod["spec"].get("ephemeralContainers"):
                self.containers.adopt_ephemeral(pod["spec"])
        if "activeDeadlineSeconds" in pod["spec"] and self.start_time:
            self.ending.watch_deadline(self.start_time)
        if deleting(pod):
            self._terminate()
        elif self.blocked:
            blocked, self.blocked = self.blocked, []
            for action in blocked:
                self.plan(self.host.rng.uniform(0.5, 1.5), action, "a source that was missing")
        self.agenda.run_due()
        self._publish()
        if self.finished:
            self._remove()
        else:
            self.agenda.arm()

    def _admit(self) -> None:
        self.dirty = True
        known = self.pod.get("status") or {}
        if known.get("startTime"):
            self.start_time = known["startTime"]
            self.rejected = status.rejection_of(known)
            recovery.recover(self, self.containers, self.create_sandbox)
            return
        self.start_time = self.host.clock.rfc3339()
        refusal = self.host.refuses(self.pod)
        if refusal is not None:
            # It takes a moment, in which a scheduler that did not know better may learn of the node's taint.
            self.dirty = False
            self.plan(self.jitter(0.3), partial(self.reject, refusal), "refusal")
        elif not deleting(self.pod):
            self.plan(delays.start_seconds(self), self.create_sandbox, "pod sandbox")

    def create_sandbox(self) -> None:
        """Sets up volumes and network, then starts the containers."""
        wrong = type_fault(self.pod, self.host)
        if wrong is not None:
            self.event("Warning", "FailedMount", f'MountVolume.SetUp failed for volume "{wrong[0]}" : {wrong[1]}')
            self.plan(self.jitter(RETRY_SECONDS), self.create_sandbox, "volumes again")
            return
        missing = references.missing_volume(self.pod, self.lookup)
        if missing is not None:
            text = f'MountVolume.SetUp failed for volume "{missing.volume}" : {missing.message}'
            self.event("Warning", "FailedMount", text)
            self.wait_for(missing.resource, missing.name, self.create_sandbox)
            return
        if self.pod["spec"].get("hostNetwork"):
            self.hold_address(self.host.config.address)
        elif not self.ip:
            try:
                self.hold_address(self.host.addresses.allocate())
            except AddressesExhausted as error:
                sandbox = self.host.rng.hex(64)
                self.event(
                    "Warning",
                    "FailedCreatePodSandBox",
                    f"Failed to create pod sandbox: rpc error: code = Unknown desc = failed to setup network for "
                    f'sandbox "{sandbox}": plugin type="bridge" failed (add): failed to allocate for range 0: {error}',
                )
                self.plan(self.jitter(RETRY_SECONDS), self.create_sandbox, "pod sandbox again")
                return
        self.sandbox_ready = True
        if "imagePullSecrets" in self.pod["spec"] and (absent := missing_secrets(self.pod, self.lookup)):
            text = f"Unable to retrieve some image pull secrets ({', '.join(absent)}); "
            text += "attempting to pull the image may not succeed."
            self.event("Warning", "FailedToRetrieveImagePullSecret", text)
        self.containers.start_next()

    def lookup(self, resource: str, name: str) -> Obj | None:
        return self.host.source(resource, self.pod["metadata"]["namespace"], name)

    def wait_for(self, resource: str, name: str, action: Callable[[], None]) -> None:
        """Tries `action` again when that ConfigMap or Secret appears or changes.

        The real kubelet asks again every few seconds.
        """
        self.blocked.append(action)
        self.host.wait_for(resource, self.pod["metadata"]["namespace"], name, self.key)

    def event(self, type_: str, reason: str, message: str, container: Container | None = None) -> None:
        path = ""
        if container is not None:
            field = "initContainers" if container.is_init else "containers"
            path = f"spec.{'ephemeralContainers' if container.is_ephemeral else field}{{{container.name}}}"
        self.host.recorder.event(self.pod, type_, reason, message, field_path=path)

    # The status.

    def _publish(self) -> None:
        if not self.dirty:
            return
        self.dirty = False
        host = self.host
        late = self.ending.done
        override = "Failed" if self.evicted or late else self._final_phase() if self.finished else ""
        pod = status.with_reason(self.pod, self.ending.reason, DEADLINE_WORDS) if late else self.pod
        new = status.rejected_status(self.pod, self.rejected, self.start_time) if self.rejected else status.pod_status(
            status.with_eviction(self.pod, self.evicted, host.clock.rfc3339()) if self.evicted else pod,
            self.init,
            self.main,
            host_ip=host.config.address,
            pod_ip=self.ip,
            start_time=self.start_time,
            sandbox_ready=self.sandbox_ready,
            now=host.clock.rfc3339(),
            mounts=status.mounts_of(self.pod["spec"]),
            phase_override=override,
            extra=self.extra,
        )
        if new["phase"] in ("Succeeded", "Failed") and self.sandbox_ready:
            # Nothing will run here any more: the sandbox is stopped, its address is free.
            self.sandbox_ready = False
            self.inside.close(for_good=False)
            self.release_address()
            self.dirty = True
            self._publish()
            return
        if new != self.pod.get("status"):
            try:
                self.pod = host.write_status(self.pod, new)
            except ApiError as error:
                self.dirty = error.reason != "NotFound"
                if error.code >= 500:
                    # Nobody answers: the containers' lives go on meanwhile.
                    host.queue.add_after(self.key, RETRY_SECONDS)
                elif self.dirty:
                    raise

    def _final_phase(self) -> str:
        """A pod that is deleted ends Succeeded or Failed once all of its containers have ended."""
        if any(container.state != "terminated" for container in self.main):
            return ""
        return "Succeeded" if all(container.exit_code == 0 for container in self.main) else "Failed"

    # The end.

    def reject(self, rejection: Rejection) -> None:
        """Does not take the pod in; it stays in the API as Failed. Follows rejectPod."""
        self.rejected, self.evicted = rejection, rejection.message
        self.event("Warning", rejection.reason, rejection.message)
        self._drop_plans()
        self.dirty = True
        self._publish()

    def evict(self, message: str) -> None:
        """Ends the pod for the node's sake; it stays in the API as Failed. Follows evictPod."""
        self.evicted = message
        self.event("Warning", "Evicted", message)
        self._drop_plans()
        for container in (*self.init, *self.main):
            if container.state == "running":
                self.event("Normal", "Killing", f"Stopping container {container.name}", container)
                self.containers.end(container, KILLED_EXIT_CODE)
        self.dirty = True
        self._publish()
        self.agenda.arm()

    def _terminate(self) -> None:
        """Stops the containers within the grace period; a shorter grace, asked for later, counts."""
        meta = self.pod["metadata"]
        if self.terminating:
            limit_us = self._grace_end_us()
            if limit_us < min(self._limit_us, self._end_us) and not self.finished:
                self._limit_us = limit_us
                self._end_us = limit_us
                self.plan((limit_us - self.now_us) / SECOND_US, self._finish, "end of the grace period")
            return
        self.terminating = True
        self._limit_us = self._grace_end_us()
        self._drop_plans()
        running = self._running()
        grace_seconds = meta.get("deletionGracePeriodSeconds") or 0
        for container in running:
            self.event("Normal", "Killing", f"Stopping container {container.name}", container)
        self.dirty = True
        if self.host.config.stop_seconds is None and any(stopping.needs_world(self, c) for c in running):
            self._end_us = max(self.now_us, self._grace_end_us()) + _EXTRA_GRACE_US
            self.plan((self._end_us - self.now_us) / SECOND_US, self._finish, "end of the grace period")
            self._stop_some(running)
            return
        delay = delays.stop_seconds(self, running, grace_seconds)
        self._end_us = self.now_us + round(delay * SECOND_US)
        if running:
            self._end_us = min(self._end_us, max(self.now_us, self._grace_end_us()))
        self.plan((self._end_us - self.now_us) / SECOND_US, self._finish, "containers stopped")

    def _drop_plans(self) -> None:
        self.agenda.clear()
        self.blocked.clear()

    def _running(self) -> list[Container]:
        return [c for c in (*self.init, *self.main, *self.extra) if c.state == "running"]

    def _stop_some(self, running: list[Container]) -> None:
        """Stops the main containers; sidecars come after them, the last one first."""
        grace_seconds = max(0.0, (self._grace_end_us() - self.now_us) / SECOND_US)
        sidecars = [container for container in running if container.is_init]
        first = [container for container in running if not container.is_init]
        for container in first or sidecars[-1:]:
            self.containers.stop(container, grace_seconds)

    def container_ended(self, container: Container) -> None:
        """One of the containers of a pod that ends has ended."""
        if not self.terminating:
            self.ending.container_ended()
            return
        running = self._running()
        if not running:
            self.plan(self.host.rng.uniform(0.1, 0.3), self._finish, "containers stopped")
        elif all(other.is_init for other in running) and not self.finished:
            self._stop_some(running)

    def _grace_end_us(self) -> int:
        return parse_time(self.pod["metadata"]["deletionTimestamp"]) + SECOND_US

    def _finish(self) -> None:
        if self.finished:
            return
        for container in self._running():
            lives_inside = container.eager or self.inside.of(container) is not None
            killed = lives_inside and self.host.config.stop_seconds is None
            self.containers.end(container, KILLED_EXIT_CODE if killed else container.stop_exit_code)
        self.sandbox_ready = False
        self.finished = True
        self.dirty = True

    def _remove(self) -> None:
        """Takes the pod out of the API: its containers are gone."""
        meta = self.pod["metadata"]
        if meta.get("deletionGracePeriodSeconds") == 0 and meta.get("finalizers"):
            return
        try:
            self.host.remove_pod(self.pod)
        except ApiError as error:
            if error.reason not in ("NotFound", "Conflict"):
                raise

    def hold_address(self, address: str) -> None:
        """The pod has that address until it is released; the node's own is nobody's to give."""
        self.ip = address
        self.host.pods_by_ip[address] = self.key
        self._holds_address = not self.pod["spec"].get("hostNetwork")

    def take_inside(self, inside: PodInside) -> None:
        """The pod's containers live on from an earlier kubelet's time."""
        self.inside = inside
        inside.take_over(self)

    def release_address(self) -> None:
        """Gives the address back, once."""
        if self._holds_address:
            self._holds_address = False
            self.host.pods_by_ip.pop(self.ip, None)
            self.host.addresses.release(self.ip)

    def disturb(self, mishaps: dict[str, Mishap]) -> None:
        """That is wrong with its containers now, by their names."""
        for container in (*self.init, *self.main):
            self.containers.disturb(container, mishaps.get(container.name))

    def pause(self) -> None:
        """Nobody looks after the pod any more."""
        self.agenda.stop()

    def forget(self) -> None:
        """The pod is gone from the API, in whatever way."""
        self.pause()
        self.agenda.clear()
        self.containers.close()
        self.inside.close(for_good=True)
        self.release_address()
