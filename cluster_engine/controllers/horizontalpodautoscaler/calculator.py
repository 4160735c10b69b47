"""How many replicas a metric asks for. Pure functions. Follows pkg/controller/podautoscaler/replica_calculator.go."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from cluster_engine.apimachinery import quantity
from cluster_engine.apimachinery.meta import Obj, deleting, dig, get_condition
from cluster_engine.apimachinery.times import parse_time
from cluster_engine.clock import SECOND_US
from cluster_engine.controllers.common.pods import phase_of
from cluster_engine.controllers.horizontalpodautoscaler.metrics import WINDOW_SECONDS, MetricsError

TOLERANCE = 0.1
CPU_INITIALIZATION_SECONDS = 300
INITIAL_READINESS_SECONDS = 30

# Usage by pod name -> usage as a multiple of the target.
Ratio = Callable[[dict[str, int]], float]


@dataclass(frozen=True, slots=True)
class Proposal:
    """What one metric comes to. `utilization` is a percentage of the requests (None for a target in amounts).

    `average` is the usage of a pod in thousandths.
    """

    replicas: int
    utilization: int | None
    average: int


@dataclass(frozen=True, slots=True)
class Groups:
    """Pods by how far they count."""

    ready: int
    unready: list[str]
    missing: list[str]
    ignored: list[str]


def group_pods(pods: list[Obj], metrics: dict[str, int], resource: str, now_us: int) -> Groups:
    """Which pods count, which have just begun and show nothing yet, and which have not been measured."""
    ready = 0
    unready, missing, ignored = [], [], []
    for pod in pods:
        name, phase = pod["metadata"]["name"], phase_of(pod)
        if deleting(pod) or phase == "Failed":
            ignored.append(name)
        elif phase == "Pending":
            unready.append(name)
        elif name not in metrics:
            missing.append(name)
        elif resource == "cpu" and _is_starting(pod, now_us):
            unready.append(name)
        else:
            ready += 1
    return Groups(ready, unready, missing, ignored)


def _is_starting(pod: Obj, now_us: int) -> bool:
    """Whether the pod's CPU usage is still that of its start, which says nothing of the load."""
    condition = get_condition(dig(pod, "status", "conditions"), "Ready")
    started = dig(pod, "status", "startTime")
    if condition is None or started is None:
        return True
    started_us, changed_us = parse_time(started), parse_time(condition["lastTransitionTime"])
    if started_us + CPU_INITIALIZATION_SECONDS * SECOND_US > now_us:
        return condition["status"] == "False" or now_us < changed_us + WINDOW_SECONDS * SECOND_US
    return condition["status"] == "False" and started_us + INITIAL_READINESS_SECONDS * SECOND_US > changed_us


def settled_us(pods: list[Obj], now_us: int) -> int | None:
    """When the next pod's usage begins to count, in microseconds; None when all count that ever will."""
    waits = []
    for pod in pods:
        condition = get_condition(dig(pod, "status", "conditions"), "Ready")
        if condition is None or deleting(pod) or condition["status"] != "True":
            continue
        when_us = parse_time(condition["lastTransitionTime"]) + WINDOW_SECONDS * SECOND_US
        if when_us > now_us:
            waits.append(when_us)
    return min(waits, default=None)


def pod_requests(pods: list[Obj], resource: str, container: str = "") -> dict[str, int]:
    """Requests by pod name, in thousandths, of all containers or of one. Raises `MetricsError` where one is missing."""
    found = {}
    for pod in pods:
        name, total = pod["metadata"]["name"], 0
        for one in pod["spec"]["containers"]:
            if container and one["name"] != container:
                continue
            text = dig(one, "resources", "requests", resource)
            if text is None:
                raise MetricsError(f"missing request for {resource} in container {one['name']} of Pod {name}")
            total += quantity.milli_value(text)
        found[name] = total
    return found


def by_utilization(
    pods: list[Obj],
    metrics: dict[str, int],
    requests: dict[str, int],
    resource: str,
    target: int,
    current: int,
    now_us: int,
) -> Proposal:
    """Replicas for a target in per cent of the requests. Raises `MetricsError`. Follows GetResourceReplicas."""
    groups = group_pods(pods, metrics, resource, now_us)
    counted = _without(metrics, groups)

    def ratio(amounts: dict[str, int]) -> tuple[float, int]:
        asked = sum(requests.get(name, 0) for name in amounts)
        if asked == 0:
            raise MetricsError("no metrics returned matched known pods")
        percent = sum(amounts.values()) * 100 // asked
        return percent / target, percent

    usage_ratio, percent = ratio(counted)
    fallback = {name: requests.get(name, 0) * max(100, target) // 100 for name in groups.missing}
    replicas = _replicas(groups, counted, usage_ratio, lambda amounts: ratio(amounts)[0], fallback, current)
    return Proposal(replicas, percent, sum(counted.values()) // len(counted))


def by_average(
    pods: list[Obj], metrics: dict[str, int], resource: str, target: int, current: int, now_us: int
) -> Proposal:
    """Replicas for a target in amounts a pod (thousandths). Raises `MetricsError`. Follows calcPlainMetricReplicas."""
    groups = group_pods(pods, metrics, resource, now_us)
    counted = _without(metrics, groups)

    def ratio(amounts: dict[str, int]) -> float:
        return sum(amounts.values()) // len(amounts) / target

    fallback = dict.fromkeys(groups.missing, target)
    replicas = _replicas(groups, counted, ratio(counted), ratio, fallback, current)
    return Proposal(replicas, None, sum(counted.values()) // len(counted))


def _without(metrics: dict[str, int], groups: Groups) -> dict[str, int]:
    left = {name: amount for name, amount in metrics.items() if name not in groups.unready + groups.ignored}
    if not left:
        raise MetricsError("did not receive metrics for targeted pods (pods might be unready)")
    return left


def _replicas(
    groups: Groups,
    counted: dict[str, int],
    usage_ratio: float,
    ratio: Ratio,
    fallback: dict[str, int],
    current: int,
) -> int:
    """The number of replicas that brings usage to the target, or the present one where the change would be too small.

    Pods that were not measured are taken to use all of the target where replicas would go, and nothing where they would
    come; pods that are not ready, to use nothing where replicas would come.
    """
    up_with_unready = bool(groups.unready) and usage_ratio > 1.0
    if not up_with_unready and not groups.missing:
        if abs(1.0 - usage_ratio) <= TOLERANCE:
            return current
        return math.ceil(usage_ratio * groups.ready)
    amounts = dict(counted)
    if groups.missing and usage_ratio < 1.0:
        amounts.update(fallback)
    elif groups.missing and usage_ratio > 1.0:
        amounts.update(dict.fromkeys(groups.missing, 0))
    if up_with_unready:
        amounts.update(dict.fromkeys(groups.unready, 0))
    new_ratio = ratio(amounts)
    turned = (usage_ratio < 1.0 < new_ratio) or (usage_ratio > 1.0 > new_ratio)
    if abs(1.0 - new_ratio) <= TOLERANCE or turned:
        return current
    replicas = math.ceil(new_ratio * len(amounts))
    if (new_ratio < 1.0 and replicas > current) or (new_ratio > 1.0 and replicas < current):
        return current
    return replicas
