"""The revisions of a DaemonSet's template.

Follows constructHistory and cleanupHistory of pkg/controller/daemon/update.go.
"""

from __future__ import annotations

from dataclasses import dataclass

from cluster_engine.apimachinery.hash import template_hash
from cluster_engine.apimachinery.labels import Selector
from cluster_engine.apimachinery.meta import Obj, dig, labels_of
from cluster_engine.controllers.history import History, is_orphan, new_controller_revision
from cluster_engine.trace import Trace

HASH_LABEL = "controller-revision-hash"
GENERATION_LABEL = "pod-template-generation"
GENERATION_ANNOTATION = "deprecated.daemonset.template.generation"
DEFAULT_HISTORY_LIMIT = 10


@dataclass(frozen=True, slots=True)
class Revisions:
    """The revision of the present template, and the others, oldest first."""

    current: Obj
    old: list[Obj]
    collision_count: int | None

    @property
    def hash(self) -> str:
        return labels_of(self.current).get(HASH_LABEL, "")


def patch_of(ds: Obj) -> Obj:
    """What a revision keeps: a patch that puts this template in the place of another."""
    return {"spec": {"template": {"$patch": "replace", **ds["spec"]["template"]}}}


def construct_history(history: History, trace: Trace, ds: Obj, selector: Selector) -> Revisions:
    """Finds or makes the revision of the present template. Raises `ApiError`.

    A template that was there before gets its old revision back, with the highest number: that is a rollback.
    """
    known = history.list(ds, selector)
    for index, revision in enumerate(known):
        if is_orphan(revision):
            known[index] = history.adopt(ds, revision)
            trace.note(f"adopts {revision['metadata']['name']}")
    highest = max((one["revision"] for one in known), default=0)
    data = patch_of(ds)
    same = [one for one in known if one["data"] == data]
    collision_count: int | None = dig(ds, "status", "collisionCount")
    if same:
        current = same[-1]
        if current["revision"] < highest:
            current = history.renumber(current, highest + 1)
            trace.note(
                f"the template is that of {current['metadata']['name']}: it becomes revision {highest + 1} again"
            )
    else:
        current, collision_count = _create(history, ds, data, highest + 1, collision_count)
        trace.note(f"the template is new: {current['metadata']['name']} is revision {highest + 1}")
    name = current["metadata"]["name"]
    return Revisions(current, [one for one in known if one["metadata"]["name"] != name], collision_count)


def _create(history: History, ds: Obj, data: Obj, number: int, collision_count: int | None) -> tuple[Obj, int | None]:
    """Creates the revision, under the name of the next collision count where its name is taken by other data."""
    while True:
        hash_ = template_hash(ds["spec"]["template"], collision_count)
        revision = new_controller_revision(ds, data, number, collision_count or 0)
        meta = revision["metadata"]
        labels = {**(dig(ds, "spec", "template", "metadata", "labels") or {}), HASH_LABEL: hash_}
        meta = {**meta, "name": f"{ds['metadata']['name']}-{hash_}", "labels": labels}
        existing = history.create_named({**revision, "metadata": meta})
        if existing is not None:
            return existing, collision_count
        collision_count = (collision_count or 0) + 1


def clean_up_history(history: History, ds: Obj, old: list[Obj], pods: list[Obj]) -> None:
    """Deletes the oldest revisions beyond revisionHistoryLimit, but none that a pod is of."""
    surplus = len(old) - ds["spec"].get("revisionHistoryLimit", DEFAULT_HISTORY_LIMIT)
    live = {labels_of(pod).get(HASH_LABEL) for pod in pods}
    for revision in old:
        if surplus <= 0:
            return
        if labels_of(revision).get(HASH_LABEL) in live:
            continue
        history.delete(revision)
        surplus -= 1


def is_pod_updated(pod: Obj, hash_: str, generation: str | None) -> bool:
    """Whether the pod is of the present template: by its hash, or by the generation that it was made of."""
    labels = labels_of(pod)
    if generation is not None and labels.get(GENERATION_LABEL) == generation:
        return True
    return bool(hash_) and labels.get(HASH_LABEL) == hash_
