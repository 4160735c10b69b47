"""A Job's podFailurePolicy and successPolicy. Follows batch/validation (v1.32)."""

from __future__ import annotations

import re

from cluster_engine.api import checks
from cluster_engine.api.checks import Errors
from cluster_engine.api.shown import invalid_without_value
from cluster_engine.apimachinery.errors import duplicate, invalid_value, not_supported, required, too_long, too_many
from cluster_engine.apimachinery.gotext import GoText, quote
from cluster_engine.apimachinery.meta import Obj

MAX_FAILURE_RULES = 20
MAX_EXIT_CODES = 255
MAX_CONDITION_PATTERNS = 20
MAX_SUCCESS_RULES = 20
MAX_INDEXES_LENGTH = 64 * 1024
ACTIONS = ("Count", "FailIndex", "FailJob", "Ignore")
_OPERATORS = ("In", "NotIn")
_STATUSES = ("False", "True", "Unknown")
_INDEX = re.compile(r"[+-]?\d{1,10}", re.ASCII)


class IndexesError(ValueError):
    """A text that is no list of indexes."""


def _valid_values(values: tuple[str, ...]) -> str:
    return f"valid values: [{' '.join(map(quote, values))}]"


def _one_of(path: str, value: str | None, allowed: tuple[str, ...]) -> Errors:
    if not value:
        return [required(path, _valid_values(allowed))]
    return [] if value in allowed else [not_supported(path, value, allowed)]


def validate_failure_policy(path: str, spec: Obj) -> Errors:
    """The rules that say what a pod's failure means for its Job."""
    rules = spec["podFailurePolicy"].get("rules") or []
    errors = [too_many(f"{path}.rules", len(rules), MAX_FAILURE_RULES)] if len(rules) > MAX_FAILURE_RULES else []
    pod_spec = (spec.get("template") or {}).get("spec") or {}
    containers = {c.get("name") for field in ("containers", "initContainers") for c in pod_spec.get(field) or ()}
    for index, rule in enumerate(rules):
        errors += _failure_rule(f"{path}.rules[{index}]", rule, spec, containers)
    return errors


def _failure_rule(path: str, rule: Obj, spec: Obj, containers: set[str]) -> Errors:
    action = rule.get("action") or ""
    errors = _one_of(f"{path}.action", action, ACTIONS)
    if action == "FailIndex" and spec.get("backoffLimitPerIndex") is None:
        errors.append(invalid_value(f"{path}.action", action, "requires the backoffLimitPerIndex to be set"))
    codes, patterns = rule.get("onExitCodes"), rule.get("onPodConditions") or []
    if codes is not None:
        errors += _exit_codes(f"{path}.onExitCodes", codes, containers)
    if len(patterns) > MAX_CONDITION_PATTERNS:
        errors.append(too_many(f"{path}.onPodConditions", len(patterns), MAX_CONDITION_PATTERNS))
    for index, pattern in enumerate(patterns):
        at = f"{path}.onPodConditions[{index}]"
        errors += checks.qualified_name(f"{at}.type", pattern.get("type") or "")
        errors += _one_of(f"{at}.status", pattern.get("status"), _STATUSES)
    if codes is not None and patterns:
        detail = "specifying both OnExitCodes and OnPodConditions is not supported"
        errors.append(invalid_without_value(path, detail))
    if codes is None and not patterns:
        detail = "specifying one of OnExitCodes and OnPodConditions is required"
        errors.append(invalid_without_value(path, detail))
    return errors


def _shown(values: list[int]) -> GoText:
    return GoText(f"[]int32{{{', '.join(map(hex, values))}}}") if values else GoText("[]int32(nil)")


