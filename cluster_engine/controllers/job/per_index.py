"""Indexed Jobs whose indexes fail each for itself (`backoffLimitPerIndex`). Pure functions.

Follows pkg/controller/job/indexed_job_utils.go.
"""

from __future__ import annotations

from cluster_engine.apimachinery.meta import Obj, annotations_of
from cluster_engine.controllers.job import indexes
from cluster_engine.controllers.job.context import JobContext, has_tracking_finalizer
from cluster_engine.controllers.job.policies import is_pod_failed, match_failure


def taken_indexes(ctx: JobContext) -> list[indexes.Interval]:
    active = {indexes.completion_index(pod) for pod in ctx.active} - {indexes.UNKNOWN}
    return indexes.merge([*ctx.succeeded_indexes, *(ctx.failed_indexes or ())], active)


def failure_counts(pod: Obj) -> tuple[int, int]:
    """How often the pod's index had failed before it: (failures that count, ignored ones)."""
    annotations = annotations_of(pod)
    texts = (indexes.FAILURE_COUNT_ANNOTATION, indexes.IGNORED_FAILURE_COUNT_ANNOTATION)
    count, ignored = (int(text) if (text := annotations.get(name, "")).isdigit() else 0 for name in texts)
    return count, ignored


def next_failure_counts(ctx: JobContext, failed: Obj | None) -> dict[str, str]:
    """The annotations by which a pod knows how often its index has failed before."""
    count, ignored = (0, 0) if failed is None else failure_counts(failed)
    if failed is not None:
        if match_failure(ctx.spec.get("podFailurePolicy"), failed).counts:
            count += 1
        else:
            ignored += 1
    found = {indexes.FAILURE_COUNT_ANNOTATION: str(count)}
    if ignored:
        found[indexes.IGNORED_FAILURE_COUNT_ANNOTATION] = str(ignored)
    return found


def delayed_pods(ctx: JobContext) -> dict[int, Obj]:
    """By index, the failed pod whose finalizer stays until its successor exists."""
    taken = taken_indexes(ctx)
    found: dict[int, Obj] = {}
    for pod in ctx.pods:
        index = indexes.completion_index(pod)
        if not is_pod_failed(pod, ctx.job) or not indexes.has_valid_index(pod, ctx.completions or 0):
            continue
        if indexes.contains(taken, index):
            continue
        if index not in found or sum(failure_counts(found[index])) <= sum(failure_counts(pod)):
            found[index] = pod
    return found


def failed_indexes(ctx: JobContext) -> list[indexes.Interval]:
    """The indexes that have failed for good."""
    completions, limit = ctx.completions or 0, ctx.spec["backoffLimitPerIndex"]
    known = indexes.parse(ctx.status.get("failedIndexes") or "", completions)
    new = set()
    for pod in ctx.pods:
        if not has_tracking_finalizer(pod) or not indexes.has_valid_index(pod, completions):
            continue
        if not is_pod_failed(pod, ctx.job):
            continue
        match = match_failure(ctx.spec.get("podFailurePolicy"), pod)
        if match.action == "FailIndex" or (match.counts and failure_counts(pod)[0] >= limit):
            new.add(indexes.completion_index(pod))
    return indexes.merge(known, new)
