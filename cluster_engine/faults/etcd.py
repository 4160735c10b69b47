"""etcd's members, and its data brought back from a snapshot."""

from __future__ import annotations

from collections.abc import Sequence

from cluster_engine.apiserver.context import NODE_LEASE_NAMESPACE
from cluster_engine.apiserver.event_ttl import EVENT_TTL_SECONDS
from cluster_engine.etcd.store import StoreSnapshot
from cluster_engine.faults.fault import RESOURCE, Fault
from cluster_engine.faults.world import World, find
from cluster_engine.trace import Cause

MEMBER_START_SECONDS = 2.0
# The state of the simulation itself does not go back: which faults there are, and who is alive.
KEPT = (RESOURCE.prefix, f"/registry/leases.coordination.k8s.io/{NODE_LEASE_NAMESPACE}/")


class Members:
    """Makes the members of etcd as the faults in force want them."""

    def __init__(self, world: World) -> None:
        self._world = world

    def settle(self, faults: Sequence[Fault], cause: Cause) -> None:
        for name in self._world.etcd.members:
            running = find(faults, "Stop", f"etcd/{name}") is None and not self._world.is_pending(f"etcd/{name}")
            connected = find(faults, "CutOff", f"etcd/{name}") is None
            self._world.etcd.set_member(name, running=running, connected=connected)

    def restart(self, fault: Fault, faults: Sequence[Fault], cause: Cause) -> None:
        """The member is away for a moment."""
        world, name = self._world, fault.names[0]
        world.later(fault.target, MEMBER_START_SECONDS, lambda: world.etcd.set_member(name, running=True))
        self.settle(faults, cause)


def restore(world: World, snapshot: StoreSnapshot) -> None:
    """Brings all data back to what they were, each that differs at a new revision, and ends all watches.

    Follows `etcdutl snapshot restore --bump-revision --mark-compacted`: nobody may go on from what they have seen.
    """
    store = world.server.store
    world.server.break_watches()
    wanted = {item.key: item for item in snapshot.items if not item.key.startswith(KEPT)}
    for item in store.snapshot().items:
        if item.key not in wanted and not item.key.startswith(KEPT):
            world.delete(item.key)
    for key, old in wanted.items():
        present = store.get(key)
        if present is None or present.mod_revision != old.mod_revision:
            world.put(key, old.value, EVENT_TTL_SECONDS if key.startswith("/registry/events/") else None)
    world.trace.note(f"the data of revision {snapshot.revision} are those of revision {store.revision} now")
    store.compact(store.revision)
