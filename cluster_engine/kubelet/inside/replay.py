"""The log of a run that nobody has listened to: the container is run again, alone, up to where it ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cluster_engine.apimachinery.meta import Obj
from cluster_engine.apimachinery.times import parse_time
from cluster_engine.containers.container import ContainerWorld, ProgramNotFound
from cluster_engine.containers.logs import LogRing
from cluster_engine.containers.network.fabric import Namespace
from cluster_engine.containers.pod import PodWorld
from cluster_engine.containers.servers.registry import PROGRAMS
from cluster_engine.kubelet.inside import network_files, plan
from cluster_engine.kubelet.inside.mounts import PodVolumes
from cluster_engine.rng import Rng

if TYPE_CHECKING:
    from cluster_engine.kubelet.interfaces import Sandbox
    from cluster_engine.kubelet.runtime import Container

# How long a server takes to say goodbye.
GOODBYE_US = 300_000


class _Deaf:
    """Surroundings that nothing reaches."""

    def __init__(self, worker: Sandbox) -> None:
        self._worker = worker

    def changed(self) -> None:
        pass

    def woken(self) -> None:
        pass

    def fault(self, subject: str) -> None:
        self._worker.host.trace.fault(f"container {self._worker.key}", subject)


def log_of(worker: Sandbox, container: Container, ended: Obj) -> LogRing:
    """What a container printed from its start to its end; `ended` is the `terminated` state of the run."""
    if not ended.get("startedAt") or not ended.get("finishedAt"):
        return LogRing()
    started_us, finished_us = parse_time(ended["startedAt"]), parse_time(ended["finishedAt"])
    host = worker.host
    world = PodWorld(
        now_us=started_us,
        hostname=network_files.hostname_of(worker.pod, host.config.name),
        namespace=worker.pod["metadata"]["namespace"],
        network=Namespace(worker.ip or "127.0.0.1", host.config.address),
        fabric=host.infrastructure.fabric,
        programs=PROGRAMS,
        rng=Rng(f"{worker.uid}/{started_us}"),
        surroundings=_Deaf(worker),
    )
    world.network.pod = world
    made = plan.plan_of(worker, container, plan.environment_of(worker, container))
    own = ContainerWorld(world, made, plan.file_system(container, made, world), lambda code, oom: None)
    world.containers[container.name] = own
    # Its volumes are not touched: what it wrote there it has written already.
    plan.mount_system_files(worker, own, PodVolumes(worker), {**container.spec, "volumeMounts": []})
    try:
        own.start()
    except ProgramNotFound:
        return own.log
    world.advance(max(started_us, finished_us - GOODBYE_US))
    own.ask_to_stop()
    world.advance(finished_us)
    own.kill()
    return own.log
