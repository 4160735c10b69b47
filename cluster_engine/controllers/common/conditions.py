"""Conditions of workloads: lists of which a new one is made for each change. Follows deployment_util.go and its kin."""

from __future__ import annotations

from cluster_engine.apimachinery.meta import Obj, get_condition


def set_condition(conditions: list[Obj], condition: Obj) -> list[Obj]:
    """The conditions with `condition` at the end, in the place of the one of its type.

    Nothing changes where status and reason stay; the time of the transition stays where the status stays.
    """
    current = get_condition(conditions, condition["type"])
    if current is not None and current["status"] == condition["status"]:
        if current.get("reason") == condition.get("reason"):
            return conditions
        condition = {**condition, "lastTransitionTime": current["lastTransitionTime"]}
    return [*remove_condition(conditions, condition["type"]), condition]


def remove_condition(conditions: list[Obj], type_: str) -> list[Obj]:
    return [condition for condition in conditions if condition["type"] != type_]
