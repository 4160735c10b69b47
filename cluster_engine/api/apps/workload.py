"""What Deployments, ReplicaSets and StatefulSets share: selectors against templates, counts in a status.

Follows pkg/apis/apps/validation (v1.32).
"""

from __future__ import annotations

from collections.abc import Sequence

from cluster_engine.api import checks
from cluster_engine.api.checks import Errors
from cluster_engine.api.core.podspec.validation import validate_annotations, validate_template
from cluster_engine.api.memo import IdentityMemo
from cluster_engine.apimachinery.errors import forbidden_field, invalid_value, not_supported, required
from cluster_engine.apimachinery.gotext import label_selector as shown_selector
from cluster_engine.apimachinery.gotext import string_map
from cluster_engine.apimachinery.meta import Obj

_NO_MATCH = "`selector` does not match template `labels`"
# Selectors that were found valid and not empty.
_valid_selectors: IdentityMemo[bool] = IdentityMemo()


def validate_selector(selector: Obj | None, kind: str) -> Errors:
    """`spec.selector` of a workload; `kind` as the message names it."""
    if selector is None:
        return [required("spec.selector")]
    if _valid_selectors.get(selector):
        return []
    errors = checks.label_selector("spec.selector", selector)
    if not selector.get("matchLabels") and not selector.get("matchExpressions"):
        errors.append(invalid_value("spec.selector", shown_selector(selector), f"empty selector is invalid for {kind}"))
    if not errors:
        _valid_selectors.put(selector, True)
    return errors


def validate_template_for(spec: Obj, kind: str, *, bad_selector: str = "invalid label selector") -> Errors:
    """The template of a Deployment or ReplicaSet: the selector matches it, and its pods are always restarted."""
    selector = checks.parsed_selector(spec.get("selector"))
    if selector is None:
        return [invalid_value("spec.selector", shown_selector(spec["selector"]), bad_selector)]
    template = spec.get("template") or {}
    labels = (template.get("metadata") or {}).get("labels") or {}
    errors: Errors = []
    if not selector.empty and not selector.matches(labels):
        shown = string_map(labels or None)
        errors.append(invalid_value("spec.template.metadata.labels", shown, _NO_MATCH))
    if kind == "StatefulSet":
        # The pods' volumes come from claims that the template does not name, so its spec is not looked into.
        meta = template.get("metadata") or {}
        errors += checks.labels("spec.template.labels", labels)
        errors += validate_annotations("spec.template.annotations", meta.get("annotations"), template.get("spec") or {})
    else:
        errors += validate_template("spec.template", template)
    return errors + _always_restarted(template.get("spec") or {}, kind)


def _always_restarted(pod_spec: Obj, kind: str) -> Errors:
    policy = pod_spec.get("restartPolicy") or ""
    errors: Errors = []
    if policy != "Always":
        errors.append(not_supported("spec.template.spec.restartPolicy", policy, ("Always",)))
    if pod_spec.get("activeDeadlineSeconds") is not None:
        # Deployments are validated by the ReplicaSet's rule, words included.
        named = "StatefulSet" if kind == "StatefulSet" else "ReplicaSet"
        detail = f"activeDeadlineSeconds in {named} is not Supported"
        errors.append(forbidden_field("spec.template.spec.activeDeadlineSeconds", detail))
    return errors


def validate_counts(status: Obj, fields: Sequence[str], not_above: Sequence[str], *, ready_words: str) -> Errors:
    """Counts of a status: not negative, and no part above the whole."""
    errors: Errors = []
    for field in fields:
        errors += checks.nonnegative(f"status.{field}", status.get(field))
    total, available = status.get("replicas") or 0, status.get("availableReplicas") or 0
    for field in not_above:
        if (status.get(field) or 0) > total:
            errors.append(invalid_value(f"status.{field}", status[field], "cannot be greater than status.replicas"))
    if available > (status.get("readyReplicas") or 0):
        errors.append(invalid_value("status.availableReplicas", available, f"cannot be greater than {ready_words}"))
    return errors


def validate_collision_count(new: Obj, old: Obj) -> Errors:
    after, before = new.get("collisionCount"), old.get("collisionCount")
    if before is not None and (after is None or after < before):
        return [invalid_value("status.collisionCount", after or 0, "cannot be decremented")]
    return []
