"""Who sends a request: the owner of the cluster, the service account of a token, or somebody they act as.

Follows k8s.io/apiserver/pkg/authentication/request/bearertoken and pkg/endpoints/filters/impersonation.go.
"""

from __future__ import annotations

from urllib.parse import unquote

from cluster_engine.apimachinery import errors
from cluster_engine.apiserver.auth.users import User, impersonated
from cluster_engine.apiserver.server import ApiServer
from cluster_engine.http.message import HttpRequest

_EXTRA = "impersonate-extra-"


def user_of(http: HttpRequest, server: ApiServer) -> User:
    """The user of a request. Unauthorized for a token that is no good, Forbidden for a user who may not impersonate."""
    headers = http.headers
    user = http.user
    if "authorization" in headers:
        scheme, _, token = headers["authorization"].strip().partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise errors.unauthorized()
        user = server.authenticate(token.strip())
    if "impersonate-user" in headers:
        acting_as = _acting_as(http)
        return server.impersonate(user, acting_as)
    if any(name.startswith("impersonate-") for name in headers):
        raise errors.ApiError(500, "InternalError", "Internal error occurred: requested impersonation without a user")
    return user


def _acting_as(http: HttpRequest) -> User:
    groups = tuple(value for name, value in http.header_list if name == "impersonate-group")
    extra: dict[str, list[str]] = {}
    for name, value in http.header_list:
        if name.startswith(_EXTRA):
            extra.setdefault(unquote(name.removeprefix(_EXTRA)), []).append(value)
    return impersonated(http.headers["impersonate-user"], groups, extra)
