"""What roles and bindings share: policy rules, role references, subjects. Follows rbac/validation (v1.32)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cluster_engine.api import checks, tables
from cluster_engine.api.checks import Errors
from cluster_engine.api.strategy import AGE, NAME, Column, Strategy
from cluster_engine.apimachinery import names
from cluster_engine.apimachinery.errors import invalid_value, not_supported, required
from cluster_engine.apimachinery.gotext import GoText, quote, string_slice
from cluster_engine.apimachinery.meta import Obj

GROUP = "rbac.authorization.k8s.io"
SUBJECT_KINDS = ("ServiceAccount", "User", "Group")


def validate_rules(rules: Sequence[Obj], *, namespaced: bool) -> Errors:
    """The rules of a Role (namespaced) or a ClusterRole."""
    return [error for i, rule in enumerate(rules) for error in _rule(f"rules[{i}]", rule, namespaced=namespaced)]


def _rule(path: str, rule: Obj, *, namespaced: bool) -> Errors:
    errors = [] if rule.get("verbs") else [required(f"{path}.verbs", "verbs must contain at least one value")]
    urls = rule.get("nonResourceURLs")
    if urls:
        at, shown = f"{path}.nonResourceURLs", string_slice(urls)
        if namespaced:
            errors.append(invalid_value(at, shown, "namespaced rules cannot apply to non-resource URLs"))
        if rule.get("apiGroups") or rule.get("resources") or rule.get("resourceNames"):
            detail = "rules cannot apply to both regular resources and non-resource URLs"
            errors.append(invalid_value(at, shown, detail))
        return errors
    if not rule.get("apiGroups"):
        errors.append(required(f"{path}.apiGroups", "resource rules must supply at least one api group"))
    if not rule.get("resources"):
        errors.append(required(f"{path}.resources", "resource rules must supply at least one resource"))
    return errors


class BindingStrategy(Strategy):
    """The rules of RoleBindings and ClusterRoleBindings: subjects, and a role that never changes."""

    name_rule = "path_segment"
    # What the binding may refer to.
    role_kinds: tuple[str, ...] = ()
    columns = (
        NAME,
        Column("Role"),
        AGE,
        Column("Users", priority=1),
        Column("Groups", priority=1),
        Column("ServiceAccounts", priority=1),
    )

    def default(self, obj: Obj) -> Obj:
        changes: Obj = {}
        reference = obj.get("roleRef") or {}
        if not reference.get("apiGroup"):
            changes["roleRef"] = {**reference, "apiGroup": GROUP}
        subjects = obj.get("subjects") or []
        new = [_default_subject(subject) for subject in subjects]
        if any(after is not before for after, before in zip(new, subjects, strict=True)):
            changes["subjects"] = new
        return {**obj, **changes} if changes else obj

    def prepare_for_update(self, new: Obj, old: Obj) -> Obj:
        return new

    def validate(self, obj: Obj) -> Errors:
        reference = obj.get("roleRef") or {}
        group, kind, name = (reference.get(field) or "" for field in ("apiGroup", "kind", "name"))
        errors = [] if group == GROUP else [not_supported("roleRef.apiGroup", group, (GROUP,))]
        if kind not in self.role_kinds:
            errors.append(not_supported("roleRef.kind", kind, self.role_kinds))
        errors += checks.by_rule(names.path_segment, "roleRef.name", name) if name else [required("roleRef.name")]
        for index, subject in enumerate(obj.get("subjects") or ()):
            errors += _subject(f"subjects[{index}]", subject, namespaced=self.resource.namespaced)
        return errors

    def validate_update(self, new: Obj, old: Obj) -> Errors:
        after = new.get("roleRef") or {}
        if after == (old.get("roleRef") or {}):
            return []
        fields = (("APIGroup", "apiGroup"), ("Kind", "kind"), ("Name", "name"))
        shown = ", ".join(f"{name}:{quote(after.get(field) or '')}" for name, field in fields)
        return [invalid_value("roleRef", GoText(f"rbac.RoleRef{{{shown}}}"), "cannot change roleRef")]

    def cells(self, obj: Obj, now_us: int) -> list[Any]:
        reference = obj.get("roleRef") or {}
        role = f"{reference.get('kind') or ''}/{reference.get('name') or ''}"
        return [obj["metadata"]["name"], role, tables.created(obj, now_us), *_subject_cells(obj.get("subjects") or ())]


def _default_subject(subject: Obj) -> Obj:
    if subject.get("apiGroup") or subject.get("kind") not in ("User", "Group"):
        return subject
    return {**subject, "apiGroup": GROUP}


def _subject(path: str, subject: Obj, *, namespaced: bool) -> Errors:
    kind, name, group = (subject.get(field) or "" for field in ("kind", "name", "apiGroup"))
    errors = [] if name else [required(f"{path}.name")]
    if kind == "ServiceAccount":
        if name:
            errors += checks.dns_subdomain(f"{path}.name", name)
        if group:
            errors.append(not_supported(f"{path}.apiGroup", group, ("",)))
        if not namespaced and not subject.get("namespace"):
            errors.append(required(f"{path}.namespace"))
    elif kind in ("User", "Group"):
        if group != GROUP:
            errors.append(not_supported(f"{path}.apiGroup", group, (GROUP,)))
    else:
        errors.append(not_supported(f"{path}.kind", kind, SUBJECT_KINDS))
    return errors


def _subject_cells(subjects: Sequence[Obj]) -> list[str]:
    found: dict[str, list[str]] = {"User": [], "Group": [], "ServiceAccount": []}
    for subject in subjects:
        name = subject.get("name") or ""
        if subject.get("kind") == "ServiceAccount" and subject.get("namespace"):
            name = f"{subject['namespace']}/{name}"
        if subject.get("kind") in found:
            found[subject["kind"]].append(name)
    return [", ".join(listed) for listed in found.values()]
