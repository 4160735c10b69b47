"""Jobs and CronJobs. Follows describeJob and describeCronJob."""

from __future__ import annotations

from cluster_engine.apimachinery.labels import selector_text
from cluster_engine.apimachinery.meta import Obj, controller_of
from cluster_engine.apimachinery.times import human_duration, parse_time
from cluster_engine.clock import SECOND_US
from cluster_engine.kubectl.describe import pod_template
from cluster_engine.kubectl.describe.writer import Writer, rfc1123
from cluster_engine.kubectl.factory import Factory

_SHOWN_INDEXES = 50
_UNSET = "<unset>"


def describe(factory: Factory, obj: Obj, writer: Writer) -> None:
    meta, spec, status = obj["metadata"], obj["spec"], obj.get("status") or {}
    writer.field("Name", meta["name"])
    writer.field("Namespace", meta["namespace"])
    writer.field("Selector", selector_text(spec.get("selector") or {}))
    writer.labels("Labels", meta.get("labels"))
    writer.annotations("Annotations", meta.get("annotations"))
    owner = controller_of(obj)
    if owner:
        writer.field("Controlled By", f"{owner['kind']}/{owner['name']}")
    if "parallelism" in spec:
        writer.field("Parallelism", spec["parallelism"])
    writer.field("Completions", spec.get("completions", _UNSET))
    for title, field in (
        ("Completion Mode", "completionMode"),
        ("Suspend", "suspend"),
        ("Backoff Limit", "backoffLimit"),
    ):
        if field in spec:
            value = spec[field]
            writer.field(title, str(value).lower() if isinstance(value, bool) else value)
    if "ttlSecondsAfterFinished" in spec:
        writer.field("TTL Seconds After Finished", spec["ttlSecondsAfterFinished"])
    _times(spec, status, writer)
    ready = f" ({status['ready']} Ready)" if "ready" in status else ""
    writer.field(
        "Pods Statuses",
        f"{status.get('active', 0)} Active{ready} / {status.get('succeeded', 0)} Succeeded / "
        f"{status.get('failed', 0)} Failed",
    )
    if spec.get("completionMode") == "Indexed":
        writer.field("Completed Indexes", _indexes(status.get("completedIndexes", "")))
    pod_template.describe(spec["template"], writer)


def _times(spec: Obj, status: Obj, writer: Writer) -> None:
    started, completed = status.get("startTime"), status.get("completionTime")
    if started:
        writer.field("Start Time", rfc1123(started))
    if completed:
        writer.field("Completed At", rfc1123(completed))
    if started and completed:
        writer.field("Duration", human_duration((parse_time(completed) - parse_time(started)) // SECOND_US))
    if "activeDeadlineSeconds" in spec:
        writer.field("Active Deadline Seconds", f"{spec['activeDeadlineSeconds']}s")


def _indexes(text: str) -> str:
    """The list, cut after about fifty characters."""
    if not text:
        return "<none>"
    comma = text.find(",", _SHOWN_INDEXES)
    return text if comma < 0 else f"{text[: comma + 1]}..."


def describe_cron_job(factory: Factory, obj: Obj, writer: Writer) -> None:
    spec, status = obj["spec"], obj.get("status") or {}
    writer.head(obj)
    writer.field("Schedule", spec.get("schedule", ""))
    writer.field("Concurrency Policy", spec.get("concurrencyPolicy", ""))
    suspend = spec.get("suspend")
    writer.field("Suspend", _UNSET if suspend is None else "True" if suspend else "False")
    writer.field("Successful Job History Limit", spec.get("successfulJobsHistoryLimit", _UNSET))
    writer.field("Failed Job History Limit", spec.get("failedJobsHistoryLimit", _UNSET))
    deadline = spec.get("startingDeadlineSeconds")
    writer.field("Starting Deadline Seconds", _UNSET if deadline is None else f"{deadline}s")
    job = spec["jobTemplate"]["spec"]
    writer.field("Selector", selector_text(job["selector"]) if job.get("selector") else _UNSET)
    writer.field("Parallelism", job.get("parallelism", _UNSET))
    writer.field("Completions", job.get("completions", _UNSET))
    if "activeDeadlineSeconds" in job:
        writer.field("Active Deadline Seconds", f"{job['activeDeadlineSeconds']}s")
    pod_template.describe(job["template"], writer)
    last = status.get("lastScheduleTime")
    writer.field("Last Schedule Time", rfc1123(last) if last else _UNSET)
    writer.field("Active Jobs", ", ".join(one["name"] for one in status.get("active") or ()) or "<none>")
