"""NodeResourcesFit: a node must have room for what a pod asks for, and the emptier one is liked better."""

from __future__ import annotations

from collections.abc import Sequence

from cluster_engine.apimachinery.meta import Obj
from cluster_engine.scheduler.cache import NodeInfo
from cluster_engine.scheduler.framework import MAX_NODE_SCORE, ClusterChange, CycleState, Plugin, Refusal, Scores
from cluster_engine.scheduler.resources import PodResources, pod_resources


class NodeResourcesFit(Plugin):
    """Follows pkg/scheduler/framework/plugins/noderesources/{fit,least_allocated}.go."""

    name = "NodeResourcesFit"
    weight = 1
    events = frozenset({"node", "pod-deleted"})

    def filter(self, state: CycleState, node: NodeInfo) -> Refusal | None:
        if state.resources.nothing and len(node.pods) < node.allocatable_pods:
            return None
        reasons = _insufficient(state.resources, node)
        return Refusal(tuple(reasons)) if reasons else None

    def may_help(self, pod: Obj, change: ClusterChange) -> bool:
        """A node helps when the pod would fit on it if it were empty, and it is new or has grown."""
        if change.event != "node":
            return True
        node = NodeInfo(change.obj["metadata"]["name"])
        node.set_node(change.obj)
        if _insufficient(pod_resources(pod), node):
            return False
        return change.old is None or _allocatable(change.old) != _allocatable(change.obj)

    def scores(self, state: CycleState, nodes: Sequence[NodeInfo]) -> Scores | None:
        wanted = state.resources
        cpu, memory = wanted.scored_milli_cpu, wanted.scored_memory
        found = {}
        for node in nodes:
            both = _free(node.allocatable_milli_cpu, node.scored_milli_cpu + cpu)
            both += _free(node.allocatable_memory, node.scored_memory + memory)
            # A resource that the node lacks altogether does not count.
            lacking = not node.allocatable_milli_cpu or not node.allocatable_memory
            found[node.name] = both if lacking else both // 2
        return found


def _insufficient(wanted: PodResources, node: NodeInfo) -> list[str]:
    """What a node lacks, in words."""
    reasons = []
    if len(node.pods) + 1 > node.allocatable_pods:
        reasons.append("Too many pods")
    if wanted.nothing:
        return reasons
    if wanted.milli_cpu and wanted.milli_cpu > node.allocatable_milli_cpu - node.requested_milli_cpu:
        reasons.append("Insufficient cpu")
    if wanted.memory and wanted.memory > node.allocatable_memory - node.requested_memory:
        reasons.append("Insufficient memory")
    if wanted.ephemeral_storage and wanted.ephemeral_storage > node.allocatable_ephemeral - node.requested_ephemeral:
        reasons.append("Insufficient ephemeral-storage")
    for name, amount in wanted.scalars.items():
        if amount > node.allocatable_scalars.get(name, 0) - node.requested_scalars.get(name, 0):
            reasons.append(f"Insufficient {name}")
    return reasons


def _allocatable(node: Obj) -> Obj:
    found: Obj = (node.get("status") or {}).get("allocatable") or {}
    return found


def _free(capacity: int, requested: int) -> int:
    """How much of a resource would be left, of 100."""
    if capacity == 0 or requested > capacity:
        return 0
    return (capacity - requested) * MAX_NODE_SCORE // capacity