def _exit_codes(path: str, codes: Obj, containers: set[str]) -> Errors:
    operator, values = codes.get("operator") or "", codes.get("values") or []
    errors = _one_of(f"{path}.operator", operator, _OPERATORS)
    name = codes.get("containerName")
    if name is not None and name not in containers:
        detail = "must be one of the container or initContainer names in the pod template"
        errors.append(invalid_value(f"{path}.containerName", name, detail))
    at = f"{path}.values"
    if not values:
        errors.append(invalid_value(at, _shown(values), "at least one value is required"))
    elif len(values) > MAX_EXIT_CODES:
        errors.append(too_many(at, len(values), MAX_EXIT_CODES))
    seen: set[int] = set()
    for index, value in enumerate(values):
        if operator == "In" and value == 0:
            errors.append(invalid_value(f"{at}[{index}]", value, "must not be 0 for the In operator"))
        if value in seen:
            errors.append(duplicate(f"{at}[{index}]", value))
        seen.add(value)
    if values != sorted(values):
        errors.append(invalid_value(at, _shown(values), "must be ordered"))
    return errors


def validate_success_policy(path: str, spec: Obj) -> Errors:
    """The rules by which an indexed Job has succeeded before all its indexes have."""
    rules = spec["successPolicy"].get("rules") or []
    errors: Errors = []
    if not rules:
        detail = "at least one rules must be specified when the successPolicy is specified"
        errors.append(required(f"{path}.rules", detail))
    if len(rules) > MAX_SUCCESS_RULES:
        errors.append(too_many(f"{path}.rules", len(rules), MAX_SUCCESS_RULES))
    for index, rule in enumerate(rules):
        errors += _success_rule(f"{path}.rules[{index}]", rule, spec.get("completions") or 0)
    return errors


def _success_rule(path: str, rule: Obj, completions: int) -> Errors:
    count, indexes = rule.get("succeededCount"), rule.get("succeededIndexes")
    errors: Errors = []
    if count is None and indexes is None:
        detail = "at least one of succeededCount or succeededIndexes must be specified"
        errors.append(required(path, detail))
    total = 0
    if indexes is not None:
        at = f"{path}.succeededIndexes"
        if len(indexes) > MAX_INDEXES_LENGTH:
            errors.append(too_long(at, MAX_INDEXES_LENGTH))
        try:
            total = count_indexes(indexes, completions)
        except IndexesError as error:
            errors.append(invalid_value(at, indexes, f"error parsing succeededIndexes: {error}"))
    if count is not None:
        at = f"{path}.succeededCount"
        errors += checks.nonnegative(at, count)
        if count > completions:
            detail = f"must be less than or equal to {completions} (the number of specified completions)"
            errors.append(invalid_value(at, count, detail))
        if indexes is not None and count > total:
            detail = (
                f"must be less than or equal to {total} (the number of indexes in the specified succeededIndexes field)"
            )
            errors.append(invalid_value(at, count, detail))
    return errors


def count_indexes(text: str, completions: int) -> int:
    """How many indexes `0,2-5` names. Raises `IndexesError`. Follows validateIndexesFormat."""
    if not text:
        return 0
    last: int | None = None
    total = 0
    for interval in text.split(","):
        first, end = _interval(interval, completions)
        if last is not None and last >= first:
            raise IndexesError(f"non-increasing order, previous: {last}, current: {first}")
        total += end - first + 1
        last = end
    return total


def _interval(text: str, completions: int) -> tuple[int, int]:
    limits = text.split("-")
    if len(limits) > 2:
        words = "violates the requirement that an index interval can have at most two parts separated by '-'"
        raise IndexesError(f"the fragment {quote(text)} {words}")
    found = []
    for limit in limits:
        if not _INDEX.fullmatch(limit):
            raise IndexesError(f"cannot convert string to integer for index: {quote(limit)}")
        number = int(limit)
        if number >= completions:
            raise IndexesError(f"too large index: {quote(limit)}")
        found.append(number)
    if len(found) == 2 and found[0] >= found[1]:
        raise IndexesError(f"non-increasing order, previous: {found[0]}, current: {found[1]}")
    return found[0], found[-1]
