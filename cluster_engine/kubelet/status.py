"""A pod's status as the kubelet words it: phase, conditions, container statuses.

Follows pkg/kubelet/kubelet_pods.go (generateAPIPodStatus, getPhase) and pkg/kubelet/status/generate.go.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cluster_engine.apimachinery.meta import Obj
from cluster_engine.clock import rfc3339
from cluster_engine.kubelet.admission import Rejection
from cluster_engine.kubelet.runtime import Container

KUBELET_CONDITIONS = ("PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled")


def is_restartable_init(spec: Obj) -> bool:
    """Whether an init container is a sidecar."""
    return spec.get("restartPolicy") == "Always"


def phase(pod: Obj, init: Sequence[Container], main: Sequence[Container]) -> str:
    """The pod's phase from its containers. Follows getPhase."""
    policy = pod["spec"].get("restartPolicy", "Always")
    ordinary = [c for c in init if not is_restartable_init(c.spec)]
    if policy == "Never" and any(c.state == "terminated" and c.exit_code != 0 for c in ordinary):
        return "Failed"
    if any(not c.succeeded for c in ordinary) and not any(c.state == "running" or c.restart_count for c in main):
        return "Pending"
    # Sidecars keep a pod running, and count for nothing else.
    running = sum(c.state == "running" for c in init if is_restartable_init(c.spec))
    stopped = succeeded = waiting = 0
    for container in main:
        if container.state == "running":
            running += 1
        elif container.state == "terminated":
            stopped += 1
            succeeded += container.exit_code == 0
        elif container.last_terminated is not None:
            stopped += 1
        else:
            waiting += 1
    if waiting:
        return "Pending"
    if running:
        return "Running"
    if policy == "Always":
        return "Running"
    if stopped == succeeded:
        return "Succeeded"
    return "Failed" if policy == "Never" else "Running"


def container_status(container: Container, pod_mounts: dict[str, list[Obj]]) -> Obj:
    """One entry of containerStatuses."""
    status: dict[str, Any] = {}
    if container.id:
        status["containerID"] = f"containerd://{container.id}"
    status["image"] = container.image_shown()
    status["imageID"] = container.image_id()
    status["lastState"] = {"terminated": container.last_terminated} if container.last_terminated else {}
    status["name"] = container.name
    status["ready"] = (
        container.succeeded if container.is_init and not is_restartable_init(container.spec) else container.ready
    )
    status["restartCount"] = container.restart_count
    status["started"] = container.started
    if container.state == "running":
        status["state"] = {"running": {"startedAt": rfc3339(container.started_us)}}
    elif container.state == "terminated":
        status["state"] = {"terminated": container.terminated()}
    else:
        waiting = {"reason": container.waiting_reason}
        if container.waiting_message:
            waiting = {"message": container.waiting_message, **waiting}
        status["state"] = {"waiting": waiting}
    if mounts := pod_mounts.get(container.name):
        status["volumeMounts"] = mounts
    return status


def _ephemeral_status(container: Container, pod_mounts: dict[str, list[Obj]]) -> Obj:
    """An ephemeral container is never ready, and has no probes that could say that it has started."""
    return {**container_status(container, pod_mounts), "ready": False, "started": None}


# Pods of one template share their containers, so what is made of them is remembered by identity; the entry keeps them
# alive.
_mounts: dict[int, tuple[list[Obj], dict[str, list[Obj]]]] = {}
_MAX_REMEMBERED = 1024


def mounts_of(spec: Obj) -> dict[str, list[Obj]]:
    """What `volumeMounts` of the container statuses say, by container; read-only mounts say whether they are so
    recursively.
    """
    containers = spec["containers"]
    remembered = _mounts.get(id(containers))
    if remembered is not None and remembered[0] is containers:
        return remembered[1]
    if len(_mounts) >= _MAX_REMEMBERED:
        _mounts.clear()
    found = _mounts_of(spec)
    _mounts[id(containers)] = (containers, found)
    return found


