"""Counts pods that have ended, each exactly once, and ends the Job when its time has come.

A pod that ended is first written into `status.uncountedTerminatedPods`, then loses its finalizer, then moves from that
list into the counts: whatever fails in between, no pod is counted twice or never.
Follows trackJobStatusAndRemoveFinalizers of pkg/controller/job/job_controller.go.
"""

from __future__ import annotations

from collections.abc import Callable

from cluster_engine.apimachinery.errors import ApiError
from cluster_engine.apimachinery.meta import Obj, deleting, get_condition
from cluster_engine.client.controller import ControllerContext
from cluster_engine.controllers.common.pods import phase_of
from cluster_engine.controllers.job import indexes
from cluster_engine.controllers.job.context import JobContext
from cluster_engine.controllers.job.finalizer import remove_tracking_finalizer
from cluster_engine.controllers.job.policies import is_pod_failed, match_failure

RESOURCE = "jobs.batch"
MAX_UNCOUNTED_PODS = 500


def new_condition(type_: str, status: str, reason: str, message: str, now: str) -> Obj:
    condition = {"type": type_, "status": status, "lastProbeTime": now, "lastTransitionTime": now}
    if reason:
        condition["reason"] = reason
    if message:
        condition["message"] = message
    return condition


def ensure_condition(conditions: list[Obj], condition: Obj) -> list[Obj]:
    """The conditions with that one, or the same list where it is there already. False is nothing new where none was."""
    present = get_condition(conditions, condition["type"])
    if present is None:
        return conditions if condition["status"] == "False" else [*conditions, condition]
    fields = ("status", "reason", "message")
    if all(present.get(field) == condition.get(field) for field in fields):
        return conditions
    return [condition if one is present else one for one in conditions]


