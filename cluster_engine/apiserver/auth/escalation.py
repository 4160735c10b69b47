"""Nobody gives away rights that they do not have: roles and bindings are checked against who writes them.

Follows pkg/registry/rbac/{role,rolebinding}/policybased and pkg/registry/rbac/validation/{rule,policy_comparator}.go.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import product

from cluster_engine.apimachinery import errors
from cluster_engine.apimachinery.gotext import quote
from cluster_engine.apimachinery.meta import Obj
from cluster_engine.apimachinery.scheme import Resource
from cluster_engine.apiserver.auth import rbac
from cluster_engine.apiserver.auth.rbac import Attributes
from cluster_engine.apiserver.auth.users import User
from cluster_engine.etcd.store import Store

_PARTS = ("apiGroups", "resources", "nonResourceURLs", "resourceNames", "verbs")


def applies_to(resource: Resource) -> bool:
    """Whether writing such an object gives rights away."""
    return resource.group == rbac.GROUP


def check(store: Store, user: User, resource: Resource, obj: Obj) -> None:
    """Forbidden when the role, or the role that a binding names, has rules that the user does not have."""
    meta = obj["metadata"]
    namespace = meta.get("namespace", "")
    asked = Attributes(user, "escalate", rbac.GROUP, resource.plural, namespace=namespace, name=meta["name"])
    if resource.kind.endswith("Binding"):
        reference = obj.get("roleRef") or {}
        kind, name = reference.get("kind", ""), reference.get("name", "")
        plural = "clusterroles" if kind == "ClusterRole" else "roles"
        rules = rbac.rules_of(store, kind, name, namespace)
        if _may(store, replace(asked, verb="bind", resource=plural, name=name)):
            return
        if rules is None:
            raise errors.not_found(plural, rbac.GROUP, name)
    else:
        rules = obj.get("rules") or []
        if _may(store, asked):
            return
    owned = [grant.rule for grant in rbac.grants(store, user, namespace, [])]
    missing = [single for rule in rules for single in _single(rule) if not _covered(single, owned)]
    if missing:
        groups = " ".join(quote(group) for group in user.groups)
        described = "\n".join(sorted({_text(rule) for rule in _compact(missing)}))
        why = f"user {quote(user.name)} (groups=[{groups}]) is attempting to grant RBAC permissions not currently held:"
        raise errors.forbidden(resource.plural, rbac.GROUP, meta["name"], f"{why}\n{described}")


def _may(store: Store, asked: Attributes) -> bool:
    return rbac.decide(store, asked)[0]


def _single(rule: Obj) -> Iterator[Obj]:
    """The rule in pieces that hold one group, resource, verb and name each."""
    verbs = rule.get("verbs") or ()
    for group, resource, verb in product(rule.get("apiGroups") or (), rule.get("resources") or (), verbs):
        piece = {"apiGroups": [group], "resources": [resource], "verbs": [verb]}
        names = rule.get("resourceNames")
        if not names:
            yield piece
        for name in names or ():
            yield {**piece, "resourceNames": [name]}
    for url, verb in product(rule.get("nonResourceURLs") or (), verbs):
        yield {"nonResourceURLs": [url], "verbs": [verb]}


def _covered(piece: Obj, owned: Iterable[Obj]) -> bool:
    return any(_covers(rule, piece) for rule in owned)


def _covers(rule: Obj, piece: Obj) -> bool:
    """Whether an owner's rule has at least what a piece has."""
    verbs = rule.get("verbs") or ()
    if "*" not in verbs and piece["verbs"][0] not in verbs:
        return False
    if "nonResourceURLs" in piece:
        url = piece["nonResourceURLs"][0]
        return any(o == url or (o.endswith("*") and url.startswith(o[:-1])) for o in rule.get("nonResourceURLs") or ())
    group, resource = piece["apiGroups"][0], piece["resources"][0]
    if not any(owner in ("*", group) for owner in rule.get("apiGroups") or ()):
        return False
    wildcard = f"*/{resource.partition('/')[2]}" if "/" in resource else "*"
    if not any(owner in ("*", resource, wildcard) for owner in rule.get("resources") or ()):
        return False
    names = rule.get("resourceNames")
    return not names or piece.get("resourceNames", [""])[0] in names


def _compact(pieces: list[Obj]) -> list[Obj]:
    """Pieces of one group and resource, without names, joined into one rule with all their verbs."""
    joined: dict[tuple[str, str], Obj] = {}
    others: list[Obj] = []
    for piece in pieces:
        if "resources" in piece and "resourceNames" not in piece:
            key = (piece["apiGroups"][0], piece["resources"][0])
            rule = joined.setdefault(key, {**piece, "verbs": []})
            rule["verbs"].extend(verb for verb in piece["verbs"] if verb not in rule["verbs"])
        else:
            others.append(piece)
    return [*joined.values(), *others]


def _text(rule: Obj) -> str:
    parts = []
    for part in _PARTS:
        if rule.get(part):
            values = " ".join(quote(value) for value in rule[part])
            parts.append(f"{part[0].upper()}{part[1:].replace('piGroups', 'PIGroups')}:[{values}]")
    return "{" + ", ".join(parts) + "}"
