"""Resource requests and limits: what they may name and hold, and the quality of service that follows from them.

Follows validation.validateResourceRequirements and pkg/apis/core/v1/helper/qos (v1.32).
"""

from __future__ import annotations

from typing import Any

from cluster_engine.api import checks
from cluster_engine.api.checks import Errors
from cluster_engine.apimachinery import quantity
from cluster_engine.apimachinery.errors import FieldError, forbidden_field, invalid_value, required
from cluster_engine.apimachinery.gotext import GoText
from cluster_engine.apimachinery.meta import Obj
from cluster_engine.apimachinery.quantity import Quantity

HUGEPAGES = "hugepages-"
COMPUTE = ("cpu", "memory")
_CONTAINER_RESOURCES = frozenset(("cpu", "memory", "ephemeral-storage"))
_OBJECT_COUNTS = (
    "pods", "services", "replicationcontrollers", "resourcequotas", "secrets", "configmaps", "persistentvolumeclaims",
    "services.nodeports", "services.loadbalancers",
)  # fmt: skip
_STANDARD_RESOURCES = _CONTAINER_RESOURCES | {
    *_OBJECT_COUNTS, "storage", "requests.cpu", "requests.memory", "requests.storage", "requests.ephemeral-storage",
    "limits.cpu", "limits.memory", "limits.ephemeral-storage",
}  # fmt: skip


def validate_resources(path: str, resources: Obj) -> Errors:
    """A container's `resources`; names in alphabetical order."""
    limits: Obj = resources.get("limits") or {}
    requests: Obj = resources.get("requests") or {}
    errors: Errors = []
    for name in sorted(limits):
        errors += _amount(f"{path}.limits[{name}]", name, limits[name])
    for name in sorted(requests):
        errors += _amount(f"{path}.requests[{name}]", name, requests[name])
        errors += _against_limit(path, name, quantity.parse(requests[name]), limits)
    named = {*limits, *requests}
    if any(name.startswith(HUGEPAGES) for name in named) and not named.intersection(COMPUTE):
        errors.append(forbidden_field(path, "HugePages require cpu or memory"))
    return errors


def _amount(path: str, name: str, value: Any) -> Errors:
    errors = container_resource_name(path, name)
    errors += resource_quantity(path, name, value)
    if name.startswith(HUGEPAGES):
        amount, size = quantity.parse(value), _huge_page_size(name)
        if size is None or not size.nano or amount.nano <= 0 or amount.nano % size.nano:
            detail = f"{amount} is not positive integer multiple of {name}"
            errors.append(invalid_value(path, str(amount), detail))
    return errors


def _huge_page_size(name: str) -> Quantity | None:
    try:
        return quantity.parse(name.removeprefix(HUGEPAGES))
    except quantity.QuantityError:
        return None


def _against_limit(path: str, name: str, amount: Quantity, limits: Obj) -> Errors:
    overcommit = _is_native(name) and not name.startswith(HUGEPAGES)
    if name not in limits:
        if overcommit:
            return []
        return [required(f"{path}.limits", "Limit must be set for non overcommitable resources")]
    limit = quantity.parse(limits[name])
    if amount.nano != limit.nano and not overcommit:
        return [invalid_value(f"{path}.requests", str(amount), f"must be equal to {name} limit of {limit}")]
    if amount.nano > limit.nano:
        return [
            invalid_value(f"{path}.requests", str(amount), f"must be less than or equal to {name} limit of {limit}")
        ]
    return []


def resource_quantity(path: str, name: str, value: Any) -> Errors:
    """An amount is not negative, and whole where the resource comes in pieces."""
    errors = checks.nonnegative_quantity(path, value)
    amount = quantity.parse(value)
    whole = name in _OBJECT_COUNTS or not _is_native(name)
    if whole and amount.milli_value % 1000:
        errors.append(invalid_value(path, GoText(str(amount)), "must be an integer"))
    return errors


def _is_native(name: str) -> bool:
    return "/" not in name or "kubernetes.io/" in name


def container_resource_name(path: str, name: str) -> Errors:
    errors = _resource_name(path, name)
    shown = GoText(name)
    if "/" not in name:
        if name not in _CONTAINER_RESOURCES and not name.startswith(HUGEPAGES):
            errors.append(invalid_value(path, shown, "must be a standard resource for containers"))
    elif not _is_native(name) and (name.startswith("requests.") or checks.qualified_name(path, f"requests.{name}")):
        errors.append(invalid_value(path, shown, "doesn't follow extended resource name standard"))
    return errors


def _resource_name(path: str, name: str) -> list[FieldError]:
    errors = [invalid_value(path, GoText(name), error.message.partition(": ")[2].partition(": ")[2])
              for error in checks.qualified_name(path, name)]  # fmt: skip
    if not errors and "/" not in name and name not in _STANDARD_RESOURCES:
        if not name.removeprefix("requests.").startswith(HUGEPAGES):
            errors.append(invalid_value(path, GoText(name), "must be a standard resource type or fully qualified"))
    return errors


def qos_class(spec: Obj) -> str:
    """Guaranteed, Burstable or BestEffort. Follows qos.ComputePodQOS."""
    containers = [*(spec.get("containers") or ()), *(spec.get("initContainers") or ())]
    resources = [container.get("resources") or {} for container in containers]
    if not any(r.get("limits") or r.get("requests") for r in resources):
        return "BestEffort"
    requests: dict[str, int] = {}
    limits: dict[str, int] = {}
    guaranteed = True
    for part in resources:
        for name in COMPUTE:
            _count(requests, name, part.get("requests"))
            if not _count(limits, name, part.get("limits")):
                guaranteed = False
    if not requests and not limits:
        return "BestEffort"
    return "Guaranteed" if guaranteed and requests == limits else "Burstable"


def _count(sums: dict[str, int], name: str, amounts: Obj | None) -> bool:
    """Adds a positive amount; whether there was one."""
    amount = quantity.parse(amounts[name]).nano if amounts and name in amounts else 0
    if amount > 0:
        sums[name] = sums.get(name, 0) + amount
    return amount > 0
