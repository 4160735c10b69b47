"""Priority: a pod's class gives it its priority; only one class may be the default of all.

Follows plugin/pkg/admission/priority/admission.go.
"""

from __future__ import annotations

from typing import NamedTuple

from cluster_engine.api.strategy import Strategy
from cluster_engine.apimachinery.meta import Obj
from cluster_engine.apiserver.admission import refusal
from cluster_engine.apiserver.context import ServerContext

_PREFIX = "/registry/priorityclasses.scheduling.k8s.io/"
PODS, CLASSES = "pods", "priorityclasses.scheduling.k8s.io"


class Priority(NamedTuple):
    """What a pod gets: the name of its class ("" for none), the number, and whether it may push others out."""

    class_name: str = ""
    value: int = 0
    policy: str = "PreemptLowerPriority"


_NONE = Priority()


def of(server: ServerContext, pod: Obj) -> Priority:
    """The priority of a new pod; Forbidden when its class is not there, or it says another number than its class."""
    spec = pod["spec"]
    name = spec.get("priorityClassName")
    if name:
        item = server.store.get(_PREFIX + name)
        if item is None:
            raise _forbidden(server, pod, f"no PriorityClass with name {name} was found")
        found = _priority(item.value)
    else:
        default = _default_class(server)
        found = _NONE if default is None else _priority(default)
    asked, policy = spec.get("priority"), spec.get("preemptionPolicy")
    if asked is not None and asked != found.value:
        words = f"the integer value of priority ({asked}) must not be provided in pod spec; priority admission "
        words += f"controller computed {found.value} from the given PriorityClass name"
        raise _forbidden(server, pod, words)
    if policy is not None and policy != found.policy:
        words = f"the string value of PreemptionPolicy ({policy}) must not be provided in pod spec; priority admission "
        words += f"controller computed {found.policy} from the given PriorityClass name"
        raise _forbidden(server, pod, words)
    return found


def _priority(priority_class: Obj) -> Priority:
    policy = priority_class.get("preemptionPolicy") or "PreemptLowerPriority"
    return Priority(priority_class["metadata"]["name"], priority_class.get("value") or 0, policy)


def _default_class(server: ServerContext) -> Obj | None:
    """Of the classes that are the default of all, the one with the lowest value."""
    found: Obj | None = None
    for item in server.store.range(_PREFIX):
        value = item.value
        if value.get("globalDefault") and (found is None or (value.get("value") or 0) < (found.get("value") or 0)):
            found = value
    return found


def _forbidden(server: ServerContext, pod: Obj, why: str) -> Exception:
    strategy: Strategy = server.strategy(PODS)
    return refusal.forbidden(strategy, pod, why, named=False)


def kept(new: Obj, old: Obj) -> Obj:
    """A changed pod with the priority that it was given, where the change leaves it out."""
    after, before = new["spec"], old["spec"]
    if after is before:
        return new
    fields = ("priority", "preemptionPolicy")
    missing = {field: before[field] for field in fields if after.get(field) is None and before.get(field) is not None}
    return {**new, "spec": {**after, **missing}} if missing else new


def only_one_default(server: ServerContext, obj: Obj, old: Obj | None = None) -> None:
    """Forbidden when another class is the default already."""
    if not obj.get("globalDefault"):
        return
    default = _default_class(server)
    if default is None:
        return
    name = default["metadata"]["name"]
    if old is None or name != obj["metadata"]["name"]:
        why = f"PriorityClass {name} is already marked as default. Only one default can exist"
        raise refusal.forbidden(server.strategy(CLASSES), obj, why)
