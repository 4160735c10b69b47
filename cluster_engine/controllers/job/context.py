"""What one sync of a Job knows: the Job, its pods, and the counts that follow from them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from cluster_engine.apimachinery.meta import Obj, deleting
from cluster_engine.controllers.common.pods import is_pod_active, is_pod_ready, phase_of
from cluster_engine.controllers.job import indexes
from cluster_engine.controllers.job.backoff import BackoffRecord
from cluster_engine.controllers.job.indexes import Interval
from cluster_engine.controllers.job.policies import is_pod_failed, match_failure

TRACKING_FINALIZER = "batch.kubernetes.io/job-tracking"


def has_tracking_finalizer(pod: Obj) -> bool:
    return TRACKING_FINALIZER in (pod["metadata"].get("finalizers") or ())


def is_finished(job: Obj) -> bool:
    """Whether the Job is complete or has failed, for good."""
    conditions = (job.get("status") or {}).get("conditions") or ()
    return any(c["type"] in ("Complete", "Failed") and c["status"] == "True" for c in conditions)


def is_suspended(job: Obj) -> bool:
    return bool(job["spec"].get("suspend"))


@dataclass(slots=True)
class JobContext:
    """One sync. `status` is the new status in the making; `job` and the pods are never changed."""

    job: Obj
    key: str
    pods: list[Obj]
    # Pods whose finalizer has been removed, which the cache does not show yet.
    released: set[str]
    status: Obj
    active: list[Obj] = field(default_factory=list)
    active_count: int = 0
    ready: int = 0
    terminating: int = 0
    succeeded: int = 0
    failed: int = 0
    new_succeeded: list[Obj] = field(default_factory=list)
    new_failed: list[Obj] = field(default_factory=list)
    uncounted_succeeded: list[str] = field(default_factory=list)
    uncounted_failed: list[str] = field(default_factory=list)
    succeeded_indexes: list[Interval] = field(default_factory=list)
    previous_indexes: list[Interval] = field(default_factory=list)
    failed_indexes: list[Interval] | None = None
    # Failed pods that stay until their successor knows how often the index has failed.
    delayed: dict[int, Obj] = field(default_factory=dict)
    backoff: BackoffRecord = field(default_factory=BackoffRecord)
    finished: Obj | None = None

    @property
    def spec(self) -> Obj:
        spec: Obj = self.job["spec"]
        return spec

    @property
    def indexed(self) -> bool:
        return indexes.is_indexed(self.job)

    @property
    def completions(self) -> int | None:
        completions: int | None = self.spec.get("completions")
        return completions

    def is_tracked(self, pod: Obj) -> bool:
        """Whether the pod still waits to be counted and let go."""
        return has_tracking_finalizer(pod) and pod["metadata"]["uid"] not in self.released


def make_context(job: Obj, key: str, pods: list[Obj], released: set[str]) -> JobContext:
    """The context at the beginning of a sync: pods are sorted out and counted."""
    status: Obj = dict(job.get("status") or {})
    ctx = JobContext(job, key, pods, released, status)
    uncounted = status.get("uncountedTerminatedPods") or {}
    ctx.uncounted_succeeded = list(uncounted.get("succeeded") or ())
    ctx.uncounted_failed = list(uncounted.get("failed") or ())
    ctx.active = [pod for pod in pods if is_pod_active(pod)]
    ctx.active_count = len(ctx.active)
    ctx.ready = sum(is_pod_ready(pod) for pod in ctx.active)
    ctx.terminating = sum(deleting(pod) and phase_of(pod) not in ("Succeeded", "Failed") for pod in pods)
    ctx.new_succeeded = _ended(ctx, ctx.uncounted_succeeded, lambda pod: phase_of(pod) == "Succeeded")
    ctx.new_failed = _ended(ctx, ctx.uncounted_failed, lambda pod: is_pod_failed(pod, job))
    policy = job["spec"].get("podFailurePolicy")
    counted = sum(match_failure(policy, pod).counts for pod in ctx.new_failed)
    ctx.succeeded = status.get("succeeded", 0) + len(ctx.new_succeeded) + len(ctx.uncounted_succeeded)
    ctx.failed = status.get("failed", 0) + counted + len(ctx.uncounted_failed)
    if ctx.indexed:
        completions = ctx.completions or 0
        ctx.previous_indexes = indexes.parse(status.get("completedIndexes", ""), completions)
        new = {indexes.completion_index(pod) for pod in ctx.new_succeeded}
        ctx.succeeded_indexes = indexes.merge(ctx.previous_indexes, new)
        ctx.succeeded = indexes.total(ctx.succeeded_indexes)
    return ctx


def _ended(ctx: JobContext, uncounted: list[str], test: Callable[[Obj], bool]) -> list[Obj]:
    """Pods that have ended in that way and are not in the counts yet."""
    found = []
    for pod in ctx.pods:
        if not ctx.is_tracked(pod) or pod["metadata"]["uid"] in uncounted:
            continue
        if ctx.indexed and not indexes.has_valid_index(pod, ctx.completions or 0):
            continue
        if test(pod):
            found.append(pod)
    return found
