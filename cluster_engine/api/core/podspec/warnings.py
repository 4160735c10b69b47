"""Warnings about pods and templates: what works but should not be used. Follows pkg/api/pod/warnings.go (v1.32)."""

from __future__ import annotations

from cluster_engine.apimachinery import quantity
from cluster_engine.apimachinery.gotext import quote
from cluster_engine.apimachinery.meta import Obj

_NODE_LABELS = {
    "beta.kubernetes.io/arch": 'deprecated since v1.14; use "kubernetes.io/arch" instead',
    "beta.kubernetes.io/os": 'deprecated since v1.14; use "kubernetes.io/os" instead',
    "failure-domain.beta.kubernetes.io/region": 'deprecated since v1.17; use "topology.kubernetes.io/region" instead',
    "failure-domain.beta.kubernetes.io/zone": 'deprecated since v1.17; use "topology.kubernetes.io/zone" instead',
    "beta.kubernetes.io/instance-type": 'deprecated since v1.17; use "node.kubernetes.io/instance-type" instead',
}


def template_warnings(template: Obj, path: str) -> list[str]:
    return pod_warnings(template.get("spec") or {}, f"{path}.spec")


def pod_warnings(spec: Obj, path: str) -> list[str]:
    """`path` is where the spec stands, e.g. `spec.template.spec`."""
    found: list[str] = []
    for label in spec.get("nodeSelector") or ():
        if label in _NODE_LABELS:
            found.append(f"{path}.nodeSelector[{label}]: {_NODE_LABELS[label]}")
    for index, volume in enumerate(spec.get("volumes") or ()):
        if volume.get("gitRepo") is not None:
            found.append(f"{path}.volumes[{index}].gitRepo: deprecated in v1.11")
    for field in ("initContainers", "containers"):
        for index, container in enumerate(spec.get(field) or ()):
            found += _container(container, f"{path}.{field}[{index}]")
    found += _duplicate_ports(spec, path)
    grace = spec.get("terminationGracePeriodSeconds")
    if grace is not None and grace < 0:
        found.append(
            f"{path}.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1"
        )
    return found


def _container(container: Obj, path: str) -> list[str]:
    found: list[str] = []
    seen: dict[str, int] = {}
    for index, variable in enumerate(container.get("env") or ()):
        name = variable.get("name") or ""
        if name in seen:
            words = f"hides previous definition of {quote(name)}, which may be dropped when using apply"
            found.append(f"{path}.env[{index}]: {words}")
        seen[name] = index
    resources, at = container.get("resources") or {}, f"{path}.resources"
    for field in ("limits", "requests"):
        for name, amount in sorted((resources.get(field) or {}).items()):
            if name in ("memory", "ephemeral-storage") and quantity.parse(amount).nano % quantity.NANO:
                shown = quantity.parse(amount)
                found.append(
                    f"{at}.{field}[{name}]: fractional byte value {quote(str(shown))} is invalid, must be an integer"
                )
    return found


def _duplicate_ports(spec: Obj, path: str) -> list[str]:
    found: list[str] = []
    for index, container in enumerate(spec.get("containers") or ()):
        seen: dict[tuple[object, ...], int] = {}
        for position, port in enumerate(container.get("ports") or ()):
            key = tuple(port.get(field) for field in ("containerPort", "protocol", "hostPort", "hostIP"))
            if key in seen:
                at = f"{path}.containers[{index}].ports"
                found.append(f"{at}[{position}]: duplicate port definition with {at}[{seen[key]}]")
            else:
                seen[key] = position
    return found
