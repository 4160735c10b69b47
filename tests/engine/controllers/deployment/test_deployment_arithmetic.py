"""The sums behind a rollout: fenceposts, room to grow, proportions, annotations, templates."""

from __future__ import annotations

from typing import Any

import pytest

from cluster_engine.controllers.deployment import util
from cluster_engine.controllers.deployment.rs_annotations import new_replica_set_annotations
from cluster_engine.controllers.deployment.sync import proportional_sizes

REVISION = "deployment.kubernetes.io/revision"
HISTORY = "deployment.kubernetes.io/revision-history"


def deployment(replicas: int, surge: int | str = "25%", unavailable: int | str = "25%", **meta: Any) -> dict[str, Any]:
    rolling = {"maxSurge": surge, "maxUnavailable": unavailable}
    strategy = {"type": "RollingUpdate", "rollingUpdate": rolling}
    return {"metadata": {"name": "d", **meta}, "spec": {"replicas": replicas, "strategy": strategy}}


def replica_set(name: str, replicas: int, max_replicas: int | None = None, created: str = "") -> dict[str, Any]:
    annotations = {"deployment.kubernetes.io/max-replicas": str(max_replicas)} if max_replicas is not None else {}
    meta = {"name": name, "creationTimestamp": created, "annotations": annotations}
    return {"metadata": meta, "spec": {"replicas": replicas}}


@pytest.mark.parametrize(
    ("replicas", "surge", "unavailable", "expected"),
    [
        (1, "25%", "25%", (1, 0)),
        (2, "25%", "25%", (1, 0)),
        (3, "25%", "25%", (1, 0)),
        (4, "25%", "25%", (1, 1)),
        (5, "25%", "25%", (2, 1)),
        (10, "25%", "25%", (3, 2)),
        (10, 3, "40%", (3, 4)),
        (2, 0, "30%", (0, 1)),
        (7, 0, "30%", (0, 2)),
        (10, 0, 1, (0, 1)),
        (4, "100%", "0%", (4, 0)),
        (3, 0, 0, (0, 1)),
        (3, "0%", "0%", (0, 1)),
        (3, 5, 5, (5, 5)),
        (0, "25%", "25%", (0, 1)),
    ],
)
def test_surge_rounds_up_and_unavailability_down(
    replicas: int, surge: int | str, unavailable: int | str, expected: tuple[int, int]
) -> None:
    assert util.resolve_fenceposts(surge, unavailable, replicas) == expected


@pytest.mark.parametrize(
    ("replicas", "surge", "unavailable", "expected"),
    [(3, 5, 5, 3), (0, "25%", "25%", 0), (10, 0, "25%", 2), (2, 0, "30%", 1)],
)
def test_no_more_pods_may_be_unavailable_than_are_wanted(
    replicas: int, surge: int | str, unavailable: int | str, expected: int
) -> None:
    assert util.max_unavailable(deployment(replicas, surge, unavailable)) == expected


def test_recreate_has_neither_surge_nor_unavailability() -> None:
    d = {"spec": {"replicas": 4, "strategy": {"type": "Recreate"}}}
    assert (util.max_surge(d), util.max_unavailable(d)) == (0, 0)


@pytest.mark.parametrize(
    ("replicas", "surge", "old", "new", "expected"),
    [
        (3, "25%", 3, 0, 1),
        (3, "25%", 4, 0, 0),
        (3, "25%", 2, 1, 2),
        (3, "25%", 0, 0, 3),
        (10, "100%", 10, 0, 10),
        (10, 0, 9, 0, 1),
        (10, 3, 0, 8, 10),
        (10, 3, 14, 2, 2),
    ],
)
def test_the_new_replica_set_grows_into_the_room_that_the_surge_leaves(
    replicas: int, surge: int | str, old: int, new: int, expected: int
) -> None:
    new_rs = replica_set("new", new)
    d = deployment(replicas, surge)
    assert util.new_rs_new_replicas(d, [replica_set("old", old), new_rs], new_rs) == expected


@pytest.mark.parametrize(
    ("about", "replicas", "surge", "sizes", "before", "expected"),
    [
        ("recorded: paused in the middle, 10 to 20", 20, 3, [8, 5], 13, [14, 9]),
        ("recorded: back from 20 to 7", 7, 3, [14, 9], 23, [6, 4]),
        ("the surge grows too", 20, "25%", [8, 5], 13, [15, 10]),
        ("nothing to add", 10, "25%", [8, 5], 13, [8, 5]),
        ("to nothing", 0, "25%", [8, 5], 13, [0, 0]),
        ("what rounding leaves goes to the largest", 5, "25%", [1, 1, 1], 3, [3, 2, 2]),
        ("half is rounded away from zero", 4, "25%", [1, 1], 2, [3, 2]),
    ],
)
def test_replica_sets_are_scaled_in_proportion(
    about: str, replicas: int, surge: int | str, sizes: list[int], before: int, expected: list[int]
) -> None:
    d = deployment(replicas, surge)
    d["status"] = {"replicas": sum(sizes)}
    rss = [replica_set(f"rs{i}", size, before, f"2026-01-01T00:00:0{i}Z") for i, size in enumerate(sizes)]
    assert sorted((size for _, size in proportional_sizes(d, rss)), reverse=True) == expected, about
    total = sum(size for _, size in proportional_sizes(d, rss))
    assert total == (replicas + util.max_surge(d) if replicas else 0)


