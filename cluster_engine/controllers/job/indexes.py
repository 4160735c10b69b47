"""Completion indexes of Indexed Jobs. Pure functions. Follows pkg/controller/job/indexed_job_utils.go.

Sets of indexes are kept as sorted, disjoint intervals, as in `status.completedIndexes`: "0-2,5".
"""

from __future__ import annotations

from collections.abc import Iterable

from cluster_engine.apimachinery.meta import Obj, annotations_of

INDEX_ANNOTATION = "batch.kubernetes.io/job-completion-index"
FAILURE_COUNT_ANNOTATION = "batch.kubernetes.io/job-index-failure-count"
IGNORED_FAILURE_COUNT_ANNOTATION = "batch.kubernetes.io/job-index-ignored-failure-count"
INDEX_ENV = "JOB_COMPLETION_INDEX"
UNKNOWN = -1

Interval = tuple[int, int]


def is_indexed(job: Obj) -> bool:
    return bool(job["spec"].get("completionMode") == "Indexed")


def completion_index(pod: Obj) -> int:
    """The pod's index, or `UNKNOWN`."""
    text = annotations_of(pod).get(INDEX_ANNOTATION, "")
    return int(text) if text.isascii() and text.isdigit() else UNKNOWN


def has_valid_index(pod: Obj, completions: int) -> bool:
    return UNKNOWN < completion_index(pod) < completions


def parse(text: str, completions: int) -> list[Interval]:
    """The intervals that a text says, cut off at `completions`. What cannot be read is left out."""
    intervals: list[Interval] = []
    for part in text.split(",") if text else ():
        first, _, last = part.partition("-")
        if not first.isdigit() or (last and not last.isdigit()):
            continue
        low, high = int(first), min(int(last or first), completions - 1)
        if low < completions:
            intervals.append((low, high))
    return merge(intervals, ())


def merge(intervals: Iterable[Interval], indexes: Iterable[int]) -> list[Interval]:
    """The intervals with those indexes; neighbours become one."""
    merged: list[Interval] = []
    for low, high in sorted([*intervals, *((index, index) for index in indexes)]):
        if merged and low <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(merged[-1][1], high))
        else:
            merged.append((low, high))
    return merged


def text(intervals: Iterable[Interval]) -> str:
    """The intervals as the status has them: two neighbours are "3,4", three are "3-5"."""
    parts = []
    for low, high in intervals:
        parts.append(str(low))
        if high > low:
            parts[-1] += f"{',' if high == low + 1 else '-'}{high}"
    return ",".join(parts)


def total(intervals: Iterable[Interval]) -> int:
    """How many indexes there are."""
    return sum(high - low + 1 for low, high in intervals)


def contains(intervals: Iterable[Interval], index: int) -> bool:
    return any(low <= index <= high for low, high in intervals)


def first_pending(taken: list[Interval], count: int, completions: int) -> list[int]:
    """The first `count` indexes below `completions` that are not `taken`."""
    found: list[int] = []
    candidate = 0
    for low, high in [*taken, (completions, completions)]:
        while candidate < min(low, completions) and len(found) < count:
            found.append(candidate)
            candidate += 1
        candidate = max(candidate, high + 1)
    return found


def with_index_env(spec: Obj) -> Obj:
    """The pod spec whose containers are told their index by an environment variable."""
    source = {"fieldRef": {"apiVersion": "v1", "fieldPath": f"metadata.labels['{INDEX_ANNOTATION}']"}}
    variable = {"name": INDEX_ENV, "valueFrom": source}
    changed = dict(spec)
    for field in ("initContainers", "containers"):
        if spec.get(field):
            changed[field] = [_with_env(container, variable) for container in spec[field]]
    return changed


def _with_env(container: Obj, variable: Obj) -> Obj:
    env = container.get("env") or []
    if any(one["name"] == variable["name"] for one in env):
        return container
    return {**container, "env": [*env, variable]}
