"""Which pods a controller deletes first, rule by rule."""

from __future__ import annotations

from typing import Any

import pytest

from cluster_engine.clock import SECOND_US, rfc3339
from cluster_engine.controllers.common.ranking import age_bucket, deletion_cost, pods_to_delete

NOW_US = 1_800_000_000 * SECOND_US


def pod(
    name: str, *, node: str = "n1", phase: str = "Running", ready_for: int | None = 100, age: int = 200, **extra: Any
) -> dict[str, Any]:
    """A pod that has been there for `age` seconds and ready for `ready_for` seconds (None: not ready)."""
    conditions = []
    if ready_for is not None:
        since = rfc3339(NOW_US - ready_for * SECOND_US)
        conditions = [{"type": "Ready", "status": "True", "lastTransitionTime": since}]
    created = rfc3339(NOW_US - age * SECOND_US)
    meta: dict[str, Any] = {"name": name, "uid": extra.get("uid", name), "creationTimestamp": created}
    if "cost" in extra:
        meta["annotations"] = {"controller.kubernetes.io/pod-deletion-cost": extra["cost"]}
    status: dict[str, Any] = {"phase": phase, "conditions": conditions}
    if "restarts" in extra:
        status["containerStatuses"] = [{"name": "c", "restartCount": extra["restarts"]}]
    return {"metadata": meta, "spec": {"nodeName": node} if node else {}, "status": status}


def order(*pods: Any, ranks: dict[str, int] | None = None) -> list[str]:
    """Names in the order of deletion; one more pod, which stays in any case, makes the order matter."""
    last = pod("last", ready_for=10_000_000, age=20_000_000, cost="1000000")
    doomed = pods_to_delete([*pods, last], ranks or {}, len(pods), NOW_US)
    return [one["metadata"]["name"] for one in doomed]


@pytest.mark.parametrize(
    ("rule", "first", "second"),
    [
        ("unscheduled before scheduled", {"node": "", "phase": "Running"}, {"phase": "Pending", "ready_for": None}),
        ("Pending before Running", {"phase": "Pending", "ready_for": None}, {"ready_for": None}),
        ("Pending before Unknown", {"phase": "Pending", "ready_for": None}, {"phase": "Unknown", "ready_for": None}),
        ("Unknown before Running", {"phase": "Unknown", "ready_for": None}, {"ready_for": None}),
        ("not ready before ready", {"ready_for": None, "cost": "100"}, {"ready_for": 1}),
        ("cheap before dear", {"cost": "-5", "ready_for": 5000}, {"ready_for": 1}),
        ("ready for a short time before a long time", {"ready_for": 10}, {"ready_for": 1000}),
        ("often restarted before seldom", {"restarts": 3}, {"restarts": 1}),
        ("young before old", {"ready_for": None, "age": 10}, {"ready_for": None, "age": 1000}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_pods_go_in_the_order_of_the_rules(rule: str, first: dict[str, Any], second: dict[str, Any]) -> None:
    a, b = pod("goes-first", uid="z", **first), pod("goes-second", uid="a", **second)
    assert order(a, b) == ["goes-first", "goes-second"], rule
    assert order(b, a) == ["goes-first", "goes-second"], rule


def test_a_node_with_more_pods_of_the_family_loses_one_first() -> None:
    crowded, lonely = pod("crowded", node="n1", ready_for=5000), pod("lonely", node="n2", ready_for=1)
    assert order(lonely, crowded, ranks={"n1": 3, "n2": 1}) == ["crowded", "lonely"]


def test_ages_of_one_power_of_two_are_alike_and_the_uid_decides() -> None:
    assert order(pod("b", ready_for=10, uid="2"), pod("a", ready_for=12, uid="1")) == ["a", "b"]


def test_all_pods_go_in_the_order_given_when_all_go() -> None:
    pods = [pod("x"), pod("y", ready_for=None)]
    assert pods_to_delete(pods, {}, 2, NOW_US) == pods


@pytest.mark.parametrize(("seconds", "bucket"), [(0, -1), (1, 29), (8, 32), (9, 33), (12, 33), (17, 33), (18, 34)])
def test_an_age_falls_into_the_bucket_of_its_logarithm_in_nanoseconds(seconds: int, bucket: int) -> None:
    assert age_bucket(NOW_US - seconds * SECOND_US, NOW_US) == bucket


@pytest.mark.parametrize(
    ("text", "cost"),
    [("0", 0), ("10", 10), ("-10", -10), ("+10", 0), ("010", 0), ("ten", 0), ("", 0), ("2147483648", 0), ("1.5", 0)],
)
def test_a_deletion_cost_that_cannot_be_read_counts_as_zero(text: str, cost: int) -> None:
    assert deletion_cost(pod("p", cost=text)) == cost
