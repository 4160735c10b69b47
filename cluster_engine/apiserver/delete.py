"""delete and deletecollection: grace, finalizers, propagation.

Follows k8s.io/apiserver/pkg/registry/rest/delete.go (BeforeDelete) and registry/generic/registry/store.go.
"""

from __future__ import annotations

from cluster_engine.api.strategy import Strategy
from cluster_engine.apimachinery import errors
from cluster_engine.apimachinery.meta import Obj, deleting, with_meta
from cluster_engine.apiserver import read, write
from cluster_engine.apiserver.context import ServerContext
from cluster_engine.apiserver.request import Request, Response
from cluster_engine.clock import SECOND_US, rfc3339

ORPHAN = "orphan"
FOREGROUND = "foregroundDeletion"
# These answer a finished delete with the object; all others with a Status.
_RETURNS_OBJECT = {"pods", "services", "serviceaccounts", "persistentvolumeclaims", "persistentvolumes", "namespaces"}
_SYSTEM_CLASS_PREFIX = "system-"
_PROTECTED_NAMESPACES = {"default", "kube-system", "kube-public"}


def delete(server: ServerContext, strategy: Strategy, request: Request) -> Response:
    resource = strategy.resource
    obj = server.require(resource, request.namespace, request.name)
    _check_preconditions(strategy, request, obj)
    if resource.group_resource == "namespaces" and request.name in _PROTECTED_NAMESPACES:
        raise errors.forbidden("namespaces", "", request.name, "this namespace may not be deleted")
    if resource.kind == "PriorityClass" and request.name.startswith(_SYSTEM_CLASS_PREFIX):
        why = "this is a system priority class and cannot be deleted"
        raise errors.forbidden(resource.plural, resource.group, request.name, why)
    last, gone = _delete(server, strategy, request, obj)
    if gone and resource.group_resource not in _RETURNS_OBJECT:
        return Response(200, _success(strategy, last))
    return Response(200, read.render(server, strategy, request, last))


def delete_collection(server: ServerContext, strategy: Strategy, request: Request) -> Response:
    """Deletes all that the selectors choose, and answers with the list of it."""
    items = read.select(server, strategy, request.namespace, request.label_selector, request.field_selector)
    deleted = [_delete(server, strategy, request, obj)[0] for obj in items]
    resource = strategy.resource
    body = {
        "kind": resource.list_kind or f"{resource.kind}List",
        "apiVersion": resource.api_version,
        "metadata": {"resourceVersion": str(server.store.revision)},
        "items": deleted,
    }
    return Response(200, body)


def _delete(server: ServerContext, strategy: Strategy, request: Request, obj: Obj) -> tuple[Obj, bool]:
    """Deletes one object or marks it for deletion: (its last state, whether it is gone)."""
    grace_seconds = strategy.grace_period_seconds(obj, request.grace_period_seconds) or 0
    stored = obj
    if not deleting(obj):
        obj = strategy.prepare_for_delete(obj, server.clock.rfc3339())
    finalizers = _finalizers(strategy, obj, request)
    waits = bool(finalizers) or grace_seconds > 0 or _namespace_has_contents(obj)
    if request.dry_run:
        return obj, not waits
    meta = obj["metadata"]
    if not waits:
        key = strategy.resource.key(meta.get("namespace", ""), meta["name"])
        return write.remove(server, strategy, key, obj), True
    marked = _marked(server, obj, finalizers, grace_seconds, request)
    if marked == stored:
        return obj, False
    return write.store_object(server, strategy, marked, stored), False


def _marked(server: ServerContext, obj: Obj, finalizers: list[str], grace_seconds: int, request: Request) -> Obj:
    """The object as it waits for its end: deletion time, grace and finalizers set."""
    meta = obj["metadata"]
    changes: Obj = {"finalizers": finalizers or None} if (finalizers or meta.get("finalizers")) else {}
    if not deleting(obj):
        changes["deletionTimestamp"] = rfc3339(server.clock.now_us + grace_seconds * SECOND_US)
        changes["deletionGracePeriodSeconds"] = grace_seconds
        if meta.get("generation"):
            changes["generation"] = meta["generation"] + 1
    elif request.grace_period_seconds is not None and grace_seconds < meta.get("deletionGracePeriodSeconds", 0):
        # A second delete may shorten the grace, never lengthen it.
        changes["deletionTimestamp"] = rfc3339(server.clock.now_us + grace_seconds * SECOND_US)
        changes["deletionGracePeriodSeconds"] = grace_seconds
    marked = with_meta(obj, **changes)
    if obj["kind"] == "Namespace" and not deleting(obj):
        marked = {**marked, "status": {**obj.get("status", {}), "phase": "Terminating"}}
    return marked


def _finalizers(strategy: Strategy, obj: Obj, request: Request) -> list[str]:
    """The finalizers after the propagation policy has added or taken away those of the garbage collector."""
    present = obj["metadata"].get("finalizers") or []
    policy: str | None = request.propagation_policy
    if policy is None and not {ORPHAN, FOREGROUND} & set(present):
        policy = "Orphan" if strategy.default_propagation == "Orphan" else None
    if policy is None:
        return list(present)
    wanted = {"Orphan": ORPHAN, "Foreground": FOREGROUND}.get(policy)
    kept = [name for name in present if name not in (ORPHAN, FOREGROUND) or name == wanted]
    return kept if wanted is None or wanted in kept else [*kept, wanted]


def _namespace_has_contents(obj: Obj) -> bool:
    """A namespace waits for the namespace controller, which removes the finalizer in its spec."""
    return obj["kind"] == "Namespace" and bool((obj.get("spec") or {}).get("finalizers"))


def _check_preconditions(strategy: Strategy, request: Request, obj: Obj) -> None:
    resource, meta = strategy.resource, obj["metadata"]
    conditions = request.preconditions or {}
    uid = conditions.get("uid")
    if uid is not None and uid != meta.get("uid"):
        why = f"Precondition failed: UID in precondition: {uid}, UID in object meta: {meta.get('uid')}"
        raise errors.conflict(resource.plural, resource.group, meta["name"], why)
    version = conditions.get("resourceVersion")
    if version is not None and version != meta["resourceVersion"]:
        why = (
            f"Precondition failed: ResourceVersion in precondition: {version}, "
            f"ResourceVersion in object meta: {meta['resourceVersion']}"
        )
        raise errors.conflict(resource.plural, resource.group, meta["name"], why)


def _success(strategy: Strategy, obj: Obj) -> Obj:
    details = {"name": obj["metadata"]["name"], "kind": strategy.resource.plural, "uid": obj["metadata"].get("uid", "")}
    if strategy.resource.group:
        details["group"] = strategy.resource.group
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details}
