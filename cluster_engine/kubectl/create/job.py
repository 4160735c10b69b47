"""`kubectl create job` and `cronjob`. Follows create_job.go and create_cronjob.go."""

from __future__ import annotations

from collections.abc import Generator

from cluster_engine.apimachinery.meta import Obj
from cluster_engine.kubectl.command import Command, Invocation
from cluster_engine.kubectl.create import generate
from cluster_engine.kubectl.errors import CommandError
from cluster_engine.kubectl.flags import Flag
from cluster_engine.kubectl.process import Process, Wait
from cluster_engine.kubectl.resource.builder import Builder


def run_job(call: Invocation) -> Process:
    name = generate.name_of(call)
    image, source, command = call.flags.string("image"), call.flags.string("from"), call.args[1:]
    if bool(image) == bool(source):
        raise CommandError("either --image or --from must be specified")
    if command and source:
        raise CommandError("cannot specify --from and command")
    obj: Obj = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name}}
    if image:
        obj["spec"] = _job_spec(name, image, command, "Never")
    else:
        obj = yield from _from_cron_job(call, name, source, obj)
    return generate.submit(call, obj, what="job:")


def _job_spec(name: str, image: str, command: list[str], restart: str) -> Obj:
    container: Obj = {"image": image, "name": name}
    if command:
        container["command"] = command
    return {"template": {"spec": {"containers": [container], "restartPolicy": restart}}}


def _from_cron_job(call: Invocation, name: str, source: str, obj: Obj) -> Generator[Wait, None, Obj]:
    """A Job now, by the template of a CronJob, which owns it."""
    result = yield from Builder(call.factory, [source], latest=True).do()
    infos = result.all_or_raise()
    if len(infos) != 1:
        raise CommandError("from must be an existing cronjob")
    owner = infos[0].obj
    if infos[0].resource.kind != "CronJob":
        version = infos[0].resource.version
        raise CommandError(f"unknown object type *{version}.{infos[0].resource.kind}")
    template = owner["spec"]["jobTemplate"]
    meta = template.get("metadata") or {}
    reference = {
        "apiVersion": "batch/v1",
        "controller": True,
        "kind": "CronJob",
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"],
    }
    made: Obj = {
        "annotations": {"cronjob.kubernetes.io/instantiate": "manual", **(meta.get("annotations") or {})},
        "name": name,
        "ownerReferences": [reference],
    }
    if meta.get("labels"):
        made["labels"] = meta["labels"]
    return {**obj, "metadata": made, "spec": template["spec"]}


def run_cron_job(call: Invocation) -> Process:
    name = generate.name_of(call)
    flags = call.flags
    job = _job_spec(name, flags.string("image"), call.args[1:], flags.string("restart") or "OnFailure")
    obj = {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": {"name": name},
        "spec": {"jobTemplate": {"metadata": {"name": name}, "spec": job}, "schedule": flags.string("schedule")},
    }
    return generate.submit(call, obj, what="cronjob:")
    yield


JOB = Command(
    "job",
    "Create a job with the specified name",
    run_job,
    use="NAME --image=image [--from=cronjob/name] -- [COMMAND] [args...] [options]",
    long="Creates a Job of an image, or a Job now by the template of a CronJob.",
    example="kubectl create job hello --image=busybox -- echo hello\n\nkubectl create job now --from=cronjob/nightly",
    completes="nothing",
    flags=(
        *generate.FLAGS,
        Flag("from", help="A CronJob whose template the Job takes"),
        Flag("image", help="The image to run"),
    ),
)
CRON_JOB = Command(
    "cronjob",
    "Create a cron job with the specified name",
    run_cron_job,
    aliases=("cj",),
    use="NAME --image=image --schedule='0/5 * * * ?' -- [COMMAND] [args...] [options]",
    long="Creates a CronJob, which makes Jobs on a schedule.",
    example='kubectl create cronjob nightly --image=busybox --schedule="0 3 * * *" -- date',
    completes="nothing",
    flags=(
        *generate.FLAGS,
        Flag("image", required=True, help="The image to run"),
        Flag("restart", help="OnFailure or Never"),
        Flag("schedule", required=True, help="When, in the form of cron"),
    ),
)
