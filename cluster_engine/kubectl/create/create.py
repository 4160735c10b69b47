"""`kubectl create -f`. Follows k8s.io/kubectl/pkg/cmd/create/create.go."""

from __future__ import annotations

from cluster_engine.apimachinery.errors import ApiError
from cluster_engine.apiserver.request import FieldValidation
from cluster_engine.kubectl import common_flags as common
from cluster_engine.kubectl.command import Command, Invocation
from cluster_engine.kubectl.create import (
    configmap,
    deployment,
    ingress,
    job,
    namespace,
    policy,
    role,
    rolebinding,
    secret,
    service,
    serviceaccount,
    token,
)
from cluster_engine.kubectl.edit.command import edit_and_create
from cluster_engine.kubectl.errors import CommandError, raise_all, with_source
from cluster_engine.kubectl.flags import Flag
from cluster_engine.kubectl.last_applied import with_last_applied
from cluster_engine.kubectl.printers.output import Printer, object_printer
from cluster_engine.kubectl.process import Process
from cluster_engine.kubectl.record import recorded
from cluster_engine.kubectl.resource.builder import Builder
from cluster_engine.kubectl.resource.mapper import Info


def run(call: Invocation) -> Process:
    flags = call.flags
    if not flags.strings("filename") and not flags.string("kustomize"):
        if call.args:
            raise call.usage_error(f"Unexpected args: [{' '.join(call.args)}]")
        raise CommandError("must specify one of -f and -k")
    if call.args:
        raise call.usage_error(f"Unexpected args: [{' '.join(call.args)}]")
    if flags.changed("raw"):
        raise CommandError("the terminal's kubectl does not have --raw yet")
    dry_run = common.dry_run(flags)
    printer = object_printer(flags, call.factory.files, "created" + common.dry_run_suffix(dry_run))
    validation = common.field_validation(flags)
    result = yield from Builder.of(call.factory, flags, (), validated=validation != "Ignore").do()
    if flags.on("edit"):
        return (yield from edit_and_create(call, result.all_or_raise()))
    count, errors = 0, []
    for item in result.visit():
        if isinstance(item, Exception):
            errors.append(item)
            continue
        try:
            _create(call, item, printer, dry_run, validation)
            count += 1
        except ApiError as error:
            errors.append(with_source("creating", item.source, error))
    raise_all(errors)
    if count == 0:
        raise CommandError("no objects passed to create")
    return 0


def _create(
    call: Invocation, info: Info, printer: Printer, dry_run: common.DryRun, validation: FieldValidation
) -> None:
    obj = recorded(call, info.obj) if call.flags.on("record") else info.obj
    if call.flags.on("save-config"):
        obj = with_last_applied({"metadata": {}, **obj})
    if dry_run != "client":
        obj = call.factory.request(
            "create",
            info.resource,
            info.namespace,
            body=obj,
            dry_run=dry_run == "server",
            field_validation=validation,
        )
    if not obj["metadata"].get("name") and not call.flags.string("output"):
        obj = {**obj, "metadata": {**obj["metadata"], "name": "<unknown>"}}
    call.factory.out.write(printer(obj))


COMMAND = Command(
    "create",
    "Create a resource from a file or from stdin",
    run,
    use="-f FILENAME [options]",
    long="Creates what is in a file or on standard input, in YAML or JSON. What is there already is refused.",
    example="# What is in a file\nkubectl create -f ./pod.yaml\n\n# What comes through a pipe\ncat "
    "pod.yaml | kubectl create -f -\n\n"
    "# A Deployment without a file\nkubectl create deployment web --image=nginx:1.25 --replicas=3",
    group="Basic Commands (Beginner)",
    completes="files",
    flags=(
        *common.filename("to create"),
        *common.output(),
        common.SELECTOR,
        common.DRY_RUN,
        common.VALIDATE,
        common.RECORD,
        common.field_manager("kubectl-create"),
        Flag("edit", "bool", help="Opens an editor first"),
        Flag("raw", help="A path to send the file to"),
        Flag("save-config", "bool", help="Keeps the object in its annotation, for a later apply"),
        Flag("windows-line-endings", "bool", help="Ends the lines of --edit's file as Windows does"),
    ),
    commands=(
        role.CLUSTER_ROLE,
        rolebinding.CLUSTER_ROLE_BINDING,
        configmap.COMMAND,
        job.CRON_JOB,
        deployment.COMMAND,
        ingress.COMMAND,
        job.JOB,
        namespace.COMMAND,
        policy.BUDGET,
        policy.PRIORITY_CLASS,
        policy.QUOTA,
        role.ROLE,
        rolebinding.ROLE_BINDING,
        secret.COMMAND,
        service.COMMAND,
        serviceaccount.COMMAND,
        token.COMMAND,
    ),
)
