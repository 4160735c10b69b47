"""Enqueues Jobs, claims their pods, and decides how each Job stands. Follows pkg/controller/job/job_controller.go."""

from __future__ import annotations

from cluster_engine.apimachinery.errors import ApiError
from cluster_engine.apimachinery.meta import Obj, controller_of, deleting, get_condition, key_of, namespace_of
from cluster_engine.apimachinery.times import parse_time
from cluster_engine.client.controller import ControllerContext
from cluster_engine.client.informer import EventType
from cluster_engine.clock import SECOND_US
from cluster_engine.controllers.common.owners import orphans_in, owned_by, resolve_controller
from cluster_engine.controllers.common.pod_owner import PodOwnerController
from cluster_engine.controllers.common.pods import phase_of
from cluster_engine.controllers.common.ref_manager import ControllerRefManager
from cluster_engine.controllers.job import indexes
from cluster_engine.controllers.job.backoff import BackoffRecord
from cluster_engine.controllers.job.context import (
    TRACKING_FINALIZER,
    JobContext,
    has_tracking_finalizer,
    is_finished,
    is_suspended,
    make_context,
)
from cluster_engine.controllers.job.finalizer import remove_tracking_finalizer
from cluster_engine.controllers.job.manage import PodManager
from cluster_engine.controllers.job.per_index import delayed_pods, failed_indexes
from cluster_engine.controllers.job.policies import is_pod_failed, match_failure, match_success
from cluster_engine.controllers.job.tracking import RESOURCE, JobTracker, ensure_condition, new_condition
from cluster_engine.trace import Cause

# Changes of pods are gathered for so long, so that many of them make one sync.
SYNC_BATCH_SECONDS = 1.0
OWN_NAME = "kubernetes.io/job-controller"
ORPHAN = "orphan pod "
COMPLETIONS_REACHED = "Reached expected number of succeeded pods"


