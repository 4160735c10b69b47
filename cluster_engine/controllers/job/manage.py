"""Creates and deletes the pods of a Job. Follows manageJob of pkg/controller/job/job_controller.go."""

from __future__ import annotations

from collections.abc import Callable

from cluster_engine.apimachinery.errors import ApiError
from cluster_engine.apimachinery.meta import Obj, key_of
from cluster_engine.client.controller import ControllerContext
from cluster_engine.controllers.common.expectations import Expectations
from cluster_engine.controllers.common.pod_control import PodControl, is_namespace_terminating, pod_from_template
from cluster_engine.controllers.common.pods import is_pod_ready
from cluster_engine.controllers.common.ranking import pods_to_delete
from cluster_engine.controllers.common.slow_start import slow_start_batch
from cluster_engine.controllers.job import indexes
from cluster_engine.controllers.job.backoff import finished_us, remaining_seconds
from cluster_engine.controllers.job.context import TRACKING_FINALIZER, JobContext, is_suspended
from cluster_engine.controllers.job.finalizer import remove_tracking_finalizer
from cluster_engine.controllers.job.per_index import failure_counts, next_failure_counts, taken_indexes
from cluster_engine.controllers.job.policies import only_replaces_failed

MAX_POD_CREATE_DELETE_PER_SYNC = 500
MAX_NAME_LENGTH = 58


