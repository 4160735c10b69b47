"""What an object uses of a resource quota, and which quotas it falls under. Pure functions.

Used by admission, which charges a quota, and by the controller, which adds up anew. Follows pkg/quota/v1/evaluator/core
and k8s.io/apiserver/pkg/quota/v1. Amounts are exact quantities by resource name.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from cluster_engine.apimachinery.meta import Obj, dig
from cluster_engine.apimachinery.quantity import NANO, ZERO, Quantity, parse
from cluster_engine.apimachinery.times import parse_time
from cluster_engine.clock import SECOND_US

Amounts = dict[str, Quantity]

ONE = Quantity(NANO)
# Resources that may be counted by their plain name, too.
_PLAIN_COUNTS = frozenset(("configmaps", "replicationcontrollers", "resourcequotas", "secrets", "services"))
_STORAGE_CLASS = ".storageclass.storage.k8s.io/"
# What every container has to say when a quota limits it.
_CONSTRAINED = frozenset(("cpu", "memory", "requests.cpu", "requests.memory", "limits.cpu", "limits.memory"))
_COMPUTE = ("cpu", "memory", "ephemeral-storage")


def usage(group_resource: str, obj: Obj, now_us: int) -> Amounts:
    """What one object uses. `now_us`: a pod that is overdue to be gone uses nothing any more."""
    amounts: Amounts = {f"count/{group_resource}": ONE}
    if group_resource == "pods":
        if not _has_ended(obj, now_us):
            amounts.update(_pod(obj["spec"]))
    elif group_resource == "persistentvolumeclaims":
        amounts.update(_claim(obj))
    elif group_resource in _PLAIN_COUNTS:
        amounts[group_resource] = ONE
        if group_resource == "services":
            amounts.update(_service(obj["spec"]))
    return amounts


def resources_of(names: Iterable[str]) -> set[str]:
    """The group resources that quotas with those hard limits have to count."""
    found = set()
    for name in names:
        if name.startswith("count/"):
            found.add(name.removeprefix("count/"))
        elif name in _PLAIN_COUNTS:
            found.add(name)
        elif name.startswith("services."):
            found.add("services")
        elif name == "persistentvolumeclaims" or name == "requests.storage" or _STORAGE_CLASS in name:
            found.add("persistentvolumeclaims")
        else:
            found.add("pods")
    return found


def total(amounts: Iterable[Amounts], names: Iterable[str]) -> Amounts:
    """The sums of what is named; what nobody uses is 0."""
    sums: Amounts = dict.fromkeys(names, ZERO)
    for one in amounts:
        for name, amount in one.items():
            if name in sums:
                sums[name] = sums[name] + amount
    return sums


def matches(quota: Obj, group_resource: str, obj: Obj) -> bool:
    """Whether the object falls under the quota's scopes. Only pods have scopes; a scoped quota counts nothing else."""
    spec = quota.get("spec") or {}
    selectors = [{"scopeName": scope, "operator": "Exists"} for scope in spec.get("scopes") or ()]
    selectors += dig(spec, "scopeSelector", "matchExpressions", default=[])
    if not selectors:
        return True
    return group_resource == "pods" and all(_in_scope(selector, obj["spec"]) for selector in selectors)


def missing_constraints(names: Iterable[str], pod: Obj) -> str:
    """What containers have to say, and do not, under hard limits on computing resources: `cpu for: c; memory for: c,d`.

    Follows podEvaluator.Constraints.
    """
    wanted = _CONSTRAINED & set(names)
    found: dict[str, list[str]] = {}
    for container in (*pod["spec"]["containers"], *(pod["spec"].get("initContainers") or ())):
        given = _amounts(container)
        for name in wanted - set(given):
            found.setdefault(name, []).append(container["name"])
    return "; ".join(f"{name} for: {','.join(sorted(found[name]))}" for name in sorted(found))


def _has_ended(pod: Obj, now_us: int) -> bool:
    if dig(pod, "status", "phase") in ("Succeeded", "Failed"):
        return True
    meta = pod["metadata"]
    if meta.get("deletionTimestamp") is None or meta.get("deletionGracePeriodSeconds") is None:
        return False
    grace_us: int = meta["deletionGracePeriodSeconds"] * SECOND_US
    return now_us > parse_time(meta["deletionTimestamp"]) + grace_us


@lru_cache(maxsize=4096)
def _parse(text: str) -> Quantity:
    return parse(text)


