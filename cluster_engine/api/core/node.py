"""Nodes. Follows pkg/registry/core/node/strategy.go and validation.ValidateNode (v1.32)."""

from __future__ import annotations

from typing import Any

from cluster_engine.api import checks, tables
from cluster_engine.api.checks import Errors
from cluster_engine.api.core.podspec.resources import resource_quantity
from cluster_engine.api.core.podspec.scheduling import validate_taints
from cluster_engine.api.strategy import AGE, NAME, Column, Strategy
from cluster_engine.apimachinery.errors import duplicate, forbidden_field, invalid_value
from cluster_engine.apimachinery.gotext import GoText, string_slice
from cluster_engine.apimachinery.meta import Obj, labels_of
from cluster_engine.apimachinery.scheme import Resource

_ROLE_PREFIX = "node-role.kubernetes.io/"
_ROLE_LABEL = "kubernetes.io/role"


class NodeStrategy(Strategy):
    """The rules of nodes."""

    resource = Resource(
        "",
        "v1",
        "Node",
        "nodes",
        namespaced=False,
        singular="node",
        short_names=("no",),
        subresources=("proxy", "status"),
    )
    columns = (
        NAME,
        Column("Status"),
        Column("Roles"),
        AGE,
        Column("Version"),
        Column("Internal-IP", priority=1),
        Column("External-IP", priority=1),
        Column("OS-Image", priority=1),
        Column("Kernel-Version", priority=1),
        Column("Container-Runtime", priority=1),
    )

    def default(self, obj: Obj) -> Obj:
        changes: Obj = {}
        status = obj.get("status") or {}
        if status.get("capacity") and not status.get("allocatable"):
            changes["status"] = {**status, "allocatable": status["capacity"]}
        spec = obj.get("spec")
        if spec is None:
            changes["spec"] = {}
        elif spec.get("podCIDR") and not spec.get("podCIDRs"):
            changes["spec"] = {**spec, "podCIDRs": [spec["podCIDR"]]}
        return {**obj, **changes} if changes else obj

    def validate(self, obj: Obj) -> Errors:
        spec = obj.get("spec") or {}
        errors = validate_taints("metadata.taints", spec.get("taints") or [])
        errors += _resources(obj.get("status") or {})
        cidrs = spec.get("podCIDRs") or []
        for index, value in enumerate(cidrs):
            errors += checks.cidr(f"spec.podCIDRs[{index}]", value)
        if len(cidrs) > 2:
            detail = "may specify no more than one CIDR for each IP family"
            errors.append(invalid_value("spec.podCIDRs", string_slice(cidrs), detail))
        return errors

    def validate_update(self, new: Obj, old: Obj) -> Errors:
        spec, before = new.get("spec") or {}, old.get("spec") or {}
        errors = _addresses(new.get("status") or {})
        if before.get("podCIDRs") and spec.get("podCIDRs") != before["podCIDRs"]:
            words = 'node updates may not change podCIDR except from "" to valid'
            errors.append(forbidden_field("spec.podCIDRs", words))
        if before.get("providerID") and spec.get("providerID") != before["providerID"]:
            words = 'node updates may not change providerID except from "" to valid'
            errors.append(forbidden_field("spec.providerID", words))
        return errors

    def validate_status_update(self, new: Obj, old: Obj) -> Errors:
        status = new.get("status") or {}
        return _resources(status) + _addresses(status)

    def cells(self, obj: Obj, now_us: int) -> list[Any]:
        status = obj.get("status") or {}
        info = status.get("nodeInfo") or {}
        return [
            obj["metadata"]["name"],
            node_status(obj),
            ",".join(node_roles(obj)) or tables.NONE,
            tables.created(obj, now_us),
            info.get("kubeletVersion") or "",
            _address(status, "InternalIP"),
            _address(status, "ExternalIP"),
            info.get("osImage") or tables.UNKNOWN,
            info.get("kernelVersion") or tables.UNKNOWN,
            info.get("containerRuntimeVersion") or tables.UNKNOWN,
        ]

    def fields(self, obj: Obj) -> dict[str, str]:
        return {"spec.unschedulable": "true" if (obj.get("spec") or {}).get("unschedulable") else "false"}


def node_status(node: Obj) -> str:
    """The STATUS column: `Ready`, `NotReady` or `Unknown`, and `SchedulingDisabled` behind it."""
    conditions = (node.get("status") or {}).get("conditions") or ()
    words = ["Ready" if c.get("status") == "True" else "NotReady" for c in conditions if c.get("type") == "Ready"]
    words = words[-1:] or ["Unknown"]
    if (node.get("spec") or {}).get("unschedulable"):
        words.append("SchedulingDisabled")
    return ",".join(words)


def node_roles(node: Obj) -> list[str]:
    """The roles in a node's labels, in alphabetical order."""
    roles = set()
    for key, value in labels_of(node).items():
        if key.startswith(_ROLE_PREFIX) and len(key) > len(_ROLE_PREFIX):
            roles.add(key.removeprefix(_ROLE_PREFIX))
        elif key == _ROLE_LABEL and value:
            roles.add(value)
    return sorted(roles)


def _address(status: Obj, kind: str) -> str:
    for address in status.get("addresses") or ():
        if address.get("type") == kind:
            return address.get("address") or ""
    return tables.NONE


def _resources(status: Obj) -> Errors:
    errors: Errors = []
    for field in ("capacity", "allocatable"):
        for name, amount in sorted((status.get(field) or {}).items()):
            errors += resource_quantity(f"status.{field}.{name}", name, amount)
    return errors


def _addresses(status: Obj) -> Errors:
    errors: Errors = []
    seen: set[tuple[Any, Any]] = set()
    for index, address in enumerate(status.get("addresses") or ()):
        key = (address.get("type"), address.get("address"))
        if key in seen:
            shown = GoText(f'core.NodeAddress{{Type:"{key[0]}", Address:"{key[1]}"}}')
            errors.append(duplicate(f"status.addresses[{index}]", shown))
        seen.add(key)
    return errors
