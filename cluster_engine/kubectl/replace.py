"""`kubectl replace`. Follows k8s.io/kubectl/pkg/cmd/replace/replace.go."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from cluster_engine.apimachinery.errors import ApiError
from cluster_engine.apimachinery.meta import Obj, annotations_of, with_meta
from cluster_engine.kubectl import common_flags as common
from cluster_engine.kubectl.command import Command, Invocation
from cluster_engine.kubectl.delete import Deleter, wait_until_gone
from cluster_engine.kubectl.errors import CommandError, raise_all, with_source
from cluster_engine.kubectl.flags import Flag
from cluster_engine.kubectl.last_applied import ANNOTATION, with_last_applied
from cluster_engine.kubectl.printers.output import Printer, object_printer
from cluster_engine.kubectl.process import Process, Wait
from cluster_engine.kubectl.record import recorded
from cluster_engine.kubectl.resource.builder import Builder, is_not_found
from cluster_engine.kubectl.resource.mapper import Info

FORCE_WAIT_SECONDS = 300.0


def run(call: Invocation) -> Process:
    flags, factory = call.flags, call.factory
    dry_run = common.dry_run(flags)
    validation = common.field_validation(flags)
    printer = object_printer(flags, factory.files, "replaced" + common.dry_run_suffix(dry_run))
    if not flags.strings("filename") and not flags.string("kustomize"):
        raise CommandError("must specify one of -f and -k")
    _validate(call)
    if flags.on("force"):
        return (yield from _by_force(call, printer))
    result = yield from Builder.of(factory, flags, (), validated=validation != "Ignore").do()
    errors: list[Exception] = []
    for item in result.visit():
        if isinstance(item, Exception):
            errors.append(item)
            continue
        obj = prepared(call, item)
        if dry_run == "client":
            factory.out.write(printer(obj))
            continue
        try:
            options = {"dry_run": dry_run == "server", "field_validation": validation}
            factory.out.write(printer(put(call, item, obj, **options)))
        except (ApiError, CommandError) as error:
            errors.append(with_source("replacing", item.source, error))
    raise_all(errors)
    return 0


def _validate(call: Invocation) -> None:
    flags = call.flags
    force = flags.on("force")
    if flags.number("grace-period") >= 0 and not force:
        raise CommandError("--grace-period must have --force specified")
    if flags.seconds("timeout") and not force:
        raise CommandError("--timeout must have --force specified")
    if force and common.dry_run(flags) != "none":
        raise CommandError("--dry-run can not be used when --force is set")
    if flags.string("raw"):
        raise CommandError("the terminal's kubectl does not have --raw here yet")


def prepared(call: Invocation, info: Info) -> Obj:
    """The object as it is sent: with the annotation of the last apply where it has one, and the change's cause."""
    obj: Obj = {"metadata": {}, **info.obj}
    if call.flags.on("save-config") or ANNOTATION in annotations_of(obj):
        obj = with_last_applied(obj)
    return recorded(call, obj)


def put(call: Invocation, info: Info, obj: Obj, **options: Any) -> Obj:
    """Replaces the object; one that names no version replaces the latest."""
    factory, subresource = call.factory, call.flags.string("subresource") if call.flags.has("subresource") else ""
    if not obj["metadata"].get("resourceVersion"):
        try:
            present = factory.request("get", info.resource, info.namespace, info.name, subresource=subresource)
            obj = with_meta(obj, resourceVersion=present["metadata"]["resourceVersion"])
        except ApiError as error:
            # The server has the last word on what is not there, and looks at the object first.
            if not is_not_found(error):
                raise
    return factory.request(  # type: ignore[no-any-return]
        "update", info.resource, info.namespace, info.name, body=obj, subresource=subresource, **options
    )


def _by_force(call: Invocation, printer: Printer) -> Generator[Wait, None, int]:
    """Deletes, waits until everything is gone, and creates anew."""
    flags, factory = call.flags, call.factory
    result = yield from Builder.of(factory, flags, call.args, require_object=False).do()
    infos = result.all_or_raise()
    deleter = Deleter(call)
    deleter.ignore_not_found = True
    # Unlike `delete --force`, it gives the objects the time that they ask for.
    grace = flags.number("grace-period")
    deleter.grace_period = 1 if grace == 0 else grace
    deleted: list[tuple[Info, str]] = []
    for info in infos:
        try:
            deleted.append((info, deleter.delete(info)))
        except ApiError as error:
            if not is_not_found(error):
                raise with_source("deleting", info.source, error) from None
    yield from wait_until_gone(factory, deleted, flags.seconds("timeout") or FORCE_WAIT_SECONDS)
    for info in infos:
        obj = factory.request(
            "create",
            info.resource,
            info.namespace,
            body=prepared(call, info),
            field_validation=common.field_validation(flags),
        )
        factory.out.write(printer(obj))
    if not infos:
        raise CommandError("no objects passed to replace")
    return 0


COMMAND = Command(
    "replace",
    "Replace a resource by file name or stdin",
    run,
    use="-f FILENAME [options]",
    long="Replaces objects by what is in files, whole. --force deletes them first and creates them anew.",
    example="kubectl replace -f ./pod.yaml\n\n# What cannot be changed in place\nkubectl replace --force -f ./pod.yaml",
    group="Advanced Commands",
    completes="files",
    flags=(
        *common.filename("to replace"),
        *common.output(),
        common.DRY_RUN,
        common.VALIDATE,
        common.RECORD,
        common.field_manager("kubectl-replace"),
        common.cascade(),
        common.GRACE_PERIOD,
        common.TIMEOUT,
        Flag("force", "bool", help="Deletes, and creates anew"),
        Flag("raw", help="A path to send the file to"),
        Flag("save-config", "bool", help="Keeps the object in its annotation, for a later apply"),
        Flag("subresource", help="A subresource such as status or scale"),
        Flag("wait", "bool", help="Waits until deleted objects are gone"),
    ),
)
