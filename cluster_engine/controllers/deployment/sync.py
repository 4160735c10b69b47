"""Finding and making ReplicaSets, scaling them, cleaning up, the status. Follows pkg/controller/deployment/sync.go."""

from __future__ import annotations

from cluster_engine.apimachinery.errors import ApiError
from cluster_engine.apimachinery.hash import template_hash
from cluster_engine.apimachinery.meta import (
    Obj,
    annotations_of,
    controlled_by,
    deleting,
    get_condition,
    owner_reference,
    with_meta,
)
from cluster_engine.controllers.common.conditions import set_condition
from cluster_engine.controllers.common.pod_control import is_namespace_terminating
from cluster_engine.controllers.deployment import rs_annotations, util
from cluster_engine.controllers.deployment.rollout import Rollout
from cluster_engine.controllers.deployment.util import PROGRESSING, replicas_of, status_of


def sync_status_only(rollout: Rollout) -> None:
    """For a Deployment that is being deleted: nothing but its status."""
    get_all_replica_sets_and_sync_revision(rollout, create_if_not_existed=False)
    sync_deployment_status(rollout)


def sync(rollout: Rollout) -> None:
    """For a Deployment that is paused or has been scaled: sizes change, the template does not roll out."""
    get_all_replica_sets_and_sync_revision(rollout, create_if_not_existed=False)
    scale(rollout)
    if rollout.d["spec"].get("paused"):
        cleanup_deployment(rollout)
    sync_deployment_status(rollout)


def check_paused_conditions(rollout: Rollout) -> None:
    """Says that a Deployment is paused or resumed, so that the time of the pause does not count as lack of progress."""
    d = rollout.d
    if not util.has_progress_deadline(d):
        return
    current = get_condition(status_of(d).get("conditions"), PROGRESSING)
    if current is not None and current.get("reason") == util.TIMED_OUT:
        return
    said_paused = current is not None and current.get("reason") == util.PAUSED
    paused = bool(d["spec"].get("paused"))
    if paused and not said_paused:
        _set_progress(rollout, "Unknown", util.PAUSED, "Deployment is paused")
    elif not paused and said_paused:
        _set_progress(rollout, "Unknown", util.RESUMED, "Deployment is resumed")


def _set_progress(rollout: Rollout, status: str, reason: str, message: str) -> None:
    condition = util.new_condition(PROGRESSING, status, reason, message, rollout.now())
    conditions = status_of(rollout.d).get("conditions") or []
    rollout.set_status(conditions=set_condition(conditions, condition))


# Which ReplicaSet is the new one.


def get_all_replica_sets_and_sync_revision(rollout: Rollout, *, create_if_not_existed: bool) -> None:
    """Sorts the ReplicaSets into the new one (made where it is missing and that is asked for) and the old ones.

    The new one gets the highest revision, the Deployment's annotations and its minReadySeconds; the Deployment gets the
    revision.
    """
    existing = find_new_replica_set(rollout.d, rollout.rs_list)
    rollout.old_rss = [rs for rs in rollout.rs_list if rs is not existing]
    new_revision = rs_annotations.max_revision(rollout.old_rss) + 1
    if existing is not None:
        rollout.new_rs = _sync_existing_new_replica_set(rollout, existing, new_revision)
    elif create_if_not_existed:
        rollout.new_rs = _create_new_replica_set(rollout, new_revision)
    else:
        rollout.new_rs = None
    if rollout.new_rs is not None and existing is not rollout.new_rs:
        rollout.rs_list = [*rollout.old_rss, rollout.new_rs]


def find_new_replica_set(d: Obj, rs_list: list[Obj]) -> Obj | None:
    """The oldest ReplicaSet with the Deployment's template."""
    template = d["spec"]["template"]
    same = [rs for rs in rs_list if util.equal_ignore_hash(rs["spec"]["template"], template)]
    return min(same, key=util.by_creation, default=None)


