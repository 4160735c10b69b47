"""Where a kind keeps its pods' spec. Follows k8s.io/kubectl/pkg/polymorphichelpers/updatepodspec.go."""

from __future__ import annotations

from typing import Any

from cluster_engine.apimachinery import quantity
from cluster_engine.apimachinery.meta import Obj, dig
from cluster_engine.kubectl.errors import CommandError

_PATHS: dict[str, tuple[str, ...]] = {
    "Pod": ("spec",),
    **dict.fromkeys(
        ("ReplicationController", "Deployment", "DaemonSet", "ReplicaSet", "StatefulSet", "Job"),
        ("spec", "template", "spec"),
    ),
    "CronJob": ("spec", "jobTemplate", "spec", "template", "spec"),
}


def path_of(obj: Obj) -> tuple[str, ...]:
    path = _PATHS.get(obj["kind"])
    if path is None:
        raise CommandError(f"the object is not a pod or does not have a pod template: {_go_type(obj)}")
    return path


def _go_type(obj: Obj) -> str:
    """As Go prints the type of a built-in kind, e.g. `*v1.Service`."""
    return f"*{obj['apiVersion'].rpartition('/')[2]}.{obj['kind']}"


def of(obj: Obj) -> Obj:
    """The pod spec."""
    return dig(obj, *path_of(obj), default={})  # type: ignore[no-any-return]


def wrap(obj: Obj, patch: Any) -> Obj:
    """A patch of the pod spec as a patch of the object."""
    for part in reversed(path_of(obj)):
        patch = {part: patch}
    return patch  # type: ignore[no-any-return]


def replaced(obj: Obj, spec: Obj) -> Obj:
    """The object with another pod spec."""
    return _replace(obj, path_of(obj), spec)


def _replace(obj: Obj, path: tuple[str, ...], value: Obj) -> Obj:
    if not path:
        return value
    return {**obj, path[0]: _replace(obj.get(path[0]) or {}, path[1:], value)}


def selected(containers: list[Obj], pattern: str) -> list[Obj]:
    """The containers whose name fits a pattern, where `*` stands for anything."""
    if "*" not in pattern:
        return [container for container in containers if container["name"] == pattern]
    head, *rest = pattern.split("*")
    return [container for container in containers if _fits(container["name"], head, rest)]


def _fits(name: str, head: str, rest: list[str]) -> bool:
    if not name.startswith(head):
        return False
    position = len(head)
    for part in rest[:-1]:
        position = name.find(part, position)
        if position < 0:
            return False
        position += len(part)
    return name.endswith(rest[-1]) and len(name) - len(rest[-1]) >= position


def resource_amount(reference: Obj, container: Obj) -> str:
    """What a resourceFieldRef comes to, in units of its divisor and rounded up; "" for what it cannot be about.

    Follows ExtractContainerResourceValue.
    """
    kind, _, name = str(reference.get("resource", "")).partition(".")
    if name not in ("cpu", "memory", "ephemeral-storage") and not name.startswith("hugepages-"):
        return ""
    amount = ((container.get("resources") or {}).get(kind) or {}).get(name) or "0"
    units = quantity.milli_value if name == "cpu" else quantity.value
    each = units(reference.get("divisor") or "0") or units("1")
    return str(-(-units(amount) // each))
