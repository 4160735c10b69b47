"""PodTopologySpread: pods of a kind are spread over nodes and zones, by the pod's own constraints or the system's
default.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from cluster_engine.apimachinery import labels
from cluster_engine.apimachinery.labels import Requirement, Selector
from cluster_engine.apimachinery.meta import Obj, controller_of, deleting, labels_of
from cluster_engine.apimachinery.node_fit import required_matches, untolerated
from cluster_engine.scheduler.cache import NodeInfo
from cluster_engine.scheduler.framework import (
    MAX_NODE_SCORE,
    SKIP,
    ClusterChange,
    CycleState,
    Handle,
    Plugin,
    PreFilterAnswer,
    Refusal,
    Scores,
)

HOSTNAME = "kubernetes.io/hostname"
ZONE = "topology.kubernetes.io/zone"
_UNEVEN = Refusal(("node(s) didn't match pod topology spread constraints",))
_UNLABELLED = Refusal(
    ("node(s) didn't match pod topology spread constraints (missing required label)",), resolvable=False
)
MAX_SELECTORS = 512
_OWNERS = {"ReplicaSet": "replicasets.apps", "StatefulSet": "statefulsets.apps"}


@dataclass(frozen=True, slots=True)
class Constraint:
    """One constraint: how uneven the number of matching pods may be between the values of a label.

    `honours_affinity` and `honours_taints` say whether nodes on which the pod may not be are left out of the count.
    """

    max_skew: int
    topology_key: str
    selector: Selector
    min_domains: int = 1
    honours_affinity: bool = True
    honours_taints: bool = False

    def counts_node(self, spec: Obj, node: NodeInfo) -> bool:
        """Whether a node counts for a pod with that spec. Follows matchNodeInclusionPolicies."""
        if self.honours_affinity and not required_matches(spec, node.labels, node.name):
            return False
        if not self.honours_taints or not node.taints:
            return True
        return untolerated(node.taints, spec.get("tolerations") or (), ("NoSchedule", "NoExecute")) is None


@dataclass(slots=True)
class Domain:
    """How many matching pods each value of the constraint's label has."""

    constraint: Constraint
    counts: dict[str, int] = field(default_factory=dict)


