"""The annotations by which Deployments and ReplicaSets remember revisions and sizes.

Follows the annotation part of pkg/controller/deployment/util/deployment_util.go. Everything here is pure.
"""

from __future__ import annotations

from cluster_engine.apimachinery.meta import Obj, annotations_of

REVISION = "deployment.kubernetes.io/revision"
REVISION_HISTORY = "deployment.kubernetes.io/revision-history"
DESIRED_REPLICAS = "deployment.kubernetes.io/desired-replicas"
MAX_REPLICAS = "deployment.kubernetes.io/max-replicas"
# A ReplicaSet gets all of its Deployment's annotations (kubernetes.io/change-cause among them) but these.
NOT_COPIED = frozenset(
    {
        "kubectl.kubernetes.io/last-applied-configuration",
        "deprecated.deployment.rollback.to",
        REVISION,
        REVISION_HISTORY,
        DESIRED_REPLICAS,
        MAX_REPLICAS,
    }
)
MAX_REVISION_HISTORY_CHARS = 2000


def _integer(text: str | None) -> int | None:
    try:
        return int(text) if text is not None else None
    except ValueError:
        return None


def revision_of(obj: Obj) -> int:
    """The revision, or 0 where there is none or it is no number."""
    return _integer(annotations_of(obj).get(REVISION)) or 0


def max_revision(rss: list[Obj]) -> int:
    return max((revision_of(rs) for rs in rss), default=0)


def desired_replicas_of(rs: Obj) -> int | None:
    """For how many replicas of its Deployment the ReplicaSet was last sized."""
    return _integer(annotations_of(rs).get(DESIRED_REPLICAS))


def max_replicas_of(rs: Obj) -> int | None:
    return _integer(annotations_of(rs).get(MAX_REPLICAS))


def replicas_annotations(desired: int, maximum: int) -> dict[str, str]:
    return {DESIRED_REPLICAS: str(desired), MAX_REPLICAS: str(maximum)}


def new_replica_set_annotations(d: Obj, annotations: dict[str, str], new_revision: int) -> dict[str, str]:
    """What the annotations of the Deployment's new ReplicaSet have to be; `annotations` are those it has.

    They take over the Deployment's, and the revision where it is higher; a revision that is left behind joins the
    history (that is a rollback). Follows SetNewReplicaSetAnnotations.
    """
    copied = {key: value for key, value in annotations_of(d).items() if key not in NOT_COPIED}
    result = {**annotations, **copied}
    old_text = annotations.get(REVISION)
    old_revision = _integer(old_text) if old_text else 0
    if old_revision is None or old_revision >= new_revision:
        return result
    result[REVISION] = str(new_revision)
    if old_text is not None:
        result.update(_history(annotations.get(REVISION_HISTORY, ""), old_text))
    return result


def _history(history: str, revision: str) -> dict[str, str]:
    """The history with the revision at its end; the oldest go where it would be longer than 2,000 characters."""
    if not history or history.startswith(","):
        return {REVISION_HISTORY: revision}
    revisions = history.split(",")
    length = len(history) + len(revision) + 1
    while length > MAX_REVISION_HISTORY_CHARS and revisions:
        length -= len(revisions.pop(0)) + 1
    if length > MAX_REVISION_HISTORY_CHARS:
        return {}
    return {REVISION_HISTORY: ",".join([*revisions, revision])}
