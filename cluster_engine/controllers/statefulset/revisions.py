"""The revisions of a StatefulSet's template: which one is current, which one is rolling out, which old ones go.

Follows getStatefulSetRevisions and truncateHistory of pkg/controller/statefulset/stateful_set_control.go.
"""

from __future__ import annotations

from dataclasses import dataclass

from cluster_engine.apimachinery.meta import Obj, dig
from cluster_engine.controllers.history import History, equal_revision, new_controller_revision
from cluster_engine.controllers.statefulset.util import revision_of
from cluster_engine.trace import Trace

DEFAULT_HISTORY_LIMIT = 10


@dataclass(frozen=True, slots=True)
class Revisions:
    """The revision that the set comes from, the one that it goes to, and how many names were taken on the way."""

    current: Obj
    update: Obj
    collision_count: int


def patch_of(set_: Obj) -> Obj:
    """What a revision keeps of the set: a patch that puts this template in the place of another."""
    return {"spec": {"template": {"$patch": "replace", **set_["spec"]["template"]}}}


def template_of(revision: Obj) -> Obj:
    """The template that a revision keeps."""
    template = dig(revision, "data", "spec", "template", default={})
    return {field: value for field, value in template.items() if field != "$patch"}


def get_stateful_set_revisions(history: History, trace: Trace, set_: Obj, revisions: list[Obj]) -> Revisions:
    """Finds or makes the revision of the present template; `revisions` are sorted, oldest first.

    A template that was there before gets its old revision back, with the highest number: that is a rollback.
    """
    collision_count: int = dig(set_, "status", "collisionCount", default=0)
    number = revisions[-1]["revision"] + 1 if revisions else 1
    update = new_controller_revision(set_, patch_of(set_), number, collision_count)
    equal = [one for one in revisions if equal_revision(one, update)]
    if equal and equal_revision(revisions[-1], equal[-1]):
        update = revisions[-1]
    elif equal:
        update = history.renumber(equal[-1], number)
        trace.note(f"the template is that of {update['metadata']['name']}: it becomes revision {number} again")
    else:
        update, collision_count = history.create(set_, update, collision_count)
        trace.note(f"the template is new: {update['metadata']['name']} is revision {number}")
    current_name = dig(set_, "status", "currentRevision", default="")
    current = next((one for one in revisions if one["metadata"]["name"] == current_name), update)
    return Revisions(current, update, collision_count)


def truncate_history(history: History, set_: Obj, pods: list[Obj], revisions: list[Obj], live: list[Obj]) -> None:
    """Deletes the oldest revisions beyond revisionHistoryLimit of those that are neither `live` nor any pod's."""
    names = {one["metadata"]["name"] for one in live} | {revision_of(pod) for pod in pods}
    past = [one for one in revisions if one["metadata"]["name"] not in names]
    limit = set_["spec"].get("revisionHistoryLimit", DEFAULT_HISTORY_LIMIT)
    if limit < 0:
        return
    for revision in past[: max(len(past) - limit, 0)]:
        history.delete(revision)
