"""Status conditions, copy-on-write. Follows k8s.io/apimachinery/pkg/api/meta/conditions.go."""

from __future__ import annotations

from collections.abc import Sequence

from cluster_engine.apimachinery.meta import Obj


def set_condition(conditions: Sequence[Obj] | None, condition: Obj, now: str) -> list[Obj]:
    """The conditions with `condition` in the place of the one of its type, or at the end.

    `now` (an RFC 3339 timestamp) becomes its lastTransitionTime, unless the status stays as it was; then the old time
    stays, and with it the list itself where nothing else differs.
    """
    listed = list(conditions or ())
    for index, current in enumerate(listed):
        if current["type"] == condition["type"]:
            same = current.get("status") == condition.get("status")
            since = current.get("lastTransitionTime", now) if same else now
            listed[index] = {**condition, "lastTransitionTime": since}
            return conditions if listed[index] == current and isinstance(conditions, list) else listed
    return [*listed, {**condition, "lastTransitionTime": now}]


def remove_condition(conditions: Sequence[Obj] | None, type_: str) -> list[Obj]:
    return [condition for condition in conditions or () if condition["type"] != type_]
