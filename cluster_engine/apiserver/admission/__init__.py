"""Admission: what the API server adds or refuses beyond the kind's own rules. A file is a plugin, or a few alike.

Called by the verbs that write: `admit_*` changes the object, then the kind validates it, then `validate_*` has the last
word. A plugin may read the store; it must not write. Follows plugin/pkg/admission, in the order of
pkg/kubeapiserver/options/plugins.go. Quotas are charged by `apiserver/quota.py`, when all else has agreed.
"""

from __future__ import annotations

from cluster_engine.api.strategy import Strategy
from cluster_engine.apimachinery.meta import Obj
from cluster_engine.apiserver.admission import (
    images,
    limits,
    namespaces,
    pods,
    priority,
    services,
    storage,
    token_secrets,
)
from cluster_engine.apiserver.context import ServerContext


def admit_create(server: ServerContext, strategy: Strategy, obj: Obj) -> Obj:
    """The object as it is to be stored; Forbidden or NotFound when it may not be."""
    if strategy.resource.namespaced:
        namespaces.require(server, strategy, obj)
    match strategy.resource.kind:
        case "Pod":
            return pods.admit(server, limits.with_defaults(server, obj))
        case "Service":
            return services.allocate(server, obj)
        case "PersistentVolumeClaim":
            return storage.with_class(server, storage.with_finalizer(obj, storage.CLAIM_FINALIZER))
        case "PersistentVolume":
            return storage.with_finalizer(obj, storage.VOLUME_FINALIZER)
        case "Ingress":
            return storage.with_ingress_class(server, obj)
        case "Secret":
            return token_secrets.filled(server, obj)
    return obj


def admit_update(server: ServerContext, strategy: Strategy, new: Obj, old: Obj) -> Obj:
    """The object as it is to be stored after a change."""
    match strategy.resource.kind:
        case "Service":
            return services.allocate(server, new, old)
        case "Pod":
            return priority.kept(new, old)
    return new


def validate_create(server: ServerContext, strategy: Strategy, obj: Obj) -> None:
    """The last word about an object that is valid by its kind's rules: Forbidden, or nothing."""
    match strategy.resource.kind:
        case "Pod" | "PersistentVolumeClaim":
            limits.check(server, strategy, obj)
        case "PriorityClass":
            priority.only_one_default(server, obj)
        case "ConfigMap":
            images.check(server, strategy, obj)


def validate_update(server: ServerContext, strategy: Strategy, new: Obj, old: Obj) -> None:
    """The same for a change."""
    match strategy.resource.kind:
        case "PersistentVolumeClaim":
            if not old["metadata"].get("deletionTimestamp"):
                limits.check(server, strategy, new)
            storage.check_resize(server, new, old)
        case "PriorityClass":
            priority.only_one_default(server, new, old)
        case "ConfigMap":
            images.check(server, strategy, new)