def _mounts_of(spec: Obj) -> dict[str, list[Obj]]:
    found = {}
    for container in (*spec.get("containers", ()), *(spec.get("initContainers") or ())):
        entries = []
        for mount in container.get("volumeMounts") or ():
            entry = {"mountPath": mount["mountPath"], "name": mount["name"]}
            if mount.get("readOnly"):
                entry["readOnly"] = True
                entry["recursiveReadOnly"] = "Disabled"
            entries.append(entry)
        found[container["name"]] = entries
    return found


def _listed(containers: Sequence[Container]) -> str:
    return "[" + " ".join(container.name for container in containers) + "]"


def _ready_verdict(phase_: str, init: Sequence[Container], main: Sequence[Container]) -> tuple[str, str, str]:
    """(status, reason, message) of ContainersReady."""
    if phase_ == "Succeeded":
        return "False", "PodCompleted", ""
    if phase_ == "Failed":
        return "False", "PodFailed", ""
    unready = [c for c in init if is_restartable_init(c.spec) and not c.ready] + [c for c in main if not c.ready]
    if unready:
        return "False", "ContainersNotReady", f"containers with unready status: {_listed(unready)}"
    return "True", "", ""


def _initialized_verdict(phase_: str, init: Sequence[Container], main: Sequence[Container]) -> tuple[str, str, str]:
    if phase_ == "Succeeded":
        return "True", "PodCompleted", ""
    if any(c.state != "waiting" or c.last_terminated for c in main):
        return "True", "", ""
    incomplete = [c for c in init if not (c.started if is_restartable_init(c.spec) else c.succeeded)]
    if incomplete:
        return "False", "ContainersNotInitialized", f"containers with incomplete status: {_listed(incomplete)}"
    return "True", "", ""


def _gates_verdict(pod: Obj, containers: tuple[str, str, str]) -> tuple[str, str, str]:
    """Ready: as ContainersReady, and every readiness gate's condition must be True."""
    gates = pod["spec"].get("readinessGates")
    if not gates or containers[0] != "True":
        return containers
    conditions = {c["type"]: c for c in (pod.get("status") or {}).get("conditions") or ()}
    messages = []
    for gate in gates:
        type_ = gate["conditionType"]
        condition = conditions.get(type_)
        if condition is None:
            messages.append(f'corresponding condition of pod readiness gate "{type_}" does not exist.')
        elif condition["status"] != "True":
            messages.append(f'the status of pod readiness gate "{type_}" is not "True", but {condition["status"]}')
    return ("False", "ReadinessGatesNotReady", ", ".join(messages)) if messages else containers


def conditions(
    pod: Obj, phase_: str, sandbox_ready: bool, init: Sequence[Container], main: Sequence[Container], now: str
) -> list[Obj]:
    """The conditions in the kubelet's order. Those that others own are kept, and come first."""
    before = {c["type"]: c for c in (pod.get("status") or {}).get("conditions") or ()}
    containers = _ready_verdict(phase_, init, main)
    verdicts = {
        "PodReadyToStartContainers": ("True" if sandbox_ready else "False", "", ""),
        "Initialized": _initialized_verdict(phase_, init, main),
        "Ready": _gates_verdict(pod, containers),
        "ContainersReady": containers,
        "PodScheduled": ("True", "", ""),
    }
    result = [c for type_, c in before.items() if type_ not in verdicts]
    for type_, (status, reason, message) in verdicts.items():
        old = before.get(type_)
        if old and old["status"] == status and old.get("reason", "") == reason and old.get("message", "") == message:
            result.append(old)
            continue
        since = old["lastTransitionTime"] if old and old["status"] == status else now
        condition: dict[str, Any] = {"lastProbeTime": None, "lastTransitionTime": since}
        if message:
            condition["message"] = message
        if reason:
            condition["reason"] = reason
        result.append({**condition, "status": status, "type": type_})
    return result


