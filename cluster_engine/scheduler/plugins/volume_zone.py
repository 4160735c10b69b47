"""VolumeZone: a volume that is in a zone or a region can be had there alone."""

from __future__ import annotations

from cluster_engine.apimachinery.meta import labels_of
from cluster_engine.apimachinery.volumes import claim_keys
from cluster_engine.scheduler.cache import NodeInfo
from cluster_engine.scheduler.framework import SKIP, CycleState, Handle, Plugin, PreFilterAnswer, Refusal

_REFUSAL = Refusal(("node(s) had no available volume zone",), resolvable=False)
# Each label, and the one that it was called before.
_LABELS = {
    "failure-domain.beta.kubernetes.io/zone": "topology.kubernetes.io/zone",
    "failure-domain.beta.kubernetes.io/region": "topology.kubernetes.io/region",
    "topology.kubernetes.io/zone": "failure-domain.beta.kubernetes.io/zone",
    "topology.kubernetes.io/region": "failure-domain.beta.kubernetes.io/region",
}


class VolumeZone(Plugin):
    """Follows pkg/scheduler/framework/plugins/volumezone."""

    name = "VolumeZone"
    events = frozenset({"claim", "volume", "class", "node"})

    def __init__(self, handle: Handle) -> None:
        super().__init__(handle)
        self._claims = handle.informers.get("persistentvolumeclaims")
        self._volumes = handle.informers.get("persistentvolumes")

    def pre_filter(self, state: CycleState) -> PreFilterAnswer:
        if not state.pod["spec"].get("volumes"):
            return SKIP
        wanted = []
        for key in claim_keys(state.pod):
            claim = self._claims.get(key)
            volume = self._volumes.get(claim["spec"].get("volumeName", "")) if claim is not None else None
            for label, value in labels_of(volume).items() if volume is not None else ():
                if label in _LABELS:
                    wanted.append((label, frozenset(part.strip() for part in value.split("__"))))
        if not wanted:
            return SKIP
        state.kept[self.name] = wanted
        return None

    def filter(self, state: CycleState, node: NodeInfo) -> Refusal | None:
        if not any(label in node.labels for label in _LABELS):
            # In a cluster of one zone the nodes need not say which.
            return None
        for label, values in state.kept[self.name]:
            value = node.labels.get(label, node.labels.get(_LABELS[label]))
            if value not in values:
                return _REFUSAL
        return None
