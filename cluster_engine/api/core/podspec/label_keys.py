"""`matchLabelKeys` and `mismatchLabelKeys` of affinity between pods: a new pod's own labels join the terms' selectors.

Follows applyMatchLabelKeysAndMismatchLabelKeys of pkg/registry/core/pod/strategy.go.
"""

from __future__ import annotations

from collections.abc import Mapping

from cluster_engine.apimachinery.meta import Obj

_OPERATORS = (("matchLabelKeys", "In"), ("mismatchLabelKeys", "NotIn"))
_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
_PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"


def with_label_keys(spec: Obj, labels: Mapping[str, str]) -> Obj:
    """A new pod's spec with the values of its labels in the selectors that ask for them; the same where none does."""
    affinity: Obj = spec.get("affinity") or {}
    changed = dict(affinity)
    for kind in ("podAffinity", "podAntiAffinity"):
        if affinity.get(kind):
            changed[kind] = _rules(affinity[kind], labels)
    if all(changed[kind] is affinity[kind] for kind in affinity):
        return spec
    return {**spec, "affinity": changed}


def _rules(rules: Obj, labels: Mapping[str, str]) -> Obj:
    changed = dict(rules)
    if rules.get(_REQUIRED):
        changed[_REQUIRED] = [_term(term, labels) for term in rules[_REQUIRED]]
    if rules.get(_PREFERRED):
        changed[_PREFERRED] = [
            {**one, "podAffinityTerm": _term(one.get("podAffinityTerm") or {}, labels)} for one in rules[_PREFERRED]
        ]
    return rules if changed == rules else changed


def _term(term: Obj, labels: Mapping[str, str]) -> Obj:
    """A term without a selector means no pod, and stays as it is; a label that the pod lacks is left out."""
    selector = term.get("labelSelector")
    if selector is None:
        return term
    added = [
        {"key": key, "operator": operator, "values": [labels[key]]}
        for field, operator in _OPERATORS
        for key in term.get(field) or ()
        if key in labels
    ]
    if not added:
        return term
    return {
        **term,
        "labelSelector": {**selector, "matchExpressions": [*(selector.get("matchExpressions") or ()), *added]},
    }
