"""CronJobs in a running cluster: when they start Jobs, which they keep, and what they say."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import pytest

from cluster_engine.apimachinery.cron import parse
from cluster_engine.apimachinery.times import parse_time
from cluster_engine.clock import SECOND_US
from cluster_engine.controllers.cronjob.schedule import job_name, most_recent, rfc1123z, rfc3339_in

# 2026-01-01T00:00:00Z in minutes since the epoch.
MIDNIGHT = 29_453_760


@pytest.fixture
def world(make_world: Any) -> Any:
    return make_world(registry="catalogue")


def cron_job(world: Any, command: str = "exit 0", schedule: str = "*/5 * * * *", **spec: Any) -> Any:
    container = {"name": "c", "image": "busybox", "command": ["sh", "-c", command]}
    template = {"metadata": {"labels": {"of": "tick"}}, "spec": {"restartPolicy": "Never", "containers": [container]}}
    job = {"metadata": {"labels": {"kind": "nightly"}, "annotations": {"a": "b"}}, "spec": {"template": template}}
    meta = {"name": "tick", "namespace": "default"}
    body = {"schedule": schedule, "jobTemplate": job, **spec}
    return world.client.create(
        "cronjobs.batch", {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": meta, "spec": body}
    )


def status(world: Any) -> dict[str, Any]:
    return dict(world.get("cronjobs.batch", "tick").get("status") or {})


def jobs(world: Any) -> list[str]:
    return sorted(world.names("jobs.batch"))


def test_a_job_is_started_at_its_time_and_named_after_it(world: Any) -> None:
    created = cron_job(world)
    world.run(298)
    assert jobs(world) == []
    world.run(3)
    assert jobs(world) == [f"tick-{MIDNIGHT + 5}"]
    (job,) = world.list("jobs.batch")
    meta = job["metadata"]
    assert meta["annotations"] == {"a": "b", "batch.kubernetes.io/cronjob-scheduled-timestamp": "2026-01-01T00:05:00Z"}
    assert meta["labels"]["kind"] == "nightly"
    (owner,) = meta["ownerReferences"]
    assert (owner["kind"], owner["uid"], owner["controller"]) == ("CronJob", created["metadata"]["uid"], True)
    found = status(world)
    assert found["lastScheduleTime"] == "2026-01-01T00:05:00Z"
    assert [one["name"] for one in found["active"]] == [meta["name"]]
    world.run(60)
    assert "active" not in status(world)
    assert status(world)["lastSuccessfulTime"] == world.get("jobs.batch", meta["name"])["status"]["completionTime"]
    assert world.events("CronJob") == [
        f"Created job {meta['name']}",
        f"Saw completed job: {meta['name']}, condition: Complete",
    ]
    assert list(world.cluster.trace.faults) == []


def test_only_the_last_jobs_of_history_are_kept(world: Any) -> None:
    cron_job(world, schedule="* * * * *", successfulJobsHistoryLimit=2)
    world.run(330)
    assert jobs(world) == [f"tick-{MIDNIGHT + 4}", f"tick-{MIDNIGHT + 5}"]
    assert world.events("CronJob", "SuccessfulDelete") == [f"Deleted job tick-{MIDNIGHT + i}" for i in (1, 2, 3)]


def test_failed_jobs_have_a_history_of_their_own(world: Any) -> None:
    cron_job(world, "exit 1", schedule="* * * * *")
    world.patch("cronjobs.batch", "tick", {"spec": {"jobTemplate": {"spec": {"backoffLimit": 0}}}})
    world.run(200)
    assert jobs(world) == [f"tick-{MIDNIGHT + 3}"]


def test_jobs_overlap_where_they_may(world: Any) -> None:
    cron_job(world, "sleep 1000", schedule="* * * * *")
    world.run(190)
    assert len(status(world)["active"]) == 3


def test_no_job_starts_beside_another_where_that_is_forbidden(world: Any) -> None:
    cron_job(world, "sleep 1000", schedule="* * * * *", concurrencyPolicy="Forbid")
    world.run(190)
    assert jobs(world) == [f"tick-{MIDNIGHT + 1}"]
    message = "Not starting job because prior execution is running and concurrency policy is Forbid"
    assert message in world.events("CronJob", "JobAlreadyActive")


def test_a_new_job_replaces_the_old_one(world: Any) -> None:
    cron_job(world, "sleep 1000", schedule="* * * * *", concurrencyPolicy="Replace")
    world.run(125)
    assert [one["name"] for one in status(world)["active"]] == [f"tick-{MIDNIGHT + 2}"]
    assert world.events("CronJob", "SuccessfulDelete") == [f"Deleted job tick-{MIDNIGHT + 1}"]


def test_a_suspended_schedule_starts_nothing_and_makes_up_for_the_last_time_when_it_goes_on(world: Any) -> None:
    cron_job(world, schedule="* * * * *", suspend=True)
    world.run(190)
    assert jobs(world) == []
    world.patch("cronjobs.batch", "tick", {"spec": {"suspend": False}})
    world.run(5)
    assert jobs(world) == [f"tick-{MIDNIGHT + 3}"]


def test_a_start_that_is_too_late_is_missed(world: Any) -> None:
    cron_job(world, schedule="0 * * * *", suspend=True, startingDeadlineSeconds=60)
    world.run(3600 + 300)
    world.patch("cronjobs.batch", "tick", {"spec": {"suspend": False}})
    world.run(10)
    assert jobs(world) == []
    world.run(3400)
    assert jobs(world) == [f"tick-{MIDNIGHT + 120}"]


def test_the_clocks_of_a_time_zone_count(world: Any) -> None:
    cron_job(world, schedule="0 1 * * *", timeZone="Europe/Berlin")
    world.run(86_400)
    (job,) = world.list("jobs.batch")
    scheduled = job["metadata"]["annotations"]["batch.kubernetes.io/cronjob-scheduled-timestamp"]
    assert scheduled == "2026-01-02T01:00:00+01:00"


def test_a_job_that_was_started_by_hand_is_seen_and_not_mistaken(world: Any) -> None:
    created = cron_job(world)
    uid = created["metadata"]["uid"]
    reference = {"apiVersion": "batch/v1", "kind": "CronJob", "name": "tick", "uid": uid, "controller": True}
    spec = created["spec"]["jobTemplate"]["spec"]
    meta = {"name": "by-hand", "namespace": "default", "ownerReferences": [reference]}
    world.client.create("jobs.batch", {"apiVersion": "batch/v1", "kind": "Job", "metadata": meta, "spec": spec})
    world.run(1)
    assert world.events("CronJob", "UnexpectedJob") == [
        "Saw a job that the controller did not create or forgot: by-hand"
    ]
    world.run(310)
    assert jobs(world) == ["by-hand", f"tick-{MIDNIGHT + 5}"]


def test_deleting_the_schedule_takes_its_jobs_and_pods(world: Any) -> None:
    cron_job(world, "sleep 1000", schedule="* * * * *")
    world.run(70)
    world.client.delete("cronjobs.batch", "tick", "default", propagation_policy="Background")
    world.run(60)
    assert (jobs(world), world.names("pods")) == ([], [])


def dated(created: str, last: str | None = None, deadline: int | None = None) -> dict[str, Any]:
    spec = {} if deadline is None else {"startingDeadlineSeconds": deadline}
    return {
        "metadata": {"name": "tick", "creationTimestamp": created},
        "spec": spec,
        "status": {"lastScheduleTime": last} if last else {},
    }


@pytest.mark.parametrize(
    ("made", "now", "expected", "missed"),
    [
        (dated("2026-01-01T00:10:00Z"), "2026-01-01T00:59:59Z", None, 0),
        (dated("2026-01-01T00:10:00Z"), "2026-01-01T01:00:00Z", "2026-01-01T01:00:00Z", 0),
        (dated("2026-01-01T00:10:00Z"), "2026-01-01T05:30:00Z", "2026-01-01T05:00:00Z", 5),
        (dated("2026-01-01T00:10:00Z", "2026-01-01T05:00:00Z"), "2026-01-01T05:30:00Z", None, 0),
        (dated("2026-01-01T00:10:00Z", None, 600), "2026-01-01T05:05:00Z", "2026-01-01T05:00:00Z", 0),
        (dated("2026-01-01T00:10:00Z", None, 60), "2026-01-01T05:05:00Z", None, 0),
        (dated("2025-01-01T00:10:00Z"), "2026-01-01T05:05:00Z", "2026-01-01T05:00:00Z", 8765),
    ],
)
def test_the_latest_time_that_has_come_is_due(made, now, expected, missed):
    due = most_recent(made, parse("0 * * * *"), ZoneInfo("UTC"), parse_time(now))
    assert due.time_us == (parse_time(expected) if expected else None)
    assert due.missed == missed


def test_times_are_shown_as_events_and_annotations_have_them():
    when_us = parse_time("2026-01-01T00:05:00Z")
    assert job_name({"metadata": {"name": "tick"}}, when_us) == f"tick-{MIDNIGHT + 5}"
    assert job_name({"metadata": {"name": "tick"}}, when_us + 59 * SECOND_US) == f"tick-{MIDNIGHT + 5}"
    assert rfc1123z(when_us) == "Thu, 01 Jan 2026 00:05:00 +0000"
    assert rfc3339_in(when_us, ZoneInfo("Asia/Tokyo")) == "2026-01-01T09:05:00+09:00"
