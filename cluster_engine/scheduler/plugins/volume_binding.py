"""VolumeBinding: a pod waits until its claims are bound."""

from __future__ import annotations

from cluster_engine.apimachinery.meta import deleting, dig
from cluster_engine.apimachinery.node_fit import term_matches
from cluster_engine.scheduler.cache import NodeInfo
from cluster_engine.scheduler.framework import CycleState, Handle, Plugin, Refusal

_CONFLICT = Refusal(("node(s) didn't match PersistentVolume's node affinity",), resolvable=False)


class VolumeBinding(Plugin):
    """Follows pkg/scheduler/framework/plugins/volumebinding, for claims that are bound at once."""

    name = "VolumeBinding"
    events = frozenset({"claim", "volume", "node"})

    def __init__(self, handle: Handle) -> None:
        super().__init__(handle)
        self._claims = handle.informers.get("persistentvolumeclaims")
        self._volumes = handle.informers.get("persistentvolumes")

    def pre_filter(self, state: CycleState) -> Refusal | None:
        volumes = state.pod["spec"].get("volumes") or ()
        names = [v["persistentVolumeClaim"]["claimName"] for v in volumes if "persistentVolumeClaim" in v]
        names += [f"{state.pod['metadata']['name']}-{v['name']}" for v in volumes if "ephemeral" in v]
        terms = []
        for name in names:
            claim = self._claims.get(f"{state.pod['metadata']['namespace']}/{name}")
            if claim is None:
                return Refusal((f'persistentvolumeclaim "{name}" not found',), resolvable=False)
            if dig(claim, "status", "phase") == "Lost":
                volume_name = claim["spec"].get("volumeName", "")
                words = f'persistentvolumeclaim "{name}" bound to non-existent persistentvolume "{volume_name}"'
                return Refusal((words,), resolvable=False)
            if deleting(claim):
                return Refusal((f'persistentvolumeclaim "{name}" is being deleted',), resolvable=False)
            if dig(claim, "status", "phase") != "Bound":
                return Refusal(("pod has unbound immediate PersistentVolumeClaims",), resolvable=False)
            volume = self._volumes.get(claim["spec"].get("volumeName", ""))
            required = dig(volume, "spec", "nodeAffinity", "required")
            if required:
                terms.append(required.get("nodeSelectorTerms") or [])
        state.kept[self.name] = terms
        return None

    def filter(self, state: CycleState, node: NodeInfo) -> Refusal | None:
        for terms in state.kept[self.name]:
            if not any(term_matches(term, node.labels, node.name) for term in terms):
                return _CONFLICT
        return None
