"""NodeName: a pod that names its node goes nowhere else."""

from __future__ import annotations

from cluster_engine.scheduler.cache import NodeInfo
from cluster_engine.scheduler.framework import SKIP, CycleState, Plugin, PreFilterAnswer, Refusal

_REFUSAL = Refusal(("node(s) didn't match the requested node name",), resolvable=False)


class NodeName(Plugin):
    """Follows pkg/scheduler/framework/plugins/nodename."""

    name = "NodeName"
    events = frozenset({"node"})

    def pre_filter(self, state: CycleState) -> PreFilterAnswer:
        return None if state.pod["spec"].get("nodeName") else SKIP

    def filter(self, state: CycleState, node: NodeInfo) -> Refusal | None:
        wanted = state.pod["spec"].get("nodeName")
        return _REFUSAL if wanted and wanted != node.name else None
