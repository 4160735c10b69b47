"""Starts the Jobs of CronJobs and clears away old ones. Follows pkg/controller/cronjob/cronjob_controllerv2.go."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import tzinfo

from cluster_engine.apimachinery.cron import CronError, Schedule, parse
from cluster_engine.apimachinery.errors import ApiError
from cluster_engine.apimachinery.gotext import quote
from cluster_engine.apimachinery.meta import Obj, controlled_by, controller_of, deleting, key_of, owner_reference
from cluster_engine.apimachinery.times import parse_time
from cluster_engine.client.controller import Controller, ControllerContext
from cluster_engine.client.informer import EventType
from cluster_engine.clock import SECOND_US, rfc3339
from cluster_engine.controllers.common.owners import index_by_owner, owned_by, resolve_controller
from cluster_engine.controllers.common.pod_control import is_namespace_terminating
from cluster_engine.controllers.cronjob.schedule import (
    MANY_MISSED,
    job_name,
    load_zone,
    most_recent,
    next_seconds,
    rfc1123z,
    rfc3339_in,
)
from cluster_engine.trace import Cause

RESOURCE = "cronjobs.batch"
JOBS = "jobs.batch"
SCHEDULED_TIMESTAMP = "batch.kubernetes.io/cronjob-scheduled-timestamp"


@dataclass(slots=True)
class _Sync:
    """One sync: the CronJob, its Jobs, and the status in the making."""

    cron_job: Obj
    jobs: list[Obj]
    status: Obj

    @property
    def active(self) -> list[Obj]:
        found: list[Obj] = self.status.get("active") or []
        return found

    def is_active(self, uid: str) -> bool:
        return any(one["uid"] == uid for one in self.active)

    def drop(self, uid: str) -> None:
        self.status["active"] = [one for one in self.active if one["uid"] != uid]


class CronJobController(Controller):
    """One key is one CronJob."""

    def __init__(self, context: ControllerContext) -> None:
        super().__init__("cronjob-controller", context)
        self.jobs = index_by_owner(self.informer(JOBS))
        self.cron_jobs = self.enqueue_on(RESOURCE)
        self.jobs.add_handler(self._on_job)

    def _on_job(self, type_: EventType, job: Obj, old: Obj | None, cause: Cause) -> None:
        for one in (job, old):
            if one is not None and controller_of(one) is not None:
                cron_job = resolve_controller(self.cron_jobs, one, "CronJob")
                if cron_job is not None:
                    self.queue.add(key_of(cron_job), cause)

    def sync(self, key: str) -> None:
        """Follows ControllerV2.sync: what became of earlier Jobs, what is due, what is to be cleared away."""
        cron_job = self.cron_jobs.get(key)
        if cron_job is None:
            return
        jobs = owned_by(self.jobs, cron_job)
        run = _Sync(cron_job, jobs, dict(cron_job.get("status") or {}))
        try:
            self._follow_jobs(run)
            if not deleting(cron_job):
                self._start_due(key, run)
        finally:
            self._clean_up(run)
            self._write_status(run)

    def _event(self, run: _Sync, type_: str, reason: str, message: str) -> None:
        self.recorder.event(run.cron_job, type_, reason, message)

    # Earlier Jobs.

    def _follow_jobs(self, run: _Sync) -> None:
        """Notes which Jobs have ended, succeeded or vanished since the last sync."""
        for job in run.jobs:
            meta, ended = job["metadata"], finished_type(job)
            if not run.is_active(meta["uid"]):
                if not ended:
                    message = f"Saw a job that the controller did not create or forgot: {meta['name']}"
                    self._event(run, "Warning", "UnexpectedJob", message)
            elif ended:
                run.drop(meta["uid"])
                message = f"Saw completed job: {meta['name']}, condition: {ended}"
                self._event(run, "Normal", "SawCompletedJob", message)
            completed = (job.get("status") or {}).get("completionTime")
            if ended == "Complete" and completed and completed > run.status.get("lastSuccessfulTime", ""):
                run.status["lastSuccessfulTime"] = completed
        children = {job["metadata"]["uid"] for job in run.jobs}
        for reference in list(run.active):
            if reference["uid"] not in children and self._is_gone(reference):
                self._event(run, "Normal", "MissingJob", f"Active job went missing: {reference['name']}")
                run.drop(reference["uid"])

    def _is_gone(self, reference: Obj) -> bool:
        """Asks the server itself: the cache may not have the Job yet."""
        try:
            self.client.get(JOBS, reference["name"], reference["namespace"])
        except ApiError as error:
            return error.code == 404
        return False

    # What is due.

    def _schedule_of(self, run: _Sync) -> tuple[Schedule, tzinfo] | None:
        """The schedule and its time zone; None, with an event, where one of them cannot be read."""
        spec = run.cron_job["spec"]
        name, text = spec.get("timeZone") or "", spec["schedule"]
        for prefix in ("TZ=", "CRON_TZ="):
            if text.startswith(prefix):
                zone_text, _, text = text.removeprefix(prefix).partition(" ")
                name = name or zone_text
        zone = load_zone(name)
        if zone is None:
            message = f"invalid timeZone: {quote(name)}: unknown time zone {name}"
            self._event(run, "Warning", "UnknownTimeZone", message)
            return None
        try:
            return parse(text), zone
        except CronError as error:
            message = f"unparseable schedule: {quote(spec['schedule'])} : {error}"
            self._event(run, "Warning", "UnparseableSchedule", message)
            return None

    def _start_due(self, key: str, run: _Sync) -> None:
        """Starts the Job of the latest time that has come and was not acted on, if the CronJob's rules let it."""
        spec = run.cron_job["spec"]
        found = self._schedule_of(run)
        if found is None or spec.get("suspend"):
            return
        schedule, zone = found
        now_us = self.clock.now_us
        due = most_recent(run.cron_job, schedule, zone, now_us)
        if due.missed > MANY_MISSED:
            message = (
                f"too many missed start times: {due.missed}. "
                "Set or decrease .spec.startingDeadlineSeconds or check clock skew"
            )
            self._event(run, "Warning", "TooManyMissedTimes", message)
        if due.time_us is not None:
            self._start(run, due.time_us, zone)
        seconds = next_seconds({**run.cron_job, "status": run.status}, schedule, zone, now_us)
        if seconds is not None:
            self.queue.add_after(key, seconds, Cause("timer", f"schedule {spec['schedule']} of {key}"))

    def _start(self, run: _Sync, time_us: int, zone: tzinfo) -> None:
        cron_job, spec = run.cron_job, run.cron_job["spec"]
        deadline = spec.get("startingDeadlineSeconds")
        if deadline is not None and time_us + deadline * SECOND_US < self.clock.now_us:
            message = f"Missed scheduled time to start a job: {rfc1123z(time_us)}"
            self._event(run, "Warning", "MissSchedule", message)
            return
        name = job_name(cron_job, time_us)
        acted_on = run.status.get("lastScheduleTime") == rfc3339(time_us)
        if acted_on or any(one["name"] == name for one in run.active):
            return
        policy = spec.get("concurrencyPolicy", "Allow")
        if policy == "Forbid" and run.active:
            self.trace.note(f"{run.active[0]['name']} still runs and concurrencyPolicy is Forbid: starts nothing")
            message = "Not starting job because prior execution is running and concurrency policy is Forbid"
            self._event(run, "Normal", "JobAlreadyActive", message)
            return
        if policy == "Replace":
            for reference in list(run.active):
                self.trace.note(f"{reference['name']} still runs and concurrencyPolicy is Replace: deletes it")
                self._delete_job(run, reference)
        job = self._create_job(run, job_from_template(cron_job, name, rfc3339_in(time_us, zone)))
        if job is None:
            return
        self.trace.note(f"{spec['schedule']!r} was due at {rfc3339(time_us)}: starts {name}")
        if not run.is_active(job["metadata"]["uid"]):
            run.status["active"] = [*run.active, _reference(job)]
        run.status["lastScheduleTime"] = rfc3339(time_us)

    def _create_job(self, run: _Sync, job: Obj) -> Obj | None:
        """The Job, created or found as we created it before; None where it cannot be ours. Raises `ApiError`."""
        meta = job["metadata"]
        try:
            created = self.client.create(JOBS, job)
        except ApiError as error:
            if error.reason == "AlreadyExists":
                present = self.client.get(JOBS, meta["name"], meta["namespace"])
                return present if controlled_by(present, run.cron_job) and not finished_type(present) else None
            if is_namespace_terminating(error):
                return None
            self._event(run, "Warning", "FailedCreate", f"Error creating job: {error.message}")
            raise
        self._event(run, "Normal", "SuccessfulCreate", f"Created job {created['metadata']['name']}")
        return created

    # Clearing away.

    def _clean_up(self, run: _Sync) -> None:
        """Deletes the oldest finished Jobs beyond the limits of history."""
        spec = run.cron_job["spec"]
        for type_, limit in (
            ("Failed", spec.get("failedJobsHistoryLimit")),
            ("Complete", spec.get("successfulJobsHistoryLimit")),
        ):
            if limit is None:
                continue
            ended = [job for job in run.jobs if finished_type(job) == type_]
            surplus = len(ended) - limit
            if surplus <= 0:
                continue
            ended.sort(key=_start_key)
            for job in ended[:surplus]:
                self._delete_job(run, job["metadata"])

    def _delete_job(self, run: _Sync, job: Obj) -> None:
        """Deletes a Job by its metadata or a reference to it, and forgets that it is active."""
        try:
            self.client.delete(JOBS, job["name"], job["namespace"], propagation_policy="Background")
        except ApiError as error:
            if error.code != 404:
                self._event(run, "Warning", "FailedDelete", f"Deleted job: {error.message}")
                return
        run.drop(job["uid"])
        self._event(run, "Normal", "SuccessfulDelete", f"Deleted job {job['name']}")

    def _write_status(self, run: _Sync) -> None:
        status = {field: value for field, value in run.status.items() if value}
        if status != (run.cron_job.get("status") or {}):
            self.client.update_status(RESOURCE, {**run.cron_job, "status": status})


