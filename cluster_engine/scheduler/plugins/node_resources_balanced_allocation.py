"""NodeResourcesBalancedAllocation: a node whose cpu and memory would be used alike is liked better."""

from __future__ import annotations

from collections.abc import Sequence

from cluster_engine.scheduler.cache import NodeInfo
from cluster_engine.scheduler.framework import MAX_NODE_SCORE, CycleState, Plugin, Scores


class NodeResourcesBalancedAllocation(Plugin):
    """Follows pkg/scheduler/framework/plugins/noderesources/balanced_allocation.go."""

    name = "NodeResourcesBalancedAllocation"
    weight = 1

    def scores(self, state: CycleState, nodes: Sequence[NodeInfo]) -> Scores | None:
        wanted = state.resources
        found = {}
        for node in nodes:
            if not node.allocatable_milli_cpu or not node.allocatable_memory:
                # One resource alone is always in balance.
                found[node.name] = MAX_NODE_SCORE
                continue
            cpu = min((node.requested_milli_cpu + wanted.milli_cpu) / node.allocatable_milli_cpu, 1.0)
            memory = min((node.requested_memory + wanted.memory) / node.allocatable_memory, 1.0)
            # The standard deviation of two numbers is half of their distance.
            found[node.name] = int((1 - abs(cpu - memory) / 2) * MAX_NODE_SCORE)
        return found
