"""The containers of one pod: pull, create, start, exit, restart with back-off.

Follows pkg/kubelet/kuberuntime/{kuberuntime_manager,kuberuntime_container}.go and pkg/kubelet/images/image_manager.go.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from cluster_engine.apimachinery.meta import Obj
from cluster_engine.clock import SECOND_US
from cluster_engine.kubelet import references
from cluster_engine.kubelet.images import InvalidImageName, PullError, Reference, parse_reference, size_of
from cluster_engine.kubelet.interfaces import Sandbox
from cluster_engine.kubelet.mishaps import Mishap, seconds_until_out_of_memory
from cluster_engine.kubelet.prober import Prober
from cluster_engine.kubelet.runtime import KILLED_EXIT_CODE, Container
from cluster_engine.kubelet.status import is_restartable_init

BACK_OFF_SECONDS = 10
MAX_BACK_OFF_SECONDS = 300
# Twice the longest back-off without a restart ends it.
BACK_OFF_RESET_US = 2 * MAX_BACK_OFF_SECONDS * SECOND_US
# Asking the registry whether an image that is there is still the one.
CHECK_SECONDS = 0.4
START_ERROR = (
    "failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: "
    'unable to start container process: error during container init: exec: "{program}": executable file not found '
    "in $PATH: unknown"
)
START_ERROR_CODE = 128

Then = Callable[[], None]


def _nothing() -> None:
    return None


def go_duration(milliseconds: int) -> str:
    """Milliseconds as Go prints a duration: `512ms`, `1.2s`, `1m20s`, `5m0s`."""
    if milliseconds < 1000:
        return f"{milliseconds}ms" if milliseconds else "0s"
    minutes, rest = divmod(milliseconds, 60_000)
    seconds = f"{rest // 1000}.{rest % 1000:03d}".rstrip("0").rstrip(".") + "s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h{minutes}m{seconds}" if hours else f"{minutes}m{seconds}" if minutes else seconds


def _startable(container: Container) -> bool:
    """Whether it waits and nobody is at it yet."""
    return container.state == "waiting" and not container.launching and container.waiting_reason != "CrashLoopBackOff"


class ContainerManager:
    """Moves the containers of one pod on. What takes time goes on the worker's agenda."""

    def __init__(self, worker: Sandbox) -> None:
        self._worker = worker
        self._host = worker.host
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

    # The image.

    def launch(self, container: Container, then: Then = _nothing) -> None:
        """Gets the image and starts the container. `then` is called once, when it has started or failed to."""
        image = container.spec.get("image", "")
        container.launching = True
        try:
            reference = parse_reference(image)
        except InvalidImageName as error:
            message = f'Failed to apply default image tag "{image}": couldn\'t parse image name "{image}": {error}'
            self._worker.event("Warning", "InspectFailed", message, container)
            self._fail(container, "InvalidImageName", message)
            then()
            return
        store = self._host.images
        present = store.has(reference)
        policy = container.spec.get("imagePullPolicy", "IfNotPresent")
        if policy == "Never" and not present:
            message = f'Container image "{image}" is not present with pull policy of Never'
            self._worker.event("Warning", "ErrImageNeverPull", message, container)
            self._fail(container, "ErrImageNeverPull", message)
            then()
        elif present and (policy != "Always" or self._host.config.registry == "any"):
            self._worker.event("Normal", "Pulled", f'Container image "{image}" already present on machine', container)
            self._use(container, reference, then)
        else:
            self._pull(container, reference, then)

    def _fail(self, container: Container, reason: str, message: str, error: str = "") -> None:
        self._worker.event("Warning", "Failed", f"Error: {error or reason}", container)
        container.wait(reason, message)
        self._worker.dirty = True

    def _pull(self, container: Container, reference: Reference, then: Then) -> None:
        """Pulls are made one after another on a node."""
        worker, store = self._worker, self._host.images
        worker.event("Normal", "Pulling", f'Pulling image "{container.spec["image"]}"', container)
        try:
            store.registry.check(reference)
            image = store.find(reference)
            seconds = worker.jitter(CHECK_SECONDS if store.has(reference) else image.pull_seconds)
            seconds *= store.registry.slowness
            error = ""
        except PullError as failure:
            seconds, error = worker.jitter(CHECK_SECONDS * 2) + failure.seconds, failure.message
        asked_us = worker.now_us
        end_us = store.queue_pull(reference, asked_us, round(seconds * SECOND_US), keep=not error)
        action = partial(
            self._pulled, container, reference, round(seconds * 1000), (end_us - asked_us) // 1000, error, then
        )
        worker.plan((end_us - asked_us) / SECOND_US, action, f"pull of {reference}", container)

    def _pulled(
        self, container: Container, reference: Reference, own_ms: int, all_ms: int, error: str, then: Then
    ) -> None:
        worker, image_name = self._worker, container.spec["image"]
        if error:
            worker.event("Warning", "Failed", f'Failed to pull image "{image_name}": {error}', container)
            self._fail(container, "ErrImagePull", error)
            container.pull_error = error
            reset = not container.pull_back_off_seconds
            doubled = BACK_OFF_SECONDS if reset else min(2 * container.pull_back_off_seconds, MAX_BACK_OFF_SECONDS)
            container.pull_back_off_seconds = doubled
            worker.plan(
                self._host.rng.uniform(1.0, 2.0),
                partial(self._back_off_pull, container),
                "image back-off",
                container,
            )
            then()
            return
        store = self._host.images
        store.add(reference)
        container.pull_back_off_seconds = 0
        size = size_of(reference, store.find(reference))
        took = f"{go_duration(own_ms)} ({go_duration(max(own_ms, all_ms))} including waiting)"
        worker.event(
            "Normal",
            "Pulled",
            f'Successfully pulled image "{image_name}" in {took}. Image size: {size} bytes.',
            container,
        )
        self._use(container, reference, then)

    def _back_off_pull(self, container: Container) -> None:
        message = f'Back-off pulling image "{container.spec["image"]}"'
        self._worker.event("Normal", "BackOff", message, container)
        self._fail(
            container, "ImagePullBackOff", f"{message}: ErrImagePull: {container.pull_error}", "ImagePullBackOff"
        )
        seconds = container.pull_back_off_seconds + self._host.rng.uniform(0.0, 1.0)
        self._worker.plan(seconds, partial(self.launch, container), f"image back-off of {container.name}", container)

    # The start.

    def _use(self, container: Container, reference: Reference, then: Then) -> None:
        worker = self._worker
        container.reference = reference
        container.image = self._host.images.find(reference)
        container.behaviour = container.image.behaviour_of(
            container.spec.get("command") or [], container.spec.get("args") or []
        )
        missing = references.missing_environment(worker.pod, container.spec, worker.lookup)
        if missing is not None:
            self._fail(container, "CreateContainerConfigError", missing.message, missing.message)
            worker.wait_for(missing.resource, missing.name, partial(self.launch, container))
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
        if container.behaviour.missing_program:
            message = START_ERROR.format(program=container.behaviour.missing_program)
            worker.event("Warning", "Failed", f"Error: {message}", container)
            container.started_us = 0
            container.exit(START_ERROR_CODE, worker.now_us, "StartError", message)
            self.exited(container)
        else:
            worker.event("Normal", "Started", f"Started container {container.name}", container)
            self.follow(container)
        then()

    def follow(self, container: Container) -> None:
        """Plans what a running container will do by itself: its exit, and its probes."""
        ends_after = container.behaviour.exits_after_seconds
        if ends_after is not None:
            elapsed = (self._worker.now_us - container.started_us) / SECOND_US
            action = partial(self._exit, container, container.behaviour.exit_code)
            self._worker.plan(ends_after - elapsed, action, f"end of {container.name}", container)
        self._follow_leak(container)
        self._prober.follow(container)

    def _follow_leak(self, container: Container) -> None:
        seconds = seconds_until_out_of_memory(container, self._host.config.memory)
        if seconds is not None:
            action = partial(self._out_of_memory, container, container.mishap)
            self._worker.plan(seconds, action, f"memory of {container.name}", container)

    def _out_of_memory(self, container: Container, mishap: Mishap | None) -> None:
        """The kernel ends a container that has reached its limit, unless it has ceased to leak meanwhile."""
        if container.mishap == mishap:
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

    def _exit(self, container: Container, code: int, reason: str = "") -> None:
        container.exit(code, self._worker.now_us, reason)
        self.exited(container)

    def kill(self, container: Container, message: str) -> None:
        """Stops one container, which its restart policy may start again."""
        worker = self._worker
        worker.event("Normal", "Killing", message, container)
        grace_seconds = worker.pod["spec"].get("terminationGracePeriodSeconds", 30)
        own = container.stops_after_seconds
        seconds = grace_seconds if own is None else min(worker.jitter(own), grace_seconds)
        action = partial(self._exit, container, container.stop_exit_code)
        worker.plan(seconds, action, f"stop of {container.name}", container)

    def exited(self, container: Container) -> None:
        """Decides whether a container that has ended runs again."""
        worker = self._worker
        worker.dirty = True
        if worker.terminating:
            return
        if container.is_init and container.exit_code == 0 and not is_restartable_init(container.spec):
            worker.plan(self._host.rng.uniform(0.1, 0.5), self.start_next, "next container")
            return
        if self.restarts(container):
            seconds = self._host.rng.uniform(0.5, 1.0)
            worker.plan(seconds, partial(self._restart, container), f"restart of {container.name}", container)

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
