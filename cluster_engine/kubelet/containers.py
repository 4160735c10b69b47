"""The containers of one pod: pull, create, start, exit, restart with back-off.

Follows pkg/kubelet/kuberuntime/{kuberuntime_manager,kuberuntime_container}.go.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from cluster_engine.apimachinery.meta import Obj
from cluster_engine.clock import SECOND_US
from cluster_engine.kubelet import hooks, references, stopping
from cluster_engine.kubelet.behaviour import SERVES
from cluster_engine.kubelet.errands import Outcome
from cluster_engine.kubelet.images import DONE, Reference, ports_of
from cluster_engine.kubelet.interfaces import Sandbox
from cluster_engine.kubelet.mishaps import Mishap, own_memory_limit, seconds_until_out_of_memory
from cluster_engine.kubelet.prober import Prober
from cluster_engine.kubelet.pulls import BACK_OFF_SECONDS, MAX_BACK_OFF_SECONDS, ImagePuller, Then, go_duration, nothing
from cluster_engine.kubelet.runtime import KILLED_EXIT_CODE, Container
from cluster_engine.kubelet.status import is_restartable_init
from cluster_engine.kubelet.users import verify_non_root

# Twice the longest back-off without a restart ends it.
BACK_OFF_RESET_US = 2 * MAX_BACK_OFF_SECONDS * SECOND_US
START_ERROR = (
    "failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: "
    "unable to start container process: error during container init: {why}: unknown"
)
START_ERROR_CODE = 128


def _startable(container: Container) -> bool:
    """Whether it waits and nobody is at it yet."""
    return container.state == "waiting" and not container.launching and container.waiting_reason != "CrashLoopBackOff"


class ContainerManager:
    """Moves the containers of one pod on. What takes time goes on the worker's agenda."""

    def __init__(self, worker: Sandbox) -> None:
        self._worker = worker
        self._host = worker.host
        self._puller = ImagePuller(worker, self._use)
        self._prober = Prober(worker, self.kill, self.start_next)

    def start_next(self) -> None:
        """Starts the next init container, or all main ones once those are through."""
        worker = self._worker
        for container in worker.init:
            if is_restartable_init(container.spec):
                if _startable(container):
                    self.launch(container, self.start_next)
                    return
                if not container.started:
                    return
            elif not container.succeeded:
                if _startable(container):
                    self.launch(container)
                return
        for container in worker.main:
            if container.waiting_reason == "PodInitializing":
                container.waiting_reason = "ContainerCreating"
        self._launch_from(0)

    def _launch_from(self, index: int) -> None:
        """Starts the main containers one after another; one that cannot start does not hold up the others."""
        main = self._worker.main
        while index < len(main):
            container = main[index]
            if _startable(container):
                self.launch(container, partial(self._launch_from, index + 1))
                return
            index += 1

    def launch(self, container: Container, then: Then = nothing) -> None:
        """Gets the image and starts the container. `then` is called once, when it has started or failed to."""
        self._puller.launch(container, then)

    # The start.

    def _use(self, container: Container, reference: Reference, then: Then) -> None:
        worker = self._worker
        container.reference = reference
        container.image = self._host.images.find(reference)
        set_behaviour(worker, container)
        missing = references.missing_environment(worker.pod, container.spec, worker.lookup)
        if missing is not None:
            self._puller.fail(container, "CreateContainerConfigError", missing.message, missing.message)
            worker.wait_for(missing.resource, missing.name, partial(self.launch, container))
            then()
            return
        refused = verify_non_root(worker.pod, container.spec, container.image)
        if refused:
            self._puller.fail(container, "CreateContainerConfigError", refused, refused)
            then()
            return
        if worker.prepaid:
            self._start(container, then)
        else:
            seconds = worker.jitter(container.image.start_seconds)
            worker.plan(seconds, partial(self._start, container, then), f"start of {container.name}", container)

    def _start(self, container: Container, then: Then) -> None:
        worker = self._worker
        restarted = bool(container.id)
        worker.dirty = True
        worker.event("Normal", "Created", f"Created container: {container.name}", container)
        container.start(self._host.rng.hex(64), worker.now_us, restarted=restarted)
        why = worker.inside.start(container) if container.eager else None
        if why is not None:
            message = START_ERROR.format(why=why)
            worker.event("Warning", "Failed", f"Error: {message}", container)
            container.started_us = 0
            container.exit(START_ERROR_CODE, worker.now_us, "StartError", message)
            self.exited(container)
            self._show_failed_start(container, "RunContainerError", message)
            then()
            return
        worker.event("Normal", "Started", f"Started container {container.name}", container)
        if hooks.hook_of(container.spec, "postStart") is not None and container.state == "running":
            hooks.run(worker, container, "postStart", partial(self._post_started, container, container.run, then))
            return
        if container.state == "running":
            self.follow(container)
        then()

    def _post_started(self, container: Container, run: int, then: Then, outcome: Outcome) -> None:
        """The container counts as started when its hook is through; one whose hook fails is killed."""
        if container.run == run and container.state == "running":
            if outcome.success:
                self.follow(container)
            else:
                worker = self._worker
                worker.event("Warning", "FailedPostStartHook", "PostStartHook failed", container)
                words = hooks.failure_words(container, "postStart", outcome, worker.pod)
                worker.host.note(words)
                container.start_failure = words
                self.kill(container, "FailedPostStartHook")
        then()
        self._worker.wake()

    def follow(self, container: Container) -> None:
        """Plans what a running container will do by itself: its exit, and its probes."""
        if container.eager or self._worker.inside.world is not None:
            # Whoever runs in the pod already may ask for it.
            self._worker.inside.look()
            if container.state != "running":
                return
        ends_after = container.behaviour.exits_after_seconds if not container.eager else None
        if ends_after is not None:
            elapsed = (self._worker.now_us - container.started_us) / SECOND_US
            action = partial(self._exit, container, container.behaviour.exit_code)
            self._worker.plan(ends_after - elapsed, action, f"end of {container.name}", container)
        self._follow_leak(container)
        self._prober.follow(container)

    def _follow_leak(self, container: Container) -> None:
        memory = self._host.config.memory
        seconds = seconds_until_out_of_memory(container, memory)
        if seconds is None or container.mishap is None:
            return
        container.leaks_since_us = self._worker.now_us
        what = f"memory of {container.name}"
        self._worker.plan(seconds, partial(self._out_of_memory, container, container.mishap), what, container)
        if own_memory_limit(container) is None:
            # The node runs short before the container has all of it.
            early = self._host.pressure.spare_bytes / container.mishap.leak_bytes_per_second
            self._worker.plan(max(seconds - early, 0.0), self._host.pressure.look_soon, what, container)

    def _out_of_memory(self, container: Container, mishap: Mishap | None) -> None:
        """The kernel ends a container that has reached its limit, unless it has ceased to leak meanwhile."""
        if container.mishap != mishap:
            return
        if own_memory_limit(container) is None:
            self._host.pressure.tell_of_system_oom(container.name)
        self._exit(container, KILLED_EXIT_CODE, "OOMKilled")

    # Mishaps.

    def disturb(self, container: Container, mishap: Mishap | None) -> None:
        """From now on that is wrong with the container (None: nothing)."""
        if container.mishap == mishap:
            return
        container.mishap = mishap
        if container.state == "running":
            self._follow_leak(container)
            self._prober.look_again(container)

    def crash(self, container: Container, code: int) -> None:
        """The main process ends by itself; the kubelet finds out when it looks next (pkg/kubelet/pleg: each second)."""
        action = partial(self._exit, container, code)
        self._worker.plan(self._host.rng.uniform(0.1, 1.0), action, f"crash of {container.name}", container)

    # The end of a run.

    def process_ended(self, container: Container, code: int, out_of_memory: bool) -> None:
        """The main process has ended by itself, in the world inside the container."""
        if container.state == "running":
            self._exit(container, code, "OOMKilled" if out_of_memory else "")
            self._worker.wake()

    def _exit(self, container: Container, code: int, reason: str = "") -> None:
        if container.state == "running":
            self.end(container, code, reason)
            self.exited(container)
            if container.start_failure:
                self._show_failed_start(container, "PostStartHookError", container.start_failure)

    def _show_failed_start(self, container: Container, reason: str, message: str) -> None:
        """One that will be tried again waits meanwhile, with the reason for which its start failed."""
        container.start_failure = ""
        if self.restarts(container) and not self._worker.terminating and not self._worker.ending.begun:
            container.wait(reason, message)
            container.launching = True

    def end(self, container: Container, code: int, reason: str = "") -> None:
        """Ends a container's run and everything in it, and keeps what it has to say about that."""
        inside = self._worker.inside
        own = inside.of(container)
        message = own.last_words(container.spec.get("terminationMessagePolicy"), code) if own is not None else ""
        container.exit(code, self._worker.now_us, reason, message)
        inside.end(container)

    def kill(self, container: Container, message: str, grace_seconds: float | None = None) -> None:
        """Stops one container, which its restart policy may start again; within the pod's grace period for None."""
        worker = self._worker
        worker.event("Normal", "Killing", message, container)
        if grace_seconds is None:
            grace_seconds = worker.pod["spec"].get("terminationGracePeriodSeconds", 30)
        stopping.stop(worker, container, grace_seconds, self._exit)

    def stop(self, container: Container, grace_seconds: float) -> None:
        """Stops a container of a pod that ends."""
        stopping.stop(self._worker, container, grace_seconds, self._exit)

    def look_at_probes(self) -> None:
        """Something has changed that probes could see."""
        self._prober.wake()

    def close(self) -> None:
        self._prober.close()

    def exited(self, container: Container) -> None:
        """Decides whether a container that has ended runs again."""
        worker = self._worker
        worker.dirty = True
        if worker.terminating or worker.ending.begun:
            worker.container_ended(container)
            return
        if container.is_ephemeral:
            return
        if container.is_init and container.exit_code == 0 and not is_restartable_init(container.spec):
            worker.plan(self._host.rng.uniform(0.1, 0.5), self.start_next, "next container")
            return
        if self.restarts(container):
            seconds = self._host.rng.uniform(0.5, 1.0)
            worker.plan(seconds, partial(self._restart, container), f"restart of {container.name}", container)
        else:
            worker.ending.look(container)

    def restarts(self, container: Container) -> bool:
        """Whether its restart policy starts it again, now that it has ended."""
        policy = self._worker.pod["spec"].get("restartPolicy", "Always")
        if is_restartable_init(container.spec):
            return True
        if container.is_init:
            return policy != "Never" and container.exit_code != 0
        return policy == "Always" or (policy == "OnFailure" and container.exit_code != 0)

    def _restart(self, container: Container) -> None:
        """At once the first time, then after a back-off that doubles. Follows doBackOff."""
        worker = self._worker
        rested = container.finished_us - container.back_off_us > BACK_OFF_RESET_US
        if not container.back_off_seconds or rested:
            container.back_off_seconds, container.back_off_us = BACK_OFF_SECONDS, container.finished_us
            self.launch(container)
            return
        meta = worker.pod["metadata"]
        pod = f"{meta['name']}_{meta['namespace']}({worker.uid})"
        shown = go_duration(container.back_off_seconds * 1000)
        worker.event(
            "Warning", "BackOff", f"Back-off restarting failed container {container.name} in pod {pod}", container
        )
        container.wait("CrashLoopBackOff", f"back-off {shown} restarting failed container={container.name} pod={pod}")
        worker.dirty = True
        self.wait_out_back_off(container)

    def wait_out_back_off(self, container: Container) -> None:
        """Starts the container again when its back-off, which counts from the end of its last run, is over."""
        elapsed = (self._worker.now_us - container.finished_us) / SECOND_US
        seconds = container.back_off_seconds - elapsed + self._host.rng.uniform(0.0, 1.0)
        self._worker.plan(seconds, partial(self._again, container), f"back-off of {container.name}", container)

    def _again(self, container: Container) -> None:
        container.back_off_seconds = min(2 * container.back_off_seconds, MAX_BACK_OFF_SECONDS)
        container.back_off_us = container.finished_us
        self.launch(container)

    # Changes of the spec.

    def adopt_spec(self, spec: Obj) -> None:
        """A pod's images may be changed: what waits for one tries the new one, what runs is restarted with it."""
        for containers, specs in (
            (self._worker.init, spec.get("initContainers") or ()),
            (self._worker.main, spec["containers"]),
        ):
            for container, new in zip(containers, specs):
                if container.spec is new or container.spec.get("image") == new.get("image"):
                    container.spec = new
                    continue
                container.spec = new
                if container.state == "running":
                    self.kill(container, f"Container {container.name} definition changed, will be restarted")
                elif self._worker.sandbox_ready and container.state == "waiting":
                    container.run += 1
                    container.pull_back_off_seconds = 0
                    self._worker.plan(0.5, partial(self.launch, container), f"new image of {container.name}", container)

    # Ephemeral containers.

    def adopt_ephemeral(self, spec: Obj) -> None:
        """Starts the ephemeral containers that have been added to the pod."""
        worker = self._worker
        known = {container.name for container in worker.extra}
        for entry in spec.get("ephemeralContainers") or ():
            if entry["name"] not in known:
                container = Container(entry, is_ephemeral=True)
                worker.extra.append(container)
                worker.dirty = True
                if worker.sandbox_ready:
                    self.launch(container)


def _wants_a_taken_port(worker: Sandbox, container: Container) -> bool:
    """Whether another container of the pod serves on one of the same ports: then it has to be seen who gets it."""
    others = [other for other in (*worker.init, *worker.main) if other is not container]
    if not others or not container.image.ports:
        return False
    return any(set(container.image.ports) & set(ports_of(other.spec.get("image", ""))) for other in others)


def set_behaviour(worker: Sandbox, container: Container) -> None:
    """What the container will do, as far as its image and spec say; else it has to be run."""
    image = container.image
    once = container.is_init and not is_restartable_init(container.spec)
    speaks = bool(container.spec.get("stdin"))
    if image.any and (speaks or once):
        # The only ones that end where all others keep running: whoever speaks with one wants to see its end.
        image = container.image = replace(image, any=False) if speaks or image.inside is not None else image
    behaviour = DONE if once and image.inside is None else image.behaviour_of(container.spec)
    container.eager = behaviour is None or (speaks and image.inside is not None)
    if not container.eager and image.inside is not None:
        container.eager = _wants_a_taken_port(worker, container)
    container.behaviour = behaviour or (image.behaviour if image.behaviour.exits_after_seconds is None else SERVES)
