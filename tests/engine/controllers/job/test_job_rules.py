"""The rules of Jobs one by one: indexes, back-off, failure and success policies."""

from __future__ import annotations

from typing import Any

import pytest

from cluster_engine.clock import SECOND_US, rfc3339
from cluster_engine.controllers.job import indexes
from cluster_engine.controllers.job.backoff import BackoffRecord, finished_us, remaining_seconds
from cluster_engine.controllers.job.policies import is_pod_failed, match_failure, match_success

NOW_US = 1_800_000_000 * SECOND_US


@pytest.mark.parametrize(
    ("text", "completions", "intervals", "back"),
    [
        ("", 5, [], ""),
        ("1", 5, [(1, 1)], "1"),
        ("0-2,4", 5, [(0, 2), (4, 4)], "0-2,4"),
        ("0,1", 5, [(0, 1)], "0,1"),
        ("0-9", 5, [(0, 4)], "0-4"),
        ("3,7-9", 5, [(3, 3)], "3"),
        ("x,2", 5, [(2, 2)], "2"),
    ],
)
def test_indexes_are_read_up_to_the_completions_and_written_in_short(text, completions, intervals, back):
    assert indexes.parse(text, completions) == intervals
    assert indexes.text(intervals) == back


def test_neighbouring_indexes_become_one_interval():
    assert indexes.merge([(0, 1), (4, 4)], [2, 6, 3]) == [(0, 4), (6, 6)]
    assert indexes.total([(0, 4), (6, 6)]) == 6


@pytest.mark.parametrize(
    ("taken", "count", "completions", "found"),
    [
        ([], 3, 5, [0, 1, 2]),
        ([(0, 1), (3, 3)], 2, 6, [2, 4]),
        ([(1, 4)], 9, 6, [0, 5]),
        ([(0, 5)], 2, 6, []),
        ([], 0, 6, []),
    ],
)
def test_the_first_free_indexes_come_first(taken, count, completions, found):
    assert indexes.first_pending(taken, count, completions) == found


def test_containers_are_told_their_index_unless_they_have_the_variable():
    own = {"name": "JOB_COMPLETION_INDEX", "value": "7"}
    spec = indexes.with_index_env({"containers": [{"name": "a"}, {"name": "b", "env": [own]}]})
    first, second = spec["containers"]
    (variable,) = first["env"]
    assert (
        variable["valueFrom"]["fieldRef"]["fieldPath"] == "metadata.labels['batch.kubernetes.io/job-completion-index']"
    )
    assert second["env"] == [own]


@pytest.mark.parametrize(
    ("failures", "since", "remaining"),
    [(0, 0, 0), (1, 0, 10), (1, 4, 6), (2, 0, 20), (3, 0, 40), (7, 0, 600), (30, 0, 600), (1, 11, 0)],
)
def test_the_wait_doubles_with_each_failure_up_to_ten_minutes(failures, since, remaining):
    assert remaining_seconds(failures, NOW_US - since * SECOND_US, NOW_US) == remaining


def ended(name: str, seconds_ago: int, phase: str = "Failed", code: int = 1, **meta: Any) -> dict[str, Any]:
    """A pod whose only container ended so long ago."""
    finished = rfc3339(NOW_US - seconds_ago * SECOND_US)
    state = {"terminated": {"exitCode": code, "finishedAt": finished}}
    statuses = [{"name": "c", "state": state}]
    return {
        "metadata": {"name": name, "namespace": "default", "creationTimestamp": rfc3339(NOW_US), **meta},
        "spec": {"containers": [{"name": "c"}]},
        "status": {"phase": phase, "containerStatuses": statuses},
    }


def test_a_success_forgives_the_failures_before_it():
    record = BackoffRecord().after([], [ended("a", 50), ended("b", 40)])
    assert record == BackoffRecord(2, NOW_US - 40 * SECOND_US)
    record = record.after([ended("ok", 30, "Succeeded", 0)], [ended("c", 20), ended("d", 35)])
    assert record == BackoffRecord(1, NOW_US - 20 * SECOND_US)
    assert record.after([ended("ok", 5, "Succeeded", 0)], []) == BackoffRecord()


def test_a_pod_without_ended_containers_ended_when_its_deletion_was_asked_for():
    pod = ended("a", 0)
    pod["status"] = {"phase": "Running"}
    pod["metadata"] |= {"deletionTimestamp": rfc3339(NOW_US + 30 * SECOND_US), "deletionGracePeriodSeconds": 30}
    assert finished_us(pod) == NOW_US


def policy(action: str, **rule: Any) -> dict[str, Any]:
    return {"rules": [{"action": action, **rule}]}


EXIT_42 = {"operator": "In", "values": [42, 43]}


@pytest.mark.parametrize(
    ("rule", "code", "action", "counts"),
    [
        (policy("Ignore", onExitCodes=EXIT_42), 42, "Ignore", False),
        (policy("Count", onExitCodes=EXIT_42), 42, "Count", True),
        (policy("FailJob", onExitCodes=EXIT_42), 1, "", True),
        (policy("FailJob", onExitCodes={"operator": "NotIn", "values": [1]}), 42, "FailJob", True),
        (policy("FailJob", onExitCodes={**EXIT_42, "containerName": "other"}), 42, "", True),
        (None, 42, "", True),
    ],
)
def test_the_first_rule_that_fits_the_exit_code_decides(rule, code, action, counts):
    match = match_failure(rule, ended("p", 0, code=code))
    assert (match.action, match.counts) == (action, counts)


def test_a_job_that_fails_by_policy_says_by_which_rule():
    match = match_failure(policy("FailJob", onExitCodes=EXIT_42), ended("p", 0, code=42))
    assert match.message == "Container c for pod default/p failed with exit code 42 matching FailJob rule at index 0"
    pod = ended("p", 0)
    pod["status"]["conditions"] = [{"type": "DisruptionTarget", "status": "True"}]
    match = match_failure(policy("FailJob", onPodConditions=[{"type": "DisruptionTarget", "status": "True"}]), pod)
    assert match.message == "Pod default/p has condition DisruptionTarget matching FailJob rule at index 0"


@pytest.mark.parametrize(
    ("spec", "failed"),
    [({}, True), ({"podReplacementPolicy": "Failed"}, False), ({"podFailurePolicy": {"rules": [1]}}, False)],
)
def test_a_pod_that_is_being_deleted_has_failed_unless_only_failed_ones_are_replaced(spec, failed):
    pod = ended("p", 0, "Running", deletionTimestamp=rfc3339(NOW_US))
    assert is_pod_failed(pod, {"spec": spec}) is failed


@pytest.mark.parametrize(
    ("rule", "succeeded", "message"),
    [
        ({"succeededIndexes": "0,2"}, [(0, 0)], ""),
        ({"succeededIndexes": "0,2"}, [(0, 2)], "Matched rules at index 0"),
        ({"succeededIndexes": "0-3", "succeededCount": 2}, [(1, 2)], "Matched rules at index 0"),
        ({"succeededCount": 3}, [(1, 2)], ""),
        ({"succeededCount": 3}, [(1, 3)], "Matched rules at index 0"),
    ],
)
def test_a_success_policy_needs_those_indexes_or_that_many(rule, succeeded, message):
    assert match_success({"rules": [rule]}, 5, succeeded) == message
