"""What pods use at present: the part of the resource metrics API that autoscaling needs.

A load is simulated by annotations on pods, `podarium.dev/cpu-usage: 250m` and `podarium.dev/memory-usage: 64Mi`. Where
no pod of the cluster has one, there is no metrics server.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from cluster_engine.apimachinery import quantity
from cluster_engine.apimachinery.meta import Obj, annotations_of

USAGE_ANNOTATION = {"cpu": "podarium.dev/cpu-usage", "memory": "podarium.dev/memory-usage"}
# How long a sample of usage covers, as metrics-server reports it.
WINDOW_SECONDS = 30
NO_METRICS_API = (
    "unable to fetch metrics from resource metrics API: "
    "the server could not find the requested resource (get pods.metrics.k8s.io)"
)
NO_METRICS = "no metrics returned from resource metrics API"

# (pod, resource name) -> usage in thousandths (of a core, of a byte), or None where the pod has not been measured.
PodUsage = Callable[[Obj, str], int | None]


class MetricsError(Exception):
    """Usage that cannot be told; the message is Kubernetes' own."""


def annotated_usage(pod: Obj, resource: str) -> int | None:
    """The usage that the pod's annotation says."""
    text = annotations_of(pod).get(USAGE_ANNOTATION.get(resource, ""))
    if text is None:
        return None
    try:
        return quantity.milli_value(text)
    except quantity.QuantityError:
        return None


def has_usage(pod: Obj) -> bool:
    annotations = annotations_of(pod)
    return bool(annotations) and any(name in annotations for name in USAGE_ANNOTATION.values())


def resource_metrics(pods: Iterable[Obj], resource: str, usage: PodUsage, *, served: bool) -> dict[str, int]:
    """Usage by pod name, of the pods that have been measured. Raises `MetricsError` where there is none at all.

    `served` says whether the cluster has a metrics API. Follows podautoscaler/metrics.GetResourceMetric.
    """
    if not served:
        raise MetricsError(NO_METRICS_API)
    found = {}
    for pod in pods:
        amount = usage(pod, resource)
        if amount is not None:
            found[pod["metadata"]["name"]] = amount
    if not found:
        raise MetricsError(NO_METRICS)
    return found
