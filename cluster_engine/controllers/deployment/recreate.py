"""The strategy Recreate: first all old pods away, then all new ones. Follows pkg/controller/deployment/recreate.go."""

from __future__ import annotations

from cluster_engine.apimachinery.meta import Obj
from cluster_engine.controllers.common.pods import phase_of
from cluster_engine.controllers.deployment import util
from cluster_engine.controllers.deployment.progress import sync_rollout_status
from cluster_engine.controllers.deployment.rollout import Rollout
from cluster_engine.controllers.deployment.sync import (
    cleanup_deployment,
    get_all_replica_sets_and_sync_revision,
    scale_replica_set_and_record_event,
)


def rollout_recreate(rollout: Rollout, pods_by_rs: dict[str, list[Obj]]) -> None:
    """One step of the strategy; `pods_by_rs` has all pods, finished ones too, by the uid of their ReplicaSet."""
    get_all_replica_sets_and_sync_revision(rollout, create_if_not_existed=False)
    if _scale_down_old(rollout):
        sync_rollout_status(rollout)
        return
    if _old_pods_running(rollout, pods_by_rs):
        rollout.wait("recreate: old pods are still there; the new ReplicaSet waits for them to go")
        sync_rollout_status(rollout)
        return
    if rollout.new_rs is None:
        get_all_replica_sets_and_sync_revision(rollout, create_if_not_existed=True)
    if rollout.new_rs is not None:
        scale_replica_set_and_record_event(rollout, rollout.new_rs, util.replicas_of(rollout.d))
    if util.deployment_complete(rollout.d, util.status_of(rollout.d)):
        cleanup_deployment(rollout)
    sync_rollout_status(rollout)


def _scale_down_old(rollout: Rollout) -> bool:
    scaled = False
    for rs in util.filter_active(rollout.old_rss):
        rollout.note(f"recreate: {rs['metadata']['name']} goes from {util.replicas_of(rs)} to 0")
        scaled |= scale_replica_set_and_record_event(rollout, rs, 0)[0]
    return scaled


def _old_pods_running(rollout: Rollout, pods_by_rs: dict[str, list[Obj]]) -> bool:
    """Whether a pod of an old ReplicaSet is there that has not finished; one that is being deleted still is there."""
    if util.status_count(rollout.old_rss, "replicas") > 0:
        return True
    new_uid = rollout.new_rs["metadata"]["uid"] if rollout.new_rs is not None else None
    return any(
        phase_of(pod) not in ("Failed", "Succeeded")
        for uid, pods in pods_by_rs.items()
        if uid != new_uid
        for pod in pods
    )