def finished_type(job: Obj) -> str:
    """`Complete`, `Failed`, or "" for a Job that goes on."""
    for condition in (job.get("status") or {}).get("conditions") or ():
        if condition["type"] in ("Complete", "Failed") and condition["status"] == "True":
            return str(condition["type"])
    return ""


def job_from_template(cron_job: Obj, name: str, scheduled: str) -> Obj:
    """The Job of one scheduled time. Follows getJobFromTemplate2."""
    template = cron_job["spec"]["jobTemplate"]
    of_template = template.get("metadata") or {}
    meta: Obj = {
        "name": name,
        "namespace": cron_job["metadata"]["namespace"],
        "annotations": {**(of_template.get("annotations") or {}), SCHEDULED_TIMESTAMP: scheduled},
        "ownerReferences": [owner_reference(cron_job)],
    }
    if of_template.get("labels"):
        meta["labels"] = of_template["labels"]
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": meta, "spec": template["spec"]}


def _reference(job: Obj) -> Obj:
    meta = job["metadata"]
    names = {field: meta[field] for field in ("name", "namespace", "resourceVersion", "uid")}
    return {"apiVersion": "batch/v1", "kind": "Job", **names}


def _start_key(job: Obj) -> tuple[int, str]:
    """Sorts Jobs by when they began, those that never did last, then by name."""
    started = (job.get("status") or {}).get("startTime")
    return (parse_time(started) if started else 2**63), job["metadata"]["name"]