class JobTracker:
    """The status of Jobs, and the finalizers of their pods."""

    def __init__(self, context: ControllerContext, on_flush: Callable[[JobContext], None]) -> None:
        """`on_flush` is called once a status is written that has the newly ended pods."""
        self._client = context.client
        self._recorder = context.recorder
        self._clock = context.clock
        self._trace = context.trace
        self._on_flush = on_flush

    def track(self, ctx: JobContext) -> None:
        """Counts, lets go, and finishes the Job if it is to be finished. Raises `ApiError`."""
        ended, full = self._collect(ctx)
        self._add_interim_condition(ctx)
        self._write(ctx)
        self._on_flush(ctx)
        failure = self._let_go(ctx, ended)
        self._count(ctx)
        finished = failure is None and not full and self._enact_finished(ctx)
        self._write(ctx)
        if failure is not None:
            raise failure
        if finished:
            self._tell_finished(ctx)

    def _collect(self, ctx: JobContext) -> tuple[list[Obj], bool]:
        """Puts pods that have ended into the lists of the uncounted: (the pods to let go, whether there are more)."""
        self._count(ctx)
        pods = sorted(ctx.pods, key=indexes.completion_index) if ctx.indexed else ctx.pods
        ended: list[Obj] = []
        new_indexes: list[int] = []
        full = False
        for pod in pods:
            if not ctx.is_tracked(pod) or not self._may_let_go(ctx, pod):
                continue
            ended.append(pod)
            self._sort_in(ctx, pod, new_indexes)
            if len(new_indexes) + len(ctx.uncounted_succeeded) + len(ctx.uncounted_failed) >= MAX_UNCOUNTED_PODS:
                full = True
                break
        if ctx.indexed:
            ctx.succeeded_indexes = indexes.merge(ctx.previous_indexes, new_indexes)
            ctx.status["succeeded"] = indexes.total(ctx.succeeded_indexes)
            ctx.status["completedIndexes"] = indexes.text(ctx.succeeded_indexes)
            if ctx.failed_indexes is not None:
                ctx.status["failedIndexes"] = indexes.text(ctx.failed_indexes)
        return ended, full

    def _may_let_go(self, ctx: JobContext, pod: Obj) -> bool:
        if deleting(ctx.job) or ctx.finished is not None or phase_of(pod) == "Succeeded":
            return True
        if not is_pod_failed(pod, ctx.job):
            return False
        return ctx.delayed.get(indexes.completion_index(pod), {}) is not pod

    def _sort_in(self, ctx: JobContext, pod: Obj, new_indexes: list[int]) -> None:
        uid, index = pod["metadata"]["uid"], indexes.completion_index(pod)
        valid = not ctx.indexed or indexes.has_valid_index(pod, ctx.completions or 0)
        if phase_of(pod) == "Succeeded" and uid not in ctx.uncounted_failed:
            if not ctx.indexed and uid not in ctx.uncounted_succeeded:
                ctx.uncounted_succeeded.append(uid)
            elif ctx.indexed and valid and not indexes.contains(ctx.previous_indexes, index):
                new_indexes.append(index)
            return
        over = ctx.finished is not None and ctx.finished["type"] != "SuccessCriteriaMet"
        # When the Job is over, every pod that has not ended counts as failed.
        if (is_pod_failed(pod, ctx.job) or over) and valid and uid not in ctx.uncounted_failed:
            if match_failure(ctx.spec.get("podFailurePolicy"), pod).counts:
                ctx.uncounted_failed.append(uid)

    def _add_interim_condition(self, ctx: JobContext) -> None:
        """Says why the Job will end before its pods are let go, and makes `finished` the condition that ends it."""
        interim = ctx.finished
        if interim is None:
            return
        conditions: list[Obj] = ctx.status.get("conditions") or []
        final = {"FailureTarget": "Failed", "SuccessCriteriaMet": "Complete"}.get(interim["type"])
        if final is None:
            return
        if get_condition(conditions, interim["type"]) is None:
            self._trace.note(f"{interim['type']}: {interim.get('message', '')}")
            ctx.status["conditions"] = [*conditions, interim]
        now = self._clock.rfc3339()
        ctx.finished = new_condition(final, "True", interim.get("reason", ""), interim.get("message", ""), now)

    def _let_go(self, ctx: JobContext, ended: list[Obj]) -> ApiError | None:
        """Removes the finalizers; the first refusal, if any. Pods that are gone already count as let go."""
        failure: ApiError | None = None
        for pod in ended:
            uid = pod["metadata"]["uid"]
            ctx.released.add(uid)
            try:
                remove_tracking_finalizer(self._client, pod)
            except ApiError as error:
                if error.code != 404:
                    ctx.released.discard(uid)
                    failure = failure or error
        return failure

    def _count(self, ctx: JobContext) -> None:
        """Moves those that have been let go from the uncounted to the counted."""
        held = {pod["metadata"]["uid"] for pod in ctx.pods if ctx.is_tracked(pod)}
        for field, uncounted in (("succeeded", ctx.uncounted_succeeded), ("failed", ctx.uncounted_failed)):
            left = [uid for uid in uncounted if uid in held]
            if len(left) != len(uncounted):
                ctx.status[field] = ctx.status.get(field, 0) + len(uncounted) - len(left)
                uncounted[:] = left

    def _enact_finished(self, ctx: JobContext) -> bool:
        """Sets the condition that ends the Job, unless pods are still to be counted or to go."""
        if ctx.finished is None or ctx.uncounted_succeeded or ctx.uncounted_failed:
            return False
        if ctx.terminating > 0:
            self._trace.note(f"{ctx.terminating} pods are still terminating: the Job is not finished yet")
            return False
        conditions: list[Obj] = ctx.status.get("conditions") or []
        ctx.status["conditions"] = ensure_condition(conditions, ctx.finished)
        if ctx.finished["type"] == "Complete":
            ctx.status["completionTime"] = ctx.finished["lastTransitionTime"]
        return True

    def _tell_finished(self, ctx: JobContext) -> None:
        if ctx.finished is None:
            return
        if ctx.finished["type"] != "Complete":
            reason, message = ctx.finished.get("reason", ""), ctx.finished.get("message", "")
            self._recorder.event(ctx.job, "Warning", reason, message)
            return
        if ctx.completions is not None and ctx.status.get("succeeded", 0) > ctx.completions:
            message = "Too many succeeded pods running after completion count reached"
            self._recorder.event(ctx.job, "Warning", "TooManySucceededPods", message)
        self._recorder.event(ctx.job, "Normal", "Completed", "Job completed")

    def _write(self, ctx: JobContext) -> None:
        """Writes the status unless it is what the Job has already."""
        status = _wire_status(ctx)
        if status != ctx.job.get("status"):
            ctx.job = self._client.update_status(RESOURCE, {**ctx.job, "status": status})


def _wire_status(ctx: JobContext) -> Obj:
    """The status in the form of the API: counts that are 0 are left out, but those of ready and terminating pods."""
    status = {field: value for field, value in ctx.status.items() if value or field == "failedIndexes"}
    status.pop("active", None)
    if ctx.active_count:
        status["active"] = ctx.active_count
    status["ready"] = ctx.ready
    status["terminating"] = ctx.terminating
    uncounted = {"succeeded": ctx.uncounted_succeeded, "failed": ctx.uncounted_failed}
    status["uncountedTerminatedPods"] = {field: list(uids) for field, uids in uncounted.items() if uids}
    return status
