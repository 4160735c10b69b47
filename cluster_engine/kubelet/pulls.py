"""Gets the images of a pod's containers: what is there, pulls and their errors, back-off.

Follows pkg/kubelet/images/image_manager.go.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from cluster_engine.clock import SECOND_US
from cluster_engine.kubelet.credentials import credentials_for
from cluster_engine.kubelet.images import InvalidImageName, PullError, Reference, parse_reference, size_of
from cluster_engine.kubelet.interfaces import Sandbox
from cluster_engine.kubelet.runtime import Container

BACK_OFF_SECONDS = 10
MAX_BACK_OFF_SECONDS = 300
# Asking the registry whether an image that is there is still the one.
CHECK_SECONDS = 0.4
# At most how long until a pod that waits for something is looked at again.
RETRY_SECONDS = 10.0

Then = Callable[[], None]
# Goes on with a container whose image is there.
Use = Callable[[Container, Reference, Then], None]


def nothing() -> None:
    return None


def go_duration(milliseconds: int) -> str:
    """Milliseconds as Go prints a duration: `512ms`, `1.2s`, `1m20s`, `5m0s`."""
    if milliseconds < 1000:
        return f"{milliseconds}ms" if milliseconds else "0s"
    minutes, rest = divmod(milliseconds, 60_000)
    seconds = f"{rest // 1000}.{rest % 1000:03d}".rstrip("0").rstrip(".") + "s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h{minutes}m{seconds}" if hours else f"{minutes}m{seconds}" if minutes else seconds


class ImagePuller:
    """Gets the image of each container of one pod, and hands it to `use`."""

    def __init__(self, worker: Sandbox, use: Use) -> None:
        self._worker = worker
        self._host = worker.host
        self._use = use

    def launch(self, container: Container, then: Then = nothing) -> None:
        """Gets the image and starts the container. `then` is called once, when it has started or failed to."""
        image = container.spec.get("image", "")
        container.launching = True
        try:
            reference = parse_reference(image)
        except InvalidImageName as error:
            message = f'Failed to apply default image tag "{image}": couldn\'t parse image name "{image}": {error}'
            self._worker.event("Warning", "InspectFailed", message, container)
            self.fail(container, "InvalidImageName", message)
            then()
            return
        store = self._host.images
        present = store.has(reference)
        policy = container.spec.get("imagePullPolicy", "IfNotPresent")
        if policy == "Never" and not present:
            message = f'Container image "{image}" is not present with pull policy of Never'
            self._worker.event("Warning", "ErrImageNeverPull", message, container)
            self.fail(container, "ErrImageNeverPull", message)
            store.when_present(reference, partial(self._image_has_come, container, container.run))
            then()
        elif present and (policy != "Always" or self._host.config.registry == "any"):
            self._worker.event("Normal", "Pulled", f'Container image "{image}" already present on machine', container)
            self._use(container, reference, then)
        else:
            self._pull(container, reference, then)

    def _image_has_come(self, container: Container, run: int) -> None:
        """Another pod has pulled it; the kubelet finds out when it tries again."""
        if container.run == run and container.state == "waiting":
            seconds = self._host.rng.uniform(0.0, RETRY_SECONDS)
            self._worker.plan(seconds, partial(self.launch, container), f"image of {container.name}", container)
            self._worker.rearm()

    def fail(self, container: Container, reason: str, message: str, error: str = "") -> None:
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
            if image.private is not None:
                store.check_access(reference, image, credentials_for(worker.pod, reference, worker.lookup))
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
            self.fail(container, "ErrImagePull", error)
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
        self.fail(container, "ImagePullBackOff", f"{message}: ErrImagePull: {container.pull_error}", "ImagePullBackOff")
        seconds = container.pull_back_off_seconds + self._host.rng.uniform(0.0, 1.0)
        self._worker.plan(seconds, partial(self.launch, container), f"image back-off of {container.name}", container)
