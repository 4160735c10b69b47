"""How long a pod takes to start and to end, as far as that is known before it happens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cluster_engine.kubelet import hooks
from cluster_engine.kubelet.images import InvalidImageName, PullError, parse_reference

if TYPE_CHECKING:
    from cluster_engine.kubelet.interfaces import Sandbox
    from cluster_engine.kubelet.runtime import Container


def start_seconds(worker: Sandbox) -> float:
    """Until the sandbox is there; until the containers run as well where nothing has to be pulled for them."""
    config = worker.host.config
    if config.start_seconds is not None:
        worker.prepaid = True
        return worker.jitter(config.start_seconds)
    delay = worker.host.rng.uniform(0.4, 0.8)
    if not worker.init:
        starts = [_present_start_seconds(worker, container) for container in worker.main]
        known = [seconds for seconds in starts if seconds is not None]
        if len(known) == len(starts):
            worker.prepaid = True
            delay += worker.jitter(sum(known))
    return delay


def _present_start_seconds(worker: Sandbox, container: Container) -> float | None:
    """How long a container takes to start where nothing has to be pulled, else None."""
    if container.spec.get("imagePullPolicy") == "Always":
        return None
    images = worker.host.images
    try:
        reference = parse_reference(container.spec.get("image", ""))
        return images.find(reference).start_seconds if images.has(reference) else None
    except (InvalidImageName, PullError):
        return None


def stop_seconds(worker: Sandbox, running: list[Container], grace_seconds: float) -> float:
    """How long containers take to end that all are asked to, whose manners are known."""
    configured = worker.host.config.stop_seconds
    if configured is not None:
        return worker.jitter(configured)
    longest = 0.0
    for container in running:
        hook_seconds = float(((hooks.hook_of(container.spec, "preStop") or {}).get("sleep") or {}).get("seconds", 0))
        own = container.stops_after_seconds
        longest = max(longest, grace_seconds if own is None else hook_seconds + worker.jitter(own))
    return min(longest, grace_seconds) + worker.host.rng.uniform(0.1, 0.3)
