"""Why a pod found no node, in the words of FailedScheduling.

Follows framework.FitError and framework.Diagnosis of pkg/scheduler/framework/types.go.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from cluster_engine.scheduler.framework import Refusal

NO_NODES = "no nodes available to schedule pods"


@dataclass(slots=True)
class Diagnosis:
    """What refused the pod: everything at once (`pre_filter`), each node (`nodes`: node -> (plugin, refusal)), or what
    confines it to certain nodes (`left_out` are the others).
    """

    node_count: int
    pre_filter: Refusal | None = None
    nodes: dict[str, tuple[str, Refusal]] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)
    confined_by: list[str] = field(default_factory=list)
    plugins: set[str] = field(default_factory=set)
    # What became of pushing other pods out, where that was tried in vain.
    preemption: str = ""

    def refuse(self, node: str, plugin: str, refusal: Refusal) -> None:
        self.nodes[node] = (plugin, refusal)
        self.plugins.add(plugin)

    def refuse_all(self, plugin: str, refusal: Refusal) -> None:
        self.pre_filter = refusal
        self.plugins.add(plugin)

    def leave_out(self, node: str) -> None:
        """A node to which the pod cannot go, since it is confined to others."""
        self.left_out.append(node)
        self.plugins.update(self.confined_by)

    def nowhere(self) -> None:
        """No node is left of those to which plugins confine the pod."""
        plugins = sorted(self.confined_by)
        words = f"plugin {plugins[0]}" if len(plugins) == 1 else f"plugin(s) [{' '.join(plugins)}] simultaneously"
        self.pre_filter = Refusal((f"node(s) didn't satisfy {words}",), resolvable=False)
        self.plugins.update(plugins)

    @property
    def _left_out_reason(self) -> str:
        return f"node(s) didn't satisfy plugin(s) [{' '.join(sorted(self.confined_by))}]"

    def message(self) -> str:
        """The whole message, e.g.

        `0/3 nodes are available: 3 Insufficient cpu. preemption: 0/3 nodes are available: …`.
        """
        if not self.node_count:
            return NO_NODES
        if self.pre_filter is not None:
            reasons = ", ".join(self.pre_filter.reasons)
        else:
            listed = [reason for _, refusal in self.nodes.values() for reason in refusal.reasons]
            reasons = histogram([*listed, *[self._left_out_reason] * len(self.left_out)])
        preemption = f" preemption: {self.preemption}" if self.preemption else ""
        return f"{not_available(self.node_count)} {reasons}.{preemption}"

    def explanation(self) -> str:
        """Which plugin refused which nodes, for the trace."""
        if self.pre_filter is not None:
            return f"{', '.join(sorted(self.plugins))} refused every node: {', '.join(self.pre_filter.reasons)}"
        by_plugin: dict[tuple[str, str], list[str]] = {}
        if self.left_out:
            words = "the pod is confined to other nodes"
            by_plugin[(", ".join(sorted(self.confined_by)), words)] = self.left_out
        for node, (plugin, refusal) in sorted(self.nodes.items()):
            by_plugin.setdefault((plugin, ", ".join(refusal.reasons)), []).append(node)
        return "; ".join(f"{plugin} refused {', '.join(nodes)}: {why}" for (plugin, why), nodes in by_plugin.items())


def not_available(nodes: int) -> str:
    return f"0/{nodes} nodes are available:"


def histogram(reasons: Iterable[str]) -> str:
    """How often each reason occurs, in the order of the text: `1 Too many pods, 2 Insufficient cpu`."""
    return ", ".join(sorted(f"{count} {reason}" for reason, count in Counter(reasons).items()))
