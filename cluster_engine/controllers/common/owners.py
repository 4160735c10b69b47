"""Finding what a controller owns, and what nobody owns, without looking at every object."""

from __future__ import annotations

from cluster_engine.apimachinery.meta import Obj, controller_of
from cluster_engine.client.informer import Informer

CONTROLLER_UID = "controller-uid"
ORPHAN_NAMESPACE = "orphan-namespace"


def _controller_uid(obj: Obj) -> list[str]:
    reference = controller_of(obj)
    return [reference["uid"]] if reference is not None else []


def _orphan_namespace(obj: Obj) -> list[str]:
    return [obj["metadata"].get("namespace", "")] if controller_of(obj) is None else []


def index_by_owner(informer: Informer) -> Informer:
    """Adds the indices that `owned_by` and `orphans_in` need, and returns the informer."""
    informer.add_index(CONTROLLER_UID, _controller_uid)
    informer.add_index(ORPHAN_NAMESPACE, _orphan_namespace)
    return informer


def owned_by(informer: Informer, owner: Obj) -> list[Obj]:
    """The objects whose controller is `owner`."""
    return informer.by_index(CONTROLLER_UID, owner["metadata"]["uid"])


def orphans_in(informer: Informer, namespace: str) -> list[Obj]:
    """The objects of a namespace that have no controller."""
    return informer.by_index(ORPHAN_NAMESPACE, namespace)


def resolve_controller(informer: Informer, obj: Obj, kind: str) -> Obj | None:
    """The controller of `obj` if it is of that kind, is in the cache, and still is the one that the reference means."""
    reference = controller_of(obj)
    if reference is None or reference.get("kind") != kind:
        return None
    namespace = obj["metadata"].get("namespace", "")
    owner = informer.get(f"{namespace}/{reference['name']}")
    return owner if owner is not None and owner["metadata"]["uid"] == reference["uid"] else None
