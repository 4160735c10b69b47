"""A pod's row: READY, STATUS and RESTARTS from the states of its containers.

Follows printPod in pkg/printers/internalversion/printers.go (v1.32).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cluster_engine.api.strategy import AGE, NAME, Column
from cluster_engine.api.tables import NONE, created
from cluster_engine.apimachinery.meta import Obj, condition_is, get_condition
from cluster_engine.apimachinery.times import age, parse_time

COLUMNS = (
    NAME,
    Column("Ready"),
    Column("Status"),
    Column("Restarts"),
    AGE,
    Column("IP", priority=1),
    Column("Node", priority=1),
    Column("Nominated Node", priority=1),
    Column("Readiness Gates", priority=1),
)


@dataclass(slots=True)
class _Count:
    """Restarts, and when the last one was."""

    restarts: int = 0
    last: str = ""

    def add(self, status: Obj) -> None:
        self.restarts += status.get("restartCount") or 0
        finished = ((status.get("lastState") or {}).get("terminated") or {}).get("finishedAt")
        if finished and (not self.last or parse_time(finished) > parse_time(self.last)):
            self.last = finished


@dataclass(slots=True)
class _Summary:
    reason: str
    ready: int
    total: int
    count: _Count


def pod_cells(pod: Obj, now_us: int) -> list[Any]:
    spec, status = pod.get("spec") or {}, pod.get("status") or {}
    summary = _summary(pod)
    restarts = str(summary.count.restarts)
    if summary.count.restarts and summary.count.last:
        restarts = f"{restarts} ({age(summary.count.last, now_us)} ago)"
    addresses = status.get("podIPs") or ()
    return [
        pod["metadata"]["name"],
        f"{summary.ready}/{summary.total}",
        summary.reason,
        restarts,
        created(pod, now_us),
        (addresses[0].get("ip") if addresses else "") or NONE,
        spec.get("nodeName") or NONE,
        status.get("nominatedNodeName") or NONE,
        _readiness_gates(pod),
    ]


def pod_status(pod: Obj) -> tuple[str, str]:
    """The words of the READY and STATUS columns."""
    summary = _summary(pod)
    return f"{summary.ready}/{summary.total}", summary.reason


def pod_row_conditions(pod: Obj) -> list[Obj]:
    """A finished pod's row says so, and kubectl may leave it out."""
    phase = (pod.get("status") or {}).get("phase")
    words = {"Succeeded": "The pod has completed successfully.", "Failed": "The pod failed."}
    if phase not in words:
        return []
    return [{"type": "Completed", "status": "True", "reason": phase, "message": words[phase]}]


def _readiness_gates(pod: Obj) -> str:
    gates = (pod.get("spec") or {}).get("readinessGates") or ()
    if not gates:
        return NONE
    true = sum(condition_is(pod, gate.get("conditionType") or "") for gate in gates)
    return f"{true}/{len(gates)}"


def _summary(pod: Obj) -> _Summary:
    spec, status = pod.get("spec") or {}, pod.get("status") or {}
    conditions = status.get("conditions") or ()
    reason = status.get("reason") or status.get("phase") or ""
    if any(c.get("type") == "PodScheduled" and c.get("reason") == "SchedulingGated" for c in conditions):
        reason = "SchedulingGated"
    init_containers = spec.get("initContainers") or ()
    sidecars = {c.get("name") for c in init_containers if c.get("restartPolicy") == "Always"}
    summary = _Summary(reason, 0, len(spec.get("containers") or ()) + len(sidecars), _Count())
    sidecar_count = _Count()
    initializing = _initialize(summary, sidecar_count, status, sidecars, len(init_containers))
    if not initializing or condition_is(pod, "Initialized"):
        summary.count = sidecar_count
        _run(summary, status)
    if pod["metadata"].get("deletionTimestamp"):
        if status.get("reason") == "NodeLost":
            summary.reason = "Unknown"
        elif status.get("phase") not in ("Succeeded", "Failed"):
            summary.reason = "Terminating"
    return summary


def _initialize(summary: _Summary, sidecar_count: _Count, status: Obj, sidecars: set[Any], total: int) -> bool:
    """Reads the init containers; whether one of them still holds the pod up."""
    for index, container in enumerate(status.get("initContainerStatuses") or ()):
        summary.count.add(container)
        is_sidecar = container.get("name") in sidecars
        if is_sidecar:
            sidecar_count.add(container)
        state = container.get("state") or {}
        terminated, waiting = state.get("terminated"), state.get("waiting")
        if terminated is not None and not terminated.get("exitCode"):
            continue
        if is_sidecar and container.get("started"):
            summary.ready += bool(container.get("ready"))
            continue
        if terminated is not None:
            summary.reason = f"Init:{_terminated_reason(terminated)}"
        elif waiting and waiting.get("reason") and waiting["reason"] != "PodInitializing":
            summary.reason = f"Init:{waiting['reason']}"
        else:
            summary.reason = f"Init:{index}/{total}"
        return True
    return False


def _run(summary: _Summary, status: Obj) -> None:
    """Reads the containers, the last one first, so that the first one with something to say has the word."""
    has_running = False
    for container in reversed(status.get("containerStatuses") or ()):
        summary.count.add(container)
        state = container.get("state") or {}
        terminated, waiting = state.get("terminated"), state.get("waiting")
        if waiting is not None and waiting.get("reason"):
            summary.reason = waiting["reason"]
        elif terminated is not None:
            summary.reason = _terminated_reason(terminated)
        elif container.get("ready") and state.get("running") is not None:
            has_running = True
            summary.ready += 1
    if summary.reason == "Completed" and has_running:
        ready = get_condition(status.get("conditions"), "Ready")
        summary.reason = "Running" if ready is not None and ready.get("status") == "True" else "NotReady"


def _terminated_reason(terminated: Obj) -> str:
    if terminated.get("reason"):
        return str(terminated["reason"])
    if terminated.get("signal"):
        return f"Signal:{terminated['signal']}"
    return f"ExitCode:{terminated.get('exitCode') or 0}"
