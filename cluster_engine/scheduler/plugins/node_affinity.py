"""NodeAffinity: `nodeSelector` and node affinity, required and preferred."""

from __future__ import annotations

from collections.abc import Sequence

from cluster_engine.apimachinery.meta import dig
from cluster_engine.apimachinery.node_fit import required_matches, term_matches
from cluster_engine.scheduler.cache import NodeInfo
from cluster_engine.scheduler.framework import CycleState, Plugin, Refusal, Scores, normalise

_REFUSAL = Refusal(("node(s) didn't match Pod's node affinity/selector",), resolvable=False)


class NodeAffinity(Plugin):
    """Follows pkg/scheduler/framework/plugins/nodeaffinity."""

    name = "NodeAffinity"
    weight = 2
    events = frozenset({"node"})

    def filter(self, state: CycleState, node: NodeInfo) -> Refusal | None:
        spec = state.pod["spec"]
        if "nodeSelector" not in spec and "affinity" not in spec:
            return None
        return None if required_matches(spec, node.labels, node.name) else _REFUSAL

    def scores(self, state: CycleState, nodes: Sequence[NodeInfo]) -> Scores | None:
        preferred = dig(
            state.pod["spec"], "affinity", "nodeAffinity", "preferredDuringSchedulingIgnoredDuringExecution", default=()
        )
        if not preferred:
            return None
        sums = {
            node.name: sum(p["weight"] for p in preferred if term_matches(p["preference"], node.labels, node.name))
            for node in nodes
        }
        return normalise(sums)