class PodTopologySpread(Plugin):
    """Follows pkg/scheduler/framework/plugins/podtopologyspread, with the system's default constraints (hostname 3,
    zone 5).
    """

    name = "PodTopologySpread"
    weight = 2
    events = frozenset({"node", "pod-added", "pod-deleted", "pod-changed"})

    def __init__(self, handle: Handle) -> None:
        super().__init__(handle)
        self._services = handle.informers.get("services")
        self._owners = {kind: handle.informers.get(resource) for kind, resource in _OWNERS.items()}
        # Pods of one controller share their selector: (selector of the controller, labels that Services select) ->
        # both.
        # The entry keeps the controller's selector alive, so that its identity is never reused.
        self._selectors: dict[tuple[int, tuple[tuple[str, str], ...]], tuple[Obj | None, Selector]] = {}

    # Filter.

    def pre_filter(self, state: CycleState) -> PreFilterAnswer:
        if not state.pod["spec"].get("topologySpreadConstraints"):
            return SKIP
        hard = _constraints(state.pod, "DoNotSchedule")
        if not hard:
            return SKIP
        state.kept[self.name] = self._domains(state.pod, hard)
        return None

    def _domains(self, pod: Obj, constraints: list[Constraint]) -> list[Domain]:
        domains = [Domain(constraint) for constraint in constraints]
        # Nodes that lack one of the labels are no place at all, for none of the constraints.
        nodes = [node for node in self.handle.cache if _has_all(node, constraints)]
        for domain in domains:
            constraint = domain.constraint
            counted = self._matching(pod, constraint)
            for node in nodes:
                if constraint.counts_node(pod["spec"], node):
                    value = node.labels[constraint.topology_key]
                    domain.counts[value] = domain.counts.get(value, 0) + counted.get(node.name, 0)
        return domains

    def _matching(self, pod: Obj, constraint: Constraint) -> dict[str, int]:
        """How many pods the constraint counts, by node; a selector that matches everything counts none."""
        if constraint.selector.empty:
            return {}
        return self.handle.cache.matching(pod["metadata"]["namespace"], constraint.selector)

    def filter(self, state: CycleState, node: NodeInfo) -> Refusal | None:
        own_labels = labels_of(state.pod)
        for domain in state.kept[self.name]:
            constraint = domain.constraint
            value = node.labels.get(constraint.topology_key)
            if value is None:
                return _UNLABELLED
            least = min(domain.counts.values(), default=0) if len(domain.counts) >= constraint.min_domains else 0
            with_this = domain.counts.get(value, 0) + constraint.selector.matches(own_labels)
            if with_this - least > constraint.max_skew:
                return _UNEVEN
        return None

    # Trials.

    def copy_kept(self, kept: list[Domain]) -> list[Domain]:
        return [Domain(domain.constraint, dict(domain.counts)) for domain in kept]

    def pod_changed(self, state: CycleState, pod: Obj, node: NodeInfo, sign: int) -> None:
        domains: list[Domain] = state.kept[self.name]
        if pod["metadata"]["namespace"] != state.pod["metadata"]["namespace"] or deleting(pod):
            return
        if not _has_all(node, [domain.constraint for domain in domains]):
            return
        for domain in domains:
            constraint = domain.constraint
            if constraint.selector.empty or not constraint.selector.matches(labels_of(pod)):
                continue
            if constraint.counts_node(state.pod["spec"], node):
                value = node.labels[constraint.topology_key]
                domain.counts[value] = domain.counts.get(value, 0) + sign

    # Score.

    def scores(self, state: CycleState, nodes: Sequence[NodeInfo]) -> Scores | None:
        pod = state.pod
        own = bool(pod["spec"].get("topologySpreadConstraints"))
        soft = _constraints(pod, "ScheduleAnyway") if own else self._default_constraints(pod)
        if not soft:
            return None
        scored = [node for node in nodes if not own or _has_all(node, soft)]
        sums = dict.fromkeys((node.name for node in scored), 0.0)
        for constraint in soft:
            self._add(pod, constraint, scored, sums, soft if own else ())
        # Go rounds a half up, Python to the even number.
        return _normalise({name: math.floor(score + 0.5) for name, score in sums.items()}, nodes)

    def _add(
        self,
        pod: Obj,
        constraint: Constraint,
        nodes: Sequence[NodeInfo],
        sums: dict[str, float],
        needed: Sequence[Constraint],
    ) -> None:
        """Adds what a constraint makes of each node; only nodes with the labels of all `needed` count."""
        counted = self._matching(pod, constraint)
        key = constraint.topology_key
        if key == HOSTNAME:
            weight = math.log(len(nodes) + 2)
            for node in nodes:
                if key in node.labels:
                    sums[node.name] += counted.get(node.name, 0) * weight + constraint.max_skew - 1
            return
        if not [node for node in nodes if key in node.labels]:
            return
        # Those without the label are a domain too, which makes the others weigh a little more, as in Kubernetes.
        domains = {node.labels.get(key, ""): 0 for node in nodes}
        for node in self.handle.cache:
            value = node.labels.get(key, "")
            if value in domains and _has_all(node, needed) and constraint.counts_node(pod["spec"], node):
                domains[value] += counted.get(node.name, 0)
        weight = math.log(len(domains) + 2)
        for node in nodes:
            if key in node.labels:
                sums[node.name] += domains[node.labels[key]] * weight + constraint.max_skew - 1

    def may_help(self, pod: Obj, change: ClusterChange) -> bool:
        """Pods of other namespaces, and those that no constraint counts, change nothing; nodes without the labels
        neither.
        """
        hard = _constraints(pod, "DoNotSchedule")
        if change.event == "node":
            nodes = [change.obj] if change.old is None else [change.obj, change.old]
            return any(all(c.topology_key in labels_of(node) for c in hard) for node in nodes)
        if change.obj["metadata"]["namespace"] != pod["metadata"]["namespace"]:
            return False
        pods = [change.obj] if change.old is None else [change.obj, change.old]
        return any(c.selector.matches(labels_of(one)) for c in hard for one in pods)

    def _default_constraints(self, pod: Obj) -> list[Constraint]:
        selector = self._default_selector(pod)
        if selector.empty:
            return []
        return [Constraint(3, HOSTNAME, selector), Constraint(5, ZONE, selector)]

    def _default_selector(self, pod: Obj) -> Selector:
        """What the pod's Services and its controller select. Follows helper.DefaultSelector."""
        meta = pod["metadata"]
        own = meta.get("labels") or {}
        merged: dict[str, str] = {}
        for service in self._services.by_index("namespace", meta["namespace"]):
            wanted = (service.get("spec") or {}).get("selector")
            if wanted and all(own.get(key) == value for key, value in wanted.items()):
                merged.update(wanted)
        owner = controller_of(pod)
        controller: Obj | None = None
        if owner is not None and owner["kind"] in self._owners:
            controller = self._owners[owner["kind"]].get(f"{meta['namespace']}/{owner['name']}")
        asked: Obj | None = controller["spec"]["selector"] if controller is not None else None
        key = (id(asked), tuple(sorted(merged.items())))
        known = self._selectors.get(key)
        if known is not None and known[0] is asked:
            return known[1]
        requirements = [*labels.from_map(merged).requirements, *_requirements(asked)]
        if len(self._selectors) >= MAX_SELECTORS:
            self._selectors.clear()
        selector = Selector(requirements)
        self._selectors[key] = (asked, selector)
        return selector


def _has_all(node: NodeInfo, constraints: Sequence[Constraint]) -> bool:
    return all(constraint.topology_key in node.labels for constraint in constraints)


def _requirements(label_selector: Obj | None) -> tuple[Requirement, ...]:
    return labels.from_label_selector(label_selector).requirements if label_selector is not None else ()


def _constraints(pod: Obj, when_unsatisfiable: str) -> list[Constraint]:
    """The pod's own constraints of that kind."""
    found = []
    for constraint in pod["spec"].get("topologySpreadConstraints") or ():
        if constraint["whenUnsatisfiable"] != when_unsatisfiable:
            continue
        selector = labels.from_label_selector(constraint.get("labelSelector"))
        own = pod["metadata"].get("labels") or {}
        extra = {key: own[key] for key in constraint.get("matchLabelKeys") or () if key in own}
        if extra:
            selector = Selector([*selector.requirements, *labels.from_map(extra).requirements])
        found.append(
            Constraint(
                constraint["maxSkew"],
                constraint["topologyKey"],
                selector,
                constraint.get("minDomains") or 1,
                constraint.get("nodeAffinityPolicy") != "Ignore",
                constraint.get("nodeTaintsPolicy") == "Honor",
            )
        )
    return found


def _normalise(sums: dict[str, int], nodes: Sequence[NodeInfo]) -> Scores:
    """Fewer is better: the best node has 100. Nodes that lack a label of the constraints have 0."""
    highest, lowest = max(sums.values(), default=0), min(sums.values(), default=0)
    found = {}
    for node in nodes:
        if node.name not in sums:
            found[node.name] = 0
        elif highest == 0:
            found[node.name] = MAX_NODE_SCORE
        else:
            found[node.name] = MAX_NODE_SCORE * (highest + lowest - sums[node.name]) // highest
    return found
