"""Where a pod may run: affinities, tolerations, topology spread. Also node selectors of volumes and taints of nodes.

Follows validation.validateAffinity, ValidateTolerations and validateTopologySpreadConstraints (v1.32).
"""

from __future__ import annotations

from collections.abc import Sequence

from cluster_engine.api import checks
from cluster_engine.api.checks import Errors
from cluster_engine.apimachinery import names
from cluster_engine.apimachinery.errors import duplicate, forbidden_field, invalid_value, not_supported, required
from cluster_engine.apimachinery.gotext import GoText, quote
from cluster_engine.apimachinery.meta import Obj

TAINT_EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")
_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
_PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"
_NOT_AN_OPERATOR = "not a valid selector operator"


def validate_affinity(path: str, affinity: Obj) -> Errors:
    errors: Errors = []
    node = affinity.get("nodeAffinity")
    if node:
        at = f"{path}.nodeAffinity"
        if node.get(_REQUIRED) is not None:
            errors += validate_node_selector(f"{at}.{_REQUIRED}", node[_REQUIRED])
        for index, term in enumerate(node.get(_PREFERRED) or ()):
            errors += _weight(f"{at}.{_PREFERRED}[{index}]", term)
            preference = term.get("preference") or {}
            errors += _node_term(f"{at}.{_PREFERRED}[{index}].preference", preference, check_values=False)
    for field in ("podAffinity", "podAntiAffinity"):
        pods = affinity.get(field)
        if not pods:
            continue
        for index, term in enumerate(pods.get(_REQUIRED) or ()):
            errors += _pod_term(f"{path}.{field}.{_REQUIRED}[{index}]", term)
        for index, weighted in enumerate(pods.get(_PREFERRED) or ()):
            at = f"{path}.{field}.{_PREFERRED}[{index}]"
            errors += _weight(at, weighted)
            errors += _pod_term(f"{at}.podAffinityTerm", weighted.get("podAffinityTerm") or {})
    return errors


def _weight(path: str, term: Obj) -> Errors:
    weight = term.get("weight") or 0
    return [] if 1 <= weight <= 100 else [invalid_value(f"{path}.weight", weight, "must be in the range 1-100")]


def validate_node_selector(path: str, selector: Obj) -> Errors:
    terms = selector.get("nodeSelectorTerms") or []
    if not terms:
        return [required(f"{path}.nodeSelectorTerms", "must have at least one node selector term")]
    errors: Errors = []
    for index, term in enumerate(terms):
        errors += _node_term(f"{path}.nodeSelectorTerms[{index}]", term)
    return errors


def _node_term(path: str, term: Obj, *, check_values: bool = True) -> Errors:
    errors: Errors = []
    for index, expression in enumerate(term.get("matchExpressions") or ()):
        errors += _node_requirement(f"{path}.matchExpressions[{index}]", expression, check_values)
    for index, expression in enumerate(term.get("matchFields") or ()):
        errors += _node_field(f"{path}.matchFields[{index}]", expression)
    return errors


def _node_requirement(path: str, expression: Obj, check_values: bool) -> Errors:
    operator, values = expression.get("operator") or "", expression.get("values") or []
    errors: Errors = []
    if operator in ("In", "NotIn"):
        if not values:
            errors.append(required(f"{path}.values", "must be specified when `operator` is 'In' or 'NotIn'"))
    elif operator in ("Exists", "DoesNotExist"):
        if values:
            detail = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
            errors.append(forbidden_field(f"{path}.values", detail))
    elif operator in ("Gt", "Lt"):
        if len(values) != 1:
            errors.append(required(f"{path}.values", "must be specified single value when `operator` is 'Lt' or 'Gt'"))
    else:
        errors.append(invalid_value(f"{path}.operator", operator, _NOT_AN_OPERATOR))
    errors += checks.qualified_name(f"{path}.key", expression.get("key") or "")
    if check_values:
        for index, value in enumerate(values):
            errors += checks.by_rule(names.label_value, f"{path}.values[{index}]", value)
    return errors


