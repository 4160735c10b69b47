"""Role-based access control: which rules a user has, and whether one of them allows a request.

Follows plugin/pkg/auth/authorizer/rbac and pkg/registry/rbac/validation/rule.go.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from cluster_engine.apimachinery.meta import Obj
from cluster_engine.apiserver.auth.users import User, service_account_name
from cluster_engine.etcd.store import Store

GROUP = "rbac.authorization.k8s.io"
CLUSTER_ROLES = f"/registry/clusterroles.{GROUP}/"
ROLES = f"/registry/roles.{GROUP}/"
CLUSTER_ROLE_BINDINGS = f"/registry/clusterrolebindings.{GROUP}/"
ROLE_BINDINGS = f"/registry/rolebindings.{GROUP}/"


@dataclass(frozen=True, slots=True)
class Attributes:
    """What a request asks for: a verb on a resource, or on a path that is no resource (`path`)."""

    user: User
    verb: str
    group: str = ""
    resource: str = ""
    subresource: str = ""
    namespace: str = ""
    name: str = ""
    path: str = ""


@dataclass(frozen=True, slots=True)
class Grant:
    """One rule that somebody has, and in words which binding gives it."""

    rule: Obj
    by: str


def allows(rule: Obj, asked: Attributes) -> bool:
    """Whether a rule covers a request."""
    if not _has(rule.get("verbs"), asked.verb):
        return False
    if asked.path:
        return any(_matches_path(url, asked.path) for url in rule.get("nonResourceURLs") or ())
    if not _has(rule.get("apiGroups"), asked.group):
        return False
    full = f"{asked.resource}/{asked.subresource}" if asked.subresource else asked.resource
    wildcard = f"*/{asked.subresource}" if asked.subresource else "*"
    if not any(resource in ("*", full, wildcard) for resource in rule.get("resources") or ()):
        return False
    names = rule.get("resourceNames")
    return not names or asked.name in names


def _has(values: Iterable[str] | None, wanted: str) -> bool:
    return any(value in ("*", wanted) for value in values or ())


def _matches_path(url: str, path: str) -> bool:
    return url in ("*", path) or (url.endswith("*") and path.startswith(url.rstrip("*")))


def decide(store: Store, asked: Attributes) -> tuple[bool, str]:
    """Whether RBAC allows it, and why; a refusal has a reason only where a binding names a role that is not there."""
    faults: list[str] = []
    for grant in grants(store, asked.user, asked.namespace, faults):
        if allows(grant.rule, asked):
            return True, f"RBAC: allowed by {grant.by}"
    return False, f"RBAC: {_joined(faults)}" if faults else ""


def grants(store: Store, user: User, namespace: str, faults: list[str]) -> Iterator[Grant]:
    """All rules that a user has in a namespace ("" for the cluster alone); what is wrong is told in `faults`."""
    for item in store.range(CLUSTER_ROLE_BINDINGS):
        yield from _granted(store, item.value, user, "", faults)
    if namespace:
        for item in store.range(ROLE_BINDINGS, f"{ROLE_BINDINGS}{namespace}/"):
            yield from _granted(store, item.value, user, namespace, faults)


def _granted(store: Store, binding: Obj, user: User, namespace: str, faults: list[str]) -> Iterator[Grant]:
    subject = next((s for s in binding.get("subjects") or () if _is_subject(s, user, namespace)), None)
    if subject is None:
        return
    reference = binding.get("roleRef") or {}
    kind, name = reference.get("kind", ""), reference.get("name", "")
    rules = rules_of(store, kind, name, namespace)
    if rules is None:
        faults.append(f'{kind.lower()}.{GROUP} "{name}" not found')
        return
    by = f'{binding["kind"]} {_quoted(binding)} of {kind} "{name}" to {_described(subject, namespace)}'
    for rule in rules:
        yield Grant(rule, by)


def rules_of(store: Store, kind: str, name: str, namespace: str) -> list[Obj] | None:
    """The rules of a Role of the namespace or a ClusterRole; None when there is none of that name."""
    prefix = CLUSTER_ROLES if kind == "ClusterRole" else f"{ROLES}{namespace}/"
    item = store.get(f"{prefix}{name}")
    if item is None:
        return None
    return item.value.get("rules") or []


def _is_subject(subject: Obj, user: User, namespace: str) -> bool:
    kind, name = subject.get("kind"), subject.get("name", "")
    if kind == "User":
        return bool(name == user.name)
    if kind == "Group":
        return name in user.groups
    if kind == "ServiceAccount":
        return service_account_name(subject.get("namespace") or namespace, name) == user.name
    return False


def _described(subject: Obj, namespace: str) -> str:
    kind, name = subject.get("kind", ""), subject.get("name", "")
    if kind == "ServiceAccount":
        return f'{kind} "{name}/{subject.get("namespace") or namespace}"'
    return f'{kind} "{name}"'


def _quoted(binding: Obj) -> str:
    meta = binding["metadata"]
    return f'"{meta["name"]}/{meta["namespace"]}"' if meta.get("namespace") else f'"{meta["name"]}"'


def _joined(faults: list[str]) -> str:
    unique = list(dict.fromkeys(faults))
    return unique[0] if len(unique) == 1 else f"[{', '.join(unique)}]"
