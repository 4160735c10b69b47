"""Cron schedules: which texts are schedules, and when they are due."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from cluster_engine.apimachinery.cron import CronError, parse
from cluster_engine.apimachinery.times import parse_time
from cluster_engine.clock import rfc3339


def due(text: str, after: str, times: int = 1, zone: str = "UTC") -> list[str | None]:
    found: list[str | None] = []
    when_us: int | None = parse_time(after)
    for _ in range(times):
        when_us = parse(text).next(when_us, ZoneInfo(zone)) if when_us is not None else None
        found.append(rfc3339(when_us) if when_us is not None else None)
    return found


@pytest.mark.parametrize(
    ("text", "after", "expected"),
    [
        ("*/5 * * * *", "2026-01-01T00:00:00Z", "2026-01-01T00:05:00Z"),
        ("*/5 * * * *", "2026-01-01T00:04:59Z", "2026-01-01T00:05:00Z"),
        ("7/20 * * * *", "2026-01-01T00:08:00Z", "2026-01-01T00:27:00Z"),
        ("0 9-17/4 * * *", "2026-01-01T09:00:00Z", "2026-01-01T13:00:00Z"),
        ("30 2 * * mon-fri", "2026-01-02T12:00:00Z", "2026-01-05T02:30:00Z"),
        ("0 0 1 JAN ?", "2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z"),
        ("0 0 29 2 *", "2026-01-01T00:00:00Z", "2028-02-29T00:00:00Z"),
        # With both days given, one of them is enough; with a star in one, the other counts.
        ("0 0 13 * 5", "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"),
        ("0 0 13 * *", "2026-01-01T00:00:00Z", "2026-01-13T00:00:00Z"),
        ("0 0 13 * */1", "2026-01-01T00:00:00Z", "2026-01-13T00:00:00Z"),
        ("@hourly", "2026-01-01T00:00:01Z", "2026-01-01T01:00:00Z"),
        ("@weekly", "2026-01-01T00:00:00Z", "2026-01-04T00:00:00Z"),
        ("@every 1h30m", "2026-01-01T00:00:10Z", "2026-01-01T01:30:10Z"),
        ("0 0 31 2 *", "2026-01-01T00:00:00Z", None),
    ],
)
def test_a_schedule_is_due(text, after, expected):
    assert due(text, after) == [expected]


def test_clocks_of_a_zone_skip_an_hour_and_repeat_one():
    # In Berlin there is no 02:30 on 29 March 2026, and 02:30 comes twice on 25 October.
    assert due("30 2 * * *", "2026-03-28T00:00:00Z", 2, "Europe/Berlin") == [
        "2026-03-28T01:30:00Z", "2026-03-30T00:30:00Z"
    ]  # fmt: skip
    assert due("30 2 * * *", "2026-10-24T12:00:00Z", 3, "Europe/Berlin") == [
        "2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z", "2026-10-26T01:30:00Z"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty spec string"),
        ("every day", "expected exactly 5 fields, found 2: [every day]"),
        ("60 * * * *", "end of range (60) above maximum (59): 60"),
        ("* * 0 * *", "beginning of range (0) below minimum (1): 0"),
        ("5-1 * * * *", "beginning of range (5) beyond end of range (1): 5-1"),
        ("*/0 * * * *", "step of range should be a positive number: */0"),
        ("1-2-3 * * * *", "too many hyphens: 1-2-3"),
        ("1/2/3 * * * *", "too many slashes: 1/2/3"),
        ("* * * * 7", "end of range (7) above maximum (6): 7"),
        ("x * * * *", 'failed to parse int from x: strconv.Atoi: parsing "x": invalid syntax'),
        ("@often", "unrecognized descriptor: @often"),
        ("@every long", 'failed to parse duration @every long: time: invalid duration "long"'),
    ],
)
def test_what_is_no_schedule_is_refused_in_the_parsers_words(text, message):
    with pytest.raises(CronError) as refusal:
        parse(text)
    assert str(refusal.value) == message
