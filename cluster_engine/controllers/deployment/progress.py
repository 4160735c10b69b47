"""Whether a rollout gets on. Follows pkg/controller/deployment/progress.go."""

from __future__ import annotations

from cluster_engine.apimachinery.meta import Obj, get_condition
from cluster_engine.apimachinery.times import parse_time
from cluster_engine.clock import SECOND_US
from cluster_engine.controllers.common.conditions import remove_condition, set_condition
from cluster_engine.controllers.deployment import util
from cluster_engine.controllers.deployment.rollout import Rollout
from cluster_engine.controllers.deployment.sync import calculate_status, with_conditions
from cluster_engine.controllers.deployment.util import PROGRESSING, status_of


def sync_rollout_status(rollout: Rollout) -> None:
    """Writes the status during a rollout, with what can be said of its progress."""
    d = rollout.d
    new_status = calculate_status(rollout)
    conditions: list[Obj] = new_status.get("conditions", [])
    if not util.has_progress_deadline(d):
        conditions = remove_condition(conditions, PROGRESSING)
    current = get_condition(status_of(d).get("conditions"), PROGRESSING)
    # With one active ReplicaSet that was complete already, this is no rollout, and there is no progress to judge.
    complete_before = (
        new_status.get("replicas", 0) == new_status.get("updatedReplicas", 0)
        and current is not None
        and current.get("reason") == util.NEW_RS_AVAILABLE
    )
    if util.has_progress_deadline(d) and not complete_before:
        conditions = _judge(rollout, new_status, conditions, current)
    failure = _replica_failure(rollout)
    if failure is not None:
        conditions = set_condition(conditions, failure)
    else:
        conditions = remove_condition(conditions, util.REPLICA_FAILURE)
    new_status = with_conditions(new_status, conditions)
    if new_status == status_of(d):
        rollout.check_after_seconds = _check_after(rollout, new_status)
        return
    rollout.update_status(d, new_status)


def _judge(rollout: Rollout, new_status: Obj, conditions: list[Obj], current: Obj | None) -> list[Obj]:
    """The conditions with that of the progress: complete, progressing, or out of time."""
    d, now = rollout.d, rollout.now()
    name = rollout.new_rs["metadata"]["name"] if rollout.new_rs is not None else rollout.name
    subject = f'ReplicaSet "{name}"' if rollout.new_rs is not None else f'Deployment "{name}"'
    if util.deployment_complete(d, new_status):
        rollout.note(f"complete: all {util.replicas_of(d)} pods are of {subject} and available")
        message = f"{subject} has successfully progressed."
        return set_condition(conditions, util.new_condition(PROGRESSING, "True", util.NEW_RS_AVAILABLE, message, now))
    if util.deployment_progressing(d, new_status):
        message = f"{subject} is progressing."
        condition = util.new_condition(PROGRESSING, "True", util.REPLICA_SET_UPDATED, message, now)
        if current is not None and current["status"] == "True":
            condition["lastTransitionTime"] = current["lastTransitionTime"]
        # Progress renews lastUpdateTime even where the reason stays, hence away with the old one first.
        return [*remove_condition(conditions, PROGRESSING), condition]
    if util.deployment_timed_out(d, {"conditions": conditions}, rollout.context.clock.now_us):
        rollout.note(f"no progress for {d['spec']['progressDeadlineSeconds']} s: the deadline is exceeded")
        message = f"{subject} has timed out progressing."
        return set_condition(conditions, util.new_condition(PROGRESSING, "False", util.TIMED_OUT, message, now))
    return conditions


def _replica_failure(rollout: Rollout) -> Obj | None:
    """The failure that a ReplicaSet reports, the new one's first, as a condition of the Deployment."""
    for rs in [rollout.new_rs, *rollout.old_rss]:
        found = get_condition(status_of(rs).get("conditions"), util.REPLICA_FAILURE) if rs is not None else None
        if found is not None:
            return {**found, "lastUpdateTime": found["lastTransitionTime"]}
    return None


def _check_after(rollout: Rollout, new_status: Obj) -> float | None:
    """In how many seconds a Deployment that may be stuck has to be looked at again. Follows requeueStuckDeployment."""
    d = rollout.d
    current = get_condition(status_of(d).get("conditions"), PROGRESSING)
    if not util.has_progress_deadline(d) or current is None:
        return None
    # One that was complete never times out (see `util.deployment_timed_out`), whatever becomes of its pods.
    if util.deployment_complete(d, new_status) or current.get("reason") in (util.TIMED_OUT, util.NEW_RS_AVAILABLE):
        return None
    deadline_us = parse_time(current["lastUpdateTime"]) + d["spec"]["progressDeadlineSeconds"] * SECOND_US
    left_us = deadline_us - rollout.context.clock.now_us
    # A second more, since lastUpdateTime is known to the second only.
    return 0 if left_us < SECOND_US else left_us / SECOND_US + 1
