"""PodTopologySpread: pods of a kind are spread over nodes and zones, by the pod's own constraints or the system's
default.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from cluster_engine.apimachinery import labels
from cluster_engine.apimachinery.labels import Requirement, Selector
from cluster_engine.apimachinery.meta import Obj, controller_of
from cluster_engine.apimachinery.node_fit import required_matches
from cluster_engine.scheduler.cache import NodeInfo
from cluster_engine.scheduler.framework import MAX_NODE_SCORE, CycleState, Handle, Plugin, Refusal, Scores

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
    """One constraint: how uneven the number of matching pods may be between the values of a label."""

    max_skew: int
    topology_key: str
    selector: Selector
    min_domains: int = 1


@dataclass(slots=True)
class Domain:
    """How many matching pods each value of the constraint's label has."""

    constraint: Constraint
    counts: dict[str, int]


class PodTopologySpread(Plugin):
    """Follows pkg/scheduler/framework/plugins/podtopologyspread, with the system's default constraints (hostname 3,
    zone 5).
    """

    name = "PodTopologySpread"
    weight = 2
    events = frozenset({"node", "pod-added", "pod-deleted"})

    def __init__(self, handle: Handle) -> None:
        super().__init__(handle)
        self._services = handle.informers.get("services")
        self._owners = {kind: handle.informers.get(resource) for kind, resource in _OWNERS.items()}
        # Pods of one controller share their selector: (selector of the controller, labels that Services select) ->
        # both.
        # The entry keeps the controller's selector alive, so that its identity is never reused.
        self._selectors: dict[tuple[int, tuple[tuple[str, str], ...]], tuple[Obj | None, Selector]] = {}

    def pre_filter(self, state: CycleState) -> Refusal | None:
        hard = _constraints(state.pod, "DoNotSchedule")
        state.kept[self.name] = [self._domain(state.pod, constraint) for constraint in hard]
        return None

    def _domain(self, pod: Obj, constraint: Constraint) -> Domain:
        counted = self.handle.cache.matching(pod["metadata"]["namespace"], constraint.selector)
        counts: dict[str, int] = {}
        for node in self.handle.cache:
            value = node.labels.get(constraint.topology_key)
            if value is not None and required_matches(pod["spec"], node.labels, node.name):
                counts[value] = counts.get(value, 0) + counted.get(node.name, 0)
        return Domain(constraint, counts)

    def filter(self, state: CycleState, node: NodeInfo) -> Refusal | None:
        domains = state.kept[self.name]
        if not domains:
            return None
        own_labels = state.pod["metadata"].get("labels") or {}
        for domain in domains:
            constraint = domain.constraint
            value = node.labels.get(constraint.topology_key)
            if value is None:
                return _UNLABELLED
            least = min(domain.counts.values(), default=0) if len(domain.counts) >= constraint.min_domains else 0
            with_this = domain.counts.get(value, 0) + constraint.selector.matches(own_labels)
            if with_this - least > constraint.max_skew:
                return _UNEVEN
        return None

    def scores(self, state: CycleState, nodes: Sequence[NodeInfo]) -> Scores | None:
        pod = state.pod
        own = "topologySpreadConstraints" in pod["spec"]
        soft = _constraints(pod, "ScheduleAnyway") if own else self._default_constraints(pod)
        if not soft:
            return None
        scored = [node for node in nodes if not own or all(c.topology_key in node.labels for c in soft)]
        sums = dict.fromkeys((node.name for node in scored), 0.0)
        for constraint in soft:
            self._add(pod, constraint, scored, sums)
        return _normalise({name: round(score) for name, score in sums.items()}, nodes)

    def _add(self, pod: Obj, constraint: Constraint, nodes: Sequence[NodeInfo], sums: dict[str, float]) -> None:
        counted = self.handle.cache.matching(pod["metadata"]["namespace"], constraint.selector)
        key = constraint.topology_key
        if key == HOSTNAME:
            weight = math.log(len(nodes) + 2)
            for node in nodes:
                if key in node.labels:
                    sums[node.name] += counted.get(node.name, 0) * weight + constraint.max_skew - 1
            return
        domains = {node.labels[key]: 0 for node in nodes if key in node.labels}
        if not domains:
            return
        for node in self.handle.cache:
            value = node.labels.get(key)
            if value in domains:
                domains[value] += counted.get(node.name, 0)
        weight = math.log(len(domains) + 2)
        for node in nodes:
            if key in node.labels:
                sums[node.name] += domains[node.labels[key]] * weight + constraint.max_skew - 1

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
            Constraint(constraint["maxSkew"], constraint["topologyKey"], selector, constraint.get("minDomains") or 1)
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
