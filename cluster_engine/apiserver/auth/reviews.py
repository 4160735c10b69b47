"""Answers to reviews: who somebody is and what they may do.

Follows pkg/registry/{authentication,authorization}; nothing of it is stored.
"""

from __future__ import annotations

from collections.abc import Callable

from cluster_engine.api.strategy import Strategy
from cluster_engine.apimachinery import errors
from cluster_engine.apimachinery.errors import FieldError
from cluster_engine.apimachinery.meta import Obj
from cluster_engine.apiserver.auth import rbac, tokens
from cluster_engine.apiserver.auth.authorize import user_of
from cluster_engine.apiserver.auth.rbac import Attributes
from cluster_engine.apiserver.auth.users import User
from cluster_engine.apiserver.context import ServerContext
from cluster_engine.apiserver.request import Request, Response
from cluster_engine.schema.decode import decode

Answer = Callable[[ServerContext, Request, Obj], Obj]


def handle(server: ServerContext, strategy: Strategy, request: Request) -> Response:
    """Answers one review. `handles` says for which resources."""
    resource = strategy.resource
    body, warnings = decode(request.body, resource, request.field_validation, duplicates=request.duplicates)
    meta = {**body.get("metadata", {}), "creationTimestamp": None}
    review = {**body, "metadata": {key: meta[key] for key in ("name", "namespace", "creationTimestamp") if key in meta}}
    return Response(201, {**review, "status": _ANSWERS[resource.kind](server, request, review)}, warnings)


def handles(resource: str) -> bool:
    """Whether a group resource is a review."""
    return resource in _RESOURCES


def _self_subject(_server: ServerContext, request: Request, _review: Obj) -> Obj:
    return {"userInfo": _user_info(user_of(request))}


def _token(server: ServerContext, _request: Request, review: Obj) -> Obj:
    spec = review.get("spec") or {}
    if not spec.get("token"):
        raise errors.bad_request("token is required for TokenReview in authentication")
    asked = tuple(spec.get("audiences") or (tokens.ISSUER,))
    try:
        found = tokens.authenticate(spec["token"], server.token_key, server.store, server.clock, asked)
    except tokens.TokenError as error:
        return {"error": str(error), "user": {}}
    return {"authenticated": True, "user": _user_info(found.user), "audiences": found.audiences}


def _user_info(user: User) -> Obj:
    info: Obj = {"username": user.name}
    if user.uid:
        info["uid"] = user.uid
    if user.groups:
        info["groups"] = list(user.groups)
    if user.extra:
        info["extra"] = user.extra
    return info


def _access(server: ServerContext, request: Request, review: Obj) -> Obj:
    """SelfSubjectAccessReview, SubjectAccessReview and LocalSubjectAccessReview."""
    spec = review.get("spec") or {}
    myself = review["kind"] == "SelfSubjectAccessReview"
    faults = _faults(spec, myself=myself)
    if faults:
        raise errors.invalid(review["kind"], "authorization.k8s.io", "", faults)
    if review["kind"] == "LocalSubjectAccessReview":
        asked = (spec.get("resourceAttributes") or {}).get("namespace", "")
        if asked != request.namespace:
            why = f"spec.resourceAttributes.namespace must match namespace: {request.namespace}"
            raise errors.bad_request(why)
    user = user_of(request) if myself else _user_asked_about(spec)
    attributes = _attributes(user, spec)
    if user.is_master:
        return {"allowed": True}
    allowed, reason = rbac.decide(server.store, attributes)
    return {"allowed": allowed, "reason": reason} if reason else {"allowed": allowed}


def _user_asked_about(spec: Obj) -> User:
    return User(spec.get("user", ""), tuple(spec.get("groups") or ()), spec.get("uid", ""), spec.get("extra") or {})


def _attributes(user: User, spec: Obj) -> Attributes:
    resource = spec.get("resourceAttributes")
    if resource is None:
        path = spec["nonResourceAttributes"]
        return Attributes(user, path.get("verb", ""), path=path.get("path", "") or "/")
    return Attributes(
        user,
        resource.get("verb", ""),
        group=resource.get("group", ""),
        resource=resource.get("resource", ""),
        subresource=resource.get("subresource", ""),
        namespace=resource.get("namespace", ""),
        name=resource.get("name", ""),
    )


def _faults(spec: Obj, *, myself: bool) -> list[FieldError]:
    """Follows pkg/apis/authorization/validation."""
    resource, path = spec.get("resourceAttributes"), spec.get("nonResourceAttributes")
    faults = []
    if resource is not None and path is not None:
        detail = "cannot be specified in combination with resourceAttributes"
        faults.append(errors.invalid_value("spec.nonResourceAttributes", path, detail))
    if resource is None and path is None:
        detail = "exactly one of nonResourceAttributes or resourceAttributes must be specified"
        faults.append(errors.invalid_value("spec.resourceAttributes", resource, detail))
    if not myself and not spec.get("user") and not spec.get("groups"):
        faults.append(errors.invalid_value("spec.user", "", "at least one of user or group must be specified"))
    return faults


def _rules(server: ServerContext, request: Request, review: Obj) -> Obj:
    namespace = (review.get("spec") or {}).get("namespace", "")
    if not namespace:
        raise errors.bad_request("no namespace on request")
    faults: list[str] = []
    resources: list[Obj] = []
    paths: list[Obj] = []
    for grant in rbac.grants(server.store, user_of(request), namespace, faults):
        if grant.rule.get("nonResourceURLs"):
            paths.append({key: grant.rule[key] for key in ("verbs", "nonResourceURLs") if grant.rule.get(key)})
        else:
            kept = ("verbs", "apiGroups", "resources", "resourceNames")
            resources.append({key: grant.rule[key] for key in kept if grant.rule.get(key)})
    status: Obj = {"resourceRules": resources, "nonResourceRules": paths, "incomplete": False}
    return {**status, "evaluationError": ", ".join(faults)} if faults else status


_ANSWERS: dict[str, Answer] = {
    "SelfSubjectReview": _self_subject,
    "TokenReview": _token,
    "LocalSubjectAccessReview": _access,
    "SelfSubjectAccessReview": _access,
    "SelfSubjectRulesReview": _rules,
    "SubjectAccessReview": _access,
}
_RESOURCES = frozenset(
    f"{kind.lower()}s.{'authorization' if 'Access' in kind or 'Rules' in kind else 'authentication'}.k8s.io"
    for kind in _ANSWERS
)
