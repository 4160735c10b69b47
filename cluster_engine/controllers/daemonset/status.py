"""The status of a DaemonSet. Follows updateDaemonSetStatus of pkg/controller/daemon/daemon_controller.go."""

from __future__ import annotations

from cluster_engine.apimachinery.errors import ApiError
from cluster_engine.apimachinery.meta import Obj, annotations_of
from cluster_engine.client.client import Client
from cluster_engine.controllers.common.pods import is_pod_ready
from cluster_engine.controllers.daemonset.manage import Situation, age_key
from cluster_engine.controllers.daemonset.revisions import GENERATION_ANNOTATION, is_pod_updated

RESOURCE = "daemonsets.apps"
STATUS_UPDATE_RETRIES = 1
# Always there, even when they are 0.
_REQUIRED = ("currentNumberScheduled", "desiredNumberScheduled", "numberMisscheduled", "numberReady")


def calculate_status(situation: Situation, collision_count: int | None, *, observed: bool) -> Obj:
    """The status that the DaemonSet should have; `observed` says whether its present spec was acted on."""
    ds = situation.ds
    generation = annotations_of(ds).get(GENERATION_ANNOTATION)
    counts = dict.fromkeys((*_REQUIRED, "numberAvailable", "numberUnavailable", "updatedNumberScheduled"), 0)
    for node, verdict in situation.verdicts.items():
        pods = situation.pods.get(node)
        if not verdict.run:
            counts["numberMisscheduled"] += bool(pods)
            continue
        counts["desiredNumberScheduled"] += 1
        if not pods:
            continue
        counts["currentNumberScheduled"] += 1
        pod = min(pods, key=age_key)
        if is_pod_ready(pod):
            counts["numberReady"] += 1
            counts["numberAvailable"] += situation.available(pod)
        counts["updatedNumberScheduled"] += is_pod_updated(pod, situation.hash, generation)
    counts["numberUnavailable"] = counts["desiredNumberScheduled"] - counts["numberAvailable"]
    old = ds.get("status") or {}
    seen = ds["metadata"].get("generation", 0) if observed else old.get("observedGeneration", 0)
    status: Obj = {name: count for name, count in counts.items() if count or name in _REQUIRED}
    if seen:
        status["observedGeneration"] = seen
    if collision_count is not None:
        status["collisionCount"] = collision_count
    if old.get("conditions"):
        status["conditions"] = old["conditions"]
    return status


def update_daemon_set_status(client: Client, ds: Obj, status: Obj) -> Obj:
    """Writes the status unless it is what the DaemonSet has already; a conflict is tried once more."""
    if status == ds.get("status"):
        return ds
    for attempt in range(STATUS_UPDATE_RETRIES + 1):
        try:
            return client.update_status(RESOURCE, {**ds, "status": status})
        except ApiError:
            if attempt == STATUS_UPDATE_RETRIES:
                raise
            ds = client.get(RESOURCE, ds["metadata"]["name"], ds["metadata"]["namespace"])
    return ds
