"""`kubectl annotate`. Follows k8s.io/kubectl/pkg/cmd/annotate/annotate.go."""

from __future__ import annotations

from cluster_engine.apimachinery.errors import ApiError
from cluster_engine.apimachinery.meta import Obj, annotations_of
from cluster_engine.kubectl import common_flags as common
from cluster_engine.kubectl import pairs
from cluster_engine.kubectl.command import Command, Invocation
from cluster_engine.kubectl.errors import CommandError, raise_all
from cluster_engine.kubectl.flags import Flag
from cluster_engine.kubectl.label import NEED_RESOURCES
from cluster_engine.kubectl.printers.output import object_printer
from cluster_engine.kubectl.process import Process
from cluster_engine.kubectl.record import CHANGE_CAUSE, record_patch
from cluster_engine.kubectl.resource.builder import Builder
from cluster_engine.kubectl.resource.mapper import Info


def run(call: Invocation) -> Process:
    flags = call.flags
    dry_run = common.dry_run(flags)
    resources, words = pairs.split(call.args, "annotation")
    if flags.on("all") and flags.string("selector"):
        raise CommandError("cannot set --all and --selector at the same time")
    if not resources and not flags.strings("filename") and not flags.string("kustomize"):
        raise CommandError(NEED_RESOURCES)
    new, remove = pairs.parse(words, "annotation", removals=True)
    if not new and not remove and not flags.on("list"):
        raise CommandError("at least one annotation update is required")
    builder = Builder.of(call.factory, flags, resources, latest=not flags.on("local"), local=flags.on("local"))
    common.check_local_files(flags)
    builder.all_permitted_only = True
    result = yield from builder.do()
    if flags.string("resource-version") and not result.single_item_implied:
        raise CommandError("--resource-version may only be used with a single resource")
    errors = []
    for item in result.visit():
        if isinstance(item, Exception):
            errors.append(item)
            continue
        try:
            _annotate(call, item, new, remove, dry_run)
        except (ApiError, CommandError) as error:
            errors.append(error)
    raise_all(errors)
    return 0


def _annotate(call: Invocation, info: Info, new: dict[str, str], remove: list[str], dry_run: common.DryRun) -> None:
    factory, flags = call.factory, call.flags
    present = annotations_of(info.obj)
    if flags.on("list"):
        for key, value in sorted(present.items()):
            factory.out.line(f"{key}={value}")
        return
    if not flags.on("overwrite"):
        # The cause of a change may always be another.
        taken = [
            f"'{key}' already has a value ({present[key]})"
            for key, value in new.items()
            if key in present and present[key] != value and key != CHANGE_CAUSE
        ]
        if taken:
            raise CommandError(
                f"--overwrite is false but found the following declared annotation(s): {'; '.join(taken)}"
            )
    changes: dict[str, str | None] = {**new, **dict.fromkeys(remove)}
    obj = info.obj
    if dry_run == "client" or flags.on("local"):
        merged = {**present, **changes}
        obj = {
            **obj,
            "metadata": {**obj["metadata"], "annotations": {k: v for k, v in merged.items() if v is not None}},
        }
    else:
        patch: Obj = {"metadata": {"annotations": changes}}
        cause = record_patch(call, obj)
        if cause:
            changes.update(cause["metadata"]["annotations"])
        if flags.string("resource-version"):
            patch["metadata"]["resourceVersion"] = flags.string("resource-version")
        obj = factory.request(
            "patch",
            info.resource,
            info.namespace,
            info.name,
            body=patch,
            patch_type="merge",
            dry_run=dry_run == "server",
        )
    factory.out.write(object_printer(flags, factory.files, "annotated" + common.dry_run_suffix(dry_run))(obj))


COMMAND = Command(
    "annotate",
    "Update the annotations on a resource",
    run,
    use="[--overwrite] (-f FILENAME | TYPE NAME) KEY_1=VAL_1 ... KEY_N=VAL_N [--resource-version=version] [options]",
    long="Sets annotations (key=value) and removes them (key-).",
    example="kubectl annotate deployment web kubernetes.io/change-cause='nginx 1.26'",
    group="Settings Commands",
    flags=(
        *common.filename("to annotate"),
        *common.output(),
        common.SELECTOR,
        common.FIELD_SELECTOR,
        common.ALL,
        common.ALL_NAMESPACES,
        common.DRY_RUN,
        common.RECORD,
        common.LOCAL,
        common.field_manager("kubectl-annotate"),
        Flag("list", "bool", help="Shows the annotations"),
        Flag("overwrite", "bool", help="Lets annotations change that are there already"),
        Flag("resource-version", help="Changes the object only if it still has this version"),
    ),
)
