"""Which nodes a pod may be on: node selectors and affinity terms, taints and tolerations.

Used by whoever asks the question: the scheduler, the DaemonSet controller, eviction by taints, volumes with a node.
Follows k8s.io/component-helpers/scheduling/corev1.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from cluster_engine.apimachinery.meta import Obj, dig


def _integer(text: str | None) -> int | None:
    try:
        return int(text) if text is not None else None
    except ValueError:
        return None


def _requirement(values: Mapping[str, str], requirement: Obj) -> bool:
    value, wanted = values.get(requirement["key"]), requirement.get("values") or []
    match requirement["operator"]:
        case "In":
            return value is not None and value in wanted
        case "NotIn":
            return value is None or value not in wanted
        case "Exists":
            return value is not None
        case "DoesNotExist":
            return value is None
    number, bound = _integer(value), _integer(wanted[0] if wanted else None)
    if number is None or bound is None:
        return False
    return number > bound if requirement["operator"] == "Gt" else number < bound


def term_matches(term: Obj, labels: Mapping[str, str], name: str) -> bool:
    """Whether a node matches one term; a term without requirements matches nothing."""
    expressions, fields = term.get("matchExpressions") or (), term.get("matchFields") or ()
    if not expressions and not fields:
        return False
    by_name = {"metadata.name": name}
    return all(_requirement(labels, e) for e in expressions) and all(_requirement(by_name, f) for f in fields)


def required_matches(spec: Obj, labels: Mapping[str, str], name: str) -> bool:
    """Whether a node matches what a pod's spec requires of it."""
    for key, value in (spec.get("nodeSelector") or {}).items():
        if labels.get(key) != value:
            return False
    required = dig(spec, "affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution")
    if required is None:
        return True
    return any(term_matches(term, labels, name) for term in required.get("nodeSelectorTerms") or ())


def tolerates(toleration: Obj, taint: Obj) -> bool:
    """Whether one toleration covers one taint. Follows Toleration.ToleratesTaint."""
    if toleration.get("effect") and toleration["effect"] != taint["effect"]:
        return False
    if toleration.get("key") and toleration["key"] != taint["key"]:
        return False
    operator = toleration.get("operator") or "Equal"
    if operator == "Exists":
        return True
    return operator == "Equal" and bool(toleration.get("key")) and toleration.get("value", "") == taint.get("value", "")


def untolerated(taints: Iterable[Obj], tolerations: Iterable[Obj], effects: Sequence[str]) -> Obj | None:
    """The first taint with one of these effects that nothing tolerates."""
    for taint in taints:
        if taint["effect"] in effects and not any(tolerates(toleration, taint) for toleration in tolerations):
            return taint
    return None
