"""Puts faults in force and lifts them: follows the Fault objects in etcd, whoever writes or deletes them.

It watches etcd itself, since the API server may be what is out of order.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from cluster_engine.apimachinery import errors
from cluster_engine.apimachinery.meta import Obj, deleting
from cluster_engine.apimachinery.times import parse_time
from cluster_engine.client.component import Component, TurnQueue
from cluster_engine.clock import SECOND_US, Timer
from cluster_engine.etcd.store import Commit, StoreSnapshot
from cluster_engine.faults import containers, etcd
from cluster_engine.faults.control_plane import ControlPlane
from cluster_engine.faults.fault import RESOURCE, STRATEGY, Fault
from cluster_engine.faults.machines import Machines
from cluster_engine.faults.targets import check_target, targets
from cluster_engine.faults.world import World
from cluster_engine.trace import Cause


class FaultInjector(Component):
    """The faults of one cluster."""

    def __init__(self, world: World, turns: TurnQueue) -> None:
        super().__init__("faults", world.clock, world.trace, turns)
        self._world = world
        self._active: dict[str, Fault] = {}
        self._changed: dict[str, Cause] = {}
        self._ends: dict[str, Timer] = {}
        self._control_plane = ControlPlane(world)
        self._machines = Machines(world)
        self._members = etcd.Members(world)
        self._containers = containers.Containers(world)
        # What the faults of containers are done to, and what ends the watch for it.
        self._subjects: dict[str, Obj] = {}
        self._cured: dict[str, Cause] = {}
        self._stop_watch: Callable[[], None] | None = None
        store = world.server.store
        store.watch(RESOURCE.prefix, self._on_commit)
        # A cluster that has slept: what was out of order still is.
        for item in store.range(RESOURCE.prefix):
            self._changed[item.key] = Cause("revision", str(item.mod_revision))
        while self._changed:
            self.step()

    @property
    def active(self) -> Mapping[str, Fault]:
        """The faults in force, by the names of their objects, in the order of their coming."""
        return self._active

    @property
    def request_seconds(self) -> float:
        """How long each step takes at present that has to ask the API server."""
        return self._control_plane.request_seconds

    def targets(self, area: str) -> list[str]:
        """What there is of an area at present, e.g. `kubelet/k8s-node01` and the others for `kubelet`."""
        return targets(self._world, area)

    # People.

    def inject(self, fault: Fault) -> str:
        """Puts a fault in force; returns its name. A momentary fault (a crash, a restart) has happened then.

        Raises `ApiError` where there is no such fault, or it is in force already.
        """
        obj = fault.to_object()
        check_target(self._world, fault)
        world, name = self._world, fault.name
        if name in self._active:
            raise errors.already_exists(RESOURCE.plural, RESOURCE.group, name)
        meta = {**obj["metadata"], "uid": world.server.uids.uid(), "creationTimestamp": world.clock.rfc3339()}
        with self.traced(str(fault), Cause("input", f"inject {fault}")):
            world.put(RESOURCE.key("", name), {**obj, "metadata": {**meta, "generation": 1}})
            self._follow(RESOURCE.key("", name))
        return name

    def lift(self, name: str) -> None:
        """Ends a fault. Raises `ApiError` (NotFound) where there is none of that name."""
        fault = self._active.get(name)
        if fault is None:
            raise errors.not_found(RESOURCE.plural, RESOURCE.group, name)
        with self.traced(str(fault), Cause("input", f"lift {fault}")):
            self._world.delete(RESOURCE.key("", name))
            self._follow(RESOURCE.key("", name))

    def restore(self, snapshot: StoreSnapshot) -> None:
        """Brings etcd's data back to those of a snapshot, at new revisions."""
        with self.traced("etcd", Cause("input", f"restore revision {snapshot.revision}")):
            etcd.restore(self._world, snapshot)

    # Following the objects.

    def _on_commit(self, commit: Commit) -> None:
        self._changed.setdefault(commit.key, Cause("revision", str(commit.revision)))
        self.wake()

    def has_work(self) -> bool:
        return bool(self._changed or self._cured)

    def step(self) -> None:
        if self._cured:
            self._lift_cured(next(iter(self._cured)))
            return
        key = next(iter(self._changed))
        with self.traced(key.rpartition("/")[2], self._changed[key]):
            self._follow(key)

    def _follow(self, key: str) -> None:
        """Makes the cluster as the object at that key, or its absence, wants it."""
        cause = self._changed.pop(key, Cause("revision", str(self._world.server.store.revision)))
        item = self._world.server.store.get(key)
        name = key.rpartition("/")[2]
        known = self._active.get(name)
        if item is None:
            if known is not None:
                self._end(name, known, cause)
        elif known is None and not deleting(item.value):
            since_us = parse_time(item.value["metadata"]["creationTimestamp"])
            self._begin(name, Fault.from_object(item.value), cause, since_us)

    def _begin(self, name: str, fault: Fault, cause: Cause, since_us: int) -> None:
        self.serve_kind()
        self.trace.note(f"{fault} begins")
        if fault.kind.momentary:
            self._world.delete(RESOURCE.key("", name))
            self._changed.pop(RESOURCE.key("", name), None)
            self._happen(fault, cause)
            return
        self._active[name] = fault
        if fault.area == "container":
            self._remember_subject(name, fault)
        if fault.duration_seconds is not None:
            end_us = since_us + round(fault.duration_seconds * SECOND_US)
            self._ends[name] = self.clock.call_at(end_us, lambda: self._run_out(name))
        self._settle(cause)

    def _end(self, name: str, fault: Fault, cause: Cause) -> None:
        del self._active[name]
        self._subjects.pop(name, None)
        if not self._subjects and self._stop_watch is not None:
            self._stop_watch()
            self._stop_watch = None
        timer = self._ends.pop(name, None)
        if timer is not None:
            timer.cancel()
        self.trace.note(f"{fault} ends")
        self._settle(cause)

    # Containers.

    def _remember_subject(self, name: str, fault: Fault) -> None:
        world, key = self._world, RESOURCE.key("", name)
        item = world.server.store.get(key)
        assert item is not None
        if not item.value.get("status"):
            world.put(key, {**item.value, "status": containers.subject_of(world, fault)})
            self._changed.pop(key, None)
            item = world.server.store.get(key)
            assert item is not None
        self._subjects[name] = item.value["status"]
        if self._stop_watch is None:
            self._stop_watch = world.server.store.watch(containers.PODS, self._on_pod)

    def _on_pod(self, commit: Commit) -> None:
        for name, subject in self._subjects.items():
            if containers.is_cured(self._world, self._active[name], subject):
                self._cured.setdefault(name, Cause("revision", str(commit.revision)))
                self.wake()

    def _lift_cured(self, name: str) -> None:
        with self.traced(name, self._cured.pop(name)):
            if name in self._active:
                self._world.delete(RESOURCE.key("", name))
                self._follow(RESOURCE.key("", name))

    def _run_out(self, name: str) -> None:
        with self.traced(str(self._active[name]), Cause("timer", f"end of {name}")):
            self._world.delete(RESOURCE.key("", name))
            self._follow(RESOURCE.key("", name))

    def serve_kind(self) -> None:
        """Lets the API have the kind, which it has from the first fault on: a cluster that nobody has broken looks like
        any other. Asked for before, the first fault can be made through the API too.
        """
        server = self._world.server
        if RESOURCE.group_resource not in server.strategies:
            server.strategies[RESOURCE.group_resource] = STRATEGY
            server.scheme.add(RESOURCE)

    # What they do.

    def _settle(self, cause: Cause) -> None:
        faults = list(self._active.values())
        self._members.settle(faults, cause)
        self._control_plane.settle(faults, cause)
        self._machines.settle(faults, cause)
        self._containers.settle(faults, cause)

    def _happen(self, fault: Fault, cause: Cause) -> None:
        faults = list(self._active.values())
        match fault.type, fault.area:
            case "Restart", "etcd":
                self._members.restart(fault, faults, cause)
            case "Restart", "kubelet":
                self._machines.restart(fault, cause)
            case "Restart", _:
                self._control_plane.restart(fault, faults, cause)
            case "Reboot", _:
                self._machines.reboot(fault, cause)
            case "Crash", _:
                self._containers.crash(fault, cause)
