"""Containers that crash, hang, fail a probe, or leak memory.

A fault of a container ends with its pod: another pod of the same name is another pod. One that hangs is cured by a
restart as well. What the fault began with is remembered in the object's status, so that a sleep changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cluster_engine.apimachinery.meta import Obj, dig
from cluster_engine.faults.fault import Fault
from cluster_engine.faults.world import World
from cluster_engine.kubelet.mishaps import Mishap, Mishaps
from cluster_engine.trace import Cause

PODS = "/registry/pods/"
MEBIBYTE = 1024 * 1024


class Containers:
    """Makes the containers as the faults in force want them."""

    def __init__(self, world: World) -> None:
        self._world = world

    def settle(self, faults: Sequence[Fault], cause: Cause) -> None:
        mishaps: Mishaps = {}
        for fault in faults:
            if fault.area == "container":
                namespace, pod, name = fault.names
                of_pod = mishaps.setdefault(f"{namespace}/{pod}", {})
                of_pod[name] = _with(of_pod.get(name, Mishap()), fault)
        for process in self._world.kubelets.values():
            if process.kubelet is not None and process.kubelet.mishaps != mishaps:
                process.kubelet.set_mishaps(mishaps, cause)

    def crash(self, fault: Fault, cause: Cause) -> None:
        namespace, pod, name = fault.names
        for process in self._world.kubelets.values():
            if process.kubelet is not None and process.powered:
                process.kubelet.crash(f"{namespace}/{pod}", name, int(fault.number("exitCode")), cause)


def _with(mishap: Mishap, fault: Fault) -> Mishap:
    match fault.type:
        case "Hang":
            return Mishap(True, mishap.failing, mishap.leak_bytes_per_second)
        case "FailProbe":
            probe: Any = fault.word("probe")
            return Mishap(mishap.hung, mishap.failing | {probe}, mishap.leak_bytes_per_second)
        case "LeakMemory":
            return Mishap(mishap.hung, mishap.failing, fault.number("mebibytesPerSecond") * MEBIBYTE)
    return mishap


def subject_of(world: World, fault: Fault) -> Obj:
    """What the fault is about to be done to: the pod's uid, and the container's id where a restart is the cure."""
    namespace, pod, name = fault.names
    item = world.server.store.get(f"{PODS}{namespace}/{pod}")
    if item is None:
        return {}
    subject = {"podUID": item.value["metadata"]["uid"]}
    if fault.type == "Hang":
        subject["containerID"] = _container_id(item.value, name)
    return subject


def is_cured(world: World, fault: Fault, subject: Obj) -> bool:
    """Whether what the fault was done to is gone."""
    if fault.area != "container" or not subject:
        return False
    return subject_of(world, fault) != subject


def _container_id(pod: Obj, name: str) -> str:
    for field in ("containerStatuses", "initContainerStatuses"):
        for status in dig(pod, "status", field, default=[]):
            if status["name"] == name:
                return status.get("containerID", "")  # type: ignore[no-any-return]
    return ""