def _sync_existing_new_replica_set(rollout: Rollout, rs: Obj, new_revision: int) -> Obj:
    d = rollout.d
    has = annotations_of(rs)
    wanted = rs_annotations.new_replica_set_annotations(d, has, new_revision)
    min_ready_seconds = d["spec"].get("minReadySeconds", 0)
    if wanted != has or rs["spec"].get("minReadySeconds", 0) != min_ready_seconds:
        spec = {**rs["spec"], "minReadySeconds": min_ready_seconds}
        if not min_ready_seconds:
            del spec["minReadySeconds"]
        if wanted.get(rs_annotations.REVISION) != has.get(rs_annotations.REVISION):
            rollout.note(f"ReplicaSet {rs['metadata']['name']} becomes revision {wanted[rs_annotations.REVISION]}")
        return rollout.client.update("replicasets.apps", {**with_meta(rs, annotations=wanted), "spec": spec})
    conditions = status_of(d).get("conditions") or []
    revised = _with_revision(d, has.get(rs_annotations.REVISION, ""))
    if util.has_progress_deadline(d) and get_condition(conditions, PROGRESSING) is None:
        message = f'Found new replica set "{rs["metadata"]["name"]}"'
        condition = util.new_condition(PROGRESSING, "True", util.FOUND_NEW_RS, message, rollout.now())
        rollout.update_status(revised, {**status_of(d), "conditions": set_condition(conditions, condition)})
    elif revised is not d:
        rollout.update_status(revised, status_of(d))
    return rs


def _with_revision(d: Obj, revision: str) -> Obj:
    has = annotations_of(d)
    if has.get(rs_annotations.REVISION, "") == revision:
        return d
    return with_meta(d, annotations={**has, rs_annotations.REVISION: revision})


def _create_new_replica_set(rollout: Rollout, new_revision: int) -> Obj:
    """Makes the ReplicaSet of the Deployment's template, as large as the strategy allows at once."""
    new_rs = _new_replica_set(rollout, new_revision)
    name, size = new_rs["metadata"]["name"], replicas_of(new_rs)
    created, existed = _create_or_find(rollout, new_rs)
    d = rollout.d
    if not existed:
        rollout.note(f"no ReplicaSet has this template: creates {name}, revision {new_revision}, {size} replicas")
        if size > 0:
            rollout.event("Normal", "ScalingReplicaSet", f"Scaled up replica set {name} from 0 to {size}")
    revised = _with_revision(d, str(new_revision))
    if not existed and util.has_progress_deadline(d):
        message = f'Created new replica set "{name}"'
        condition = util.new_condition(PROGRESSING, "True", util.NEW_REPLICA_SET, message, rollout.now())
        conditions = set_condition(status_of(d).get("conditions") or [], condition)
        rollout.update_status(revised, {**status_of(d), "conditions": conditions})
    elif revised is not d:
        rollout.update_status(revised, status_of(d))
    return created


def _new_replica_set(rollout: Rollout, new_revision: int) -> Obj:
    d = rollout.d
    spec, template = d["spec"], d["spec"]["template"]
    hash_ = template_hash(template, status_of(d).get("collisionCount"))
    labels = {**((template.get("metadata") or {}).get("labels") or {}), util.POD_TEMPLATE_HASH: hash_}
    selector = spec.get("selector") or {}
    match_labels = {**(selector.get("matchLabels") or {}), util.POD_TEMPLATE_HASH: hash_}
    new_rs: Obj = {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {
            "name": util.replica_set_name(rollout.name, hash_),
            "namespace": d["metadata"]["namespace"],
            "labels": labels,
            "ownerReferences": [owner_reference(d)],
        },
        "spec": {
            "replicas": 0,
            "selector": {**selector, "matchLabels": match_labels},
            "template": {**template, "metadata": {**(template.get("metadata") or {}), "labels": labels}},
        },
    }
    if spec.get("minReadySeconds"):
        new_rs["spec"]["minReadySeconds"] = spec["minReadySeconds"]
    new_rs["spec"]["replicas"] = util.new_rs_new_replicas(d, [*rollout.old_rss, new_rs], new_rs)
    new_rs["metadata"]["annotations"] = {
        **rs_annotations.new_replica_set_annotations(d, {}, new_revision),
        **rs_annotations.replicas_annotations(replicas_of(d), replicas_of(d) + util.max_surge(d)),
    }
    return new_rs


