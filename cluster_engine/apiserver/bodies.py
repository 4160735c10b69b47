"""The bodies of subresources, which are objects of kinds of their own (Scale, Binding, Eviction)."""

from __future__ import annotations

from cluster_engine.apimachinery.meta import Obj
from cluster_engine.apimachinery.scheme import Resource
from cluster_engine.apiserver.request import Request
from cluster_engine.schema.decode import decode

SCALE = Resource("autoscaling", "v1", "Scale", "scales")
BINDING = Resource("", "v1", "Binding", "bindings")
EVICTION = Resource("policy", "v1", "Eviction", "evictions")


def decoded(request: Request, resource: Resource) -> Obj:
    """The request's body as an object of that kind; those of components are as they should be. BadRequest."""
    if request.trusted:
        return request.body  # type: ignore[no-any-return]
    return decode(request.body, resource, request.field_validation, duplicates=request.duplicates)[0]
