"""Timestamps and durations as people read them.

Follows k8s.io/apimachinery/pkg/util/duration and kubectl's translateTimestampSince.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from cluster_engine.clock import SECOND_US

_RFC3339 = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))?(Z|[+-]\d\d:\d\d)", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
UNKNOWN = "<unknown>"
INVALID = "<invalid>"


@lru_cache(maxsize=8192)
def parse_time(text: str) -> int:
    """An RFC 3339 timestamp (`metav1.Time` or `MicroTime`) as microseconds since the Unix epoch. Raises ValueError."""
    found = _RFC3339.fullmatch(text)
    if found is None:
        raise ValueError(f"parsing time {text!r}: not an RFC 3339 timestamp")
    year, month, day, hour, minute, second = (int(part) for part in found.groups()[:6])
    micros = int((found[7] or "").ljust(6, "0")[:6])
    when = datetime(year, month, day, hour, minute, second, micros, UTC)
    time_us = (when - _EPOCH) // _MICROSECOND
    zone = found[8]
    if zone != "Z":
        hours, minutes = int(zone[1:3]), int(zone[4:6])
        if hours > 23 or minutes > 59:
            raise ValueError(f"parsing time {text!r}: time zone offset out of range")
        offset_us = (hours * 60 + minutes) * 60 * SECOND_US
        time_us += offset_us if zone[0] == "-" else -offset_us
    return time_us


def human_duration(seconds: float) -> str:
    """A duration with two or three significant figures, as the AGE column shows it: `45s`, `2m5s`, `3h`, `8d`, `2y10d`.

    Follows duration.HumanDuration: two seconds or more before now is `<invalid>`.
    """
    whole = int(seconds)
    if whole < -1:
        return INVALID
    if whole < 120:
        return f"{max(whole, 0)}s"
    minutes = whole // 60
    if minutes < 10:
        return _pair(minutes, "m", whole % 60, "s")
    if minutes < 180:
        return f"{minutes}m"
    hours = whole // 3600
    if hours < 8:
        return _pair(hours, "h", minutes % 60, "m")
    if hours < 48:
        return f"{hours}h"
    days = hours // 24
    if hours < 192:
        return _pair(days, "d", hours % 24, "h")
    if days < 730:
        return f"{days}d"
    if days < 2920:
        return _pair(days // 365, "y", days % 365, "d")
    return f"{days // 365}y"


def _pair(big: int, big_unit: str, small: int, small_unit: str) -> str:
    return f"{big}{big_unit}{small}{small_unit}" if small else f"{big}{big_unit}"


def short_human_duration(seconds: float) -> str:
    """A duration with one figure: `45s`, `2m`, `3h`, `8d`. Follows duration.ShortHumanDuration."""
    whole = int(seconds)
    if whole < -1:
        return INVALID
    if whole < 60:
        return f"{max(whole, 0)}s"
    if whole < 3600:
        return f"{whole // 60}m"
    hours = whole // 3600
    if hours < 24:
        return f"{hours}h"
    return f"{hours // 24}d" if hours < 24 * 365 else f"{hours // 24 // 365}y"


def age(timestamp: str | None, now_us: int) -> str:
    """The time since a timestamp as the AGE column shows it; `<unknown>` where there is none.

    `now_us` is virtual microseconds since the epoch.
    """
    if not timestamp:
        return UNKNOWN
    return human_duration((now_us - parse_time(timestamp)) / SECOND_US)
