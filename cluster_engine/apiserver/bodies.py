"""The bodies of subresources, which are objects of kinds of their own (Scale, Binding, Eviction)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from cluster_engine.apimachinery.meta import Obj
from cluster_engine.apimachinery.scheme import Resource
from cluster_engine.apiserver.request import Request
from cluster_engine.schema.decode import decode

SCALE = Resource("autoscaling", "v1", "Scale", "scales")
BINDING = Resource("", "v1", "Binding", "bindings")
EVICTION = Resource("policy", "v1", "Eviction", "evictions")


# The pods/eviction subresource goes on accepting the version before, whose fields are the same. Follows EvictionREST.
_OLD_EVICTION = "policy/v1beta1"


def eviction(request: Request) -> Obj:
    """The body of an eviction."""
    body = request.body
    if isinstance(body, Mapping) and body.get("apiVersion") == _OLD_EVICTION and body.get("kind") == EVICTION.kind:
        request = replace(request, body={**body, "apiVersion": EVICTION.api_version})
    return decoded(request, EVICTION)


def decoded(request: Request, resource: Resource) -> Obj:
    """The request's body as an object of that kind; those of components are as they should be. BadRequest."""
    if request.trusted:
        return request.body  # type: ignore[no-any-return]
    return decode(request.body, resource, request.field_validation, duplicates=request.duplicates)[0]
