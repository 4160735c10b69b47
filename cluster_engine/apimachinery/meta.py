"""Reading API objects: small helpers over plain dicts. None of them changes its argument."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

Obj = dict[str, Any]


def name_of(obj: Obj) -> str:
    return obj["metadata"].get("name", "")  # type: ignore[no-any-return]


def namespace_of(obj: Obj) -> str:
    """The namespace, or "" for a cluster-scoped object."""
    return obj["metadata"].get("namespace", "")  # type: ignore[no-any-return]


def uid_of(obj: Obj) -> str:
    return obj["metadata"].get("uid", "")  # type: ignore[no-any-return]


def key_of(obj: Obj) -> str:
    """`namespace/name`, or `name` for a cluster-scoped object: what work queues hold."""
    meta = obj["metadata"]
    namespace = meta.get("namespace")
    return f"{namespace}/{meta['name']}" if namespace else meta["name"]


def split_key(key: str) -> tuple[str, str]:
    """(namespace, name) of a key; the namespace is "" for a cluster-scoped object."""
    namespace, _, name = key.rpartition("/")
    return namespace, name


def labels_of(obj: Obj) -> dict[str, str]:
    return obj["metadata"].get("labels") or {}


def annotations_of(obj: Obj) -> dict[str, str]:
    return obj["metadata"].get("annotations") or {}


def deleting(obj: Obj) -> bool:
    """Whether deletion was asked for and waits (for grace or finalizers)."""
    return obj["metadata"].get("deletionTimestamp") is not None


def controller_of(obj: Obj) -> Obj | None:
    """The owner reference that has `controller: true`, or None."""
    for reference in obj["metadata"].get("ownerReferences") or ():
        if reference.get("controller"):
            return reference  # type: ignore[no-any-return]
    return None


def controlled_by(obj: Obj, owner: Obj) -> bool:
    reference = controller_of(obj)
    return reference is not None and reference.get("uid") == owner["metadata"]["uid"]


def owner_reference(owner: Obj, *, controller: bool = True) -> Obj:
    """A reference to `owner`, as metav1.NewControllerRef makes it."""
    meta = owner["metadata"]
    reference = {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": meta["name"],
        "uid": meta["uid"],
    }
    if controller:
        reference["controller"] = True
        reference["blockOwnerDeletion"] = True
    return reference


def with_meta(obj: Obj, **changes: Any) -> Obj:
    """A copy whose metadata has `changes`; a value of None removes the field."""
    meta = {**obj["metadata"], **changes}
    for field, value in changes.items():
        if value is None:
            del meta[field]
    return {**obj, "metadata": meta}


def with_labels(obj: Obj, **labels: str) -> Obj:
    return with_meta(obj, labels={**labels_of(obj), **labels})


def with_annotations(obj: Obj, annotations: dict[str, str | None]) -> Obj:
    """A copy with those annotations set; a value of None removes one."""
    merged = {**annotations_of(obj), **annotations}
    kept = {key: value for key, value in merged.items() if value is not None}
    return with_meta(obj, annotations=kept or None)


def get_condition(conditions: Iterable[Obj] | None, type_: str) -> Obj | None:
    for condition in conditions or ():
        if condition["type"] == type_:
            return condition
    return None


def condition_is(obj: Obj, type_: str, status: str = "True") -> bool:
    """Whether `status.conditions` has the condition with that status."""
    condition = get_condition((obj.get("status") or {}).get("conditions"), type_)
    return condition is not None and condition.get("status") == status


def dig(obj: Any, *path: str | int, default: Any = None) -> Any:
    """The value at a path of fields and indices, or `default` where the path ends early."""
    for part in path:
        if isinstance(part, int):
            if not isinstance(obj, list) or not -len(obj) <= part < len(obj):
                return default
            obj = obj[part]
        else:
            if not isinstance(obj, dict):
                return default
            obj = obj.get(part)
        if obj is None:
            return default
    return obj