def _node_field(path: str, expression: Obj) -> Errors:
    operator, values = expression.get("operator") or "", expression.get("values") or []
    errors: Errors = []
    if operator not in ("In", "NotIn"):
        errors.append(invalid_value(f"{path}.operator", operator, _NOT_AN_OPERATOR))
    elif len(values) != 1:
        detail = "must be only one value when `operator` is 'In' or 'NotIn' for node field selector"
        errors.append(required(f"{path}.values", detail))
    if expression.get("key") != "metadata.name":
        errors.append(invalid_value(f"{path}.key", expression.get("key") or "", "not a valid field selector key"))
    else:
        for index, value in enumerate(values):
            errors += checks.dns_subdomain(f"{path}.values[{index}]", value)
    return errors


def _pod_term(path: str, term: Obj) -> Errors:
    errors = checks.label_selector(f"{path}.labelSelector", term.get("labelSelector"))
    errors += checks.label_selector(f"{path}.namespaceSelector", term.get("namespaceSelector"))
    for namespace in term.get("namespaces") or ():
        errors += checks.dns_label(f"{path}.namespace", namespace)
    selector = term.get("labelSelector")
    mismatched = term.get("mismatchLabelKeys") or []
    for field in ("matchLabelKeys", "mismatchLabelKeys"):
        errors += _label_keys(f"{path}.{field}", term.get(field) or [], selector)
    for index, key in enumerate(term.get("matchLabelKeys") or ()):
        if key in mismatched:
            detail = "exists in both matchLabelKeys and mismatchLabelKeys"
            errors.append(invalid_value(f"{path}.matchLabelKeys[{index}]", key, detail))
    topology = term.get("topologyKey") or ""
    if not topology:
        errors.append(required(f"{path}.topologyKey", "can not be empty"))
    return errors + checks.qualified_name(f"{path}.topologyKey", topology)


def _label_keys(path: str, keys: Sequence[str], selector: Obj | None) -> Errors:
    if keys and selector is None:
        return [forbidden_field(path, "must not be specified when labelSelector is not set")]
    return [error for index, key in enumerate(keys) for error in checks.qualified_name(f"{path}[{index}]", key)]


def validate_tolerations(path: str, tolerations: Sequence[Obj]) -> Errors:
    errors: Errors = []
    for index, toleration in enumerate(tolerations):
        errors += _toleration(f"{path}[{index}]", toleration)
    return errors


def _toleration(path: str, toleration: Obj) -> Errors:
    key, operator, value, effect = (toleration.get(f) or "" for f in ("key", "operator", "value", "effect"))
    errors = checks.qualified_name(f"{path}.key", key) if key else []
    if not key and operator != "Exists":
        detail = 'operator must be Exists when `key` is empty, which means "match all values and all keys"'
        errors.append(invalid_value(f"{path}.operator", operator, detail))
    if toleration.get("tolerationSeconds") is not None and effect != "NoExecute":
        detail = "effect must be 'NoExecute' when `tolerationSeconds` is set"
        errors.append(invalid_value(f"{path}.effect", effect, detail))
    if operator in ("", "Equal"):
        faults = names.label_value(value)
        if faults:
            errors.append(invalid_value(f"{path}.operator", value, ";".join(faults)))
    elif operator == "Exists":
        if value:
            detail = "value must be empty when `operator` is 'Exists'"
            errors.append(invalid_value(f"{path}.operator", _shown_toleration(toleration), detail))
    else:
        errors.append(not_supported(f"{path}.operator", operator, ("Equal", "Exists")))
    if effect:
        errors += checks.enum(f"{path}.effect", effect, TAINT_EFFECTS)
    return errors


