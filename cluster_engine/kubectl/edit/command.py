"""`kubectl edit`, `apply edit-last-applied`, and what `create --edit` does.

Follows pkg/cmd/util/editor/editoptions.go.
"""

from __future__ import annotations

from functools import partial

from cluster_engine.apimachinery import go_json
from cluster_engine.apimachinery.errors import ApiError
from cluster_engine.apimachinery.meta import Obj, annotations_of
from cluster_engine.kubectl import common_flags as common
from cluster_engine.kubectl.command import Command, Invocation
from cluster_engine.kubectl.edit.report import Report
from cluster_engine.kubectl.edit.session import EditSession, original_of, shown
from cluster_engine.kubectl.errors import CommandError
from cluster_engine.kubectl.flags import Flag
from cluster_engine.kubectl.last_applied import ANNOTATION, with_last_applied
from cluster_engine.kubectl.printers import json_printer
from cluster_engine.kubectl.printers.output import object_printer
from cluster_engine.kubectl.process import Process
from cluster_engine.kubectl.record import recorded
from cluster_engine.kubectl.resource.builder import Builder
from cluster_engine.kubectl.resource.mapper import Info
from cluster_engine.schema.patching import create_two_way_merge_patch, patch_type_for

_CHANGED = "At least one of apiVersion, kind and name was changed"


def run(call: Invocation) -> Process:
    builder = Builder.of(call.factory, call.flags, call.args, latest=True, allow_empty_selector=True)
    result = yield from builder.do()
    infos = result.all_or_raise()
    if not infos:
        raise CommandError("edit cancelled, no objects found")
    yield from EditSession(call, partial(_patch_all, call)).edit(infos)
    return 0


def _patch_all(call: Invocation, infos: list[Info], updated: list[Info], report: Report) -> None:
    flags, factory = call.flags, call.factory
    skipped = object_printer(flags, factory.files, "skipped")
    edited = object_printer(flags, factory.files, "edited")
    for info in updated:
        before = shown(original_of(infos, info).obj)
        after = info.obj
        if flags.on("save-config"):
            after = with_last_applied(after)
        after = recorded(call, after)
        if before == after:
            factory.out.write(skipped(after))
            continue
        if _identity(before) != _identity(after):
            raise CommandError(_CHANGED)
        patch = create_two_way_merge_patch(before, after)
        if flags.on("output-patch"):
            factory.out.line(f"Patch: {json_printer.compact(patch)}")
        try:
            answer = factory.request(
                "patch",
                info.resource,
                info.namespace,
                info.name,
                body=patch,
                patch_type=patch_type_for(before),
                field_validation=common.field_validation(flags),
                subresource=flags.string("subresource"),
            )
        except ApiError as error:
            factory.err.line(report.add(info, error))
            continue
        factory.out.write(edited(answer))


def _identity(obj: Obj) -> tuple[object, ...]:
    return obj.get("apiVersion"), obj.get("kind"), (obj.get("metadata") or {}).get("name")


def run_last_applied(call: Invocation) -> Process:
    """`apply edit-last-applied`: the annotations as a file of their own."""
    builder = Builder.of(call.factory, call.flags, call.args, latest=True)
    result = yield from builder.do()
    remembered: list[Info] = []
    for info in result.all_or_raise():
        text = annotations_of(info.obj).get(ANNOTATION)
        if text is not None:
            remembered.append(Info(info.resource, info.namespace, info.name, go_json.parse(text)))
    if not remembered:
        raise CommandError(
            "no last-applied-configuration annotation found on resources, to create the annotation, use command "
            "`kubectl apply set-last-applied --create-annotation`"
        )
    yield from EditSession(call, partial(_remember_all, call), last_applied=True).edit(remembered)
    return 0


def _remember_all(call: Invocation, infos: list[Info], updated: list[Info], _report: Report) -> None:
    flags, factory = call.flags, call.factory
    skipped = object_printer(flags, factory.files, "skipped")
    edited = object_printer(flags, factory.files, "edited")
    for info in updated:
        if original_of(infos, info).obj == info.obj:
            factory.out.write(skipped(info.obj))
            continue
        text = json_printer.compact(info.obj) + "\n"
        factory.request(
            "patch",
            info.resource,
            info.namespace,
            info.name,
            body={"metadata": {"annotations": {ANNOTATION: text}}},
            patch_type="merge",
            field_validation=common.field_validation(flags),
        )
        factory.out.write(edited(info.obj))


def edit_and_create(call: Invocation, infos: list[Info]) -> Process:
    """`create --edit`: each object is offered before it is made."""
    for info in infos:
        yield from EditSession(call, partial(_create_all, call)).edit([info])
    return 0


def _create_all(call: Invocation, _infos: list[Info], updated: list[Info], _report: Report) -> None:
    flags, factory = call.flags, call.factory
    created = object_printer(flags, factory.files, "created")
    for info in updated:
        obj = recorded(call, info.obj)
        if flags.on("save-config"):
            obj = with_last_applied({"metadata": {}, **obj})
        answer = factory.request(
            "create", info.resource, info.namespace, body=obj, field_validation=common.field_validation(flags)
        )
        factory.out.write(created(answer))


_FLAGS = (
    *common.filename("to edit"),
    *common.output(),
    common.VALIDATE,
    common.field_manager("kubectl-edit"),
    Flag("windows-line-endings", "bool", help="Ends the file's lines as Windows does"),
)
COMMAND = Command(
    "edit",
    "Edit a resource on the server",
    run,
    use="(RESOURCE/NAME | -f FILENAME) [options]",
    long="Opens objects in the editor beside the terminal, and sends what you have changed when you are done there. "
    "What the server refuses is opened again, with the reason in comments at the head. KUBE_EDITOR or EDITOR may name "
    "a command of this shell instead.",
    example="kubectl edit deployment/web\n\n# Without the editor\nKUBE_EDITOR='sed -i s/nginx:1.7.9/nginx:1.9.1/' "
    "kubectl edit deployment/web",
    group="Basic Commands (Intermediate)",
    flags=(
        *_FLAGS,
        common.RECORD,
        Flag("output-patch", "bool", help="Shows the patch that is sent"),
        Flag("save-config", "bool", help="Keeps the object in its annotation, for a later apply"),
        Flag("subresource", help="A subresource such as status"),
    ),
)
LAST_APPLIED = Command(
    "edit-last-applied",
    "Edit latest last-applied-configuration annotations of a resource/object",
    run_last_applied,
    use="(RESOURCE/NAME | -f FILENAME) [options]",
    long="Opens what was applied last, as the objects remember it, in the editor.",
    example="kubectl apply edit-last-applied deployment/web",
    flags=_FLAGS,
)
