"""Conditions: one of each type, with the time of its last change of status."""

from cluster_engine.apimachinery.conditions import remove_condition, set_condition

READY = {"type": "Ready", "status": "True", "lastTransitionTime": "t0"}


def test_a_new_condition_comes_last() -> None:
    assert set_condition([READY], {"type": "A", "status": "False"}, "t1") == [
        READY,
        {"type": "A", "status": "False", "lastTransitionTime": "t1"},
    ]
    assert set_condition(None, {"type": "A", "status": "False"}, "t1")[0]["lastTransitionTime"] == "t1"


def test_the_time_changes_with_the_status_only() -> None:
    other = {"type": "A", "status": "True", "lastTransitionTime": "t0"}
    assert set_condition([READY, other], {"type": "Ready", "status": "False"}, "t1") == [
        {"type": "Ready", "status": "False", "lastTransitionTime": "t1"},
        other,
    ]
    changed = set_condition([READY], {"type": "Ready", "status": "True", "reason": "Why"}, "t1")
    assert changed == [{**READY, "reason": "Why"}]
    assert "reason" not in READY


def test_setting_the_same_again_gives_the_same_list() -> None:
    conditions = [READY]
    assert set_condition(conditions, {"type": "Ready", "status": "True"}, "t1") is conditions


def test_a_condition_can_go() -> None:
    assert remove_condition([READY], "Ready") == []