class PodManager:
    """The hands of the Job controller. `sync_later(key, seconds, why)` asks for another sync."""

    def __init__(
        self,
        context: ControllerContext,
        expectations: Expectations,
        sync_later: Callable[[str, float, str], None],
    ) -> None:
        self._client = context.client
        self._clock = context.clock
        self._trace = context.trace
        self._expectations = expectations
        self._sync_later = sync_later
        self._pod_control = PodControl(context.client, context.recorder)
        self._templates: dict[int, tuple[Obj, Obj]] = {}

    def manage(self, ctx: JobContext) -> ApiError | None:
        """Brings the number of active pods to what is wanted; the first refusal, if any."""
        if is_suspended(ctx.job):
            doomed = self._removable(ctx, len(ctx.active))
            return self._delete_untracked(ctx, doomed, "suspended")
        wanted = _wanted_active(ctx)
        doomed = self._removable(ctx, max(ctx.active_count - wanted, 0))[:MAX_POD_CREATE_DELETE_PER_SYNC]
        if doomed:
            return self._delete_untracked(ctx, doomed, f"{wanted} are wanted")
        missing = wanted - ctx.active_count - (ctx.terminating if only_replaces_failed(ctx.job) else 0)
        return self._create(ctx, missing, wanted) if missing > 0 else None

    def delete_active(self, ctx: JobContext) -> tuple[int, ApiError | None]:
        """Asks for the deletion of all active pods of a Job that has ended: (how many, the first refusal).

        Their finalizer stays until they have been counted.
        """
        deleted, failure = 0, None
        for pod in ctx.active:
            try:
                self._pod_control.delete_pod(pod, ctx.job)
            except ApiError as error:
                if error.code != 404:
                    failure = failure or error
                    continue
            deleted += 1
            ctx.ready -= is_pod_ready(pod)
        return deleted, failure

    # Deleting.

    def _removable(self, ctx: JobContext, at_least: int) -> list[Obj]:
        """Active pods to remove: wrong or double indexes in any case, then those that are worth least."""
        left = ctx.active
        removed: list[Obj] = []
        if ctx.indexed:
            left, removed = _without_repeated(ctx.active, ctx.completions or 0, self._clock.now_us)
        missing = at_least - len(removed)
        if missing > 0:
            removed += pods_to_delete(left, {}, missing, self._clock.now_us)[:missing]
        return removed

    def _delete_untracked(self, ctx: JobContext, doomed: list[Obj], why: str) -> ApiError | None:
        """Deletes pods that shall not count as failures: their finalizer goes first."""
        if not doomed:
            return None
        self._trace.note(f"{ctx.active_count} active pods, {why}: deletes {len(doomed)}")
        self._expectations.expect_deletions(ctx.key, [key_of(pod) for pod in doomed])
        failure: ApiError | None = None
        for pod in doomed:
            try:
                remove_tracking_finalizer(self._client, pod)
                self._pod_control.delete_pod(pod, ctx.job)
            except ApiError as error:
                self._expectations.deletion_observed(ctx.key, key_of(pod))
                if error.code != 404:
                    failure = failure or error
                    continue
            ctx.active_count -= 1
            ctx.terminating += 1
            ctx.ready -= is_pod_ready(pod)
        return failure

    # Creating.

    def _create(self, ctx: JobContext, missing: int, wanted: int) -> ApiError | None:
        per_index = "backoffLimitPerIndex" in ctx.spec
        remaining = 0.0 if per_index else ctx.backoff.remaining_seconds(self._clock.now_us)
        missing = min(missing, MAX_POD_CREATE_DELETE_PER_SYNC)
        pending: list[int] = []
        if remaining == 0 and ctx.indexed:
            pending = indexes.first_pending(taken_indexes(ctx), missing, ctx.completions or 0)
            if per_index:
                pending, remaining = self._ready_indexes(ctx, pending)
            missing = len(pending)
        if remaining > 0:
            failures = ctx.backoff.failures
            self._trace.note(f"{failures} failures since the last success: the next pod waits {remaining:.0f} s more")
            self._sync_later(ctx.key, remaining, "back-off of failed pods")
            ctx.active_count = 0  # as the real controller reports it until the wait is over
            return None
        if missing == 0:
            return None
        self._trace.note(f"{ctx.active_count} active pods, {wanted} wanted: creates {missing}")
        self._expectations.expect_creations(ctx.key, missing)
        template, waiting = self._template(ctx), iter(pending)

        def create() -> None:
            pod = (
                self._indexed_pod(ctx, template, next(waiting)) if ctx.indexed else pod_from_template(template, ctx.job)
            )
            try:
                self._pod_control.create_pod(pod, ctx.job)
            except ApiError as error:
                if not is_namespace_terminating(error):
                    raise

        created, failure = slow_start_batch(missing, create)
        ctx.active_count += created
        self._expectations.creation_observed(ctx.key, missing - created)
        return failure

    def _ready_indexes(self, ctx: JobContext, pending: list[int]) -> tuple[list[int], float]:
        """The indexes whose own back-off is over, or how long the first of them has to wait."""
        waits = {index: self._index_wait(ctx.delayed.get(index)) for index in pending}
        ready = [index for index in pending if waits[index] == 0]
        return (ready, 0.0) if ready or not waits else ([], min(waits.values()))

    def _index_wait(self, failed: Obj | None) -> float:
        if failed is None:
            return 0.0
        count, ignored = failure_counts(failed)
        return remaining_seconds(count + ignored + 1, finished_us(failed), self._clock.now_us)

    def _template(self, ctx: JobContext) -> Obj:
        """The Job's template with the finalizer, and the index variable for an Indexed Job."""
        template = ctx.spec["template"]
        known = self._templates.get(id(template))
        if known is not None and known[0] is template:
            return known[1]
        meta = template.get("metadata") or {}
        finalizers = [*(meta.get("finalizers") or ()), TRACKING_FINALIZER]
        spec = indexes.with_index_env(template["spec"]) if ctx.indexed else template["spec"]
        made = {"metadata": {**meta, "finalizers": finalizers}, "spec": spec}
        if len(self._templates) > 256:
            self._templates.clear()
        self._templates[id(template)] = (template, made)
        return made

    def _indexed_pod(self, ctx: JobContext, template: Obj, index: int) -> Obj:
        job, meta = ctx.job["metadata"], template["metadata"]
        annotations = {**(meta.get("annotations") or {}), indexes.INDEX_ANNOTATION: str(index)}
        if "backoffLimitPerIndex" in ctx.spec:
            annotations.update(next_failure_counts(ctx, ctx.delayed.get(index)))
        labels = {**(meta.get("labels") or {}), indexes.INDEX_ANNOTATION: str(index)}
        spec = {**template["spec"], "hostname": f"{job['name']}-{index}"}
        suffix = f"-{index}-"
        prefix = f"{job['name'][: MAX_NAME_LENGTH - len(suffix)]}{suffix}"
        whole = {"metadata": {**meta, "annotations": annotations, "labels": labels}, "spec": spec}
        return pod_from_template(whole, ctx.job, prefix)


def _wanted_active(ctx: JobContext) -> int:
    """How many pods should be active: not more than completions are left, nor than `parallelism`."""
    parallelism: int = ctx.spec.get("parallelism", 1)
    if ctx.completions is None:
        # A work queue: once a pod has succeeded, the others finish and no new one starts.
        return ctx.active_count if ctx.succeeded > 0 else parallelism
    return max(min(ctx.completions - ctx.succeeded, parallelism), 0)


def _without_repeated(pods: list[Obj], completions: int, now_us: int) -> tuple[list[Obj], list[Obj]]:
    """(pods to keep, pods to remove): one pod an index, and none without a valid one."""
    by_index: dict[int, list[Obj]] = {}
    for pod in pods:
        index = indexes.completion_index(pod) if indexes.has_valid_index(pod, completions) else indexes.UNKNOWN
        by_index.setdefault(index, []).append(pod)
    removed = by_index.pop(indexes.UNKNOWN, [])
    kept = []
    for same in by_index.values():
        surplus = pods_to_delete(same, {}, len(same) - 1, now_us)[: len(same) - 1]
        removed += surplus
        kept += [pod for pod in same if pod not in surplus]
    return kept, removed
