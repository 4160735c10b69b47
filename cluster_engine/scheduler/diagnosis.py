"""Why a pod found no node, in the words of FailedScheduling.

Follows framework.FitError and the preemption evaluator.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from cluster_engine.scheduler.framework import Refusal

NO_NODES = "no nodes available to schedule pods"
NOT_HELPFUL = "Preemption is not helpful for scheduling"
NO_VICTIMS = "No preemption victims found for incoming pod"
NEVER = "not eligible due to preemptionPolicy=Never."


@dataclass(slots=True)
class Diagnosis:
    """What refused the pod: everything at once (`pre_filter`), or each node (`nodes`: node -> (plugin, refusal))."""

    node_count: int
    pre_filter: Refusal | None = None
    nodes: dict[str, tuple[str, Refusal]] = field(default_factory=dict)
    plugins: set[str] = field(default_factory=set)

    def message(self, preemption_policy: str = "PreemptLowerPriority") -> str:
        """The whole message, e.g.

        `0/3 nodes are available: 3 Insufficient cpu. preemption: 0/3 nodes are available: …`.
        """
        if not self.node_count:
            return NO_NODES
        head = f"0/{self.node_count} nodes are available:"
        if self.pre_filter is not None:
            reasons = ", ".join(self.pre_filter.reasons)
        else:
            reasons = _histogram(Counter(r for _, refusal in self.nodes.values() for r in refusal.reasons))
        if preemption_policy == "Never":
            return f"{head} {reasons}. preemption: {NEVER}"
        return f"{head} {reasons}. preemption: {head} {self._preemption()}."

    def _preemption(self) -> str:
        """Why evicting pods would not help, by node. Preemption itself finds no victims yet."""
        if self.pre_filter is not None:
            return f"{self.node_count} {NOT_HELPFUL}"
        return _histogram(Counter(NO_VICTIMS if r.resolvable else NOT_HELPFUL for _, r in self.nodes.values()))

    def explanation(self) -> str:
        """Which plugin refused which nodes, for the trace."""
        if self.pre_filter is not None:
            return f"{', '.join(sorted(self.plugins))} refused every node: {', '.join(self.pre_filter.reasons)}"
        by_plugin: dict[tuple[str, str], list[str]] = {}
        for node, (plugin, refusal) in sorted(self.nodes.items()):
            by_plugin.setdefault((plugin, ", ".join(refusal.reasons)), []).append(node)
        return "; ".join(f"{plugin} refused {', '.join(nodes)}: {why}" for (plugin, why), nodes in by_plugin.items())


def _histogram(counts: Counter[str]) -> str:
    return ", ".join(sorted(f"{count} {reason}" for reason, count in counts.items()))