class JobController(PodOwnerController):
    """Runs Jobs. A key is a Job's, or `ORPHAN` and a pod's that has lost its Job and still has the finalizer."""

    kind = "Job"
    resource = RESOURCE

    def __init__(self, context: ControllerContext) -> None:
        super().__init__("job-controller", context)
        self.pod_manager = PodManager(context, self.expectations, self._sync_later)
        self.tracker = JobTracker(context, self._remember_backoff)
        self.backoffs: dict[str, BackoffRecord] = {}
        # Per Job, pods whose finalizer has been removed while the cache still shows it.
        self.released: dict[str, set[str]] = {}
        self.watch()

    # What happens elsewhere.

    def enqueue_owner(self, owner: Obj, cause: Cause) -> None:
        self.queue.add_after(key_of(owner), SYNC_BATCH_SECONDS, cause)

    def on_owner(self, type_: EventType, owner: Obj, old: Obj | None, cause: Cause) -> None:
        key = key_of(owner)
        if type_ == "DELETED":
            self.expectations.forget(key)
            for pod in owned_by(self.pods, owner):
                self._enqueue_orphan(pod, cause)
        only_status = old is not None and old["metadata"].get("generation") == owner["metadata"].get("generation")
        if type_ == "MODIFIED" and only_status:
            self.queue.add_after(key, SYNC_BATCH_SECONDS, cause)
        else:
            self.queue.add(key, cause)

    def on_pod(self, type_: EventType, pod: Obj, old: Obj | None, cause: Cause) -> None:
        super().on_pod(type_, pod, old, cause)
        reference = controller_of(pod)
        if reference is None or reference["kind"] != self.kind:
            return
        job = resolve_controller(self.owners, pod, self.kind)
        if job is not None and (type_ == "DELETED" or not has_tracking_finalizer(pod)):
            released = self.released.get(key_of(job))
            if released is not None:
                released.discard(pod["metadata"]["uid"])
        if type_ != "DELETED" and has_tracking_finalizer(pod) and (job is None or is_finished(job)):
            self._enqueue_orphan(pod, cause)

    def _enqueue_orphan(self, pod: Obj, cause: Cause) -> None:
        if has_tracking_finalizer(pod):
            self.queue.add(ORPHAN + key_of(pod), cause)

    def _sync_later(self, key: str, seconds: float, why: str) -> None:
        self.queue.add_after(key, seconds, Cause("timer", f"{why} of {key}"))

    def _remember_backoff(self, ctx: JobContext) -> None:
        self.backoffs[ctx.key] = ctx.backoff

    # The reconcile.

    def sync(self, key: str) -> None:
        """Follows syncJob: count pods, decide whether the Job ends, manage pods, track."""
        if key.startswith(ORPHAN):
            self._sync_orphan(key.removeprefix(ORPHAN))
            return
        job = self.owners.get(key)
        if job is None or is_finished(job):
            self.backoffs.pop(key, None)
            self.released.pop(key, None)
            if job is None:
                self.expectations.forget(key)
            return
        if job["spec"].get("managedBy", OWN_NAME) != OWN_NAME:
            return
        satisfied = self.expectations.satisfied(key)
        ctx = make_context(job, key, self._claim_pods(job), set(self.released.get(key, ())))
        if "startTime" not in ctx.status and not is_suspended(job):
            ctx.status["startTime"] = self.clock.rfc3339()
        ctx.backoff = self.backoffs.get(key, BackoffRecord()).after(ctx.new_succeeded, ctx.new_failed)
        ctx.finished = self._end_of(ctx)
        if ctx.finished is not None:
            failure = self._wind_up(ctx, satisfied)
        else:
            failure = self._go_on(ctx, satisfied)
        try:
            self.tracker.track(ctx)
        finally:
            self._remember_released(ctx)
        if failure is not None:
            raise failure

    def _remember_released(self, ctx: JobContext) -> None:
        """What the cache will show with a finalizer for a while still must not be counted again."""
        released = [pod for pod in ctx.pods if pod["metadata"]["uid"] in ctx.released]
        cached = [self.pods.get(key_of(pod)) for pod in released]
        behind = {pod["metadata"]["uid"] for pod in cached if pod is not None and has_tracking_finalizer(pod)}
        if behind:
            self.released[ctx.key] = behind
        else:
            self.released.pop(ctx.key, None)

    def _sync_orphan(self, key: str) -> None:
        """A pod that has lost its Job, or whose Job has ended, is nobody's to count: it is let go."""
        pod = self.pods.get(key)
        if pod is None:
            return
        reference = controller_of(pod)
        if reference is not None:
            job = resolve_controller(self.owners, pod, self.kind)
            if reference["kind"] != self.kind or (job is not None and not is_finished(job)):
                return
        try:
            remove_tracking_finalizer(self.client, pod)
        except ApiError as error:
            if error.code != 404:
                raise

    def _claim_pods(self, job: Obj) -> list[Obj]:
        candidates = [*owned_by(self.pods, job), *orphans_in(self.pods, namespace_of(job))]
        selector = self.selector_of(job)
        manager = ControllerRefManager(
            self.client, self.trace, "pods", job, RESOURCE, selector, finalizers=(TRACKING_FINALIZER,)
        )
        return [self.pods.get(key_of(pod)) or pod for pod in manager.claim(candidates)]

    def _end_of(self, ctx: JobContext) -> Obj | None:
        """The condition by which the Job ends now or has been ending since an earlier sync; None while it goes on."""
        conditions = ctx.status.get("conditions") or []
        for type_ in ("SuccessCriteriaMet", "FailureTarget"):
            present = get_condition(conditions, type_)
            if present is not None and present["status"] == "True":
                return present
        for pod in ctx.pods:
            if is_pod_failed(pod, ctx.job):
                message = match_failure(ctx.spec.get("podFailurePolicy"), pod).message
                if message:
                    return self._failure("PodFailurePolicy", message)
        backoff_limit = ctx.spec.get("backoffLimit", 6)
        if ctx.failed > backoff_limit or _restarts_exceed(ctx, backoff_limit):
            return self._failure("BackoffLimitExceeded", "Job has reached the specified backoff limit")
        if self._past_deadline(ctx):
            return self._failure("DeadlineExceeded", "Job was active longer than specified deadline")
        return self._end_by_indexes(ctx) if ctx.indexed else None

    def _past_deadline(self, ctx: JobContext) -> bool:
        """Whether activeDeadlineSeconds are over; if not, the Job is looked at again when they are."""
        seconds = ctx.spec.get("activeDeadlineSeconds")
        if seconds is None or is_suspended(ctx.job) or "startTime" not in ctx.status:
            return False
        left: float = seconds - (self.clock.now_us - parse_time(ctx.status["startTime"])) / SECOND_US
        if left > 0:
            self._sync_later(ctx.key, left, "activeDeadlineSeconds")
        return left <= 0

    def _end_by_indexes(self, ctx: JobContext) -> Obj | None:
        completions, spec = ctx.completions or 0, ctx.spec
        if "backoffLimitPerIndex" in spec:
            ctx.failed_indexes = failed_indexes(ctx)
            ctx.delayed = delayed_pods(ctx)
            count = indexes.total(ctx.failed_indexes)
            if "maxFailedIndexes" in spec and count > spec["maxFailedIndexes"]:
                message = "Job has exceeded the specified maximal number of failed indexes"
                return self._failure("MaxFailedIndexesExceeded", message)
            if count and count + indexes.total(ctx.succeeded_indexes) >= completions:
                return self._failure("FailedIndexes", "Job has failed indexes")
        message = match_success(spec.get("successPolicy"), completions, ctx.succeeded_indexes)
        return self._success("SuccessPolicy", message) if message else None

    def _failure(self, reason: str, message: str) -> Obj:
        return new_condition("FailureTarget", "True", reason, message, self.clock.rfc3339())

    def _success(self, reason: str, message: str) -> Obj:
        return new_condition("SuccessCriteriaMet", "True", reason, message, self.clock.rfc3339())

    def _wind_up(self, ctx: JobContext, satisfied: bool) -> ApiError | None:
        """The Job ends: its active pods are deleted first."""
        deleted, failure = self.pod_manager.delete_active(ctx)
        if deleted != ctx.active_count or not satisfied:
            # Pods may remain that we could not delete or do not know of yet.
            ctx.finished = None
        ctx.active_count -= deleted
        ctx.terminating += deleted
        return failure

    def _go_on(self, ctx: JobContext, satisfied: bool) -> ApiError | None:
        """The Job goes on, unless all that it wants has been done."""
        managed = satisfied and not deleting(ctx.job)
        failure = self.pod_manager.manage(ctx) if managed else None
        enough = ctx.succeeded > 0 if ctx.completions is None else ctx.succeeded >= ctx.completions
        if enough and ctx.active_count == 0:
            ctx.finished = self._success("CompletionsReached", COMPLETIONS_REACHED)
        elif managed:
            self._suspend_or_resume(ctx)
        return failure

    def _suspend_or_resume(self, ctx: JobContext) -> None:
        now, suspended = self.clock.rfc3339(), is_suspended(ctx.job)
        reason, message = ("JobSuspended", "Job suspended") if suspended else ("JobResumed", "Job resumed")
        condition = new_condition("Suspended", "True" if suspended else "False", reason, message, now)
        conditions: list[Obj] = ctx.status.get("conditions") or []
        changed = ensure_condition(conditions, condition)
        if changed is conditions:
            return
        ctx.status["conditions"] = changed
        self.recorder.event(ctx.job, "Normal", "Suspended" if suspended else "Resumed", message)
        if not suspended:
            ctx.status["startTime"] = now


def _restarts_exceed(ctx: JobContext, backoff_limit: int) -> bool:
    """Whether containers that restart in their pods have done so too often. Follows pastBackoffLimitOnFailure."""
    if ctx.spec["template"]["spec"].get("restartPolicy") != "OnFailure":
        return False
    restarts = 0
    for pod in ctx.pods:
        if phase_of(pod) in ("Running", "Pending"):
            status = pod.get("status") or {}
            entries = (*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ()))
            restarts += sum(entry.get("restartCount", 0) for entry in entries)
    return restarts > 0 if backoff_limit == 0 else restarts >= backoff_limit
