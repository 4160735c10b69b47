"""NodeResourcesFit: a node must have room for what a pod asks for, and the emptier one is liked better."""

from __future__ import annotations

from collections.abc import Sequence

from cluster_engine.scheduler.cache import NodeInfo
from cluster_engine.scheduler.framework import MAX_NODE_SCORE, CycleState, Plugin, Refusal, Scores


class NodeResourcesFit(Plugin):
    """Follows pkg/scheduler/framework/plugins/noderesources/{fit,least_allocated}.go."""

    name = "NodeResourcesFit"
    weight = 1
    events = frozenset({"node", "pod-deleted"})

    def filter(self, state: CycleState, node: NodeInfo) -> Refusal | None:
        wanted = state.resources
        reasons = []
        if len(node.pods) + 1 > node.allocatable_pods:
            reasons.append("Too many pods")
        if not wanted.nothing:
            if wanted.milli_cpu and wanted.milli_cpu > node.allocatable_milli_cpu - node.requested_milli_cpu:
                reasons.append("Insufficient cpu")
            if wanted.memory and wanted.memory > node.allocatable_memory - node.requested_memory:
                reasons.append("Insufficient memory")
            if (
                wanted.ephemeral_storage
                and wanted.ephemeral_storage > node.allocatable_ephemeral - node.requested_ephemeral
            ):
                reasons.append("Insufficient ephemeral-storage")
            for name, amount in wanted.scalars.items():
                if amount > node.allocatable_scalars.get(name, 0) - node.requested_scalars.get(name, 0):
                    reasons.append(f"Insufficient {name}")
        return Refusal(tuple(reasons)) if reasons else None

    def scores(self, state: CycleState, nodes: Sequence[NodeInfo]) -> Scores | None:
        wanted = state.resources
        return {
            node.name: (
                _free(node.allocatable_milli_cpu, node.scored_milli_cpu + wanted.scored_milli_cpu)
                + _free(node.allocatable_memory, node.scored_memory + wanted.scored_memory)
            )
            // 2
            for node in nodes
        }


def _free(capacity: int, requested: int) -> int:
    """How much of a resource would be left, of 100."""
    if capacity == 0 or requested > capacity:
        return 0
    return (capacity - requested) * MAX_NODE_SCORE // capacity
