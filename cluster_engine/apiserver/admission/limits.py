"""LimitRanger: what containers ask for by default, and between which bounds pods and claims must stay.

In a namespace without LimitRanges this costs one look-up. Follows plugin/pkg/admission/limitranger/admission.go.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from cluster_engine.api.strategy import Strategy
from cluster_engine.apimachinery import quantity
from cluster_engine.apimachinery.meta import Obj, with_annotations
from cluster_engine.apimachinery.quantity import Quantity
from cluster_engine.apiserver.admission import refusal
from cluster_engine.apiserver.context import ServerContext

ANNOTATION = "kubernetes.io/limit-ranger"
_PREFIX = "/registry/limitranges/"
_ZERO = quantity.ZERO
Amounts = dict[str, Quantity]


def _limit_ranges(server: ServerContext, obj: Obj) -> list[Obj]:
    namespace = obj["metadata"].get("namespace", "")
    return [item.value for item in server.store.range(_PREFIX, f"{_PREFIX}{namespace}/")]


def _items(limit_range: Obj) -> Iterator[Obj]:
    yield from (limit_range.get("spec") or {}).get("limits") or ()


def with_defaults(server: ServerContext, pod: Obj) -> Obj:
    """The pod with the default requests and limits of its namespace, and an annotation that tells which."""
    for limit_range in _limit_ranges(server, pod):
        pod = _merged(limit_range, pod)
    return pod


def _merged(limit_range: Obj, pod: Obj) -> Obj:
    requests: dict[str, str] = {}
    limits: dict[str, str] = {}
    for item in _items(limit_range):
        if item.get("type") == "Container":
            requests.update(item.get("defaultRequest") or {})
            limits.update(item.get("default") or {})
    told: list[str] = []
    spec = pod["spec"]
    changes: Obj = {}
    for field, words in (("containers", "container"), ("initContainers", "init container")):
        containers = spec.get(field) or []
        new = [_container(container, requests, limits, words, told) for container in containers]
        if any(after is not before for after, before in zip(new, containers, strict=True)):
            changes[field] = new
    if not told:
        return pod
    pod = {**pod, "spec": {**spec, **changes}}
    return with_annotations(pod, {ANNOTATION: "LimitRanger plugin set: " + "; ".join(told)})


def _container(container: Obj, requests: dict[str, str], limits: dict[str, str], words: str, told: list[str]) -> Obj:
    """One container with what it lacks; what was set joins `told`."""
    resources = container.get("resources") or {}
    changes: Obj = {}
    for field, defaults, name in (("limits", limits, "limit"), ("requests", requests, "request")):
        given = resources.get(field) or {}
        missing = {resource: amount for resource, amount in defaults.items() if resource not in given}
        if missing:
            changes[field] = {**given, **missing}
            told.append(f"{', '.join(sorted(missing))} {name} for {words} {container.get('name') or ''}")
    if len(changes) == 2:
        # Requests are told first.
        told[-2], told[-1] = told[-1], told[-2]
    return {**container, "resources": {**resources, **changes}} if changes else container


def check(server: ServerContext, strategy: Strategy, obj: Obj) -> None:
    """Forbidden where a pod or a claim is out of the bounds of its namespace."""
    faults_of: Callable[[Obj, Obj], list[str]] = _pod_faults if strategy.resource.kind == "Pod" else _claim_faults
    for limit_range in _limit_ranges(server, obj):
        faults = faults_of(limit_range, obj)
        if faults:
            raise refusal.forbidden(strategy, obj, refusal.aggregate(faults))


def _pod_faults(limit_range: Obj, pod: Obj) -> list[str]:
    spec = pod["spec"]
    faults: list[str] = []
    for item in _items(limit_range):
        if item.get("type") == "Container":
            for container in (*(spec.get("containers") or ()), *(spec.get("initContainers") or ())):
                resources = container.get("resources") or {}
                faults += _bounds(item, _parsed(resources.get("requests")), _parsed(resources.get("limits")))
        elif item.get("type") == "Pod":
            faults += _bounds(item, _of_pod(spec, "requests"), _of_pod(spec, "limits"))
    return faults


def _claim_faults(limit_range: Obj, claim: Obj) -> list[str]:
    requests = _parsed((claim["spec"].get("resources") or {}).get("requests"))
    faults: list[str] = []
    for item in _items(limit_range):
        if item.get("type") != "PersistentVolumeClaim":
            continue
        for name, bound in sorted(_parsed(item.get("min")).items()):
            faults += _minimum("PersistentVolumeClaim", name, bound, requests, {})
        for name, bound in sorted(_parsed(item.get("max")).items()):
            faults += _maximum_request(name, bound, requests)
    return faults


def _parsed(amounts: Obj | None) -> Amounts:
    return {name: quantity.parse(amount) for name, amount in (amounts or {}).items()}


def _bounds(item: Obj, requests: Amounts, limits: Amounts) -> list[str]:
    kind = item["type"]
    faults: list[str] = []
    for name, bound in sorted(_parsed(item.get("min")).items()):
        faults += _minimum(kind, name, bound, requests, limits)
    for name, bound in sorted(_parsed(item.get("max")).items()):
        faults += _maximum(kind, name, bound, requests, limits)
    for name, bound in sorted(_parsed(item.get("maxLimitRequestRatio")).items()):
        faults += _ratio(kind, name, bound, requests, limits)
    return faults


def _minimum(kind: str, name: str, bound: Quantity, requests: Amounts, limits: Amounts) -> list[str]:
    words = f"minimum {name} usage per {kind} is {bound}"
    if name not in requests:
        return [f"{words}.  No request is specified"]
    if requests[name] < bound:
        return [f"{words}, but request is {requests[name]}"]
    if name in limits and limits[name] < bound:
        return [f"{words}, but limit is {limits[name]}"]
    return []


def _maximum(kind: str, name: str, bound: Quantity, requests: Amounts, limits: Amounts) -> list[str]:
    words = f"maximum {name} usage per {kind} is {bound}"
    if name not in limits:
        return [f"{words}.  No limit is specified"]
    if bound < limits[name]:
        return [f"{words}, but limit is {limits[name]}"]
    if name in requests and bound < requests[name]:
        return [f"{words}, but request is {requests[name]}"]
    return []


def _maximum_request(name: str, bound: Quantity, requests: Amounts) -> list[str]:
    words = f"maximum {name} usage per PersistentVolumeClaim is {bound}"
    if name not in requests:
        return [f"{words}.  No request is specified"]
    return [f"{words}, but request is {requests[name]}"] if bound < requests[name] else []


def _ratio(kind: str, name: str, bound: Quantity, requests: Amounts, limits: Amounts) -> list[str]:
    words = f"{name} max limit to request ratio per {kind} is {bound}"
    if requests.get(name, _ZERO).is_zero:
        return [f"{words}, but no request is specified or request is 0"]
    if limits.get(name, _ZERO).is_zero:
        return [f"{words}, but no limit is specified or limit is 0"]
    ratio = limits[name].milli_value / requests[name].milli_value
    return [f"{words}, but provided ratio is {ratio:f}"] if ratio * 1000 > bound.milli_value else []


def _of_pod(spec: Obj, field: str) -> Amounts:
    """What a pod asks for in all: its containers and sidecars together, or an init container that asks for more."""
    sums: Amounts = {}
    sidecars: Amounts = {}
    peaks: Amounts = {}
    for container in spec.get("containers") or ():
        _add(sums, _parsed((container.get("resources") or {}).get(field)))
    for container in spec.get("initContainers") or ():
        amounts = _parsed((container.get("resources") or {}).get(field))
        if container.get("restartPolicy") == "Always":
            _add(sums, amounts)
            _add(sidecars, amounts)
            amounts = sidecars
        else:
            amounts = dict(amounts)
            _add(amounts, sidecars)
        _raise(peaks, amounts)
    _raise(sums, peaks)
    return sums


def _add(sums: Amounts, amounts: Amounts) -> None:
    for name, amount in amounts.items():
        sums[name] = sums[name] + amount if name in sums else amount


def _raise(sums: Amounts, amounts: Amounts) -> None:
    for name, amount in amounts.items():
        if name not in sums or sums[name] < amount:
            sums[name] = amount
