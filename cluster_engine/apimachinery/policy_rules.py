"""Rules of roles: how a ClusterRole with an `aggregationRule` collects those of others."""

from __future__ import annotations

from collections.abc import Iterable

from cluster_engine.apimachinery import labels
from cluster_engine.apimachinery.meta import Obj, labels_of


def aggregated_rules(cluster_roles: Iterable[Obj], role: Obj) -> list[Obj]:
    """The rules of all ClusterRoles that `role` selects, each once, selector by selector and by name.

    Follows pkg/controller/clusterroleaggregation.
    """
    others = sorted((r for r in cluster_roles if name_of(r) != name_of(role)), key=name_of)
    found: list[Obj] = []
    for selector in (role.get("aggregationRule") or {}).get("clusterRoleSelectors") or ():
        matching = labels.from_label_selector(selector)
        for other in others:
            if matching.matches(labels_of(other)):
                found.extend(rule for rule in other.get("rules") or () if rule not in found)
    return found


def name_of(role: Obj) -> str:
    return str(role["metadata"]["name"])