def _amounts(container: Obj) -> Amounts:
    """A container's requests and limits under all the names that a quota may give them."""
    resources = container.get("resources") or {}
    found: Amounts = {}
    for name, text in (resources.get("requests") or {}).items():
        amount = _parse(str(text))
        found[f"requests.{name}"] = amount
        if name in _COMPUTE:
            found[name] = amount
    for name, text in (resources.get("limits") or {}).items():
        if name in _COMPUTE:
            found[f"limits.{name}"] = _parse(str(text))
    return found


def _pod(spec: Obj) -> Amounts:
    """A pod's own unit, and its computing resources: the sum of the containers, or an init container that has more."""
    sums: Amounts = {}
    for container in spec["containers"]:
        _add(sums, _amounts(container))
    before: Amounts = {}
    peaks: Amounts = {}
    for container in spec.get("initContainers") or ():
        amounts = _amounts(container)
        if container.get("restartPolicy") == "Always":
            _add(sums, amounts)
            _add(before, amounts)
            continue
        for name, amount in amounts.items():
            peak = amount + before.get(name, ZERO)
            if name not in peaks or peaks[name] < peak:
                peaks[name] = peak
    for name, peak in peaks.items():
        if name not in sums or sums[name] < peak:
            sums[name] = peak
    for name, text in (spec.get("overhead") or {}).items():
        amount = _parse(str(text))
        _add(sums, {f"requests.{name}": amount, name: amount})
        if f"limits.{name}" in sums:
            _add(sums, {f"limits.{name}": amount})
    return {**sums, "pods": ONE}


def _add(sums: Amounts, amounts: Amounts) -> None:
    for name, amount in amounts.items():
        sums[name] = sums[name] + amount if name in sums else amount


def _claim(claim: Obj) -> Amounts:
    amounts = {"persistentvolumeclaims": ONE}
    text = dig(claim, "spec", "resources", "requests", "storage")
    size = _parse(str(text)) if text is not None else None
    if size is not None:
        amounts["requests.storage"] = size
    class_name = claim["spec"].get("storageClassName")
    if class_name:
        amounts[f"{class_name}{_STORAGE_CLASS}persistentvolumeclaims"] = ONE
        if size is not None:
            amounts[f"{class_name}{_STORAGE_CLASS}requests.storage"] = size
    return amounts


def _service(spec: Obj) -> Amounts:
    ports = Quantity(len(spec.get("ports") or ()) * NANO)
    if spec.get("type") == "NodePort":
        return {"services.nodeports": ports}
    if spec.get("type") == "LoadBalancer":
        allocated = ports if spec.get("allocateLoadBalancerNodePorts", True) else ZERO
        return {"services.nodeports": allocated, "services.loadbalancers": ONE}
    return {}


def _in_scope(selector: Obj, spec: Obj) -> bool:
    match selector["scopeName"]:
        case "Terminating":
            return spec.get("activeDeadlineSeconds") is not None
        case "NotTerminating":
            return spec.get("activeDeadlineSeconds") is None
        case "BestEffort":
            return _is_best_effort(spec)
        case "NotBestEffort":
            return not _is_best_effort(spec)
        case "PriorityClass":
            return _priority_matches(selector, spec.get("priorityClassName") or "")
        case "CrossNamespacePodAffinity":
            return _crosses_namespaces(spec)
    return False


def _is_best_effort(spec: Obj) -> bool:
    for container in (*spec["containers"], *(spec.get("initContainers") or ())):
        for amounts in (container.get("resources") or {}).values():
            if isinstance(amounts, dict) and any(not _parse(str(text)).is_zero for text in amounts.values()):
                return False
    return True


def _priority_matches(selector: Obj, name: str) -> bool:
    values = selector.get("values") or ()
    match selector["operator"]:
        case "In":
            return name in values
        case "NotIn":
            return name not in values
        case "Exists":
            return bool(name)
    return not name


def _crosses_namespaces(spec: Obj) -> bool:
    affinity = spec.get("affinity") or {}
    for kind in ("podAffinity", "podAntiAffinity"):
        of_kind = affinity.get(kind) or {}
        terms = list(of_kind.get("requiredDuringSchedulingIgnoredDuringExecution") or ())
        preferred = of_kind.get("preferredDuringSchedulingIgnoredDuringExecution") or ()
        terms += [one["podAffinityTerm"] for one in preferred]
        if any(term.get("namespaces") or term.get("namespaceSelector") is not None for term in terms):
            return True
    return False
