"""Reads the scale and the metrics, decides, and writes. Follows pkg/controller/podautoscaler/horizontal.go.

The real one looks at each object every fifteen seconds. Here an object is looked at on those of these moments at which
something may have changed: its spec, its pods, their usage, or the age of what it remembers.
"""

from __future__ import annotations

from typing import Any

from cluster_engine.apimachinery import quantity
from cluster_engine.apimachinery.errors import ApiError
from cluster_engine.apimachinery.gotext import quote
from cluster_engine.apimachinery.labels import LabelSelectorError, Selector, parse
from cluster_engine.apimachinery.meta import Obj, annotations_of, dig, key_of, labels_of, namespace_of
from cluster_engine.client.controller import Controller, ControllerContext
from cluster_engine.client.informer import EventType
from cluster_engine.client.recorder import EventRecorder
from cluster_engine.clock import SECOND_US
from cluster_engine.controllers.common.pods import is_pod_ready, phase_of
from cluster_engine.controllers.horizontalpodautoscaler import calculator, limits
from cluster_engine.controllers.horizontalpodautoscaler.conditions import StatusDraft
from cluster_engine.controllers.horizontalpodautoscaler.metrics import (
    USAGE_ANNOTATION,
    MetricsError,
    PodUsage,
    annotated_usage,
    has_usage,
    resource_metrics,
)
from cluster_engine.trace import Cause

RESOURCE = "horizontalpodautoscalers.autoscaling"
SYNC_PERIOD_US = 15 * SECOND_US
MEASURED = "measured"
_CANNOT_GET = "the HPA controller was unable to get the target's current scale: "


