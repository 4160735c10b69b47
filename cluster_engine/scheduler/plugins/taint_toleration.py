"""TaintToleration: taints keep pods off a node, and PreferNoSchedule ones make it less liked."""

from __future__ import annotations

from collections.abc import Sequence

from cluster_engine.apimachinery.meta import Obj
from cluster_engine.apimachinery.node_fit import tolerates, untolerated
from cluster_engine.scheduler.cache import NodeInfo
from cluster_engine.scheduler.framework import ClusterChange, CycleState, Plugin, Refusal, Scores, normalise


class TaintToleration(Plugin):
    """Follows pkg/scheduler/framework/plugins/tainttoleration."""

    name = "TaintToleration"
    weight = 3
    events = frozenset({"node"})

    def filter(self, state: CycleState, node: NodeInfo) -> Refusal | None:
        if not node.taints:
            return None
        taint = _untolerated(state.pod, node.taints)
        if taint is None:
            return None
        return Refusal(
            (f"node(s) had untolerated taint {{{taint['key']}: {taint.get('value', '')}}}",), resolvable=False
        )

    def may_help(self, pod: Obj, change: ClusterChange) -> bool:
        """A node helps when its taints are tolerated now, and were not before."""
        old = change.old
        if _untolerated(pod, change.obj["spec"].get("taints") or ()) is not None:
            return False
        return old is None or _untolerated(pod, old["spec"].get("taints") or ()) is not None

    def scores(self, state: CycleState, nodes: Sequence[NodeInfo]) -> Scores | None:
        if not any(taint["effect"] == "PreferNoSchedule" for node in nodes for taint in node.taints):
            return None
        tolerations = [
            t
            for t in state.pod["spec"].get("tolerations") or ()
            if not t.get("effect") or t["effect"] == "PreferNoSchedule"
        ]
        counts = {}
        for node in nodes:
            soft = [taint for taint in node.taints if taint["effect"] == "PreferNoSchedule"]
            counts[node.name] = sum(not any(tolerates(t, taint) for t in tolerations) for taint in soft)
        return normalise(counts, reverse=True)


def _untolerated(pod: Obj, taints: Sequence[Obj]) -> Obj | None:
    return untolerated(taints, pod["spec"].get("tolerations") or (), ("NoSchedule", "NoExecute"))
