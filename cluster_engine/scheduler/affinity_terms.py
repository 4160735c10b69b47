"""The terms of affinity between pods, read once for all pods of a template.

Follows framework.AffinityTerm and GetAffinityTerms of pkg/scheduler/framework/types.go.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cluster_engine.apimachinery import labels
from cluster_engine.apimachinery.labels import NOTHING, Selector
from cluster_engine.apimachinery.meta import Obj, labels_of

_MAX_REMEMBERED = 1024


@dataclass(frozen=True, slots=True)
class Term:
    """One term: which pods of which namespaces it means, and the label of nodes that says what is the same place."""

    namespaces: frozenset[str]
    namespace_selector: Selector
    selector: Selector
    topology_key: str
    weight: int = 0

    def matches(self, pod: Obj, namespace_labels: Mapping[str, str]) -> bool:
        """Whether it means a pod, whose namespace has these labels."""
        if pod["metadata"]["namespace"] not in self.namespaces and not self.namespace_selector.matches(
            namespace_labels
        ):
            return False
        return self.selector.matches(labels_of(pod))


@dataclass(frozen=True, slots=True)
class Terms:
    """All terms of a pod; the preferred ones have a weight."""

    affinity: tuple[Term, ...] = ()
    anti_affinity: tuple[Term, ...] = ()
    preferred_affinity: tuple[Term, ...] = ()
    preferred_anti_affinity: tuple[Term, ...] = ()


NO_TERMS = Terms()
_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
_PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"
_remembered: dict[tuple[str, int], tuple[Obj, Terms]] = {}


def terms_of(namespace: str, affinity: Obj | None) -> Terms:
    """The terms that a pod of the namespace has by its `spec.affinity`."""
    if not affinity or not ("podAffinity" in affinity or "podAntiAffinity" in affinity):
        return NO_TERMS
    key = (namespace, id(affinity))
    known = _remembered.get(key)
    if known is not None and known[0] is affinity:
        return known[1]
    if len(_remembered) >= _MAX_REMEMBERED:
        _remembered.clear()
    to, away = affinity.get("podAffinity") or {}, affinity.get("podAntiAffinity") or {}
    terms = Terms(
        tuple(_term(namespace, term) for term in to.get(_REQUIRED) or ()),
        tuple(_term(namespace, term) for term in away.get(_REQUIRED) or ()),
        tuple(_term(namespace, term["podAffinityTerm"], term["weight"]) for term in to.get(_PREFERRED) or ()),
        tuple(_term(namespace, term["podAffinityTerm"], term["weight"]) for term in away.get(_PREFERRED) or ()),
    )
    _remembered[key] = (affinity, terms)
    return terms


def _term(namespace: str, term: Obj, weight: int = 0) -> Term:
    named, selector = term.get("namespaces") or (), term.get("namespaceSelector")
    # Neither named nor selected: the pod's own namespace.
    names = frozenset(named) if named or selector is not None else frozenset((namespace,))
    wanted = NOTHING if selector is None else labels.from_label_selector(selector)
    return Term(names, wanted, labels.from_label_selector(term.get("labelSelector")), term["topologyKey"], weight)
