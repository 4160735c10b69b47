"""NodeAffinity: `nodeSelector` and node affinity, required and preferred."""

from __future__ import annotations

from collections.abc import Sequence

from cluster_engine.apimachinery.meta import Obj, dig, labels_of
from cluster_engine.apimachinery.node_fit import required_matches, term_matches
from cluster_engine.scheduler.cache import NodeInfo
from cluster_engine.scheduler.framework import (
    SKIP,
    ClusterChange,
    CycleState,
    OnlyNodes,
    Plugin,
    PreFilterAnswer,
    Refusal,
    Scores,
    normalise,
)

_REFUSAL = Refusal(("node(s) didn't match Pod's node affinity/selector",), resolvable=False)
_CONFLICT = Refusal(("pod affinity terms conflict",), resolvable=False)


class NodeAffinity(Plugin):
    """Follows pkg/scheduler/framework/plugins/nodeaffinity."""

    name = "NodeAffinity"
    weight = 2
    events = frozenset({"node"})

    def pre_filter(self, state: CycleState) -> PreFilterAnswer:
        spec = state.pod["spec"]
        required = _required(spec)
        if required is None:
            return None if spec.get("nodeSelector") else SKIP
        names: set[str] = set()
        for term in required.get("nodeSelectorTerms") or ():
            wanted = _wanted_names(term)
            if wanted is None:
                return None
            names |= wanted
        if not names:
            return _CONFLICT if required.get("nodeSelectorTerms") else None
        return OnlyNodes(frozenset(names))

    def filter(self, state: CycleState, node: NodeInfo) -> Refusal | None:
        return None if required_matches(state.pod["spec"], node.labels, node.name) else _REFUSAL

    def may_help(self, pod: Obj, change: ClusterChange) -> bool:
        """A node helps when it matches now, and did not before."""
        old = change.old
        return _matches(pod, change.obj) and (old is None or not _matches(pod, old))

    def scores(self, state: CycleState, nodes: Sequence[NodeInfo]) -> Scores | None:
        if "affinity" not in state.pod["spec"]:
            return None
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


def _required(spec: Obj) -> Obj | None:
    if "affinity" not in spec:
        return None
    found: Obj | None = dig(spec, "affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution")
    return found


def _wanted_names(term: Obj) -> set[str] | None:
    """The nodes that a term names, all of its fields taken together; None where it names none."""
    found: set[str] | None = None
    for field in term.get("matchFields") or ():
        if field["key"] == "metadata.name" and field["operator"] == "In":
            names = set(field.get("values") or ())
            found = names if found is None else found & names
    return found


def _matches(pod: Obj, node: Obj) -> bool:
    return required_matches(pod["spec"], labels_of(node), node["metadata"]["name"])
