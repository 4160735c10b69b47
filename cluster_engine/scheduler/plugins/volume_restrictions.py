"""VolumeRestrictions: a claim with ReadWriteOncePod is for one pod alone."""

from __future__ import annotations

from dataclasses import dataclass

from cluster_engine.apimachinery.meta import Obj
from cluster_engine.apimachinery.volumes import claim_keys, claim_names
from cluster_engine.scheduler.cache import NodeInfo
from cluster_engine.scheduler.framework import (
    SKIP,
    ClusterChange,
    CycleState,
    Handle,
    Plugin,
    PreFilterAnswer,
    Refusal,
)

_IN_USE = "node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode"
_REFUSAL = Refusal((_IN_USE,))


@dataclass(slots=True)
class Users:
    """The pod's claims that are for one pod alone, and how often others use them."""

    claims: frozenset[str]
    count: int


class VolumeRestrictions(Plugin):
    """Follows pkg/scheduler/framework/plugins/volumerestrictions, without the disks of clouds that it knows too."""

    name = "VolumeRestrictions"
    events = frozenset({"pod-deleted", "claim"})

    def __init__(self, handle: Handle) -> None:
        super().__init__(handle)
        self._claims = handle.informers.get("persistentvolumeclaims")

    def pre_filter(self, state: CycleState) -> PreFilterAnswer:
        if not state.pod["spec"].get("volumes"):
            return SKIP
        namespace = state.pod["metadata"]["namespace"]
        for name, ephemeral in claim_names(state.pod):
            if not ephemeral and self._claims.get(f"{namespace}/{name}") is None:
                return Refusal((f'persistentvolumeclaim "{name}" not found',), resolvable=False)
        exclusive = self._exclusive(state.pod)
        if not exclusive:
            return SKIP
        count = sum(_uses(pod, exclusive) for _, pod in self.handle.cache.placed())
        state.kept[self.name] = Users(exclusive, count)
        return None

    def _exclusive(self, pod: Obj) -> frozenset[str]:
        found = []
        for key in claim_keys(pod):
            claim = self._claims.get(key)
            if claim is not None and "ReadWriteOncePod" in (claim["spec"].get("accessModes") or ()):
                found.append(key)
        return frozenset(found)

    def filter(self, state: CycleState, node: NodeInfo) -> Refusal | None:
        return _REFUSAL if state.kept[self.name].count > 0 else None

    def copy_kept(self, kept: Users) -> Users:
        return Users(kept.claims, kept.count)

    def pod_changed(self, state: CycleState, pod: Obj, node: NodeInfo, sign: int) -> None:
        users: Users = state.kept[self.name]
        users.count += sign * _uses(pod, users.claims)

    def may_help(self, pod: Obj, change: ClusterChange) -> bool:
        if change.event == "claim":
            return bool(change.obj["metadata"]["namespace"] == pod["metadata"]["namespace"])
        return _uses(change.obj, frozenset(claim_keys(pod))) > 0


def _uses(pod: Obj, claims: frozenset[str]) -> int:
    return sum(key in claims for key in claim_keys(pod)) if pod["spec"].get("volumes") else 0
