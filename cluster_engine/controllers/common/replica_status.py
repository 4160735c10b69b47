"""The status of a ReplicaSet or ReplicationController. Follows pkg/controller/replicaset/replica_set_utils.go."""

from __future__ import annotations

from cluster_engine.apimachinery.errors import ApiError
from cluster_engine.apimachinery.meta import Obj, get_condition
from cluster_engine.client.client import Client
from cluster_engine.controllers.common.conditions import remove_condition, set_condition
from cluster_engine.controllers.common.tally import ReplicaCounts

REPLICA_FAILURE = "ReplicaFailure"
STATUS_UPDATE_RETRIES = 1


def calculate_status(rs: Obj, counts: ReplicaCounts, failure: ApiError | None, now: str) -> Obj:
    """The status that the ReplicaSet should have. `failure`: a refusal met while managing pods; `now`: a timestamp."""
    conditions = _conditions(rs, counts.active, failure, now)
    numbers = {
        "fullyLabeledReplicas": counts.fully_labeled,
        "readyReplicas": counts.ready,
        "availableReplicas": counts.available,
        "observedGeneration": rs["metadata"].get("generation", 0),
    }
    status: Obj = {"replicas": counts.active, **{field: number for field, number in numbers.items() if number}}
    if conditions:
        status["conditions"] = conditions
    return status


def _conditions(rs: Obj, active: int, failure: ApiError | None, now: str) -> list[Obj]:
    conditions: list[Obj] = (rs.get("status") or {}).get("conditions") or []
    present = get_condition(conditions, REPLICA_FAILURE)
    if failure is None:
        return remove_condition(conditions, REPLICA_FAILURE) if present is not None else conditions
    if present is not None:
        return conditions
    condition = {
        "type": REPLICA_FAILURE,
        "status": "True",
        "lastTransitionTime": now,
        "reason": "FailedCreate" if active < rs["spec"].get("replicas", 1) else "FailedDelete",
        "message": failure.message,
    }
    return set_condition(conditions, condition)


def update_replica_status(client: Client, resource: str, rs: Obj, status: Obj) -> Obj:
    """Writes the status unless it is what the object has already; returns the object as it is then.

    A conflict is tried once more on the server's own version; the generation stays the one that was acted on.
    """
    if status == rs.get("status"):
        return rs
    for attempt in range(STATUS_UPDATE_RETRIES + 1):
        try:
            return client.update_status(resource, {**rs, "status": status})
        except ApiError:
            if attempt == STATUS_UPDATE_RETRIES:
                raise
            rs = client.get(resource, rs["metadata"]["name"], rs["metadata"]["namespace"])
    return rs
