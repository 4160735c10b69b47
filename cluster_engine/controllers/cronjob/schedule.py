"""Which scheduled time of a CronJob is due, and when the next is. Pure functions.

Follows pkg/controller/cronjob/utils.go. Times are virtual microseconds since the epoch.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cluster_engine.apimachinery.cron import Schedule
from cluster_engine.apimachinery.meta import Obj, dig
from cluster_engine.apimachinery.times import parse_time
from cluster_engine.clock import SECOND_US

# How long after its time a Job is started.
NEXT_SCHEDULE_DELTA_US = 100_000
MANY_MISSED = 100


@lru_cache(maxsize=64)
def load_zone(name: str) -> tzinfo | None:
    """The time zone of that name; None when there is none."""
    if not name:
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


@dataclass(frozen=True, slots=True)
class Due:
    """`time_us` is the latest scheduled time that has come, of `missed` since `since_us`; None where none has."""

    since_us: int
    time_us: int | None
    missed: int = 0


def most_recent(cron_job: Obj, schedule: Schedule, zone: tzinfo, now_us: int, *, deadline: bool = True) -> Due:
    """The latest scheduled time since the last one that was acted on. `deadline` heeds startingDeadlineSeconds."""
    last = dig(cron_job, "status", "lastScheduleTime")
    since_us = parse_time(last or cron_job["metadata"]["creationTimestamp"])
    seconds = cron_job["spec"].get("startingDeadlineSeconds")
    if deadline and seconds is not None:
        since_us = max(since_us, now_us - seconds * SECOND_US)
    first = schedule.next(since_us, zone)
    if first is None or first > now_us:
        return Due(since_us, None)
    second = schedule.next(first, zone)
    if second is None or second > now_us:
        return Due(since_us, first)
    # Times long past need not be gone through one by one: a rough count leaps over them.
    between_us = second - first
    missed = (now_us - first) // between_us + 1
    latest, candidate = first, schedule.next(first + (missed - 2) * between_us, zone)
    while candidate is not None and candidate <= now_us:
        latest, candidate = candidate, schedule.next(candidate, zone)
    return Due(since_us, latest, missed)


def next_seconds(cron_job: Obj, schedule: Schedule, zone: tzinfo, now_us: int) -> float | None:
    """After how many seconds the CronJob has to be looked at again; None for never."""
    due = most_recent(cron_job, schedule, zone, now_us, deadline=False)
    reference_us = due.since_us if due.time_us is None else due.time_us
    following = schedule.next(reference_us, zone)
    if following is None:
        return None
    return max(0.0, (following + NEXT_SCHEDULE_DELTA_US - now_us) / SECOND_US)


def job_name(cron_job: Obj, time_us: int) -> str:
    """The name of the Job of one scheduled time: it ends in the minutes since the epoch."""
    return f"{cron_job['metadata']['name']}-{time_us // SECOND_US // 60}"


def rfc1123z(time_us: int) -> str:
    """A time as events show it, e.g. `Thu, 01 Jan 2026 00:05:00 +0000`."""
    return datetime.fromtimestamp(time_us // SECOND_US, UTC).strftime("%a, %d %b %Y %H:%M:%S +0000")


def rfc3339_in(time_us: int, zone: tzinfo) -> str:
    """A time in a zone, e.g. `2026-01-01T01:05:00+01:00`."""
    local = datetime.fromtimestamp(time_us // SECOND_US, UTC).astimezone(zone)
    return local.isoformat().replace("+00:00", "Z")
