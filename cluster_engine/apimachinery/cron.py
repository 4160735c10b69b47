"""Cron schedules as CronJobs have them: five fields, descriptors such as `@hourly`, and `@every 90m`.

Follows github.com/robfig/cron/v3 (ParseStandard and Schedule.Next), whose dialect and words of refusal are Kubernetes'.
Times are virtual microseconds since the epoch.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache

from cluster_engine.apimachinery.gotext import quote
from cluster_engine.clock import SECOND_US

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_DESCRIPTORS = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_EVERY = "@every "
_DURATION = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(h|ms|m|s|us|µs|ns)", re.ASCII)
_UNIT_SECONDS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
# A date that does not come within five years (31 February) never comes.
_MAX_DAYS = 5 * 366


class CronError(ValueError):
    """A text that is no schedule; the message is the real parser's own."""


@dataclass(frozen=True, slots=True)
class _Bounds:
    low: int
    high: int
    names: tuple[str, ...] = ()
    first_name: int = 0


_FIELDS = (_Bounds(0, 59), _Bounds(0, 23), _Bounds(1, 31), _Bounds(1, 12, _MONTHS, 1), _Bounds(0, 6, _DAYS))


@dataclass(frozen=True, slots=True)
class Schedule:
    """When something is due. `every_seconds` is set for `@every`, and then the fields mean nothing."""

    minutes: tuple[int, ...] = ()
    hours: tuple[int, ...] = ()
    days: frozenset[int] = frozenset()
    months: frozenset[int] = frozenset()
    weekdays: frozenset[int] = frozenset()
    # Whether a day has to be right in the month and in the week; else one of them is enough.
    both_days: bool = True
    every_seconds: int = 0

    def next(self, after_us: int, zone: tzinfo = UTC) -> int | None:
        """The first time after `after_us` at which it is due by the clocks of `zone`; None when that never comes."""
        if self.every_seconds:
            return (after_us // SECOND_US + self.every_seconds) * SECOND_US
        local = datetime.fromtimestamp(after_us // SECOND_US, UTC).astimezone(zone)
        for offset in range(_MAX_DAYS):
            day = local.date() + timedelta(days=offset)
            if not self._matches(day):
                continue
            for when_us in self._times(day, zone):
                if when_us > after_us:
                    return when_us
        return None

    def _matches(self, day: date) -> bool:
        if day.month not in self.months:
            return False
        in_month, in_week = day.day in self.days, day.isoweekday() % 7 in self.weekdays
        return in_month and in_week if self.both_days else in_month or in_week

    def _times(self, day: date, zone: tzinfo) -> Iterator[int]:
        """The times of one day in order. An hour that clocks skip has none, one that they repeat has them twice."""
        for hour in self.hours:
            for fold in (0, 1):
                for minute in self.minutes:
                    local = datetime(day.year, day.month, day.day, hour, minute, tzinfo=zone, fold=fold)
                    there = local.astimezone(UTC)
                    if there.astimezone(zone).replace(tzinfo=None) != local.replace(tzinfo=None):
                        continue
                    if fold and local.utcoffset() == local.replace(fold=0).utcoffset():
                        continue
                    yield int(there.timestamp()) * SECOND_US


@lru_cache(maxsize=512)
def parse(text: str) -> Schedule:
    """The schedule that a text means. Raises `CronError`."""
    if not text:
        raise CronError("empty spec string")
    if text.startswith("@"):
        return _descriptor(text)
    fields = text.split()
    if len(fields) != 5:
        raise CronError(f"expected exactly 5 fields, found {len(fields)}: [{' '.join(fields)}]")
    parsed = [_field(field, bounds) for field, bounds in zip(fields, _FIELDS, strict=True)]
    (minutes, _), (hours, _), (days, any_day), (months, _), (weekdays, any_weekday) = parsed
    return Schedule(
        minutes=tuple(sorted(minutes)),
        hours=tuple(sorted(hours)),
        days=frozenset(days),
        months=frozenset(months),
        weekdays=frozenset(weekdays),
        both_days=any_day or any_weekday,
    )


def _descriptor(text: str) -> Schedule:
    if text in _DESCRIPTORS:
        return parse(_DESCRIPTORS[text])
    if text.startswith(_EVERY):
        return Schedule(every_seconds=max(1, int(_seconds(text))))
    raise CronError(f"unrecognized descriptor: {text}")


def _seconds(text: str) -> float:
    """The duration in `@every 1h30m`."""
    duration = text.removeprefix(_EVERY)
    parts = _DURATION.findall(duration)
    if not parts or "".join(number + unit for number, unit in parts) != duration:
        raise CronError(f"failed to parse duration {text}: time: invalid duration {quote(duration)}")
    return sum(float(number) * _UNIT_SECONDS[unit] for number, unit in parts)


def _field(text: str, bounds: _Bounds) -> tuple[set[int], bool]:
    """(the values, whether it is a star and so says nothing)."""
    values: set[int] = set()
    star = False
    for part in text.split(","):
        if part:
            found, any_ = _range(part, bounds)
            values |= found
            star = star or any_
    return values, star


def _range(text: str, bounds: _Bounds) -> tuple[set[int], bool]:
    span, *steps = text.split("/")
    low_text, *high_texts = span.split("-")
    star = low_text in ("*", "?")
    if star:
        low, high = bounds.low, bounds.high
    else:
        low = _value(low_text, bounds)
        if len(high_texts) > 1:
            raise CronError(f"too many hyphens: {text}")
        high = _value(high_texts[0], bounds) if high_texts else low
    step = 1
    if len(steps) > 1:
        raise CronError(f"too many slashes: {text}")
    if steps:
        step = _number(steps[0])
        if not star and not high_texts:
            high = bounds.high  # "N/step" means "N-max/step"
        star = star and step <= 1
    if low < bounds.low:
        raise CronError(f"beginning of range ({low}) below minimum ({bounds.low}): {text}")
    if high > bounds.high:
        raise CronError(f"end of range ({high}) above maximum ({bounds.high}): {text}")
    if low > high:
        raise CronError(f"beginning of range ({low}) beyond end of range ({high}): {text}")
    if step == 0:
        raise CronError(f"step of range should be a positive number: {text}")
    return set(range(low, high + 1, step)), star


def _value(text: str, bounds: _Bounds) -> int:
    name = text.lower()
    if name in bounds.names:
        return bounds.names.index(name) + bounds.first_name
    return _number(text)


def _number(text: str) -> int:
    if not re.fullmatch(r"[+-]?\d{1,18}", text, re.ASCII):
        why = f"strconv.Atoi: parsing {quote(text)}: invalid syntax"
        raise CronError(f"failed to parse int from {text}: {why}")
    number = int(text)
    if number < 0:
        raise CronError(f"negative number ({number}) not allowed: {text}")
    return number
