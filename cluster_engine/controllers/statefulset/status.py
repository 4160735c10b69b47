"""The status of a StatefulSet. Follows stateful_set_control.go and stateful_set_status_updater.go."""

from __future__ import annotations

from collections.abc import Iterable

from cluster_engine.apimachinery.errors import ApiError
from cluster_engine.apimachinery.meta import Obj
from cluster_engine.client.client import Client
from cluster_engine.controllers.statefulset import util
from cluster_engine.controllers.statefulset.revisions import Revisions

RESOURCE = "statefulsets.apps"
_OMITTED_WHEN_ZERO = ("readyReplicas", "currentReplicas", "updatedReplicas", "observedGeneration")


def compute_status(set_: Obj, revisions: Revisions, pods: Iterable[Obj], now_us: int) -> Obj:
    """The counts over the pods that exist, zeros included; a planned pod does not count."""
    current, update = revisions.current["metadata"]["name"], revisions.update["metadata"]["name"]
    min_ready_seconds = util.min_ready_seconds_of(set_)
    replicas = ready = available = of_current = of_update = 0
    for pod in pods:
        if not util.is_created(pod):
            continue
        replicas += 1
        if util.is_running_and_ready(pod):
            ready += 1
            available += util.is_running_and_available(pod, min_ready_seconds, now_us)
        if not util.is_terminating(pod):
            revision = util.revision_of(pod)
            of_current += revision == current
            of_update += revision == update
    return {
        "observedGeneration": set_["metadata"].get("generation", 0),
        "replicas": replicas,
        "readyReplicas": ready,
        "availableReplicas": available,
        "currentReplicas": of_current,
        "updatedReplicas": of_update,
        "currentRevision": current,
        "updateRevision": update,
        "collisionCount": revisions.collision_count,
    }


def complete_rolling_update(set_: Obj, status: Obj) -> Obj:
    """The status in which the update is the current revision, once all pods are of it and ready."""
    desired = util.replicas_of(set_)
    done = status["updatedReplicas"] == status["readyReplicas"] == status["replicas"] == desired
    if not util.is_rolling_update(set_) or not done:
        return status
    return {
        **status,
        "currentReplicas": status["updatedReplicas"],
        "currentRevision": status["updateRevision"],
    }


def update_stateful_set_status(client: Client, set_: Obj, status: Obj) -> None:
    """Writes the status where it differs; a conflict is tried again on the server's own version."""
    status = complete_rolling_update(set_, status)
    status = {field: value for field, value in status.items() if value or field not in _OMITTED_WHEN_ZERO}
    present = set_.get("status") or {}
    if present.get("conditions"):
        status["conditions"] = present["conditions"]
    if status == present:
        return
    try:
        client.update_status(RESOURCE, {**set_, "status": status})
    except ApiError as error:
        if error.reason != "Conflict":
            raise
        meta = set_["metadata"]
        fresh = client.get(RESOURCE, meta["name"], meta["namespace"])
        client.update_status(RESOURCE, {**fresh, "status": status})
