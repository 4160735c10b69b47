"""`kubectl edit` and `apply edit-last-applied`, in the editor pane. Follows k8s.io/kubectl/pkg/cmd/util/editor."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from cluster_engine.apimachinery import go_json
from cluster_engine.apimachinery.errors import ApiError
from cluster_engine.apimachinery.meta import Obj, annotations_of
from cluster_engine.apimachinery.yaml_text import YamlError, load_documents
from cluster_engine.kubectl import common_flags as common
from cluster_engine.kubectl.command import Command, Invocation
from cluster_engine.kubectl.errors import CommandError
from cluster_engine.kubectl.flags import Flag
from cluster_engine.kubectl.last_applied import ANNOTATION
from cluster_engine.kubectl.printers import json_printer, yaml_printer
from cluster_engine.kubectl.printers.output import object_printer
from cluster_engine.kubectl.process import Process, Wait
from cluster_engine.kubectl.resource.builder import Builder
from cluster_engine.kubectl.resource.mapper import Info
from cluster_engine.schema.patching import create_two_way_merge_patch, patch_type_for

# The words that everybody finds at the head of the file.
HEADER = (
    "# Please edit the object below. Lines beginning with a '#' will be ignored,\n"
    "# and an empty file will abort the edit. If an error occurs while saving this file will be\n"
    "# reopened with the relevant failures.\n#\n"
)
MAX_ATTEMPTS = 20
_NO_EDITOR = (
    "there is no editor here: change the object by `kubectl apply`, `kubectl patch` or `kubectl set`, or get it with "
    "`-o yaml`, change the file and `kubectl replace` it"
)


def run(call: Invocation) -> Process:
    flags = call.flags
    printer = object_printer(flags, call.factory.files, "edited")
    builder = Builder.of(call.factory, flags, call.args, latest=True, allow_empty_selector=True)
    result = yield from builder.do()
    infos = result.all_or_raise()
    if not infos:
        raise CommandError("edit cancelled, no objects found")
    for info in infos:
        obj = yield from _Editing(call, info, _shown(call, info.obj)).run()
        if obj is not None:
            call.factory.out.write(printer(obj))
    return 0


def _shown(call: Invocation, obj: Obj) -> Obj:
    if call.flags.on("show-managed-fields"):
        return obj
    return {**obj, "metadata": {key: value for key, value in obj["metadata"].items() if key != "managedFields"}}


class _Editing:
    """The editing of one object, again and again until it is saved, left alone or given up."""

    def __init__(self, call: Invocation, info: Info, original: Obj) -> None:
        self.call, self.factory, self.info = call, call.factory, info
        self.original = original
        self.as_json = call.flags.string("output") == "json"

    def run(self) -> Generator[Wait, None, Obj | None]:
        """The object as it was saved; None when nothing was changed."""
        if self.factory.open_editor is None:
            raise CommandError(_NO_EDITOR)
        path = f"kubectl-edit-{self.info.name}.{'json' if self.as_json else 'yaml'}"
        body = self._dump(self.original)
        text, failure = body, ""
        for _ in range(MAX_ATTEMPTS):
            offered = (HEADER + failure + text) if not self.as_json else text
            saved = yield from self.factory.open_editor(path, offered)
            if saved is None:
                raise CommandError(_NO_EDITOR)
            edited = _without_comments(saved)
            if not edited.strip():
                self.factory.err.line("Edit cancelled, saved file was empty.")
                return None
            if edited == _without_comments(body):
                self.factory.err.line("Edit cancelled, no changes made.")
                return None
            if failure and edited == _without_comments(text):
                raise CommandError("Edit cancelled, no valid changes were saved.")
            try:
                return self._save(self._parse(edited))
            except ApiError as error:
                failure = _told(self.info, error)
                self.factory.err.line(f'error: {self.info.resource.group_resource} "{self.info.name}" is invalid')
            except (CommandError, YamlError, ValueError) as error:
                failure = f"# The edited file had a syntax error: {error}\n#\n"
                self.factory.err.line("error: the edited file failed validation")
            text = edited
        raise CommandError("Edit cancelled, no valid changes were saved.")

    def _dump(self, obj: Obj) -> str:
        return json_printer.pretty(obj) + "\n" if self.as_json else yaml_printer.dump(obj)

    def _parse(self, text: str) -> Obj:
        value: Any = go_json.parse(text) if self.as_json else load_documents(text)[0].value
        if not isinstance(value, dict) or not isinstance(value.get("metadata"), dict):
            raise CommandError("the file holds no object")
        if value["metadata"].get("name") != self.info.name or value.get("kind") != self.original.get("kind"):
            raise CommandError("at least one of apiVersion, kind and name was changed")
        return value

    def _save(self, edited: Obj) -> Obj:
        info = self.info
        return self.factory.request(  # type: ignore[no-any-return]
            "patch",
            info.resource,
            info.namespace,
            info.name,
            body=create_two_way_merge_patch(self.original, edited),
            patch_type=patch_type_for(self.original),
            field_validation=common.field_validation(self.call.flags),
            subresource=self.call.flags.string("subresource"),
        )


def _told(info: Info, error: ApiError) -> str:
    """What the server refused, as comments at the head of the file."""
    causes = (error.details or {}).get("causes") or []
    lines = [f'# {info.resource.group_resource} "{info.name}" was not valid:']
    lines += [f"# * {one.get('field', '')}: {one.get('message', '')}" for one in causes] or [f"# * {error.message}"]
    return "\n".join([*lines, "#"]) + "\n"


def _without_comments(text: str) -> str:
    kept = [line.rstrip() for line in text.splitlines() if not line.lstrip().startswith("#")]
    return "\n".join(kept).strip("\n") + "\n" if kept else ""


def run_last_applied(call: Invocation) -> Process:
    """`apply edit-last-applied`: the annotation as a file of its own."""
    builder = Builder.of(call.factory, call.flags, call.args, latest=True)
    result = yield from builder.do()
    for info in result.all_or_raise():
        text = annotations_of(info.obj).get(ANNOTATION)
        if text is None:
            raise CommandError(f"no last-applied-configuration annotation found on resource: {info.name}")
        editing = _Editing(call, info, go_json.parse(text))
        editing._save = lambda edited, info=info: _remember(call, info, edited)  # type: ignore[method-assign, misc]
        obj = yield from editing.run()
        if obj is not None:
            call.factory.out.write(object_printer(call.flags, call.factory.files, "edited")(obj))
    return 0


def _remember(call: Invocation, info: Info, edited: Obj) -> Obj:
    body = {"metadata": {"annotations": {ANNOTATION: json_printer.compact(edited) + "\n"}}}
    return call.factory.request(  # type: ignore[no-any-return]
        "patch", info.resource, info.namespace, info.name, body=body, patch_type="merge"
    )


_FLAGS = (
    *common.filename("to edit"),
    *common.output(),
    common.VALIDATE,
    common.field_manager("kubectl-edit"),
    Flag("windows-line-endings", "bool", help="Line endings of the file"),
    Flag("subresource", help="A subresource such as status"),
)
COMMAND = Command(
    "edit",
    "Edit a resource on the server",
    run,
    use="(RESOURCE/NAME | -f FILENAME) [options]",
    long="Opens objects in the editor beside the terminal, and saves what you change in the cluster.",
    example="kubectl edit deployment/web",
    group="Basic Commands (Intermediate)",
    flags=(
        *_FLAGS,
        common.RECORD,
        Flag("output-patch", "bool", help="Shows the patch that is sent"),
        Flag("save-config", "bool", help="Keeps the object in its annotation, for a later apply"),
    ),
)
LAST_APPLIED = Command(
    "edit-last-applied",
    "Edit latest last-applied-configuration annotations of a resource/object",
    run_last_applied,
    use="(RESOURCE/NAME | -f FILENAME) [options]",
    long="Opens what was applied last, as the object remembers it, in the editor.",
    example="kubectl apply edit-last-applied deployment/web",
    flags=_FLAGS,
)
