"""Which taints a node's conditions ask for. Pure functions. Follows pkg/controller/nodelifecycle."""

from __future__ import annotations

from cluster_engine.apimachinery.meta import Obj, dig, get_condition

NOT_READY = "node.kubernetes.io/not-ready"
UNREACHABLE = "node.kubernetes.io/unreachable"
UNSCHEDULABLE = "node.kubernetes.io/unschedulable"
_PRESSURE_TAINTS = {
    "MemoryPressure": "node.kubernetes.io/memory-pressure",
    "DiskPressure": "node.kubernetes.io/disk-pressure",
    "PIDPressure": "node.kubernetes.io/pid-pressure",
    "NetworkUnavailable": "node.kubernetes.io/network-unavailable",
}
_OWN_TAINTS = {NOT_READY, UNREACHABLE, UNSCHEDULABLE, *_PRESSURE_TAINTS.values()}

Taint = tuple[str, str]


def ready_status(node: Obj) -> str:
    """`True`, `False` or `Unknown`; `Unknown` for a node that has never said."""
    condition = get_condition(dig(node, "status", "conditions"), "Ready")
    return condition["status"] if condition is not None else "Unknown"


def unready_key(node: Obj) -> str:
    """The key of the taints of a node that is not ready; "" for one that is."""
    return {"True": "", "False": NOT_READY}.get(ready_status(node), UNREACHABLE)


def no_schedule_taints(node: Obj) -> list[Taint]:
    """The NoSchedule taints that conditions and cordon ask for, at once."""
    wanted = [(unready_key(node), "NoSchedule")] if unready_key(node) else []
    for condition in dig(node, "status", "conditions", default=[]):
        if condition["type"] in _PRESSURE_TAINTS and condition["status"] == "True":
            wanted.append((_PRESSURE_TAINTS[condition["type"]], "NoSchedule"))
    if (node.get("spec") or {}).get("unschedulable"):
        wanted.append((UNSCHEDULABLE, "NoSchedule"))
    return wanted


def no_execute_taints(node: Obj) -> list[Taint]:
    """The NoExecute taints of its own that a node has."""
    taints = dig(node, "spec", "taints", default=[])
    return [(t["key"], t["effect"]) for t in taints if _is_own(t) and t["effect"] == "NoExecute"]


def with_taints(node: Obj, wanted: list[Taint], now: str) -> tuple[list[Obj], list[Taint]]:
    """The node's taints with its own replaced by `wanted`: (taints, which of them are new). Others' stay."""
    present: list[Obj] = dig(node, "spec", "taints", default=[])
    kept = [t for t in present if not _is_own(t) or (t["key"], t["effect"]) in wanted]
    have = {(t["key"], t["effect"]) for t in kept}
    new = [taint for taint in wanted if taint not in have]
    return [*kept, *(_taint(key, effect, now) for key, effect in new)], new


def _is_own(taint: Obj) -> bool:
    return taint["key"] in _OWN_TAINTS


def _taint(key: str, effect: str, now: str) -> Obj:
    taint = {"effect": effect, "key": key}
    return taint if key == UNSCHEDULABLE and effect == "NoSchedule" else {**taint, "timeAdded": now}
