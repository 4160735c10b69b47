"""Int-or-percent values such as `maxSurge`. Follows k8s.io/apimachinery/pkg/util/intstr."""

from __future__ import annotations

import re

from cluster_engine.apimachinery.gotext import quote

_ATOI = re.compile(r"[+-]?\d+", re.ASCII)


class IntOrStringError(ValueError):
    """A value that is neither a number nor a percentage; the message is Kubernetes' own."""


def scaled_value(value: int | str | None, total: int, round_up: bool) -> int:
    """The value itself when it is a number, else that percentage of `total`, rounded up or down.

    Raises `IntOrStringError`. Follows intstr.GetScaledValueFromIntOrPercent: 25% of 3 is 1 up and 0 down.
    """
    if value is None:
        raise IntOrStringError("nil value for IntOrString")
    if not isinstance(value, str):
        return value
    if not value.endswith("%"):
        raise IntOrStringError("invalid value for IntOrString: invalid type: string is not a percentage")
    number = _atoi(value[:-1], f"invalid value for IntOrString: invalid value {quote(value)}: ")
    product = number * total
    return -(-product // 100) if round_up else product // 100


def percentage(value: int | str | None) -> int | None:
    """The number before the per cent sign, or None where the value is no percentage."""
    if isinstance(value, str) and value.endswith("%") and _ATOI.fullmatch(value[:-1]):
        return int(value[:-1])
    return None


def int_value(value: int | str) -> int:
    """The number, or what a string says in digits, or 0. Follows IntOrString.IntValue."""
    if isinstance(value, str):
        return int(value) if _ATOI.fullmatch(value) and len(value) < 20 else 0
    return value


def _atoi(text: str, context: str) -> int:
    if not _ATOI.fullmatch(text):
        raise IntOrStringError(f"{context}strconv.Atoi: parsing {quote(text)}: invalid syntax")
    if len(text) > 20 or not -(2**63) <= int(text) < 2**63:
        raise IntOrStringError(f"{context}strconv.Atoi: parsing {quote(text)}: value out of range")
    return int(text)
