"""TaintToleration: taints keep pods off a node, and PreferNoSchedule ones make it less liked."""

from __future__ import annotations

from collections.abc import Sequence

from cluster_engine.apimachinery.node_fit import tolerates, untolerated
from cluster_engine.scheduler.cache import NodeInfo
from cluster_engine.scheduler.framework import CycleState, Plugin, Refusal, Scores, normalise


class TaintToleration(Plugin):
    """Follows pkg/scheduler/framework/plugins/tainttoleration."""

    name = "TaintToleration"
    weight = 3
    events = frozenset({"node"})

    def filter(self, state: CycleState, node: NodeInfo) -> Refusal | None:
        if not node.taints:
            return None
        taint = untolerated(node.taints, state.pod["spec"].get("tolerations") or (), ("NoSchedule", "NoExecute"))
        if taint is None:
            return None
        return Refusal(
            (f"node(s) had untolerated taint {{{taint['key']}: {taint.get('value', '')}}}",), resolvable=False
        )

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
