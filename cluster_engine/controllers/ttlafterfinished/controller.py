"""Follows pkg/controller/ttlafterfinished/ttlafterfinished_controller.go."""

from __future__ import annotations

from cluster_engine.apimachinery.errors import ApiError
from cluster_engine.apimachinery.meta import Obj, deleting, key_of
from cluster_engine.apimachinery.times import parse_time
from cluster_engine.client.controller import Controller, ControllerContext
from cluster_engine.client.informer import EventType
from cluster_engine.clock import SECOND_US
from cluster_engine.trace import Cause

RESOURCE = "jobs.batch"


class TTLAfterFinishedController(Controller):
    """One key is one Job."""

    def __init__(self, context: ControllerContext) -> None:
        super().__init__("ttl-after-finished-controller", context)
        self.jobs = self.informer(RESOURCE)
        self.jobs.add_handler(self._on_job)

    def _on_job(self, type_: EventType, job: Obj, old: Obj | None, cause: Cause) -> None:
        if type_ != "DELETED" and not deleting(job) and expires_us(job) is not None:
            self.queue.add(key_of(job), cause)

    def sync(self, key: str) -> None:
        """Deletes the Job with its pods if its time is over, or comes back when it is."""
        job = self.jobs.get(key)
        if job is None or deleting(job):
            return
        due_us = expires_us(job)
        if due_us is None:
            return
        left_seconds = (due_us - self.clock.now_us) / SECOND_US
        if left_seconds > 0:
            self.queue.add_after(key, left_seconds, Cause("timer", f"ttlSecondsAfterFinished of {key}"))
            return
        meta, ttl_seconds = job["metadata"], job["spec"]["ttlSecondsAfterFinished"]
        self.trace.note(f"{key} ended {ttl_seconds} s ago: it is deleted")
        try:
            self.client.delete(
                RESOURCE,
                meta["name"],
                meta["namespace"],
                propagation_policy="Foreground",
                uid=meta["uid"],
                resource_version=meta["resourceVersion"],
            )
        except ApiError as error:
            if error.code != 404:
                raise


def expires_us(job: Obj) -> int | None:
    """When the Job is to be deleted, in microseconds; None while it goes on or if it is to stay."""
    ttl_seconds = job["spec"].get("ttlSecondsAfterFinished")
    if ttl_seconds is None:
        return None
    for condition in (job.get("status") or {}).get("conditions") or ():
        if condition["type"] in ("Complete", "Failed") and condition["status"] == "True":
            return parse_time(condition["lastTransitionTime"]) + int(ttl_seconds) * SECOND_US
    return None
