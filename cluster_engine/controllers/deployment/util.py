"""The arithmetic of Deployments: surge and unavailability, proportions, sums over ReplicaSets, conditions.

Follows pkg/controller/deployment/util/deployment_util.go. Everything here is pure.
"""

from __future__ import annotations

from collections.abc import Iterable

from cluster_engine.apimachinery.intstr import scaled_value
from cluster_engine.apimachinery.meta import Obj, get_condition
from cluster_engine.apimachinery.times import parse_time
from cluster_engine.clock import SECOND_US
from cluster_engine.controllers.deployment import rs_annotations

POD_TEMPLATE_HASH = "pod-template-hash"
MAX_INT32 = 2**31 - 1
MAX_NAME_LENGTH = 253

AVAILABLE, PROGRESSING, REPLICA_FAILURE = "Available", "Progressing", "ReplicaFailure"
# Reasons of the condition Progressing.
REPLICA_SET_UPDATED = "ReplicaSetUpdated"
FAILED_RS_CREATE = "ReplicaSetCreateError"
NEW_REPLICA_SET = "NewReplicaSetCreated"
FOUND_NEW_RS = "FoundNewReplicaSet"
NEW_RS_AVAILABLE = "NewReplicaSetAvailable"
TIMED_OUT = "ProgressDeadlineExceeded"
PAUSED = "DeploymentPaused"
RESUMED = "DeploymentResumed"


def replicas_of(obj: Obj) -> int:
    """What the Deployment or ReplicaSet asks for."""
    return obj["spec"].get("replicas", 1)  # type: ignore[no-any-return]


def status_of(obj: Obj) -> Obj:
    return obj.get("status") or {}


def is_rolling_update(d: Obj) -> bool:
    return bool((d["spec"].get("strategy") or {}).get("type", "RollingUpdate") == "RollingUpdate")


def resolve_fenceposts(max_surge: int | str | None, max_unavailable: int | str | None, desired: int) -> tuple[int, int]:
    """(surge, unavailable) in pods: a percentage of surge is rounded up, one of unavailability down.

    Where both come out as 0 nothing could ever move, so one pod may be unavailable: 0 and 30% of 2 is (0, 1).
    """
    surge = scaled_value(0 if max_surge is None else max_surge, desired, True)
    unavailable = scaled_value(0 if max_unavailable is None else max_unavailable, desired, False)
    if surge == 0 and unavailable == 0:
        return 0, 1
    return surge, unavailable


def _fenceposts(d: Obj) -> tuple[int, int]:
    rolling = (d["spec"].get("strategy") or {}).get("rollingUpdate") or {}
    return resolve_fenceposts(rolling.get("maxSurge", "25%"), rolling.get("maxUnavailable", "25%"), replicas_of(d))


def max_surge(d: Obj) -> int:
    """How many pods above the wanted number there may be."""
    return _fenceposts(d)[0] if is_rolling_update(d) else 0


def max_unavailable(d: Obj) -> int:
    """How many pods below the wanted number may be available."""
    if not is_rolling_update(d) or replicas_of(d) == 0:
        return 0
    return min(_fenceposts(d)[1], replicas_of(d))


# Sums over ReplicaSets; None stands for a new ReplicaSet that does not exist.


def replica_count(rss: Iterable[Obj | None]) -> int:
    """How many replicas they ask for."""
    return sum(replicas_of(rs) for rs in rss if rs is not None)


def status_count(rss: Iterable[Obj | None], field: str) -> int:
    """The sum of a number of their status, e.g. `replicas` or `availableReplicas`."""
    return sum(status_of(rs).get(field, 0) for rs in rss if rs is not None)


def filter_active(rss: Iterable[Obj | None]) -> list[Obj]:
    """Those that ask for pods."""
    return [rs for rs in rss if rs is not None and replicas_of(rs) > 0]


def by_creation(rs: Obj) -> tuple[str, str]:
    """Sorts ReplicaSets from old to new."""
    meta = rs["metadata"]
    return meta.get("creationTimestamp", ""), meta["name"]


def by_size_older(rss: list[Obj]) -> list[Obj]:
    """The largest first; of equal ones the oldest first."""
    return sorted(sorted(rss, key=by_creation), key=lambda rs: -replicas_of(rs))


def by_size_newer(rss: list[Obj]) -> list[Obj]:
    """The largest first; of equal ones the newest first."""
    return sorted(sorted(rss, key=by_creation, reverse=True), key=lambda rs: -replicas_of(rs))


def by_revision(rs: Obj) -> tuple[int, str, str]:
    return rs_annotations.revision_of(rs), *by_creation(rs)


def find_active_or_latest(new_rs: Obj | None, old_rss: list[Obj]) -> Obj | None:
    """The only ReplicaSet with pods, or the latest where none has any; None where several have some."""
    if new_rs is None and not old_rss:
        return None
    active = filter_active([*old_rss, new_rs])
    if len(active) > 1:
        return None
    if active:
        return active[0]
    return new_rs if new_rs is not None else max(old_rss, key=by_creation)


def is_saturated(d: Obj, rs: Obj | None) -> bool:
    """Whether the ReplicaSet has all of the Deployment's pods, sized for that number, and available."""
    if rs is None:
        return False
    desired = replicas_of(d)
    available: int = status_of(rs).get("availableReplicas", 0)
    return replicas_of(rs) == rs_annotations.desired_replicas_of(rs) == available == desired


