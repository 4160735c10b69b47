"""What the describers of workloads share: the pods of a controller, counted by phase."""

from __future__ import annotations

from cluster_engine.apimachinery import labels
from cluster_engine.apimachinery.meta import Obj, controlled_by
from cluster_engine.kubectl.factory import Factory


def pods_status(factory: Factory, owner: Obj) -> str:
    """`3 Running / 0 Waiting / 0 Succeeded / 0 Failed`."""
    selector = owner["spec"].get("selector")
    text = (
        labels.selector_text(selector)
        if "matchLabels" in (selector or {}) or "matchExpressions" in (selector or {})
        else ""
    )
    if owner["kind"] == "ReplicationController":
        text = ",".join(f"{key}={value}" for key, value in (selector or {}).items())
    counts = {"Running": 0, "Pending": 0, "Succeeded": 0, "Failed": 0}
    for pod in factory.list("pods", owner["metadata"]["namespace"], label_selector=text):
        if controlled_by(pod, owner):
            phase = (pod.get("status") or {}).get("phase", "Pending")
            counts[phase] = counts.get(phase, 0) + 1
    return (
        f"{counts['Running']} Running / {counts['Pending']} Waiting / {counts['Succeeded']} "
        f"Succeeded / {counts['Failed']} Failed"
    )
