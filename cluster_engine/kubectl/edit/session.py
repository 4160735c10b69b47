"""One session in the editor: the objects are offered, changed, sent, and offered again until that has succeeded."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator
from typing import Any

from cluster_engine.apimachinery.errors import ApiError
from cluster_engine.apimachinery.meta import Obj, dig
from cluster_engine.apimachinery.yaml_text import lint
from cluster_engine.kubectl.command import Invocation
from cluster_engine.kubectl.edit.report import Report
from cluster_engine.kubectl.errors import CommandError, ExitCode
from cluster_engine.kubectl.factory import OpenEditor
from cluster_engine.kubectl.printers import json_printer, yaml_printer
from cluster_engine.kubectl.printers.output import NoPrinterError
from cluster_engine.kubectl.process import Wait
from cluster_engine.kubectl.resource.manifest import infos_of
from cluster_engine.kubectl.resource.mapper import Info

# How often one object may be offered.
MAX_ROUNDS = 20
NO_EDITOR = (
    "there is no editor here: change the object by `kubectl apply`, `kubectl patch` or `kubectl set`, or get it with "
    "`-o yaml`, change the file and `kubectl replace` it; or name a command as the editor, as in "
    "`KUBE_EDITOR='sed -i s/old/new/' kubectl edit …`"
)
_NO_CHANGES = "Edit cancelled, no changes made."
# (what was offered, what came back, the report) for each object: prints what has become of it.
Save = Callable[[list[Info], list[Info], Report], None]


class EditSession:
    """The editing of objects in one file. `save` sends what has come back."""

    def __init__(self, call: Invocation, save: Save, *, last_applied: bool = False) -> None:
        self.call, self.factory = call, call.factory
        self.last_applied = last_applied
        self._save = save
        output = call.flags.string("output")
        if output not in ("", "json", "yaml"):
            raise NoPrinterError(output, ("json", "yaml"))
        self.as_json = output == "json"
        if self.factory.open_editor is None:
            raise CommandError(NO_EDITOR)
        self._open: OpenEditor = self.factory.open_editor
        self._files = 0

    def edit(self, infos: list[Info]) -> Generator[Wait, None, None]:
        """Raises CommandError when it is given up, ExitCode when something was told already."""
        body = self._dump(infos)
        offered, report, failed, path = body, Report(), False, ""
        for _ in range(MAX_ROUNDS):
            header = "" if self.as_json else report.header(last_applied=self.last_applied)
            previous, before = path, offered
            path = self._path()
            edited = yield from self._open(path, self._line_ends(header + offered))
            if failed and same(before, edited):
                # What was changed before stays where it is.
                self._remove(previous)
                raise self._kept(CommandError("Edit cancelled, no valid changes were saved."), path)
            self._remove(previous)
            fault = _fault(edited)
            if fault:
                report = Report()
                invalid = f'<nil>: Invalid value: "The edited file failed validation": {fault}'
                self.factory.err.line(report.refuse(infos[0], [invalid]))
                offered, failed = stripped(edited), True
                continue
            if same(body, edited):
                self._remove(path)
                self.factory.err.line(_NO_CHANGES)
                return
            if not _has_lines(edited):
                self._remove(path)
                self.factory.err.line("Edit cancelled, saved file was empty.")
                return
            report = self._sent(infos, edited, path)
            if not report.again:
                self._remove(path)
                return
            offered, failed = stripped(edited), True
        raise CommandError("Edit cancelled, no valid changes were saved.")

    def _sent(self, infos: list[Info], edited: str, path: str) -> Report:
        """What has become of the edited objects."""
        report = Report()
        updated: list[Info] = []
        for found in infos_of(edited, "edited-file", self.factory.mapper):
            if isinstance(found, Exception):
                raise self._kept(found, path)
            updated.append(found)
        try:
            for info in updated:
                self._require_namespace(info)
            self._save(infos, updated, report)
        except (ApiError, CommandError) as error:
            raise self._kept(error, path) from None
        if report.retryable:
            self.factory.err.line(f"You can run `kubectl replace -f {path}` to try this update again.")
            raise ExitCode
        if report.not_found:
            self.factory.err.line(f"The edits you made on deleted resources have been saved to {json.dumps(path)}")
            raise ExitCode
        return report

    def _require_namespace(self, info: Info) -> None:
        """Follows resource.RequireNamespace."""
        if not info.resource.namespaced:
            return
        wanted = self.factory.namespace
        if info.namespace and info.namespace != wanted:
            raise CommandError(
                f'the namespace from the provided object "{info.namespace}" does not match the namespace "{wanted}". '
                f"You must pass '--namespace={info.namespace}' to perform this operation."
            )
        info.namespace = wanted

    def _dump(self, infos: list[Info]) -> str:
        objects = [shown(info.obj) for info in infos]
        whole: Obj = objects[0]
        if len(objects) > 1:
            whole = {"apiVersion": "v1", "items": objects, "kind": "List", "metadata": {}}
        return json_printer.pretty(whole) + "\n" if self.as_json else yaml_printer.dump(whole)

    def _line_ends(self, text: str) -> str:
        return text.replace("\n", "\r\n") if self.call.flags.on("windows-line-endings") else text

    def _path(self) -> str:
        """A new file for each round; the number follows from the moment, since nothing here is left to chance."""
        self._files += 1
        number = (self.factory.now_us // 1000 + self._files) % 10_000_000_000
        return f"/tmp/kubectl-edit-{number}.{'json' if self.as_json else 'yaml'}"  # noqa: S108 - in the home directory

    def _remove(self, path: str) -> None:
        if path:
            self.factory.remove_file(path)

    def _kept(self, error: Exception, path: str) -> Exception:
        """The error; that the file is kept is told."""
        self.factory.err.line(f"A copy of your changes has been stored to {json.dumps(path)}")
        return error


def shown(obj: Obj) -> Obj:
    """The object as it is offered: nobody edits managed fields."""
    return {**obj, "metadata": {key: value for key, value in obj["metadata"].items() if key != "managedFields"}}


def stripped(text: str) -> str:
    """The text without its comments. Follows cmdutil.ManualStrip."""
    lines = text.split("\n")
    kept = []
    for index, line in enumerate(lines):
        bare = line.strip()
        if bare.startswith("#") and not bare.startswith("#!"):
            continue
        kept.append(line + ("\n" if index < len(lines) - 1 else ""))
    return "".join(kept)


def same(left: str, right: str) -> bool:
    """Whether two files say the same, comments and layout apart. Follows cmdutil.StripComments."""
    return bool(_meaning(left) == _meaning(right))


def _meaning(text: str) -> Any:
    documents, faults = lint(text)
    if faults:
        return stripped(text)
    return (documents[0].value,) if documents else (None,)


def _fault(text: str) -> str:
    """Why the file cannot be sent. Follows the validator of k8s.io/kubectl/pkg/validation."""
    documents, faults = lint(stripped(text))
    if faults:
        return str(faults[0])
    value = documents[0].value if documents else None
    if value is None:
        return ""
    if not isinstance(value, dict):
        return f"invalid object to validate: {value}"
    missing = [f"{name} not set" for name in ("apiVersion", "kind") if value.get(name) in (None, "")]
    return f"[{', '.join(missing)}]" if len(missing) > 1 else "".join(missing)


def _has_lines(text: str) -> bool:
    return any(line.strip() and not line.strip().startswith("#") for line in text.splitlines())


def original_of(infos: list[Info], updated: Info) -> Info:
    """What an edited object was before; it is known by its uid."""
    uid = dig(updated.obj, "metadata", "uid", default="")
    for info in infos:
        if dig(info.obj, "metadata", "uid", default="") == uid:
            return info
    raise CommandError(f"no original object found for {updated.name}")