class HorizontalController(Controller):
    """One key is one HorizontalPodAutoscaler. `usage` says what a pod uses; by default what its annotations say."""

    usage: PodUsage = staticmethod(annotated_usage)

    def __init__(self, context: ControllerContext) -> None:
        super().__init__("horizontal-pod-autoscaler-controller", context)
        self.recorder = EventRecorder(context.client, context.clock, context.trace, "horizontal-pod-autoscaler")
        self.scheme = self.client.server.scheme
        self.histories: dict[str, limits.History] = {}
        self._selectors: dict[str, Selector] = {}
        self.autoscalers = self.informer(RESOURCE)
        self.pods = self.informer("pods")
        self.pods.add_index(MEASURED, lambda pod: [MEASURED] if has_usage(pod) else [])
        self.autoscalers.add_handler(self._on_autoscaler)
        self.pods.add_handler(self._on_pod)

    def _on_autoscaler(self, type_: EventType, hpa: Obj, old: Obj | None, cause: Cause) -> None:
        if type_ == "DELETED":
            self.histories.pop(key_of(hpa), None)
            self._selectors.pop(key_of(hpa), None)
        elif old is None or old["spec"] != hpa["spec"]:
            self._look_soon(key_of(hpa), cause)

    def _on_pod(self, type_: EventType, pod: Obj, old: Obj | None, cause: Cause) -> None:
        if not len(self.autoscalers) or (type_ == "MODIFIED" and old is not None and _alike(old, pod)):
            return
        for hpa in self.autoscalers.by_index("namespace", namespace_of(pod)):
            selector = self._selectors.get(key_of(hpa))
            if selector is None or selector.matches(labels_of(pod)):
                self._look_soon(key_of(hpa), cause)

    def _look_soon(self, key: str, cause: Cause) -> None:
        """At the next of the moments that are fifteen seconds apart."""
        now_us = self.clock.now_us
        next_us = (now_us // SYNC_PERIOD_US + 1) * SYNC_PERIOD_US
        self.queue.add_after(key, (next_us - now_us) / SECOND_US, cause)

    def sync(self, key: str) -> None:
        """Follows reconcileAutoscaler."""
        hpa = self.autoscalers.get(key)
        if hpa is None:
            return
        draft = StatusDraft(hpa, self.clock.rfc3339())
        try:
            self._reconcile(key, hpa, draft)
        finally:
            status = draft.status()
            if status != hpa.get("status"):
                self.client.update_status(RESOURCE, {**hpa, "status": status})

    # The scale of the target.

    def _scale(self, hpa: Obj) -> tuple[str, Obj]:
        """(resource, scale) of the target. Raises `ApiError`."""
        target = hpa["spec"]["scaleTargetRef"]
        resource = self.scheme.for_kind(target.get("apiVersion", "v1"), target["kind"])
        if resource is None:
            version = target.get("apiVersion", "")
            raise ApiError(404, "NotFound", f"no matches for kind {quote(target['kind'])} in version {quote(version)}")
        scale = self.client.get(resource.group_resource, target["name"], namespace_of(hpa), subresource="scale")
        return resource.group_resource, scale

    def _reconcile(self, key: str, hpa: Obj, draft: StatusDraft) -> None:
        spec = hpa["spec"]
        try:
            resource, scale = self._scale(hpa)
        except ApiError as error:
            self.recorder.event(hpa, "Warning", "FailedGetScale", error.message)
            draft.set("AbleToScale", "False", "FailedGetScale", _CANNOT_GET + error.message)
            return
        message = "the HPA controller was able to get the target's current scale"
        draft.set("AbleToScale", "True", "SucceededGetScale", message)
        current: int = dig(scale, "spec", "replicas", default=0)
        history = self.histories.get(key)
        if history is None:
            history = self.histories[key] = limits.History()
            history.recommend(current, self.clock.now_us, limits.DOWNSCALE_STABILIZATION_SECONDS)
        low, high = spec.get("minReplicas", 1), spec["maxReplicas"]
        wanted, reason = current, ""
        if current == 0 and low != 0:
            message = "scaling is disabled since the replica count of the target is zero"
            draft.set("ScalingActive", "False", "ScalingDisabled", message)
        elif current > high:
            wanted, reason = high, "Current number of replicas above Spec.MaxReplicas"
        elif current < low:
            wanted, reason = low, "Current number of replicas below Spec.MinReplicas"
        else:
            found = self._by_metrics(key, hpa, scale, current, draft)
            if found is None:
                return
            wanted, reason = self._normalize(key, hpa, history, current, found, draft)
        draft.desired_replicas = current
        draft.current_replicas = current
        if wanted != current:
            self._rescale(hpa, resource, scale, history, current, wanted, reason, draft)

    # What the metrics ask for.

    def _by_metrics(self, key: str, hpa: Obj, scale: Obj, current: int, draft: StatusDraft) -> tuple[int, str] | None:
        """(the most replicas that a metric asks for, that metric's name); None where no metric could be read.

        Follows computeReplicasForMetrics.
        """
        text = dig(scale, "status", "selector", default="")
        if not text:
            self.recorder.event(hpa, "Warning", "SelectorRequired", "selector is required")
            message = "the HPA target's scale is missing a selector"
            draft.set("ScalingActive", "False", "InvalidSelector", message)
            return None
        try:
            selector = self._selectors[key] = parse(text)
        except LabelSelectorError:
            return None
        namespaced = self.pods.by_index("namespace", namespace_of(hpa))
        pods = [pod for pod in namespaced if selector.matches(labels_of(pod))]
        best: tuple[int, str] | None = None
        first_error, failed = "", 0
        statuses: list[Obj] = []
        for metric in hpa["spec"].get("metrics") or ():
            try:
                replicas, name, status = self._by_metric(hpa, metric, pods, current, draft, first=not failed)
            except MetricsError as error:
                first_error, failed = first_error or str(error), failed + 1
                continue
            statuses.append(status)
            if best is None or replicas > best[0]:
                best = (replicas, name)
        self._look_when_settled(key, pods)
        count = len(hpa["spec"].get("metrics") or ())
        if best is None or (failed and best[0] < current):
            # With a metric missing nobody knows whether fewer replicas would do.
            draft.current_replicas, draft.desired_replicas = current, dig(hpa, "status", "desiredReplicas", default=0)
            draft.metrics = statuses
            message = f"invalid metrics ({failed} invalid out of {count}), first error is: {first_error}"
            self.recorder.event(hpa, "Warning", "FailedComputeMetricsReplicas", message)
            return None
        message = f"the HPA was able to successfully calculate a replica count from {best[1]}"
        draft.set("ScalingActive", "True", "ValidMetricFound", message)
        draft.metrics = statuses
        return best

    def _by_metric(
        self, hpa: Obj, metric: Obj, pods: list[Obj], current: int, draft: StatusDraft, *, first: bool
    ) -> tuple[int, str, Obj]:
        """(replicas, name of the metric, its status). Raises `MetricsError`, after an event."""
        kind = metric["type"]
        if kind not in ("Resource", "ContainerResource"):
            word = {"Pods": "pods", "Object": "object", "External": "external"}.get(kind, kind.lower())
            why = (
                "unable to get metric: unable to fetch metrics from custom metrics API: "
                "no custom metrics API (custom.metrics.k8s.io) registered"
            )
            self._fail(hpa, f"FailedGet{kind}Metric", why, draft, first=first)
            raise MetricsError(f"failed to get {word} metric value: {why}")
        source = metric["resource" if kind == "Resource" else "containerResource"]
        name, target = source["name"], source["target"]
        try:
            proposal = self._propose(source, pods, current)
        except MetricsError as error:
            what = (
                f"failed to get {name} utilization" if "averageUtilization" in target else f"failed to get {name} usage"
            )
            why = f"{what}: {error}"
            self._fail(hpa, f"FailedGet{kind}Metric", why, draft, first=first)
            prefix = f"failed to get {name} {'container ' if kind != 'Resource' else ''}resource metric value"
            raise MetricsError(f"{prefix}: {why}") from None
        shown: Obj = {"averageValue": _shown(proposal.average, name)}
        if proposal.utilization is not None:
            shown["averageUtilization"] = proposal.utilization
            words = f"{name} resource utilization (percentage of request)"
        else:
            words = f"{name} resource"
        status: dict[str, Any] = {"type": kind}
        if kind == "Resource":
            status["resource"] = {"name": name, "current": shown}
        else:
            words = words.replace(" resource", f" container resource of container {source['container']}", 1)
            status["containerResource"] = {"name": name, "container": source["container"], "current": shown}
        used = f"{proposal.utilization}% of requests" if proposal.utilization is not None else shown["averageValue"]
        self.trace.note(f"{name}: {used} a pod on average: {proposal.replicas} replicas for {current}")
        return proposal.replicas, words, status

    def _propose(self, source: Obj, pods: list[Obj], current: int) -> calculator.Proposal:
        name, target, now_us = source["name"], source["target"], self.clock.now_us
        try:
            served = self.pods.count(MEASURED, MEASURED) > 0 or self.usage is not annotated_usage
            metrics = resource_metrics(pods, name, self.usage, served=served)
        except MetricsError as error:
            raise MetricsError(f"unable to get metrics for resource {name}: {error}") from None
        if "averageUtilization" in target:
            requests = calculator.pod_requests(pods, name, source.get("container", ""))
            percent = target["averageUtilization"]
            return calculator.by_utilization(pods, metrics, requests, name, percent, current, now_us)
        amount = quantity.milli_value(target["averageValue"])
        return calculator.by_average(pods, metrics, name, amount, current, now_us)

    def _fail(self, hpa: Obj, reason: str, why: str, draft: StatusDraft, *, first: bool) -> None:
        self.recorder.event(hpa, "Warning", reason, why)
        if first:
            message = f"the HPA was unable to compute the replica count: {why}"
            draft.set("ScalingActive", "False", reason, message)

    def _look_when_settled(self, key: str, pods: list[Obj]) -> None:
        """Comes back when pods that have just become ready begin to count."""
        when_us = calculator.settled_us(pods, self.clock.now_us)
        if when_us is not None:
            self._look_at(key, when_us, "usage of pods that have just started")

    def _look_at(self, key: str, when_us: int, why: str) -> None:
        due_us = -(-when_us // SYNC_PERIOD_US) * SYNC_PERIOD_US
        self.queue.add_after(key, (due_us - self.clock.now_us) / SECOND_US, Cause("timer", f"{why} under {key}"))

    # What is made of it.

    def _normalize(
        self, key: str, hpa: Obj, history: limits.History, current: int, found: tuple[int, str], draft: StatusDraft
    ) -> tuple[int, str]:
        """(replicas, the reason of a change) after stabilisation, rates and bounds."""
        wanted, metric = found
        spec, now_us = hpa["spec"], self.clock.now_us
        reason = f"{metric} above target" if wanted > current else "All metrics below target"
        low, high, behavior = spec.get("minReplicas", 1), spec["maxReplicas"], spec.get("behavior")
        history.hold(now_us - SYNC_PERIOD_US)
        if behavior is None:
            result = limits.normalize(history, current, wanted, low, high, now_us)
            window = limits.DOWNSCALE_STABILIZATION_SECONDS
        else:
            result = limits.normalize_with_behavior(history, behavior, current, wanted, low, high, now_us)
            up, down = behavior["scaleUp"], behavior["scaleDown"]
            window = max(
                up.get("stabilizationWindowSeconds") or 0,
                down.get("stabilizationWindowSeconds", limits.DOWNSCALE_STABILIZATION_SECONDS),
            )
        draft.set("AbleToScale", *result.able)
        draft.set("ScalingLimited", *result.limited)
        if result.replicas != wanted:
            self.trace.note(
                f"{wanted} replicas are recommended, {result.replicas} it is: {result.able[1]}, {result.limited[1]}"
            )
        if wanted != result.replicas and low <= wanted <= high:
            # Held back by time: it goes on when what is remembered has grown old enough.
            oldest_us = min(when_us for _, when_us in history.recommendations)
            stabilized = result.able[1] in ("ScaleDownStabilized", "ScaleUpStabilized")
            due_us = oldest_us + window * SECOND_US + 1 if stabilized else now_us + 1
            self._look_at(key, due_us, "stabilisation" if stabilized else "scale rate")
        return result.replicas, reason

    def _rescale(
        self,
        hpa: Obj,
        resource: str,
        scale: Obj,
        history: limits.History,
        current: int,
        wanted: int,
        reason: str,
        draft: StatusDraft,
    ) -> None:
        key = key_of(hpa)
        body = {**scale, "spec": {**(scale.get("spec") or {}), "replicas": wanted}}
        try:
            self.client.update(resource, body, subresource="scale")
        except ApiError as error:
            message = f"New size: {wanted}; reason: {reason}; error: {error.message}"
            self.recorder.event(hpa, "Warning", "FailedRescale", message)
            message = f"the HPA controller was unable to update the target scale: {error.message}"
            draft.set("AbleToScale", "False", "FailedUpdateScale", message)
            raise
        message = f"the HPA controller was able to update the target scale to {wanted}"
        draft.set("AbleToScale", "True", "SucceededRescale", message)
        self.recorder.event(hpa, "Normal", "SuccessfulRescale", f"New size: {wanted}; reason: {reason}")
        self.trace.note(f"{current} replicas become {wanted}: {reason}")
        if hpa["spec"].get("behavior") is not None:
            history.scaled(current, wanted, hpa["spec"]["behavior"], self.clock.now_us)
        draft.desired_replicas, draft.rescaled = wanted, True
        self._look_soon(key, Cause("timer", f"after the change of {key}"))


def _shown(milli: int, resource: str) -> str:
    """An amount in thousandths as the status has it."""
    if resource == "memory" and milli % 1000 == 0:
        return str(quantity.Quantity(milli // 1000 * quantity.NANO, "BinarySI"))
    return str(quantity.Quantity(milli * 10**6))


def _alike(old: Obj, new: Obj) -> bool:
    """Whether a change of a pod is nothing to an autoscaler."""
    before, after = annotations_of(old), annotations_of(new)
    return (
        is_pod_ready(old) == is_pod_ready(new)
        and phase_of(old) == phase_of(new)
        and old["metadata"].get("deletionTimestamp") == new["metadata"].get("deletionTimestamp")
        and all(before.get(name) == after.get(name) for name in USAGE_ANNOTATION.values())
    )
