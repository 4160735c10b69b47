"""InterPodAffinity: pods that want to be, or must not be, where certain other pods are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from cluster_engine.apimachinery.labels import NOTHING
from cluster_engine.apimachinery.meta import Obj, labels_of
from cluster_engine.scheduler.affinity_terms import Term, Terms, terms_of
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

_AFFINITY = Refusal(("node(s) didn't match pod affinity rules",), resolvable=False)
_ANTI_AFFINITY = Refusal(("node(s) didn't match pod anti-affinity rules",))
_EXISTING = Refusal(("node(s) didn't satisfy existing pods anti-affinity rules",))
# How much a required affinity of a pod that is there counts for one that comes.
HARD_POD_AFFINITY_WEIGHT = 1

# (topology key, value) -> how many pods.
Counts = dict[tuple[str, str], int]


@dataclass(slots=True)
class Matches:
    """How many pods of each place matter to the incoming pod, or are such that it matters to them."""

    terms: Terms
    affinity: Counts = field(default_factory=dict)
    anti_affinity: Counts = field(default_factory=dict)
    # Pods that are there and whose own anti-affinity means the incoming one.
    existing: Counts = field(default_factory=dict)

    def copy(self) -> Matches:
        return Matches(self.terms, dict(self.affinity), dict(self.anti_affinity), dict(self.existing))


class InterPodAffinity(Plugin):
    """Follows pkg/scheduler/framework/plugins/interpodaffinity."""

    name = "InterPodAffinity"
    weight = 2
    events = frozenset({"node", "pod-added", "pod-deleted", "pod-changed"})

    def __init__(self, handle: Handle) -> None:
        super().__init__(handle)
        self._namespaces = handle.informers.get("namespaces")

    # Filter.

    def pre_filter(self, state: CycleState) -> PreFilterAnswer:
        affinity, groups = state.pod["spec"].get("affinity"), self.handle.cache.affinity_groups
        if not affinity and not groups:
            return SKIP
        terms = terms_of(state.pod["metadata"]["namespace"], affinity)
        existing = self._existing_anti_affinity(state.pod) if groups else {}
        if not existing and not terms.affinity and not terms.anti_affinity:
            return SKIP
        matches = Matches(terms, existing=existing)
        if terms.affinity:
            self._count_all(terms.affinity, matches.affinity)
        for term in terms.anti_affinity:
            self._count_all((term,), matches.anti_affinity)
        state.kept[self.name] = matches
        return None

    def _existing_anti_affinity(self, pod: Obj) -> Counts:
        counts: Counts = {}
        namespace_labels = self._labels_of_namespace(pod)
        for group in self.handle.cache.affinity_groups.values():
            for term in terms_of(group.namespace, group.affinity).anti_affinity:
                if term.matches(pod, namespace_labels):
                    self._add(counts, term.topology_key, group.by_node.items())
        return counts

    def _count_all(self, terms: tuple[Term, ...], counts: Counts) -> None:
        """Counts, in the places of each term, the pods that all of them mean."""
        found: dict[str, int]
        if len(terms) == 1:
            found = self._matching(terms[0])
        else:
            found = {}
            for node, pod in self.handle.cache.placed():
                if self._means_all(terms, pod):
                    found[node] = found.get(node, 0) + 1
        for term in terms:
            self._add(counts, term.topology_key, found.items())

    def _matching(self, term: Term) -> dict[str, int]:
        """How many pods a term means, by node."""
        namespaces = set(term.namespaces)
        if term.namespace_selector is not NOTHING:
            namespaces |= {
                ns["metadata"]["name"] for ns in self._namespaces if term.namespace_selector.matches(labels_of(ns))
            }
        found: dict[str, int] = {}
        for namespace in sorted(namespaces):
            for node, count in self.handle.cache.matching(namespace, term.selector, with_deleting=True).items():
                found[node] = found.get(node, 0) + count
        return found

    def _add(self, counts: Counts, topology_key: str, by_node: Iterable[tuple[str, int]], factor: int = 1) -> None:
        for name, count in by_node:
            node = self.handle.cache.get(name)
            value = node.labels.get(topology_key) if node is not None else None
            if value is not None and count:
                place = (topology_key, value)
                counts[place] = counts.get(place, 0) + factor * count

    def _means_all(self, terms: Iterable[Term], pod: Obj) -> bool:
        namespace_labels = self._labels_of_namespace(pod)
        return all(term.matches(pod, namespace_labels) for term in terms)

    def _labels_of_namespace(self, pod: Obj) -> Mapping[str, str]:
        namespace = self._namespaces.get(pod["metadata"]["namespace"])
        return labels_of(namespace) if namespace is not None else {}

    def filter(self, state: CycleState, node: NodeInfo) -> Refusal | None:
        matches: Matches = state.kept[self.name]
        if not self._affinity_holds(matches, state.pod, node):
            return _AFFINITY
        for term in matches.terms.anti_affinity:
            value = node.labels.get(term.topology_key)
            if value is not None and matches.anti_affinity.get((term.topology_key, value), 0) > 0:
                return _ANTI_AFFINITY
        for (key, value), count in matches.existing.items():
            if count > 0 and node.labels.get(key) == value:
                return _EXISTING
        return None

    def _affinity_holds(self, matches: Matches, pod: Obj, node: NodeInfo) -> bool:
        there = True
        for term in matches.terms.affinity:
            value = node.labels.get(term.topology_key)
            if value is None:
                return False
            there = there and matches.affinity.get((term.topology_key, value), 0) > 0
        # The first of pods that want to be together finds nobody: it may go anywhere, if it is what it looks for.
        return there or (not any(matches.affinity.values()) and self._means_all(matches.terms.affinity, pod))

    # Trials.

    def copy_kept(self, kept: Matches) -> Matches:
        return kept.copy()

    def pod_changed(self, state: CycleState, pod: Obj, node: NodeInfo, sign: int) -> None:
        matches: Matches = state.kept[self.name]
        here = ((node.name, 1),)
        theirs = terms_of(pod["metadata"]["namespace"], pod["spec"].get("affinity")).anti_affinity
        if theirs:
            namespace_labels = self._labels_of_namespace(state.pod)
            for term in theirs:
                if term.matches(state.pod, namespace_labels):
                    self._add(matches.existing, term.topology_key, here, sign)
        if matches.terms.affinity and self._means_all(matches.terms.affinity, pod):
            for term in matches.terms.affinity:
                self._add(matches.affinity, term.topology_key, here, sign)
        for term in matches.terms.anti_affinity:
            if self._means_all((term,), pod):
                self._add(matches.anti_affinity, term.topology_key, here, sign)

    # Score.

    def scores(self, state: CycleState, nodes: Sequence[NodeInfo]) -> Scores | None:
        affinity, groups = state.pod["spec"].get("affinity"), self.handle.cache.affinity_groups
        if not affinity and not groups:
            return None
        places: Counts = {}
        own = terms_of(state.pod["metadata"]["namespace"], affinity)
        for term, factor in _signed(own.preferred_affinity, own.preferred_anti_affinity):
            self._add(places, term.topology_key, self._matching(term).items(), factor * term.weight)
        namespace_labels = self._labels_of_namespace(state.pod)
        for group in groups.values():
            theirs = terms_of(group.namespace, group.affinity)
            for term, factor in _signed(theirs.preferred_affinity, theirs.preferred_anti_affinity):
                if term.matches(state.pod, namespace_labels):
                    self._add(places, term.topology_key, group.by_node.items(), factor * term.weight)
            for term in theirs.affinity:
                if term.matches(state.pod, namespace_labels):
                    self._add(places, term.topology_key, group.by_node.items(), HARD_POD_AFFINITY_WEIGHT)
        if not places:
            return None
        sums = {
            node.name: sum(points for (key, value), points in places.items() if node.labels.get(key) == value)
            for node in nodes
        }
        lowest, highest = min(sums.values()), max(sums.values())
        if highest == lowest:
            return dict.fromkeys(sums, 0)
        return {name: int(MAX_NODE_SCORE * ((points - lowest) / (highest - lowest))) for name, points in sums.items()}

    # Queueing hints.

    def may_help(self, pod: Obj, change: ClusterChange) -> bool:
        """Whether a pod that came, went or changed its labels is one that matters to the waiting pod, or to which the
        waiting pod matters.
        """
        if change.event == "node":
            return self._node_may_help(pod, change)
        terms = terms_of(pod["metadata"]["namespace"], pod["spec"].get("affinity"))
        if change.event != "pod-deleted" and self._means_any(terms.affinity, change.obj):
            return True
        if change.event == "pod-added":
            return False
        gone = change.obj if change.event == "pod-deleted" else change.old
        if gone is not None and self._means_any(terms.anti_affinity, gone):
            return True
        theirs = terms_of(change.obj["metadata"]["namespace"], change.obj["spec"].get("affinity")).anti_affinity
        return self._means_any(theirs, pod)

    def _node_may_help(self, pod: Obj, change: ClusterChange) -> bool:
        """A node with a label that the pod's rules speak of, new or with another value."""
        terms = terms_of(pod["metadata"]["namespace"], pod["spec"].get("affinity"))
        new, old = labels_of(change.obj), labels_of(change.old) if change.old is not None else {}
        if any(term.topology_key not in new for term in terms.affinity):
            return False
        return change.old is None or new != old

    def _means_any(self, terms: Iterable[Term], pod: Obj) -> bool:
        namespace_labels = self._labels_of_namespace(pod)
        return any(term.matches(pod, namespace_labels) for term in terms)


def _signed(liked: Iterable[Term], disliked: Iterable[Term]) -> Iterator[tuple[Term, int]]:
    yield from ((term, 1) for term in liked)
    yield from ((term, -1) for term in disliked)
