"""The states of pods as controllers see them: active, ready, available.

Follows pkg/api/v1/pod/util.go and pkg/controller/controller_utils.go.
"""

from __future__ import annotations

from cluster_engine.apimachinery.meta import Obj
from cluster_engine.apimachinery.times import parse_time
from cluster_engine.clock import SECOND_US


def phase_of(pod: Obj) -> str:
    """`Pending`, `Running`, `Succeeded`, `Failed`, `Unknown`, or "" for a pod that the server has not seen yet."""
    status = pod.get("status")
    return status.get("phase", "") if status else ""


def is_pod_active(pod: Obj) -> bool:
    """Whether the pod counts as a replica: neither finished nor being deleted."""
    if "deletionTimestamp" in pod["metadata"]:
        return False
    status = pod.get("status")
    return not status or status.get("phase") not in ("Succeeded", "Failed")


def filter_active_pods(pods: list[Obj]) -> list[Obj]:
    return [pod for pod in pods if is_pod_active(pod)]


def ready_condition(pod: Obj) -> Obj | None:
    """The pod's `Ready` condition while it is True, else None."""
    status = pod.get("status")
    if status:
        for condition in status.get("conditions") or ():
            if condition["type"] == "Ready":
                return condition if condition["status"] == "True" else None
    return None


def is_pod_ready(pod: Obj) -> bool:
    return ready_condition(pod) is not None


def ready_since_us(pod: Obj) -> int | None:
    """When the pod became ready, in microseconds (whole seconds, as the API has it); None while it is not ready."""
    condition = ready_condition(pod)
    if condition is None or not condition.get("lastTransitionTime"):
        return None
    return parse_time(condition["lastTransitionTime"])


def is_pod_available(pod: Obj, min_ready_seconds: int, now_us: int) -> bool:
    """Whether the pod has been ready for at least `min_ready_seconds`."""
    condition = ready_condition(pod)
    if condition is None:
        return False
    if min_ready_seconds == 0:
        return True
    since_us = ready_since_us(pod)
    return since_us is not None and since_us + min_ready_seconds * SECOND_US <= now_us


def restarts_of(pod: Obj) -> tuple[int, int]:
    """The highest restart counts of (regular containers, restartable init containers)."""
    status = pod.get("status") or {}
    regular = max((c.get("restartCount", 0) for c in status.get("containerStatuses") or ()), default=0)
    init_statuses = status.get("initContainerStatuses")
    if not init_statuses:
        return regular, 0
    sidecars = {c["name"] for c in pod["spec"].get("initContainers") or () if c.get("restartPolicy") == "Always"}
    return regular, max((c.get("restartCount", 0) for c in init_statuses if c["name"] in sidecars), default=0)
