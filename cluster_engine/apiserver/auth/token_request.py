"""The `token` subresource of a service account. Follows pkg/registry/core/serviceaccount/storage/token.go."""

from __future__ import annotations

from cluster_engine.api.authentication.reviews import TOKEN_REQUEST
from cluster_engine.api.strategy import Strategy
from cluster_engine.apimachinery import errors
from cluster_engine.apimachinery.meta import Obj
from cluster_engine.apiserver.auth import tokens
from cluster_engine.apiserver.context import ServerContext
from cluster_engine.apiserver.request import Request, Response
from cluster_engine.clock import SECOND_US, rfc3339
from cluster_engine.schema.decode import decode

DEFAULT_SECONDS = 3600
MIN_SECONDS = 600
MAX_SECONDS = 1 << 32
_BOUND = {"Pod": "pods", "Secret": "secrets", "Node": "nodes"}


def create_token(server: ServerContext, strategy: Strategy, request: Request) -> Response:
    """A new token for a service account, as a TokenRequest with its `status`. Nothing is stored."""
    if request.verb != "create":
        raise errors.method_not_allowed(request.verb, strategy.resource.plural)
    account = server.require(strategy.resource, request.namespace, request.name)
    body, warnings = decode(request.body, TOKEN_REQUEST, request.field_validation, duplicates=request.duplicates)
    spec = body.get("spec") or {}
    seconds = spec.get("expirationSeconds", DEFAULT_SECONDS)
    _check_seconds(seconds)
    audiences = list(spec.get("audiences") or (tokens.ISSUER,))
    claims = tokens.claims_for(
        account,
        now_us=server.clock.now_us,
        expiration_seconds=seconds,
        audiences=audiences,
        token_id=server.token_ids.uid(),
        bound=_bound(server, request, spec.get("boundObjectRef")),
    )
    meta = {"name": request.name, "namespace": request.namespace, "creationTimestamp": server.clock.rfc3339()}
    status = {
        "token": tokens.sign(claims, server.token_key),
        "expirationTimestamp": rfc3339(server.clock.now_us + seconds * SECOND_US),
    }
    made = {**spec, "audiences": audiences, "expirationSeconds": seconds}
    made.setdefault("boundObjectRef", None)
    return Response(201, {**body, "metadata": meta, "spec": made, "status": status}, warnings)


def _check_seconds(seconds: int) -> None:
    path = "spec.expirationSeconds"
    if seconds < MIN_SECONDS:
        fault = errors.invalid_value(path, seconds, "may not specify a duration less than 10 minutes")
    elif seconds > MAX_SECONDS:
        fault = errors.invalid_value(path, seconds, "may not specify a duration larger than 2^32 seconds")
    else:
        return
    raise errors.invalid("TokenRequest", "authentication.k8s.io", "", [fault])


def _bound(server: ServerContext, request: Request, reference: Obj | None) -> Obj | None:
    """The object to whose life the token is bound."""
    if reference is None:
        return None
    kind, name = reference.get("kind", ""), reference.get("name", "")
    if kind not in _BOUND or reference.get("apiVersion", "") != "v1":
        group, _, version = reference.get("apiVersion", "").rpartition("/")
        raise errors.bad_request(f"cannot bind token to object of type {group}/{version}, Kind={kind}")
    resource = server.strategy(_BOUND[kind]).resource
    obj = server.require(resource, request.namespace if resource.namespaced else "", name)
    runs_as = (obj.get("spec") or {}).get("serviceAccountName", "")
    if kind == "Pod" and runs_as != request.name:
        raise errors.bad_request(
            f'cannot bind token for serviceaccount "{request.name}" to pod running with different serviceaccount name.'
        )
    uid = obj["metadata"].get("uid", "")
    if reference.get("uid") and reference["uid"] != uid:
        why = (
            f"the UID in the bound object reference ({reference['uid']}) does not match the UID in record. "
            "The object might have been deleted and then recreated"
        )
        raise errors.conflict(kind, "", name, why)
    return obj
