"""NamespaceLifecycle: nothing is created in a namespace that is not there or is going away."""

from __future__ import annotations

from cluster_engine.api.strategy import Strategy
from cluster_engine.apimachinery import errors
from cluster_engine.apimachinery.meta import Obj
from cluster_engine.apiserver.admission import refusal
from cluster_engine.apiserver.context import ServerContext


def require(server: ServerContext, strategy: Strategy, obj: Obj) -> None:
    """NotFound or Forbidden unless the object's namespace is there to stay."""
    name = obj["metadata"].get("namespace", "")
    item = server.store.get(f"/registry/namespaces/{name}") if name else None
    if item is None:
        raise errors.not_found("namespaces", "", name)
    if item.value["metadata"].get("deletionTimestamp"):
        why = f"unable to create new content in namespace {name} because it is being terminated"
        refused = refusal.forbidden(strategy, obj, why, named=False)
        cause = {
            "reason": "NamespaceTerminating",
            "message": f"namespace {name} is being terminated",
            "field": "metadata.namespace",
        }
        refused.details = {**(refused.details or {}), "causes": [cause]}
        raise refused