def _create_or_find(rollout: Rollout, new_rs: Obj) -> tuple[Obj, bool]:
    """(the ReplicaSet, whether it was there). Another one of that name raises the collision count, for a new name."""
    d, name = rollout.d, new_rs["metadata"]["name"]
    try:
        return rollout.client.create("replicasets.apps", new_rs), False
    except ApiError as error:
        if error.reason == "AlreadyExists":
            found = rollout.replica_sets.get(f"{new_rs['metadata']['namespace']}/{name}")
            if found is None:
                raise
            if controlled_by(found, d) and util.equal_ignore_hash(d["spec"]["template"], found["spec"]["template"]):
                return found, True
            collisions = status_of(d).get("collisionCount", 0) + 1
            rollout.note(f"a different ReplicaSet is called {name}: tries another name (collision {collisions})")
            rollout.set_status(collisionCount=collisions)
            raise
        if is_namespace_terminating(error):
            raise
        message = f'Failed to create new replica set "{name}": {error.message}'
        if util.has_progress_deadline(d):
            try:
                _set_progress(rollout, "False", util.FAILED_RS_CREATE, message)
            except ApiError as second:
                rollout.note(f"the status could not be written: {second.message}")
        rollout.event("Warning", util.FAILED_RS_CREATE, message)
        raise


# Sizes.


def is_scaling_event(rollout: Rollout) -> bool:
    """Whether the Deployment wants another number of pods than its ReplicaSets were sized for."""
    get_all_replica_sets_and_sync_revision(rollout, create_if_not_existed=False)
    desired = [rs_annotations.desired_replicas_of(rs) for rs in util.filter_active(rollout.all_rss)]
    return any(number is not None and number != replicas_of(rollout.d) for number in desired)


def scale(rollout: Rollout) -> None:
    """Sizes the ReplicaSets for a new number of replicas, each in proportion, so that a rollout keeps its risk.

    With one that has pods it is that one; where the new one has all of them, the old ones go to 0.
    """
    d, new_rs, old_rss = rollout.d, rollout.new_rs, rollout.old_rss
    desired = replicas_of(d)
    only = util.find_active_or_latest(new_rs, old_rss)
    if only is not None:
        if replicas_of(only) != desired:
            rollout.note(f"scaling: {only['metadata']['name']} goes from {replicas_of(only)} to {desired}")
            scale_replica_set_and_record_event(rollout, only, desired)
        return
    if util.is_saturated(d, new_rs):
        for rs in util.filter_active(old_rss):
            scale_replica_set_and_record_event(rollout, rs, 0)
        return
    if util.is_rolling_update(d):
        for rs, size in proportional_sizes(d, util.filter_active(rollout.all_rss)):
            if size != replicas_of(rs):
                rollout.note(
                    f"proportional scaling to {desired} (+{util.max_surge(d)} surge): "
                    f"{rs['metadata']['name']} goes from {replicas_of(rs)} to {size}"
                )
            scale_replica_set(rollout, rs, size)


def proportional_sizes(d: Obj, active: list[Obj]) -> list[tuple[Obj, int]]:
    """The ReplicaSets, largest first, with the size that each should have; the largest takes what rounding leaves over.

    10 wanted with a surge of 3 and sizes 8 and 5, now 20 wanted: 23 allowed, 10 to add: 8 gets 6, 5 gets 4.
    """
    desired = replicas_of(d)
    allowed = desired + util.max_surge(d) if desired > 0 else 0
    to_add = allowed - util.replica_count(active)
    if to_add > 0:
        active = util.by_size_newer(active)
    elif to_add < 0:
        active = util.by_size_older(active)
    added = 0
    sizes = []
    for rs in active:
        share = util.replica_set_proportion(rs, d, to_add, added) if to_add else 0
        sizes.append(replicas_of(rs) + share)
        added += share
    if to_add and sizes:
        sizes[0] = max(sizes[0] + to_add - added, 0)
    return list(zip(active, sizes))