def test_of_equal_replica_sets_the_newest_grows_and_the_oldest_shrinks() -> None:
    old, new = replica_set("old", 2, 5, "2026-01-01T00:00:00Z"), replica_set("new", 2, 5, "2026-01-01T00:01:00Z")
    grown = proportional_sizes(deployment(4), [old, new])
    assert [(rs["metadata"]["name"], size) for rs, size in grown] == [("new", 3), ("old", 2)]
    shrunk = proportional_sizes(deployment(2), [new, old])
    assert [(rs["metadata"]["name"], size) for rs, size in shrunk] == [("old", 1), ("new", 2)]


def test_a_replica_set_without_its_annotation_is_measured_by_the_deployments_status() -> None:
    d = {**deployment(4, 0), "status": {"replicas": 2}}
    assert util.replica_set_proportion(replica_set("rs", 2), d, 2, 0) == 2
    assert util.replica_set_proportion(replica_set("rs", 2), deployment(4, 0), 2, 0) == 0


def test_the_new_replica_set_takes_over_annotations_but_not_the_bookkeeping() -> None:
    d = deployment(
        1,
        annotations={
            "kubernetes.io/change-cause": "kubectl set image",
            "kubectl.kubernetes.io/last-applied-configuration": "{}",
            REVISION: "7",
        },
    )
    expected = {"kubernetes.io/change-cause": "kubectl set image", REVISION: "2"}
    assert new_replica_set_annotations(d, {}, 2) == expected


@pytest.mark.parametrize(
    ("has", "revision", "expected"),
    [
        ({REVISION: "1"}, 3, {REVISION: "3", HISTORY: "1"}),
        ({REVISION: "3", HISTORY: "1"}, 5, {REVISION: "5", HISTORY: "1,3"}),
        ({REVISION: "9"}, 10, {REVISION: "10", HISTORY: "9"}),
        ({REVISION: "10"}, 9, {REVISION: "10"}),
        ({REVISION: "4"}, 4, {REVISION: "4"}),
        ({REVISION: "x"}, 4, {REVISION: "x"}),
        ({}, 4, {REVISION: "4"}),
    ],
)
def test_a_rolled_back_revision_joins_the_history(
    has: dict[str, str], revision: int, expected: dict[str, str]
) -> None:
    assert new_replica_set_annotations(deployment(1), has, revision) == expected


def test_the_history_of_revisions_keeps_within_two_thousand_characters() -> None:
    history = ",".join(str(number) for number in range(1000, 1400))
    result = new_replica_set_annotations(deployment(1), {REVISION: "1400", HISTORY: history}, 1402)
    assert len(result[HISTORY]) <= 2000
    assert result[HISTORY].endswith(",1399,1400")
    assert result[HISTORY].startswith("1001,")


def test_templates_are_the_same_but_for_the_hash_and_what_is_empty() -> None:
    spec = {"containers": [{"name": "c", "image": "nginx", "resources": {}}]}
    bare = {"containers": [{"name": "c", "image": "nginx"}]}
    left = {"metadata": {"labels": {"app": "d"}, "creationTimestamp": None}, "spec": spec}
    right = {"metadata": {"labels": {"app": "d", "pod-template-hash": "x"}}, "spec": bare}
    assert util.equal_ignore_hash(left, right)
    assert not util.equal_ignore_hash(left, {**right, "metadata": {"labels": {"app": "e"}}})
    assert not util.equal_ignore_hash(left, {**right, "spec": {"containers": [{"name": "c", "image": "nginx:2"}]}})


def test_a_long_name_is_cut_so_that_the_hash_fits() -> None:
    name = util.replica_set_name("d" * 253, "7c5ddbdf54")
    assert len(name) == 253
    assert name.endswith("d-7c5ddbdf54")


@pytest.mark.parametrize(
    ("old", "new", "progressing"),
    [
        ({"replicas": 4, "updatedReplicas": 1}, {"replicas": 4, "updatedReplicas": 1}, False),
        ({"replicas": 4, "updatedReplicas": 1}, {"replicas": 5, "updatedReplicas": 2}, True),
        ({"replicas": 4, "updatedReplicas": 1}, {"replicas": 3, "updatedReplicas": 1}, True),
        ({"replicas": 4, "readyReplicas": 1}, {"replicas": 4, "readyReplicas": 2}, True),
        ({"replicas": 4, "availableReplicas": 1}, {"replicas": 4, "availableReplicas": 2}, True),
        ({"replicas": 4, "readyReplicas": 2}, {"replicas": 4, "readyReplicas": 1}, False),
    ],
)
def test_progress_is_more_updated_fewer_old_more_ready_or_more_available(
    old: dict[str, int], new: dict[str, int], progressing: bool
) -> None:
    assert util.deployment_progressing({"spec": {}, "status": old}, new) is progressing
