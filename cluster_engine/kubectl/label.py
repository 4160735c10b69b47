"""`kubectl label`. Follows k8s.io/kubectl/pkg/cmd/label/label.go."""

from __future__ import annotations

from cluster_engine.apimachinery import names
from cluster_engine.apimachinery.errors import ApiError
from cluster_engine.apimachinery.meta import Obj, labels_of
from cluster_engine.kubectl import common_flags as common
from cluster_engine.kubectl import pairs
from cluster_engine.kubectl.command import Command, Invocation
from cluster_engine.kubectl.errors import CommandError, raise_all
from cluster_engine.kubectl.flags import Flag
from cluster_engine.kubectl.printers.output import object_printer
from cluster_engine.kubectl.process import Process
from cluster_engine.kubectl.record import record_patch
from cluster_engine.kubectl.resource.builder import Builder, Result
from cluster_engine.kubectl.resource.mapper import Info, object_name

NEED_RESOURCES = "one or more resources must be specified as <resource> <name> or <resource>/<name>"


def run(call: Invocation) -> Process:
    flags = call.flags
    dry_run = common.dry_run(flags)
    resources, words = pairs.split(call.args, "label")
    new, remove = _parsed(words)
    if flags.on("all") and flags.string("selector"):
        raise CommandError("cannot set --all and --selector at the same time")
    if not resources and not flags.strings("filename") and not flags.string("kustomize"):
        raise CommandError(NEED_RESOURCES)
    if not new and not remove and not flags.on("list"):
        raise CommandError("at least one label update is required")
    local = flags.on("local")
    builder = Builder.of(call.factory, flags, resources, latest=not local, local=local)
    common.check_local_files(flags)
    builder.all_permitted_only = True
    result = yield from builder.do()
    if flags.string("resource-version") and not result.single_item_implied:
        raise CommandError("--resource-version may only be used with a single resource")
    if flags.on("list"):
        _show_list(call, result)
        return 0
    errors = []
    for item in result.visit():
        if isinstance(item, Exception):
            errors.append(item)
            continue
        try:
            _label(call, item, new, remove, dry_run)
        except (ApiError, CommandError) as error:
            errors.append(error)
    raise_all(errors)
    return 0


def _parsed(specs: list[str]) -> tuple[dict[str, str], list[str]]:
    """(labels to set, labels to remove)."""
    new: dict[str, str] = {}
    remove: list[str] = []
    for spec in specs:
        key, equals, value = spec.partition("=")
        if not equals:
            remove.append(spec[:-1])
            continue
        if "=" in value:
            raise CommandError(f"invalid label spec: {spec}")
        faults = names.label_value(value)
        if faults:
            raise CommandError(f'invalid label value: "{spec}": {";".join(faults)}')
        new[key] = value
    if any(key in new for key in remove):
        raise CommandError("can not both modify and remove a label in the same command")
    return new, remove


def _show_list(call: Invocation, result: Result) -> None:
    infos = result.all_or_raise()
    for info in infos:
        if len(infos) > 1:
            call.factory.out.line(f"Listing labels for {info.resource.kind}.{info.resource.group}/{info.name}:")
        for key, value in sorted(labels_of(info.obj).items()):
            call.factory.out.line(f"{' ' if len(infos) > 1 else ''}{key}={value}")


def _label(call: Invocation, info: Info, new: dict[str, str], remove: list[str], dry_run: common.DryRun) -> None:
    factory, flags = call.factory, call.flags
    present = labels_of(info.obj)
    if not flags.on("overwrite"):
        faults = [
            f"'{key}' already has a value ({present[key]}), and --overwrite is false"
            for key, value in new.items()
            if key in present and present[key] != value
        ]
        if faults:
            raise CommandError(faults[0] if len(faults) == 1 else f"[{', '.join(faults)}]")
    for key in remove:
        if key not in present:
            factory.out.line(f'label "{key}" not found.')
    labels = {**present, **new}
    labels = {key: value for key, value in labels.items() if key not in remove}
    word = _word(present, labels)
    obj = info.obj
    changes: dict[str, str | None] = {key: value for key, value in labels.items() if present.get(key) != value}
    changes |= {key: None for key in remove if key in present}
    if dry_run == "client" or flags.on("local"):
        obj = {**obj, "metadata": {**obj["metadata"], "labels": labels}}
    elif changes:
        patch: Obj = {"metadata": {"labels": changes}}
        if flags.string("resource-version"):
            patch["metadata"]["resourceVersion"] = flags.string("resource-version")
        cause = record_patch(call, obj)
        if cause:
            patch["metadata"]["annotations"] = cause["metadata"]["annotations"]
        obj = factory.request(
            "patch",
            info.resource,
            info.namespace,
            info.name,
            body=patch,
            patch_type="merge",
            dry_run=dry_run == "server",
        )
    if flags.string("output") or flags.string("template"):
        factory.out.write(object_printer(flags, factory.files)(obj))
    else:
        # `label` says what happened in its own way: the word depends on the change.
        factory.out.line(f"{object_name(info.resource, info.name)} {word}{common.dry_run_suffix(dry_run)}")


def _word(before: dict[str, str], after: dict[str, str]) -> str:
    """`labeled` where a label is new or another, `unlabeled` where labels only went."""
    if any(before.get(key) != value for key, value in after.items()):
        return "labeled"
    return "unlabeled" if len(after) < len(before) else "not labeled"


COMMAND = Command(
    "label",
    "Update the labels on a resource",
    run,
    use="[--overwrite] (-f FILENAME | TYPE NAME) KEY_1=VAL_1 ... KEY_N=VAL_N [--resource-version=version] [options]",
    long="Sets labels (key=value) and removes them (key-). A label that is there already needs --overwrite to change.",
    example="kubectl label pods web-0 tier=front\n\n# Change it\nkubectl label --overwrite pods web-0 tier=back\n\n"
    "# Take it away\nkubectl label pods web-0 tier-",
    group="Settings Commands",
    flags=(
        *common.filename("to label"),
        *common.output(),
        common.SELECTOR,
        common.FIELD_SELECTOR,
        common.ALL,
        common.ALL_NAMESPACES,
        common.DRY_RUN,
        common.RECORD,
        common.LOCAL,
        common.field_manager("kubectl-label"),
        Flag("list", "bool", help="Shows the labels"),
        Flag("overwrite", "bool", help="Lets labels change that are there already"),
        Flag("resource-version", help="Changes the object only if it still has this version"),
    ),
)