def scale_replica_set_and_record_event(rollout: Rollout, rs: Obj, size: int) -> tuple[bool, Obj]:
    """Scales unless it has that size; (whether it was scaled, the ReplicaSet as it is then)."""
    return (False, rs) if replicas_of(rs) == size else scale_replica_set(rollout, rs, size)


def scale_replica_set(rollout: Rollout, rs: Obj, size: int) -> tuple[bool, Obj]:
    """Gives the ReplicaSet that size, and notes on it for which size of the Deployment it is."""
    d, before = rollout.d, replicas_of(rs)
    has = annotations_of(rs)
    wanted = {**has, **rs_annotations.replicas_annotations(replicas_of(d), replicas_of(d) + util.max_surge(d))}
    if before == size and wanted == has:
        return False, rs
    changed = {**with_meta(rs, annotations=wanted), "spec": {**rs["spec"], "replicas": size}}
    rs = rollout.client.update("replicasets.apps", changed)
    if before == size:
        return False, rs
    verb = "up" if before < size else "down"
    name = rs["metadata"]["name"]
    rollout.event("Normal", "ScalingReplicaSet", f"Scaled {verb} replica set {name} from {before} to {size}")
    return True, rs


# Cleaning up, and the status.


def cleanup_deployment(rollout: Rollout) -> None:
    """Deletes the oldest of the old ReplicaSets without pods beyond revisionHistoryLimit."""
    limit = rollout.d["spec"].get("revisionHistoryLimit")
    if limit is None or limit == util.MAX_INT32:
        return
    alive = sorted((rs for rs in rollout.old_rss if not deleting(rs)), key=util.by_revision)
    for rs in alive[: max(len(alive) - limit, 0)]:
        meta, status = rs["metadata"], status_of(rs)
        behind = meta.get("generation", 0) > status.get("observedGeneration", 0)
        if status.get("replicas", 0) or replicas_of(rs) or behind:
            continue
        rollout.note(f"history: {len(alive)} old ReplicaSets, {limit} are kept; {meta['name']} is deleted")
        try:
            rollout.client.delete("replicasets.apps", meta["name"], meta["namespace"])
        except ApiError as error:
            if error.code != 404:
                raise


def sync_deployment_status(rollout: Rollout) -> None:
    """Writes the status where it has changed, without judging progress."""
    new_status = calculate_status(rollout)
    if new_status != status_of(rollout.d):
        rollout.update_status(rollout.d, new_status)


def calculate_status(rollout: Rollout) -> Obj:
    """The status that the ReplicaSets' own statuses add up to."""
    d, all_rss = rollout.d, rollout.all_rss
    available = util.status_count(all_rss, "availableReplicas")
    numbers = {
        "observedGeneration": d["metadata"].get("generation", 0),
        "replicas": util.status_count(all_rss, "replicas"),
        "updatedReplicas": util.status_count([rollout.new_rs], "replicas"),
        "readyReplicas": util.status_count(all_rss, "readyReplicas"),
        "availableReplicas": available,
        # While scaling down there may be more available pods than wanted ones.
        "unavailableReplicas": max(util.replica_count(all_rss) - available, 0),
    }
    status: Obj = {field: number for field, number in numbers.items() if number}
    if "collisionCount" in status_of(d):
        status["collisionCount"] = status_of(d)["collisionCount"]
    now = rollout.now()
    if available >= replicas_of(d) - util.max_unavailable(d):
        condition = util.new_condition(
            util.AVAILABLE, "True", "MinimumReplicasAvailable", "Deployment has minimum availability.", now
        )
    else:
        condition = util.new_condition(
            util.AVAILABLE, "False", "MinimumReplicasUnavailable", "Deployment does not have minimum availability.", now
        )
    return with_conditions(status, set_condition(status_of(d).get("conditions") or [], condition))


def with_conditions(status: Obj, conditions: list[Obj]) -> Obj:
    """The status with those conditions, or without the field where there are none."""
    rest = {field: value for field, value in status.items() if field != "conditions"}
    return {**rest, "conditions": conditions} if conditions else rest
