"""The world inside one pod, as its worker keeps it: made when somebody looks, driven by virtual time.

A container whose image and command line say all about it (a server, a `sleep`) has no world until somebody looks into
it: then it is made as it would be by now. One whose command has to be run to know what it does gets its world at once.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from cluster_engine.clock import Timer
from cluster_engine.containers.container import ContainerWorld, ProgramNotFound
from cluster_engine.containers.files import Directory, Mount
from cluster_engine.containers.image import UNKNOWN, tree_of
from cluster_engine.containers.network.fabric import Namespace
from cluster_engine.containers.pod import PodWorld
from cluster_engine.containers.servers.registry import PROGRAMS
from cluster_engine.containers.volumes import changes_of, inode_of, place
from cluster_engine.kubelet.inside import network_files, plan
from cluster_engine.kubelet.inside.mounts import PodVolumes
from cluster_engine.rng import Rng
from cluster_engine.trace import Cause

if TYPE_CHECKING:
    from cluster_engine.kubelet.interfaces import Sandbox
    from cluster_engine.kubelet.runtime import Container

# How often one call may ask the world to go on, before others get their turn.
MAX_ROUNDS = 50


class PodInside:
    """The world of one pod. It outlives its worker where another kubelet takes the pod over."""

    def __init__(self, worker: Sandbox) -> None:
        self.worker = worker
        self.world: PodWorld | None = None
        self.volumes = PodVolumes(worker)
        self._containers: dict[str, tuple[str, ContainerWorld]] = {}
        # What ConfigMaps and Secrets gave to containers whose world is made later.
        self._variables: dict[str, dict[str, str]] = {}
        self._timer: Timer | None = None
        self._making = False

    def take_over(self, worker: Sandbox) -> None:
        """Another worker looks after the pod from now on."""
        self.worker = worker
        self.volumes.worker = worker
        self._arm()

    # Making.

    def start(self, container: Container) -> str | None:
        """Runs a container's command now. The runtime's words where it cannot be started."""
        # What it does first may ask the others.
        self.look(but=container)
        try:
            self._make(container)
        except ProgramNotFound as missing:
            return f'exec: "{missing.program}": {missing.reason}'
        self.woken()
        return None

    def look(self, *, but: Container | None = None) -> PodWorld:
        """The world with all running containers in it (`but` for one that starts), at the present moment."""
        running = [c for c in (*self.worker.init, *self.worker.main, *self.worker.extra) if c.state == "running"]
        missing = [c for c in running if c is not but and self.of(c) is None]
        if missing and not self._making:
            self._making = True
            try:
                for container in sorted(missing, key=lambda c: c.started_us):
                    self._make_late(container)
            finally:
                self._making = False
        world = self._world()
        self.run()
        self.volumes.refresh()
        return world

    def of(self, container: Container) -> ContainerWorld | None:
        """The world of a container's present run, if there is one."""
        found = self._containers.get(container.name)
        return found[1] if found is not None and found[0] == container.id else None

    def inside(self, container: Container) -> ContainerWorld | None:
        """The world of a running container, made where there is none."""
        self.look()
        return self.of(container)

    def _world(self) -> PodWorld:
        if self.world is None:
            worker = self.worker
            host, pod = worker.host, worker.pod
            network = host.namespace_of(pod, worker.ip)
            self.world = PodWorld(
                now_us=min([c.started_us for c in (*worker.init, *worker.main) if c.started_us] or [worker.now_us]),
                hostname=network_files.hostname_of(pod, host.config.name),
                namespace=pod["metadata"]["namespace"],
                network=network,
                fabric=host.infrastructure.fabric,
                programs=PROGRAMS,
                rng=Rng(f"{worker.uid}/{worker.now_us}"),
                surroundings=self,
                share_processes=bool(pod["spec"].get("shareProcessNamespace")),
            )
            self.world.node_name = host.config.name
            if not pod["spec"].get("hostNetwork"):
                network.pod = self.world
        return self.world

    def _make_late(self, container: Container) -> None:
        """A container that has been running for a while: as it would be by now."""
        world = self._world()
        world.advance(container.started_us)
        try:
            own = self._make(container)
        except ProgramNotFound as missing:
            self.worker.host.note(f"{container.name} cannot run {missing.program}: {missing.reason}")
            return
        kept = self.worker.host.infrastructure.kept(f"container/{container.id}")
        world.advance(self.worker.now_us)
        if kept is not None and own is not None:
            _restore_layer(own, kept)

    def _make(self, container: Container) -> ContainerWorld:
        worker, world = self.worker, self._world()
        variables = self._variables.pop(container.id, None)
        if variables is None:
            variables = plan.environment_of(worker, container)
        made = plan.plan_of(worker, container, variables)
        fs = plan.file_system(container, made, world)
        own = ContainerWorld(world, made, fs, partial(self._ended, container, container.id))
        own.process_namespace = container.spec.get("targetContainerName") or ""
        world.begin(own)
        self._containers[container.name] = (container.id, own)
        container.log = own.log
        plan.mount_system_files(worker, own, self.volumes, container.spec)
        kept = worker.host.infrastructure.kept(f"container/{container.id}")
        if kept is not None:
            own.memory.update(kept.get("memory") or {})
        own.start()
        fs.space.listeners.append(self.changed)
        fs.space.listeners.append(partial(self._layer_changed, container))
        return own

    def keep_environment(self, container: Container) -> None:
        """The container's variables are as they are now, whatever becomes of what they are made of."""
        if self.of(container) is None and container.id and container.id not in self._variables:
            self._variables[container.id] = plan.environment_of(self.worker, container)

    def _layer_changed(self, container: Container) -> None:
        if self.worker.host.running and container.state == "running":
            infrastructure = self.worker.host.infrastructure
            infrastructure.mark(f"container/{container.id}", partial(self._layer_of, container, container.id))

    def _layer_of(self, container: Container, container_id: str) -> dict[str, object] | None:
        """What a container has changed of its image, and what its servers remember."""
        own = self.of(container)
        if own is None or container.id != container_id:
            return None
        tree = tree_of(container.image.inside or UNKNOWN, own.plan.tag)
        memory = {name: value() if callable(value) else value for name, value in own.memory.items()}
        return {"layer": changes_of(own.fs.root, tree), "memory": memory}

    # Running.

    def run(self) -> None:
        """Brings the world to the present, and sees to it that it goes on."""
        world = self.world
        if world is None:
            return
        for _ in range(MAX_ROUNDS):
            if world.advance(self.worker.now_us):
                break
        self._arm()

    def _arm(self) -> None:
        world, worker = self.world, self.worker
        due_us = world.next_due_us() if world is not None else None
        if self._timer is not None:
            if due_us is not None and self._timer.active and self._timer.when_us == due_us:
                return
            self._timer.cancel()
            self._timer = None
        if due_us is not None:
            self._timer = worker.host.clock.call_at(due_us, self._come_by)

    def _come_by(self) -> None:
        self.worker.host.run_processes(self.worker.key, Cause("timer", "processes"))

    def _ended(self, container: Container, container_id: str, code: int, out_of_memory: bool) -> None:
        if container.id != container_id or container.state != "running":
            return
        own = self.of(container)
        if own is not None and container.keeps_running and not own.asked_to_stop and not out_of_memory:
            own.go_on_idle()
            return
        self.worker.containers.process_ended(container, code, out_of_memory)

    def end(self, container: Container) -> None:
        """The container is over: everything in it ends, and its layer is gone."""
        own = self.of(container)
        if own is not None:
            own.kill()
            self.worker.host.infrastructure.forget(f"container/{container.id}")

    def close(self, *, for_good: bool) -> None:
        """The pod is gone, or (not `for_good`) only its kubelet or its machine."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        for _, own in self._containers.values():
            own.kill()
        self._containers.clear()
        if self.world is not None:
            self.world.network.pod = None
            self.world = None
        if for_good:
            self.worker.host.infrastructure.forget_pod(self.worker.uid)

    # What the world tells.

    def changed(self) -> None:
        self.worker.containers.look_at_probes()

    def woken(self) -> None:
        if self.worker.host.running:
            self.worker.host.run_processes(self.worker.key, Cause("timer", "processes"))

    def fault(self, subject: str) -> None:
        self.worker.host.trace.fault(f"container {self.worker.key}", subject)

    @property
    def network(self) -> Namespace:
        return self.look().network


def _restore_layer(own: ContainerWorld, kept: dict[str, object]) -> None:
    """Makes the files as they were when they were written down."""
    layer = kept.get("layer")
    if not isinstance(layer, dict):
        return
    root = own.fs.root
    for path, entry in layer.items():
        if entry is None:
            if own.fs.find("/" + path, follow=False) is not None:
                own.fs.remove("/" + path, recursive=True)
            continue
        inode = inode_of(list(entry))
        present = own.fs.find("/" + path, follow=False)
        if isinstance(inode, Directory) and isinstance(present, Directory):
            continue
        folder = path.rpartition("/")[0]
        if folder:
            own.fs.make_directory("/" + folder, parents=True)
            owned = own.fs._own("/" + folder)
            if isinstance(owned, Directory) and not isinstance(owned.entries.get(path.rpartition("/")[2]), Mount):
                owned.entries[path.rpartition("/")[2]] = inode
        else:
            place(root, path, inode)
