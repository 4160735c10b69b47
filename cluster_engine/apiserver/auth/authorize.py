"""Whether a request may go in, and Kubernetes' words when it may not.

Follows k8s.io/apiserver/pkg/endpoints/{filters/authorization.go,handlers/responsewriters/errors.go}.
"""

from __future__ import annotations

from cluster_engine.apimachinery.errors import ApiError, forbidden
from cluster_engine.apimachinery.gotext import quote
from cluster_engine.apimachinery.scheme import Resource
from cluster_engine.apiserver.auth import rbac
from cluster_engine.apiserver.auth.rbac import Attributes
from cluster_engine.apiserver.auth.users import (
    AUTHENTICATED,
    UNAUTHENTICATED,
    User,
    service_account_groups,
    split_service_account,
)
from cluster_engine.apiserver.request import Request
from cluster_engine.etcd.store import Store


def user_of(request: Request) -> User:
    """Who sends a request."""
    return User(request.user, request.groups, request.user_uid, request.user_extra or {})


def attributes_of(request: Request, resource: Resource) -> Attributes:
    """What a request to a resource asks for."""
    # A namespace is in itself, so that a role in it can allow its reading.
    inside = request.name if resource.group_resource == "namespaces" else request.namespace
    return Attributes(
        user=user_of(request),
        verb=request.verb,
        group=resource.group,
        resource=resource.plural,
        subresource=request.subresource,
        namespace=inside,
        name=request.name,
    )


def check(store: Store, asked: Attributes) -> None:
    """Forbidden, unless somebody without limits asks or a rule allows it."""
    if asked.user.is_master:
        return
    allowed, reason = rbac.decide(store, asked)
    if not allowed:
        raise refusal(asked, reason)


def impersonations(user: User, acting_as: User) -> list[Attributes]:
    """What `user` must be allowed to impersonate, one by one, to act as somebody else."""
    account = split_service_account(acting_as.name)
    if account is not None:
        asked = [Attributes(user, "impersonate", resource="serviceaccounts", namespace=account[0], name=account[1])]
        implied = {*service_account_groups(account[0]), AUTHENTICATED}
    else:
        asked = [Attributes(user, "impersonate", resource="users", name=acting_as.name)]
        implied = {AUTHENTICATED, UNAUTHENTICATED}
    for group in acting_as.groups:
        if group not in implied:
            asked.append(Attributes(user, "impersonate", resource="groups", name=group))
    for key, values in acting_as.extra.items():
        for value in values:
            group, resource = "authentication.k8s.io", "userextras"
            asked.append(Attributes(user, "impersonate", group, resource, subresource=key, name=value))
    return asked


def refusal(asked: Attributes, reason: str = "") -> ApiError:
    """403 in the words that clients know."""
    words = _words(asked) + (f": {reason}" if reason else "")
    if asked.path:
        return ApiError(403, "Forbidden", f"forbidden: {words}", {})
    return forbidden(asked.resource, asked.group, asked.name, words)


def _words(asked: Attributes) -> str:
    user = quote(asked.user.name)
    if asked.path:
        return f"User {user} cannot {asked.verb} path {quote(asked.path)}"
    resource = f"{asked.resource}/{asked.subresource}" if asked.subresource else asked.resource
    what = f"User {user} cannot {asked.verb} resource {quote(resource)} in API group {quote(asked.group)}"
    return f"{what} in the namespace {quote(asked.namespace)}" if asked.namespace else f"{what} at the cluster scope"
