"""The strategy RollingUpdate: new pods up and old pods down in turn. Follows pkg/controller/deployment/rolling.go."""

from __future__ import annotations

from cluster_engine.apimachinery.errors import ApiError
from cluster_engine.apimachinery.meta import Obj
from cluster_engine.controllers.deployment import util
from cluster_engine.controllers.deployment.progress import sync_rollout_status
from cluster_engine.controllers.deployment.rollout import Rollout
from cluster_engine.controllers.deployment.sync import (
    cleanup_deployment,
    get_all_replica_sets_and_sync_revision,
    scale_replica_set_and_record_event,
)
from cluster_engine.controllers.deployment.util import replicas_of, status_of


def rollout_rolling(rollout: Rollout) -> None:
    """One step of the strategy: scale up if there is room, else scale down if it is safe, else clean up."""
    get_all_replica_sets_and_sync_revision(rollout, create_if_not_existed=True)
    if _reconcile_new_replica_set(rollout) or _reconcile_old_replica_sets(rollout):
        sync_rollout_status(rollout)
        return
    if util.deployment_complete(rollout.d, status_of(rollout.d)):
        cleanup_deployment(rollout)
    sync_rollout_status(rollout)


def _limits(d: Obj) -> str:
    desired = replicas_of(d)
    most, least = desired + util.max_surge(d), desired - util.max_unavailable(d)
    return f"rolling: {desired} wanted, at most {most} in all, at least {least} available"


def _reconcile_new_replica_set(rollout: Rollout) -> bool:
    """Grows the new ReplicaSet as far as the surge allows, or shrinks it to what is wanted."""
    d, new_rs = rollout.d, rollout.new_rs
    assert new_rs is not None
    current, desired = replicas_of(new_rs), replicas_of(d)
    if current == desired:
        return False
    allowed = desired if current > desired else util.new_rs_new_replicas(d, rollout.all_rss, new_rs)
    if allowed != current:
        verb = "shrinks" if allowed < current else "may grow"
        rollout.note(f"{_limits(d)}; new ReplicaSet {new_rs['metadata']['name']} {verb} from {current} to {allowed}")
    return scale_replica_set_and_record_event(rollout, new_rs, allowed)[0]


def _reconcile_old_replica_sets(rollout: Rollout) -> bool:
    """Shrinks the old ReplicaSets as far as availability allows, pods first that are not available anyway.

    With 10 wanted, 2 may be unavailable and 3 surge: old 8 and new 5, none of the new available: 13 - 8 - 5 = 0 pods
    may go, whatever happens to the old ones. A rollback counts the old as new: 13 - 8 - 0 = 5 of the others may go.
    """
    d, new_rs = rollout.d, rollout.new_rs
    assert new_rs is not None
    old_rss = util.filter_active(rollout.old_rss)
    if not old_rss:
        return False
    min_available = replicas_of(d) - util.max_unavailable(d)
    new_unavailable = replicas_of(new_rs) - status_of(new_rs).get("availableReplicas", 0)
    total = util.replica_count(rollout.all_rss)
    may_go = total - min_available - new_unavailable
    if may_go <= 0:
        rollout.wait(f"{_limits(d)}; of {total} in all {new_unavailable} new ones are not available: no old pod may go")
        return False
    try:
        cleaned = _cleanup_unhealthy_replicas(rollout, old_rss, may_go)
        if cleaned is None:
            return False
        removed = _scale_down_old_replica_sets(rollout, old_rss, new_rs)
    except ApiError as error:
        # As in Kubernetes the status is still reported; the next event tries again.
        rollout.note(f"scaling down failed: {error.message}")
        return False
    return cleaned + removed > 0


def _cleanup_unhealthy_replicas(rollout: Rollout, old_rss: list[Obj], most: int) -> int | None:
    """Takes away old pods that are not available, at most `most`; puts the changed ReplicaSets into `old_rss`.

    Returns how many, or None where a ReplicaSet's status is behind its size and nothing can be said yet.
    """
    old_rss.sort(key=util.by_creation)
    removed = 0
    for index, rs in enumerate(old_rss):
        size = replicas_of(rs)
        unhealthy = size - status_of(rs).get("availableReplicas", 0)
        if removed >= most:
            break
        if size == 0 or unhealthy == 0:
            continue
        count = min(most - removed, unhealthy)
        if count < 0:
            # It has just been scaled down and still reports the pods that have to go.
            rollout.wait(f"{rs['metadata']['name']} still has {-unhealthy} available pods above its size {size}")
            return None
        rollout.note(
            f"{_limits(rollout.d)}; {unhealthy} of {size} pods of old ReplicaSet {rs['metadata']['name']} "
            f"are not available: it shrinks from {size} to {size - count}"
        )
        _, old_rss[index] = scale_replica_set_and_record_event(rollout, rs, size - count)
        removed += count
    return removed


def _scale_down_old_replica_sets(rollout: Rollout, old_rss: list[Obj], new_rs: Obj) -> int:
    """Takes away as many old pods as are available beyond the least number, from the oldest ReplicaSet on."""
    d = rollout.d
    min_available = replicas_of(d) - util.max_unavailable(d)
    available = util.status_count([*old_rss, new_rs], "availableReplicas")
    spare = available - min_available
    if spare <= 0:
        return 0
    removed = 0
    for rs in sorted(old_rss, key=util.by_creation):
        if removed >= spare:
            break
        size = replicas_of(rs)
        if size == 0:
            continue
        count = min(size, spare - removed)
        rollout.note(
            f"{_limits(d)}; {available} are available: old ReplicaSet {rs['metadata']['name']} "
            f"shrinks from {size} to {size - count}"
        )
        scale_replica_set_and_record_event(rollout, rs, size - count)
        removed += count
    return removed