def _shown_toleration(toleration: Obj) -> GoText:
    """A toleration as `%#v` prints it."""
    texts = ", ".join(
        f"{f.capitalize()}:{quote(toleration.get(f) or '')}" for f in ("key", "operator", "value", "effect")
    )
    seconds = toleration.get("tolerationSeconds")
    shown = "nil" if seconds is None else "0xc000000000"
    return GoText(f"core.Toleration{{{texts}, TolerationSeconds:(*int64)({shown})}}")


def validate_topology_spread(path: str, constraints: Sequence[Obj]) -> Errors:
    errors: Errors = []
    seen: set[tuple[str, str]] = set()
    for index, constraint in enumerate(constraints):
        at = f"{path}[{index}]"
        skew = constraint.get("maxSkew") or 0
        if skew <= 0:
            errors.append(invalid_value(f"{at}.maxSkew", skew, "must be greater than zero"))
        topology, action = constraint.get("topologyKey") or "", constraint.get("whenUnsatisfiable") or ""
        if not topology:
            errors.append(required(f"{at}.topologyKey", "can not be empty"))
        if action not in ("DoNotSchedule", "ScheduleAnyway"):
            errors.append(not_supported(f"{at}.whenUnsatisfiable", action, ("DoNotSchedule", "ScheduleAnyway")))
        if (topology, action) in seen:
            errors.append(duplicate(f"{at}.{{topologyKey, whenUnsatisfiable}}", f"{{{topology}, {action}}}"))
        seen.add((topology, action))
        errors += _min_domains(f"{at}.minDomains", constraint.get("minDomains"), action)
        for field in ("nodeAffinityPolicy", "nodeTaintsPolicy"):
            errors += checks.optional_enum(f"{at}.{field}", constraint.get(field), ("Honor", "Ignore"))
        errors += _spread_label_keys(f"{at}.matchLabelKeys", constraint)
        errors += checks.label_selector(f"{at}.labelSelector", constraint.get("labelSelector"))
    return errors


def _min_domains(path: str, count: int | None, action: str) -> Errors:
    if count is None:
        return []
    errors = [invalid_value(path, count, "must be greater than zero")] if count <= 0 else []
    if action != "DoNotSchedule":
        detail = f"can only use minDomains if whenUnsatisfiable=DoNotSchedule, not {action}"
        errors.append(invalid_value(path, count, detail))
    return errors


def _spread_label_keys(path: str, constraint: Obj) -> Errors:
    keys = constraint.get("matchLabelKeys") or []
    selector = constraint.get("labelSelector")
    errors: Errors = []
    if keys and selector is None:
        errors.append(forbidden_field(path, "must not be specified when labelSelector is not set"))
    selected = {*((selector or {}).get("matchLabels") or ())}
    selected.update(e.get("key") for e in (selector or {}).get("matchExpressions") or ())
    for index, key in enumerate(keys):
        errors += checks.qualified_name(f"{path}[{index}]", key)
        if key in selected:
            errors.append(invalid_value(f"{path}[{index}]", key, "exists in both matchLabelKeys and labelSelector"))
    return errors


def validate_taints(path: str, taints: Sequence[Obj]) -> Errors:
    """Taints of a node: unique by key and effect."""
    errors: Errors = []
    seen: set[tuple[str, str]] = set()
    for index, taint in enumerate(taints):
        at = f"{path}[{index}]"
        key, value, effect = (taint.get(f) or "" for f in ("key", "value", "effect"))
        errors += checks.qualified_name(f"{at}.key", key)
        faults = names.label_value(value)
        if faults:
            errors.append(invalid_value(f"{at}.value", value, ";".join(faults)))
        errors += checks.enum(f"{at}.effect", effect, TAINT_EFFECTS)
        if (key, effect) in seen:
            shown = f'core.Taint{{Key:"{key}", Value:"{value}", Effect:"{effect}", TimeAdded:<nil>}}'
            errors.append(duplicate(at, GoText(shown), "taints must be unique by key and effect pair"))
        seen.add((key, effect))
    return errors