def new_rs_new_replicas(d: Obj, all_rss: Iterable[Obj | None], new_rs: Obj) -> int:
    """The size that the new ReplicaSet may have now. Follows NewRSNewReplicas.

    Rolling, 3 wanted with a surge of 1 while the old one has 3: 3 + 1 - 3 = 1. Recreate: all at once.
    """
    desired, current = replicas_of(d), replicas_of(new_rs)
    if not is_rolling_update(d):
        return desired
    rolling = (d["spec"].get("strategy") or {}).get("rollingUpdate") or {}
    room = desired + scaled_value(rolling.get("maxSurge", "25%"), desired, True) - replica_count(all_rss)
    return current if room <= 0 else current + min(room, desired - current)


def _round(value: float) -> int:
    """Half away from zero, as integer.RoundToInt32."""
    return int(value - 0.5) if value < 0 else int(value + 0.5)


def replica_set_proportion(rs: Obj, d: Obj, to_add: int, added: int) -> int:
    """The ReplicaSet's share of the `to_add` replicas (negative to remove), `added` of which are given out already.

    Follows GetReplicaSetProportion: 10 → 20 wanted with a surge of 3, 13 pods before, 23 allowed: an old ReplicaSet
    of 8 gets round(8 * 23 / 13) - 8 = 6.
    """
    if replicas_of(rs) == 0 or to_add in (0, added):
        return 0
    fraction = _replica_set_fraction(rs, d)
    allowed = to_add - added
    return min(fraction, allowed) if to_add > 0 else max(fraction, allowed)


def _replica_set_fraction(rs: Obj, d: Obj) -> int:
    size = replicas_of(rs)
    if replicas_of(d) == 0:
        return -size
    before = rs_annotations.max_replicas_of(rs) or status_of(d).get("replicas", 0)
    if not before:
        return 0
    return _round(size * (replicas_of(d) + max_surge(d)) / before) - size


# Templates.


_MAX_COMPARED = 1024
_compared: dict[tuple[int, int], tuple[Obj, Obj, bool]] = {}


def equal_ignore_hash(left: Obj, right: Obj) -> bool:
    """Whether two pod templates are the same but for the label pod-template-hash. Empty equals absent."""
    if left is right:
        return True
    # Templates are immutable, so an answer is remembered by identity; the references keep identities from being reused.
    key = (id(left), id(right))
    found = _compared.get(key)
    if found is not None and found[0] is left and found[1] is right:
        return found[2]
    equal = _bare(left.get("spec")) == _bare(right.get("spec")) and _bare(_meta_without_hash(left)) == _bare(
        _meta_without_hash(right)
    )
    if len(_compared) >= _MAX_COMPARED:
        _compared.clear()
    _compared[key] = (left, right, equal)
    return equal


def _meta_without_hash(template: Obj) -> Obj:
    meta = template.get("metadata") or {}
    labels = {key: value for key, value in (meta.get("labels") or {}).items() if key != POD_TEMPLATE_HASH}
    return {**meta, "labels": labels}


def _bare(value: object) -> object:
    """The value without what is null or empty."""
    if isinstance(value, dict):
        bare = {key: _bare(item) for key, item in value.items()}
        return {key: item for key, item in bare.items() if item not in (None, {}, [], "")}
    if isinstance(value, list):
        return [_bare(item) for item in value]
    return value


def replica_set_name(deployment_name: str, hash_: str) -> str:
    return f"{deployment_name[: MAX_NAME_LENGTH - 1 - len(hash_)]}-{hash_}"


# Progress.


def has_progress_deadline(d: Obj) -> bool:
    return d["spec"].get("progressDeadlineSeconds") not in (None, MAX_INT32)


def deployment_complete(d: Obj, status: Obj) -> bool:
    """Whether all of the pods, and only pods, of the new template are there and available."""
    desired = replicas_of(d)
    counts = [status.get(field, 0) for field in ("updatedReplicas", "replicas", "availableReplicas")]
    observed: int = status.get("observedGeneration", 0)
    return counts == [desired] * 3 and observed >= d["metadata"].get("generation", 0)


def deployment_progressing(d: Obj, new: Obj) -> bool:
    """Whether the new status shows progress over the present one: more updated, fewer old, more ready or available."""
    old = status_of(d)
    old_left = old.get("replicas", 0) - old.get("updatedReplicas", 0)
    new_left = new.get("replicas", 0) - new.get("updatedReplicas", 0)
    grew: bool = any(
        new.get(field, 0) > old.get(field, 0) for field in ("updatedReplicas", "readyReplicas", "availableReplicas")
    )
    return grew or bool(new_left < old_left)


def deployment_timed_out(d: Obj, status: Obj, now_us: int) -> bool:
    """Whether progressDeadlineSeconds have passed since the last progress. Follows DeploymentTimedOut."""
    condition = get_condition(status.get("conditions"), PROGRESSING)
    if not has_progress_deadline(d) or condition is None or condition.get("reason") == NEW_RS_AVAILABLE:
        return False
    if condition.get("reason") == TIMED_OUT:
        return True
    deadline_us: int = d["spec"]["progressDeadlineSeconds"] * SECOND_US
    return parse_time(condition["lastUpdateTime"]) + deadline_us < now_us


def new_condition(type_: str, status: str, reason: str, message: str, now: str) -> Obj:
    return {
        "type": type_,
        "status": status,
        "lastUpdateTime": now,
        "lastTransitionTime": now,
        "reason": reason,
        "message": message,
    }
