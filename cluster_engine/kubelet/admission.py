"""Whether a node takes a pod in that is bound to it: the scheduler may not have been asked, or not have known better.

Follows pkg/kubelet/lifecycle/predicate.go (generalFilter) and pkg/scheduler/scheduler.go (AdmissionCheck).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cluster_engine.apimachinery import quantity
from cluster_engine.apimachinery.meta import Obj, condition_is, dig
from cluster_engine.apimachinery.node_fit import required_matches, untolerated

_EVERY_ADDRESS = "0.0.0.0"  # noqa: S104 - compared, not bound
_ENDED = ("Succeeded", "Failed")


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why a pod is not taken in: the reason of its status and of the event, and the event's message."""

    reason: str
    message: str


def looks_at_others(pod: Obj) -> bool:
    """Whether the answer depends on who else is there: it does not for the most part, and looking takes time."""
    return not condition_is(pod, "PodScheduled") or next(_host_ports(pod), None) is not None


def check(pod: Obj, node: Obj | None, others: Sequence[Obj]) -> Rejection | None:
    """What stands against a pod on its node, beside the `others` that are there already."""
    spec = pod["spec"]
    if node is None:
        return None
    # Whoever has been scheduled has been counted by the scheduler.
    if not condition_is(pod, "PodScheduled"):
        lacking = _insufficient(pod, node, [other for other in others if _is_here(other)])
        if lacking is not None:
            return lacking
    if "nodeSelector" in spec or "affinity" in spec:
        labels, name = node["metadata"].get("labels") or {}, node["metadata"]["name"]
        if not required_matches(spec, labels, name):
            return _predicate("NodeAffinity", "node(s) didn't match Pod's node affinity/selector")
    wanted = list(_host_ports(pod))
    if wanted:
        taken = [port for other in others if _is_here(other) for port in _host_ports(other)]
        if any(_clash(one, other) for one in wanted for other in taken):
            return _predicate("NodePorts", "node(s) didn't have free ports for the requested pod ports")
    taints = node["spec"].get("taints")
    if taints and untolerated(taints, spec.get("tolerations") or (), ("NoExecute",)) is not None:
        return _predicate("TaintToleration", "node(s) had taints that the pod didn't tolerate")
    return None


def _predicate(name: str, why: str) -> Rejection:
    return Rejection(name, f"Predicate {name} failed: {why}")


def _is_here(pod: Obj) -> bool:
    return dig(pod, "status", "phase") not in _ENDED


def _host_ports(pod: Obj) -> Iterator[tuple[str, str, int]]:
    for container in pod["spec"]["containers"]:
        for port in container.get("ports") or ():
            if port.get("hostPort"):
                yield port.get("hostIP") or _EVERY_ADDRESS, port.get("protocol") or "TCP", port["hostPort"]


def _clash(one: tuple[str, str, int], other: tuple[str, str, int]) -> bool:
    return one[1:] == other[1:] and (one[0] == other[0] or _EVERY_ADDRESS in (one[0], other[0]))


def _insufficient(pod: Obj, node: Obj, others: list[Obj]) -> Rejection | None:
    """Follows noderesources.Fits: pods first, then each resource."""
    allocatable = dig(node, "status", "allocatable") or {}
    room = quantity.value(allocatable.get("pods", "0"))
    if len(others) + 1 > room:
        return _out_of("pods", 1, len(others), room)
    for name, asked in _requests(pod).items():
        used = sum(_requests(other).get(name, 0) for other in others)
        measure = quantity.milli_value if name == "cpu" else quantity.value
        # A node that does not know an extended resource leaves it to whoever brings it.
        capacity = measure(allocatable[name]) if name in allocatable else None
        if asked and capacity is not None and asked > capacity - used:
            return _out_of(name, asked, used, capacity)
    return None


def _out_of(name: str, asked: int, used: int, capacity: int) -> Rejection:
    words = f"Node didn't have enough resource: {name}, requested: {asked}, used: {used}, capacity: {capacity}"
    return Rejection(f"OutOf{name}", words)


def _requests(pod: Obj) -> dict[str, int]:
    """What a pod asks for: the sum of its containers, or the largest init container where that is more; sidecars count
    with those, and with the init containers after them.
    """
    total: dict[str, int] = {}
    for container in pod["spec"]["containers"]:
        for name, amount in _requests_of(container).items():
            total[name] = total.get(name, 0) + amount
    sidecars: dict[str, int] = {}
    peaks: dict[str, int] = {}
    for container in pod["spec"].get("initContainers") or ():
        for name, amount in _requests_of(container).items():
            if container.get("restartPolicy") == "Always":
                total[name] = total.get(name, 0) + amount
                sidecars[name] = sidecars.get(name, 0) + amount
            else:
                peaks[name] = max(peaks.get(name, 0), amount + sidecars.get(name, 0))
    return {name: max(total.get(name, 0), peaks.get(name, 0)) for name in {**total, **peaks}}


def _requests_of(container: Obj) -> dict[str, int]:
    requests = (container.get("resources") or {}).get("requests") or {}
    return {
        name: quantity.milli_value(text) if name == "cpu" else quantity.value(text) for name, text in requests.items()
    }
