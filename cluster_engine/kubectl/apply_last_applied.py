"""`kubectl apply view-last-applied` and `set-last-applied`. Follows the files of the same names in pkg/cmd/apply."""

from __future__ import annotations

import json

from cluster_engine.apimachinery.errors import ApiError
from cluster_engine.apimachinery.meta import Obj, annotations_of, with_meta
from cluster_engine.kubectl import common_flags as common
from cluster_engine.kubectl.command import Command, Invocation
from cluster_engine.kubectl.errors import CommandError, with_source
from cluster_engine.kubectl.flags import Flag
from cluster_engine.kubectl.last_applied import ANNOTATION
from cluster_engine.kubectl.printers import yaml_printer
from cluster_engine.kubectl.printers.json_printer import compact, escaped
from cluster_engine.kubectl.printers.output import object_printer
from cluster_engine.kubectl.process import Process
from cluster_engine.kubectl.resource.builder import Builder, is_not_found
from cluster_engine.kubectl.resource.mapper import Info


def run_view(call: Invocation) -> Process:
    builder = Builder.of(call.factory, call.flags, call.args, latest=True)
    result = yield from builder.do()
    texts: list[str] = []
    for item in result.visit():
        if isinstance(item, Exception):
            raise item
        text = annotations_of(item.obj).get(ANNOTATION)
        # An object without the annotation is passed over in silence, as the real one does.
        if text is not None:
            texts.append(text)
    output = call.flags.string("output")
    if output not in ("json", "yaml") and texts:
        raise call.usage_error(f"Unexpected -o output mode: {output}, the flag 'output' must be one of yaml|json")
    for text in texts:
        value = json.loads(text)
        if output == "yaml":
            call.factory.out.write(yaml_printer.dump(value))
        else:
            shown = json.dumps(value, indent=2, ensure_ascii=False)
            call.factory.out.write(escaped(shown) + ("\n" if text.endswith("\n") else ""))
    return 0


def run_set(call: Invocation) -> Process:
    flags, factory = call.flags, call.factory
    dry_run = common.dry_run(flags)
    printer = object_printer(flags, factory.files, "configured" + common.dry_run_suffix(dry_run))
    result = yield from Builder.of(factory, flags, ()).do()
    changed: list[tuple[Info, str]] = []
    for item in result.visit():
        if isinstance(item, Exception):
            raise item
        wanted = compact(_bare({"metadata": {}, **item.obj})) + "\n"
        try:
            item.object = factory.get(item.resource, item.namespace, item.name)
        except ApiError as error:
            if is_not_found(error):
                raise
            raise with_source("retrieving current configuration of", item.source, error) from None
        present = annotations_of(item.obj).get(ANNOTATION)
        if present is None and not flags.on("create-annotation"):
            raise CommandError(
                f"no last-applied-configuration annotation found on resource: {item.name}, to create the annotation, "
                "run the command with --create-annotation"
            )
        if present is not None and present.strip() == wanted.strip():
            factory.out.line(f"set-last-applied {item.name}: no changes required.")
        else:
            changed.append((item, wanted))
    for info, text in changed:
        obj = info.obj
        if dry_run != "client":
            obj = factory.request(
                "patch",
                info.resource,
                info.namespace,
                info.name,
                body={"metadata": {"annotations": {ANNOTATION: text}}},
                patch_type="merge",
                dry_run=dry_run == "server",
            )
        factory.out.write(printer(obj))
    return 0


def _bare(obj: Obj) -> Obj:
    """The object without the annotation, and without annotations where it has no other."""
    kept = {key: value for key, value in annotations_of(obj).items() if key != ANNOTATION}
    return with_meta({**obj, "metadata": {"annotations": {}, **obj["metadata"]}}, annotations=kept or None)


VIEW = Command(
    "view-last-applied",
    "View the latest last-applied-configuration annotations of a resource/object",
    run_view,
    use="(TYPE [NAME | -l label] | TYPE/NAME | -f FILENAME) [options]",
    long="Shows what was applied last, as the object remembers it.",
    example="kubectl apply view-last-applied deployment/web",
    flags=(
        *common.filename("to read"),
        common.SELECTOR,
        common.ALL,
        Flag("output", default="yaml", shorthand="o", help="yaml or json"),
    ),
)
SET = Command(
    "set-last-applied",
    "Set the last-applied-configuration annotation on a live object to match the contents of a file",
    run_set,
    use="-f FILENAME [options]",
    long="Makes an object remember that a file was applied last, without applying it.",
    example="kubectl apply set-last-applied -f web.yaml",
    completes="files",
    flags=(
        *common.filename("to remember"),
        *common.output(),
        common.DRY_RUN,
        Flag("create-annotation", "bool", help="Creates the annotation where there is none"),
    ),
)
