"""ResourceQuotas. Follows pkg/registry/core/resourcequota/strategy.go and validation.ValidateResourceQuota (v1.32)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cluster_engine.api import checks, tables
from cluster_engine.api.checks import Errors
from cluster_engine.api.core.amounts import POD_COMPUTE, QUOTA, quota_amount, quota_resource_name
from cluster_engine.api.core.podspec.defaults import canonical_amounts
from cluster_engine.api.shown import slice_of
from cluster_engine.api.strategy import AGE, NAME, Column, Strategy
from cluster_engine.apimachinery import quantity
from cluster_engine.apimachinery.errors import invalid_value, required
from cluster_engine.apimachinery.gotext import GoText, string_slice
from cluster_engine.apimachinery.meta import Obj
from cluster_engine.apimachinery.scheme import Resource

SCOPES = ("BestEffort", "CrossNamespacePodAffinity", "NotBestEffort", "NotTerminating", "PriorityClass", "Terminating")
_CONFLICTING = (("BestEffort", "NotBestEffort"), ("Terminating", "NotTerminating"))
_ONLY_EXISTS = (
    "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, "
    "ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity"
)


class ResourceQuotaStrategy(Strategy):
    """The rules of ResourceQuotas."""

    resource = Resource(
        "", "v1", "ResourceQuota", "resourcequotas", singular="resourcequota", short_names=("quota",),
        subresources=("status",),
    )  # fmt: skip
    columns = (NAME, AGE, Column("Request"), Column("Limit"))

    def default(self, obj: Obj) -> Obj:
        spec = obj.get("spec") or {}
        hard = spec.get("hard")
        if not hard or (canonical := canonical_amounts(hard)) is hard:
            return obj
        return {**obj, "spec": {**spec, "hard": canonical}}

    def prepare_for_create(self, obj: Obj) -> Obj:
        return {**obj, "status": {}}

    def validate(self, obj: Obj) -> Errors:
        spec = obj.get("spec") or {}
        errors = _amounts("spec.hard", spec.get("hard"))
        return errors + _scopes(spec) + _scope_selector(spec)

    def validate_update(self, new: Obj, old: Obj) -> Errors:
        after, before = (new.get("spec") or {}).get("scopes"), (old.get("spec") or {}).get("scopes")
        if set(after or ()) == set(before or ()):
            return []
        return [invalid_value("spec.scopes", _shown_scopes(after), checks.IMMUTABLE)]

    def validate_status_update(self, new: Obj, old: Obj) -> Errors:
        status = new.get("status") or {}
        return _amounts("status.hard", status.get("hard")) + _amounts("status.used", status.get("used"))

    def cells(self, obj: Obj, now_us: int) -> list[Any]:
        status = obj.get("status") or {}
        used, hard = status.get("used") or {}, status.get("hard") or {}
        parts: dict[bool, list[str]] = {False: [], True: []}
        for name in sorted(hard):
            amount = quantity.canonical(used[name]) if name in used else "0"
            parts[name.startswith("limits.")].append(f"{name}: {amount}/{quantity.canonical(hard[name])}")
        requests, limits = ", ".join(parts[False]), ", ".join(parts[True])
        return [obj["metadata"]["name"], tables.created(obj, now_us), requests, limits]


def _amounts(path: str, amounts: Obj | None) -> Errors:
    errors: Errors = []
    for name in sorted(amounts or {}):
        at = f"{path}[{name}]"
        errors += quota_resource_name(at, name) + quota_amount(at, name, (amounts or {})[name])
    return errors


def _shown_scopes(scopes: Sequence[str] | None) -> GoText:
    return slice_of("core.ResourceQuotaScope", scopes)


def _fits(scope: str, resource: str) -> bool:
    """Whether a quota with that scope may limit that resource."""
    if scope == "BestEffort":
        return resource == "pods"
    return scope not in SCOPES or resource == "pods" or resource in POD_COMPUTE


def _standard(spec: Obj) -> list[str]:
    return [name for name in sorted(spec.get("hard") or {}) if name in QUOTA]


def _conflicts(path: str, spec: Obj, named: Sequence[str]) -> Errors:
    return [
        invalid_value(path, _shown_scopes(spec.get("scopes")), "conflicting scopes")
        for pair in _CONFLICTING
        if set(pair) <= set(named)
    ]


def _scopes(spec: Obj) -> Errors:
    scopes = spec.get("scopes") or []
    path, shown = "spec.scopes", _shown_scopes(scopes)
    errors: Errors = []
    for scope in scopes:
        if scope not in SCOPES:
            errors.append(invalid_value(path, shown, "unsupported scope"))
        errors += [
            invalid_value(path, shown, "unsupported scope applied to resource")
            for name in _standard(spec)
            if not _fits(scope, name)
        ]
    return errors + _conflicts(path, spec, scopes)


def _scope_selector(spec: Obj) -> Errors:
    if spec.get("scopeSelector") is None:
        return []
    path = "spec.scopeSelector.matchExpressions"
    expressions = spec["scopeSelector"].get("matchExpressions") or []
    errors: Errors = []
    for expression in expressions:
        scope = expression.get("scopeName") or ""
        if scope not in SCOPES:
            errors.append(invalid_value(f"{path}.scopeName", scope, "unsupported scope"))
        for name in _standard(spec):
            if not _fits(scope, name):
                shown = GoText(_shown_selector(expressions))
                errors.append(invalid_value(path, shown, "unsupported scope applied to resource"))
        errors += _operator(path, scope, expression)
    return errors + _conflicts(path, spec, [expression.get("scopeName") or "" for expression in expressions])


def _operator(path: str, scope: str, expression: Obj) -> Errors:
    operator, values = expression.get("operator") or "", expression.get("values") or []
    errors: Errors = []
    if scope in SCOPES and scope != "PriorityClass" and operator != "Exists":
        errors.append(invalid_value(f"{path}.operator", operator, _ONLY_EXISTS))
    if operator in ("In", "NotIn"):
        if not values:
            detail = "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector"
            errors.append(required(f"{path}.values", detail))
    elif operator in ("Exists", "DoesNotExist"):
        if values:
            detail = "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector"
            errors.append(invalid_value(f"{path}.values", string_slice(values), detail))
    else:
        errors.append(invalid_value(f"{path}.operator", operator, "not a valid selector operator"))
    return errors


def _shown_selector(expressions: list[Obj]) -> str:
    shown = ", ".join(
        f'core.ScopedResourceSelectorRequirement{{ScopeName:"{e.get("scopeName") or ""}", '
        f'Operator:"{e.get("operator") or ""}", Values:{string_slice(e.get("values"))}}}'
        for e in expressions
    )
    return f"core.ScopeSelector{{MatchExpressions:[]core.ScopedResourceSelectorRequirement{{{shown}}}}}"
