"""A kubelet that starts over existing pods: containers are rebuilt from the statuses that the last one wrote.

What was running still runs, what was half started starts, what was waiting waits on. The real kubelet asks the
container runtime instead; here the API is all that is kept.
"""

from __future__ import annotations

from collections.abc import Callable

from cluster_engine.apimachinery.meta import Obj, condition_is, deleting
from cluster_engine.apimachinery.times import parse_time
from cluster_engine.kubelet.containers import ContainerManager, set_behaviour
from cluster_engine.kubelet.images import InvalidImageName, PullError, parse_reference
from cluster_engine.kubelet.interfaces import Sandbox
from cluster_engine.kubelet.pulls import BACK_OFF_SECONDS, MAX_BACK_OFF_SECONDS
from cluster_engine.kubelet.runtime import Container

# What containerd reports of a container that ended while it was not there itself.
LOST_EXIT_CODE = 255


def recover(worker: Sandbox, manager: ContainerManager, create_sandbox: Callable[[], None]) -> None:
    """Rebuilds the worker's containers and agenda from the pod's status."""
    pod = worker.pod
    known: Obj = pod.get("status") or {}
    worker.ip = known.get("podIP", "")
    worker.sandbox_ready = condition_is(pod, "PodReadyToStartContainers")
    worker.extra.extend(Container(c, is_ephemeral=True) for c in pod["spec"].get("ephemeralContainers") or ())
    for field, containers in (
        ("initContainerStatuses", worker.init),
        ("containerStatuses", worker.main),
        ("ephemeralContainerStatuses", worker.extra),
    ):
        by_name = {entry["name"]: entry for entry in known.get(field) or ()}
        for container in containers:
            if container.name in by_name:
                _restore(worker, container, by_name[container.name])
    survivor = worker.host.survivor(worker.uid)
    if survivor is not None:
        _adopt(worker, survivor)
    if known.get("phase") in ("Succeeded", "Failed"):
        return
    is_lost = worker.host.rebooted or (survivor is None and worker.uid not in worker.host.inherited)
    if is_lost and worker.sandbox_ready:
        _lose_all(worker, manager)
    if worker.ip and not pod["spec"].get("hostNetwork"):
        worker.host.addresses.reserve(worker.ip)
        worker.hold_address(worker.ip)
    if deleting(pod):
        return
    if not worker.sandbox_ready:
        worker.plan(worker.jitter(0.5), create_sandbox, "pod sandbox")
        return
    _go_on(worker, manager)


def _go_on(worker: Sandbox, manager: ContainerManager) -> None:
    """Whatever was under way goes on."""
    for container in (*worker.init, *worker.main, *worker.extra):
        if container.state == "running":
            manager.follow(container)
        elif container.is_ephemeral:
            continue
        elif container.state == "terminated" and not (container.is_init and container.succeeded):
            manager.exited(container)
        elif container.waiting_reason == "CrashLoopBackOff":
            manager.wait_out_back_off(container)
    manager.start_next()


def _adopt(worker: Sandbox, survivor: Sandbox) -> None:
    """The runtime knows better than the statuses, which nobody has written meanwhile."""
    for own, kept in ((worker.init, survivor.init), (worker.main, survivor.main)):
        for index, container in enumerate(kept):
            own[index] = container
            container.launching = False
            container.run += 1
    worker.ip, worker.sandbox_ready, worker.extra = survivor.ip, survivor.sandbox_ready, survivor.extra
    worker.take_inside(survivor.inside)


def _lose_all(worker: Sandbox, manager: ContainerManager) -> None:
    """Containers and sandbox are gone, and are made again where the policy says so.

    The machine was started anew, or etcd was restored and knows of a pod that has ended here since.
    """
    for container in (*worker.init, *worker.main, *worker.extra):
        if container.state == "running":
            container.exit(LOST_EXIT_CODE, worker.now_us, "Unknown")
        if container.state == "terminated" and (container.is_init or manager.restarts(container)):
            container.wait("PodInitializing" if worker.init else "ContainerCreating")
    worker.sandbox_ready = False
    worker.ip = ""
    if any(container.state == "waiting" for container in worker.main) and not deleting(worker.pod):
        worker.event("Normal", "SandboxChanged", "Pod sandbox changed, it will be killed and re-created.")


def _restore(worker: Sandbox, container: Container, entry: Obj) -> None:
    container.id = entry.get("containerID", "").removeprefix("containerd://")
    container.restart_count = entry.get("restartCount", 0)
    container.last_terminated = (entry.get("lastState") or {}).get("terminated")
    container.ready = bool(entry.get("ready"))
    container.started = bool(entry.get("started"))
    _restore_image(worker, container, entry)
    if container.restart_count:
        container.back_off_seconds = min(BACK_OFF_SECONDS * 2 ** (container.restart_count - 1), MAX_BACK_OFF_SECONDS)
    state = entry.get("state") or {}
    if "running" in state:
        container.state = "running"
        container.started_us = parse_time(state["running"]["startedAt"])
    elif "terminated" in state:
        ended = state["terminated"]
        container.state = "terminated"
        container.exit_code = ended.get("exitCode", 0)
        container.exit_reason, container.exit_message = ended.get("reason", ""), ended.get("message", "")
        container.started_us = parse_time(ended["startedAt"]) if ended.get("startedAt") else 0
        container.finished_us = parse_time(ended["finishedAt"])
    else:
        waiting = state.get("waiting") or {}
        container.waiting_reason = waiting.get("reason", "ContainerCreating")
        container.waiting_message = waiting.get("message", "")
        if container.last_terminated:
            container.finished_us = parse_time(container.last_terminated["finishedAt"])
    container.back_off_us = container.finished_us


def _restore_image(worker: Sandbox, container: Container, entry: Obj) -> None:
    if not entry.get("imageID"):
        return
    try:
        reference = parse_reference(container.spec.get("image", ""))
        container.image = worker.host.images.find(reference)
    except (InvalidImageName, PullError):
        return
    worker.host.images.add(reference)
    container.reference = reference
    set_behaviour(worker, container)