def pod_status(
    pod: Obj,
    init: Sequence[Container],
    main: Sequence[Container],
    *,
    host_ip: str,
    pod_ip: str,
    start_time: str,
    sandbox_ready: bool,
    now: str,
    mounts: dict[str, list[Obj]],
    phase_override: str = "",
    extra: Sequence[Container] = (),
) -> Obj:
    """The whole status that the kubelet would write now."""
    old = pod.get("status") or {}
    phase_ = (
        old.get("phase") if old.get("phase") in ("Succeeded", "Failed") else (phase_override or phase(pod, init, main))
    )
    status: dict[str, Any] = {
        "conditions": conditions(pod, str(phase_), sandbox_ready, init, main, now),
        "containerStatuses": [container_status(container, mounts) for container in main],
        "hostIP": host_ip,
        "hostIPs": [{"ip": host_ip}],
    }
    if extra:
        status["ephemeralContainerStatuses"] = [_ephemeral_status(container, mounts) for container in extra]
    if init:
        status["initContainerStatuses"] = [container_status(container, mounts) for container in init]
    status["phase"] = phase_
    if pod_ip:
        status["podIP"] = pod_ip
        status["podIPs"] = [{"ip": pod_ip}]
    status["qosClass"] = old.get("qosClass") or qos_class(pod)
    status["startTime"] = start_time
    for field in ("reason", "message", "nominatedNodeName"):
        if field in old:
            status[field] = old[field]
    return status


_REJECTED = "Pod was rejected: "


def rejection_of(known: Obj) -> Rejection | None:
    """Why a pod with that status was not taken in, if it was not."""
    message = known.get("message", "")
    if known.get("phase") != "Failed" or not message.startswith(_REJECTED):
        return None
    return Rejection(known.get("reason", ""), message.removeprefix(_REJECTED))


def rejected_status(pod: Obj, rejection: Rejection, start_time: str) -> Obj:
    """The status of a pod that its node has not taken in: no container, and the conditions of others."""
    old = pod.get("status") or {}
    conditions = [c for c in old.get("conditions") or () if c["type"] == "PodScheduled"]
    return {
        **({"conditions": conditions} if conditions else {}),
        "message": _REJECTED + rejection.message,
        "phase": "Failed",
        "qosClass": old.get("qosClass") or qos_class(pod),
        "reason": rejection.reason,
        "startTime": start_time,
    }


def with_reason(pod: Obj, reason: str, message: str) -> Obj:
    """The pod with the reason for which its kubelet ends it."""
    return {**pod, "status": {**(pod.get("status") or {}), "reason": reason, "message": message}}


def with_eviction(pod: Obj, message: str, now: str) -> Obj:
    """The pod with the reason for which its kubelet has ended it."""
    old = pod.get("status") or {}
    condition = {
        "lastProbeTime": None,
        "lastTransitionTime": now,
        "message": message,
        "reason": "TerminationByKubelet",
        "status": "True",
        "type": "DisruptionTarget",
    }
    others = [c for c in old.get("conditions") or () if c["type"] != "DisruptionTarget"]
    return {**pod, "status": {**old, "reason": "Evicted", "message": message, "conditions": [*others, condition]}}


def qos_class(pod: Obj) -> str:
    """Guaranteed, Burstable or BestEffort. Follows pkg/apis/core/v1/helper/qos."""
    every_limited, some = True, False
    for container in (*pod["spec"]["containers"], *(pod["spec"].get("initContainers") or ())):
        resources = container.get("resources") or {}
        requests, limits = resources.get("requests") or {}, resources.get("limits") or {}
        for name in ("cpu", "memory"):
            if name in requests or name in limits:
                some = True
            if name not in limits or requests.get(name, limits[name]) != limits[name]:
                every_limited = False
    if not some:
        return "BestEffort"
    return "Guaranteed" if every_limited else "Burstable"
