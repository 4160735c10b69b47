"""CronJobs. Follows pkg/registry/batch/cronjob/strategy.go and batch/validation.ValidateCronJobCreate (v1.32)."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cluster_engine.api import checks, tables
from cluster_engine.api.batch.jobspec import validate_job_spec
from cluster_engine.api.checks import Errors
from cluster_engine.api.core.podspec.defaults import default_template
from cluster_engine.api.core.podspec.warnings import template_warnings
from cluster_engine.api.strategy import AGE, NAME, Column, Strategy
from cluster_engine.apimachinery import cron, names
from cluster_engine.apimachinery.errors import invalid_value, not_supported, required
from cluster_engine.apimachinery.gotext import label_selector
from cluster_engine.apimachinery.labels import format_label_selector
from cluster_engine.apimachinery.meta import Obj
from cluster_engine.apimachinery.scheme import Resource
from cluster_engine.apimachinery.times import age

# The names of its Jobs have eleven characters more, and 63 at most.
MAX_NAME_LENGTH = 52
POLICIES = ("Allow", "Forbid", "Replace")
_DEFAULTS: Obj = {
    "concurrencyPolicy": "Allow",
    "suspend": False,
    "successfulJobsHistoryLimit": 3,
    "failedJobsHistoryLimit": 1,
}
_ZONE_PART = re.compile(r"[A-Za-z._0-9+-]{1,14}", re.ASCII)


class CronJobStrategy(Strategy):
    """The rules of CronJobs."""

    resource = Resource(
        "batch", "v1", "CronJob", "cronjobs", singular="cronjob", short_names=("cj",), categories=("all",),
        subresources=("status",),
    )  # fmt: skip
    tracks_generation = True
    columns = (
        NAME,
        Column("Schedule"),
        Column("Timezone"),
        Column("Suspend", "boolean"),
        Column("Active", "integer"),
        Column("Last Schedule"),
        AGE,
        *tables.WIDE_CONTAINERS,
        tables.WIDE_SELECTOR,
    )

    def default(self, obj: Obj) -> Obj:
        spec = obj.get("spec") or {}
        changes = {field: value for field, value in _DEFAULTS.items() if spec.get(field) in (None, "")}
        job = spec.get("jobTemplate") or {}
        job_meta, job_spec = job.get("metadata") or {}, job.get("spec") or {}
        template = default_template(job_spec.get("template"))
        if template is not job_spec.get("template") or "creationTimestamp" not in job_meta:
            changes["jobTemplate"] = {
                **job,
                "metadata": {"creationTimestamp": None, **job_meta},
                "spec": {**job_spec, "template": template},
            }
        return {**obj, "spec": {**spec, **changes}} if changes else obj

    def prepare_for_create(self, obj: Obj) -> Obj:
        return {**obj, "status": {}}

    def validate(self, obj: Obj) -> Errors:
        errors = _validate_spec(obj["spec"])
        name = obj["metadata"].get("name") or ""
        if not obj["metadata"].get("resourceVersion") and len(name) > MAX_NAME_LENGTH:
            errors.append(invalid_value("metadata.name", name, f"must be no more than {MAX_NAME_LENGTH} characters"))
        return errors

    def warnings(self, obj: Obj) -> list[str]:
        found = []
        if faults := names.dns1123_label(obj["metadata"]["name"]):
            words = (
                "metadata.name: this is used in Pod names and hostnames, which can result in surprising behavior; "
                "a DNS label is recommended: "
            )
            found.append(f"{words}[{' '.join(faults)}]")
        template = obj["spec"]["jobTemplate"]["spec"]["template"]
        return found + template_warnings(template, "spec.jobTemplate.spec.template")

    def cells(self, obj: Obj, now_us: int) -> list[Any]:
        spec, status = obj.get("spec") or {}, obj.get("status") or {}
        job_spec = (spec.get("jobTemplate") or {}).get("spec") or {}
        last = status.get("lastScheduleTime")
        suspend = spec.get("suspend")
        return [
            obj["metadata"]["name"],
            spec.get("schedule") or "",
            tables.NONE if spec.get("timeZone") is None else spec["timeZone"],
            tables.UNSET if suspend is None else str(suspend),
            len(status.get("active") or ()),
            age(last, now_us) if last else tables.NONE,
            tables.created(obj, now_us),
            *tables.containers_and_images({"spec": job_spec}),
            format_label_selector(job_spec.get("selector")),
        ]


def _validate_spec(spec: Obj) -> Errors:
    schedule = spec.get("schedule") or ""
    errors = _schedule("spec.schedule", schedule) if schedule else [required("spec.schedule")]
    errors += checks.nonnegative("spec.startingDeadlineSeconds", spec.get("startingDeadlineSeconds"))
    if spec.get("timeZone") is not None:
        errors += _time_zone("spec.timeZone", spec["timeZone"])
    errors += checks.enum("spec.concurrencyPolicy", spec.get("concurrencyPolicy"), POLICIES)
    job_spec = (spec.get("jobTemplate") or {}).get("spec") or {}
    path = "spec.jobTemplate.spec"
    errors += validate_job_spec(path, job_spec)
    if job_spec.get("selector") is not None:
        shown = label_selector(job_spec["selector"])
        errors.append(invalid_value(f"{path}.selector", shown, "`selector` will be auto-generated"))
    if job_spec.get("manualSelector"):
        errors.append(not_supported(f"{path}.manualSelector", True, ("nil", "false")))
    for field in ("successfulJobsHistoryLimit", "failedJobsHistoryLimit"):
        errors += checks.nonnegative(f"spec.{field}", spec.get(field))
    return errors


def _schedule(path: str, schedule: str) -> Errors:
    zoned = schedule.startswith(("TZ=", "CRON_TZ="))
    errors: Errors = []
    try:
        cron.parse(schedule.partition(" ")[2].strip() if zoned else schedule)
    except cron.CronError as error:
        errors.append(invalid_value(path, schedule, str(error)))
    if "TZ" in schedule:
        detail = "cannot use TZ or CRON_TZ in schedule, use timeZone field instead"
        errors.append(invalid_value(path, schedule, detail))
    return errors


def _time_zone(path: str, zone: str) -> Errors:
    if not zone:
        return [invalid_value(path, zone, "timeZone must be nil or non-empty string")]
    unknown = invalid_value(path, zone, f"unknown time zone {zone}")
    for part in zone.split("/"):
        if part in (".", "..") or part.startswith("-") or not _ZONE_PART.fullmatch(part):
            return [unknown]
    if zone.lower() == "local":
        detail = "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones"
        return [invalid_value(path, zone, detail)]
    return [] if _is_zone(zone) else [unknown]


@lru_cache(maxsize=512)
def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True
