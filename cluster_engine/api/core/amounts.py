"""Names and amounts of resources in quotas and limit ranges. Follows validation.go and pkg/apis/core/helper (v1.32)."""

from __future__ import annotations

from typing import Any

from cluster_engine.api import checks
from cluster_engine.api.checks import Errors
from cluster_engine.api.shown import quantity_struct
from cluster_engine.apimachinery import names, quantity
from cluster_engine.apimachinery.errors import invalid_value
from cluster_engine.apimachinery.gotext import GoText

HUGEPAGES = ("hugepages-", "requests.hugepages-")
COUNTED = frozenset((
    "pods", "services", "replicationcontrollers", "resourcequotas", "secrets", "configmaps", "persistentvolumeclaims",
    "services.nodeports", "services.loadbalancers",
))  # fmt: skip
# What a quota may limit, beside huge pages and names with a slash.
QUOTA = COUNTED | {
    "cpu", "memory", "ephemeral-storage", "requests.cpu", "requests.memory", "requests.storage",
    "requests.ephemeral-storage", "limits.cpu", "limits.memory", "limits.ephemeral-storage",
}  # fmt: skip
STANDARD = QUOTA | {"storage"}
POD_COMPUTE = frozenset(("cpu", "memory", "limits.cpu", "limits.memory", "requests.cpu", "requests.memory"))


def is_native(name: str) -> bool:
    """Whether the resource is Kubernetes' own, not a vendor's."""
    return "/" not in name or "kubernetes.io/" in name


def is_extended(name: str) -> bool:
    return not is_native(name) and not name.startswith("requests.") and not names.qualified_name(f"requests.{name}")


def resource_name(path: str, name: str) -> Errors:
    """A standard name, or a qualified one."""
    faults = names.qualified_name(name)
    if not faults and "/" not in name and name not in STANDARD and not name.startswith(HUGEPAGES):
        faults = ["must be a standard resource type or fully qualified"]
    # The type of the name prints itself without quotes.
    return [invalid_value(path, GoText(name), fault) for fault in faults]


def quota_resource_name(path: str, name: str) -> Errors:
    errors = resource_name(path, name)
    if "/" not in name and name not in QUOTA and not name.startswith(HUGEPAGES):
        errors.append(invalid_value(path, GoText(name), "must be a standard resource for quota"))
    return errors


def quota_amount(path: str, name: str, value: Any) -> Errors:
    """Not negative, and whole where the resource comes in pieces."""
    errors = checks.nonnegative_quantity(path, value)
    if (name in COUNTED or is_extended(name)) and quantity.parse(value).milli_value % 1000:
        errors.append(invalid_value(path, quantity_struct(value), "must be an integer"))
    return errors
