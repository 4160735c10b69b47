"""`kubectl get`: resources as a table, JSON, YAML, names or what a template makes of them, and as they change.

Follows k8s.io/kubectl/pkg/cmd/get/get.go.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from cluster_engine.apimachinery.meta import Obj
from cluster_engine.apimachinery.times import age
from cluster_engine.apiserver.request import Watch
from cluster_engine.kubectl import common_flags as common
from cluster_engine.kubectl import raw
from cluster_engine.kubectl.command import Command, Invocation
from cluster_engine.kubectl.errors import CommandError, RawError, raise_all
from cluster_engine.kubectl.factory import check_timeout
from cluster_engine.kubectl.flags import Flag
from cluster_engine.kubectl.printers import output, sorting
from cluster_engine.kubectl.printers.table import TablePrinter
from cluster_engine.kubectl.process import Process, Wait
from cluster_engine.kubectl.resource.builder import Builder, Result, is_not_found
from cluster_engine.kubectl.resource.mapper import Info, object_name_of

FORMATS = (*output.JSON_FORMATS, *output.TEMPLATE_FORMATS, *output.GET_FORMATS)


def run(call: Invocation) -> Process:
    getter = Getter(call)
    if call.flags.string("raw"):
        getter.validate_raw(call.flags.string("raw"))
        return raw.get(call, call.flags.string("raw"))
    getter.validate()
    if getter.watching:
        return (yield from getter.watch())
    result = yield from getter.builder().do()
    result.ignore_not_found = call.flags.on("ignore-not-found")
    if getter.human:
        getter.print_tables(result)
    else:
        getter.print_objects(result)
    return 0


class Getter:
    """One call of `get`."""

    def __init__(self, call: Invocation) -> None:
        self.call = call
        self.flags = call.flags
        self.factory = call.factory
        self.output = output.format_of(call.flags)
        self.human = self.output in ("", "wide")
        self.watching = call.flags.on("watch") or call.flags.on("watch-only")
        self.sort_by = call.flags.string("sort-by")

    def validate_raw(self, path: str) -> None:
        if self.call.args:
            raise CommandError("arguments may not be passed when --raw is specified")
        if self.watching or self.flags.string("selector"):
            raise CommandError(
                "--raw may not be specified with other flags that filter the server request or alter the output"
            )
        if self.output:
            raise CommandError("--raw and --output are mutually exclusive")
        if not path.startswith("/") and "://" not in path:
            raise CommandError(f'--raw must be a valid URL path: parse "{path}": invalid URI for request')

    def validate(self) -> None:
        flags = self.flags
        if self.watching and self.sort_by:
            flag = "--watch requested, --sort-by will be ignored for watch events received"
            if not flags.on("watch"):
                flag = "--watch-only requested, --sort-by will be ignored"
            self.factory.err.line(f"warning: {flag}")
        if not self.watching and not self.call.args and not flags.strings("filename") and not flags.string("kustomize"):
            self.factory.err.write(
                'You must specify the type of resource to get. Use "kubectl api-resources" for a '
                "complete list of supported "
                "resources.\n\n"
            )
            raise self.call.usage_error(
                'Required resource not specified.\nUse "kubectl explain <resource>" for a detailed '
                "description of that resource "
                "(e.g. kubectl explain pods)."
            )
        if flags.on("show-labels") and self.output not in ("", "wide"):
            raise CommandError(f"--show-labels option cannot be used with {self.output} printer")
        if flags.strings("label-columns") and self.output.startswith("custom-columns"):
            raise CommandError(f"--label-columns option cannot be used with {self.output} printer")
        if flags.on("output-watch-events") and not self.watching:
            raise CommandError("--output-watch-events option can only be used with --watch or --watch-only")

    def builder(self) -> Builder:
        builder = Builder.of(self.factory, self.flags, self.call.args, allow_empty_selector=True, latest=True)
        builder.subresource = self.flags.string("subresource")
        if self.human and self.flags.on("server-print"):
            builder.accept = "table"
            builder.include_object = "Object" if self.sort_by else "Metadata"
        return builder

    def table_printer(self, info: Info, *, with_kind: bool) -> TablePrinter:
        flags = self.flags
        return TablePrinter(
            wide=self.output == "wide",
            no_headers=flags.on("no-headers"),
            with_namespace=flags.on("all-namespaces") and info.resource.namespaced,
            with_kind=info.resource if with_kind or flags.on("show-kind") else None,
            show_labels=flags.on("show-labels"),
            label_columns=tuple(flags.strings("label-columns")),
        )

    def print_tables(self, result: Result) -> None:
        infos, errors = result.infos()
        several = len({info.resource for info in infos}) > 1
        if self.sort_by and len(infos) > 1:
            # Several tables are sorted as objects, which hardly ever have the field.
            infos = sorting.sorted_infos(infos, self.sort_by)
        written = ""
        index = 0
        while index < len(infos):
            first = infos[index]
            group = [first]
            while index + len(group) < len(infos) and infos[index + len(group)].resource == first.resource:
                group.append(infos[index + len(group)])
            index += len(group)
            tables = [self._table(info) for info in group]
            text = self.table_printer(first, with_kind=several).render(tables)
            if text and written and not self.flags.on("no-headers"):
                text = "\n" + text
            self.factory.out.write(text)
            written += text
        if not written and not errors and not self.flags.on("ignore-not-found"):
            self._say_nothing_found(infos)
        _raise_found(errors)

    def _table(self, info: Info) -> Obj:
        """The server's table, sorted; an object that the server printed no table of has its name and age."""
        table = info.obj
        if table["kind"] != "Table":
            meta = table["metadata"]
            columns = [{"name": name, "type": "string", "format": "", "priority": 0} for name in ("Name", "Age")]
            cells = [meta.get("name", ""), age(meta.get("creationTimestamp"), self.factory.now_us)]
            table = {**table, "columnDefinitions": columns, "rows": [{"cells": cells, "object": table}]}
        return sorting.sorted_table(table, self.sort_by) if self.sort_by else table

    def _say_nothing_found(self, infos: list[Info]) -> None:
        if not self.flags.on("all-namespaces") and all(info.resource.namespaced for info in infos):
            self.factory.err.line(f"No resources found in {self.factory.namespace} namespace.")
        else:
            self.factory.err.line("No resources found")

    def print_objects(self, result: Result) -> None:
        infos, errors = result.infos()
        if errors and result.single_item_implied:
            raise_all(errors)
        if not infos and self.flags.on("ignore-not-found"):
            return
        printer = self.generic_printer()
        objects = [info.obj for info in infos]
        if self.sort_by:
            objects = sorting.sorted_objects(objects, self.sort_by)
        if result.single_item_implied and len(objects) == 1:
            self.factory.out.write(printer(objects[0]))
        else:
            body: Obj = {"apiVersion": "v1", "items": objects, "kind": "List", "metadata": {"resourceVersion": ""}}
            self.factory.out.write(printer(body))
        raise_all(errors)

    def generic_printer(self) -> output.Printer:
        """What prints whole objects and lists, for any `-o` that is no table of the server's."""
        columns = output.custom_columns_printer(self.output, self.flags, self.factory.files)
        if columns is not None:
            return lambda obj: columns.render(obj["items"] if obj["kind"] == "List" else [obj])
        if self.output == "name":
            return lambda obj: "".join(
                f"{object_name_of(item)}\n" for item in (obj["items"] if obj["kind"] == "List" else [obj])
            )
        printer = output.structured_printer(self.output, self.flags, self.factory.files)
        if printer is None:
            raise output.NoPrinterError(self.output, FORMATS)
        return printer

    # Watching

    def watch(self) -> Process:
        builder = self.builder()
        builder.single_resource_type = True
        result = yield from builder.do()
        infos, errors = result.infos()
        if errors and is_not_found(errors[0]) and self.flags.on("ignore-not-found"):
            return 0
        raise_all(errors)
        if not infos and not result.is_listing:
            raise CommandError("no resources to watch")
        if len(infos) > 1 and not result.is_listing:
            raise CommandError(
                "watch is only supported on individual resources and resource collections - more "
                "than 1 resource was found"
            )
        return (yield from self._watch(builder, result, infos))

    def _watch(self, builder: Builder, result: Result, infos: list[Info]) -> Process:
        resource = infos[0].resource if infos else self.factory.mapper.resource(self.call.args[0])
        name = "" if result.is_listing else infos[0].name
        namespace = builder.namespace if resource.namespaced else ""
        if name:
            namespace = infos[0].namespace
        show = self._shower(infos[0] if infos else Info(resource, namespace, ""))
        selectors = {"label_selector": builder.label_selector or "", "field_selector": builder.field_selector or ""}
        if name:
            selectors = {"label_selector": "", "field_selector": f"metadata.name={name}"}
        # The list's own revision is where the watch starts, so that nothing is shown twice and nothing is lost.
        listing = self.factory.request(
            "list", resource, namespace, accept=builder.accept, include_object=builder.include_object, **selectors
        )
        if not self.flags.on("watch-only"):
            show(listing if self.human else listing["items"], "ADDED")
        watch: Watch = self.factory.request(
            "watch",
            resource,
            namespace,
            resource_version=int(listing["metadata"]["resourceVersion"]),
            accept=builder.accept,
            include_object=builder.include_object,
            **selectors,
        )
        try:
            yield from self._follow(watch, show)
        finally:
            watch.stop()
        return 0

    def _follow(self, watch: Watch, show: Any) -> Generator[Wait, None, None]:
        first = self.human
        seconds = check_timeout(self.flags.string("request-timeout"))
        end_us = self.factory.deadline_us(seconds) if seconds else None
        while True:
            event = watch.pop()
            if event is None:
                if watch.ended:
                    return
                if end_us is not None and self.factory.now_us >= end_us:
                    return
                yield Wait(watches=(watch,), deadline_us=end_us)
                continue
            type_, obj, _ = event
            shown = watch.render(obj, first)
            first = False
            show(shown if self.human else [shown], type_)

    def _shower(self, info: Info) -> Any:
        """A function that prints a table, or objects, and the type of the event."""
        out = self.factory.out
        with_events = self.flags.on("output-watch-events")
        if self.human:
            tables = self.table_printer(info, with_kind=False)
            return lambda table, type_: out.write(
                _with_event(tables, table, type_) if with_events else tables.render([table])
            )
        printer = self.generic_printer()

        def show(items: list[Obj], type_: str) -> None:
            for item in items:
                whole = {"apiVersion": info.resource.api_version, "kind": info.resource.kind, **item}
                out.write(printer({"type": type_, "object": whole} if with_events else whole))

        return show


def _raise_found(errors: list[Exception]) -> None:
    """What was wrong on the way through the objects is told as it is. Follows MultipleErrors."""
    if len(errors) == 1 and isinstance(errors[0], CommandError):
        raise RawError(errors[0].message, errors[0].code)
    raise_all(errors)


def _with_event(printer: TablePrinter, table: Obj, type_: str) -> str:
    """A table with the event's type as its first column."""
    definitions = table["columnDefinitions"]
    columns = [{"name": "Event", "type": "string", "format": "", "priority": 0}, *definitions] if definitions else []
    rows = [{**row, "cells": [type_, *row["cells"]]} for row in table["rows"]]
    return printer.render([{**table, "columnDefinitions": columns, "rows": rows}])


COMMAND = Command(
    "get",
    "Display one or many resources",
    run,
    use="[(-o|--output=)json|yaml|name|go-template|jsonpath|custom-columns|wide] "
    "(TYPE[.VERSION][.GROUP] [NAME | -l label] | "
    "TYPE[.VERSION][.GROUP]/NAME ...) [flags] [options]",
    long="Shows resources of the cluster as a table with one line each, or whole in JSON or YAML.\n\n"
    "Several types are separated by commas; all means the usual ones. -l and --field-selector choose "
    "among them, -w keeps\n"
    "showing what changes until Ctrl-C.",
    example="# All pods of the namespace\nkubectl get pods\n\n# With node and address\nkubectl get pods -o wide\n\n"
    "# One Deployment, whole\nkubectl get deployment web -o yaml\n\n# Everything with a label, as it changes\n"
    "kubectl get pods -l app=web -w",
    group="Basic Commands (Intermediate)",
    interrupted_code=1,
    flags=(
        *common.filename("to read from the server"),
        *common.output("json|yaml|name|wide|go-template|jsonpath|custom-columns"),
        common.SELECTOR,
        common.FIELD_SELECTOR,
        common.ALL_NAMESPACES,
        common.CHUNK_SIZE,
        Flag("ignore-not-found", "bool", help="A name that does not exist is no error"),
        Flag("label-columns", "stringSlice", shorthand="L", help="Labels to show as columns, separated by commas"),
        Flag("no-headers", "bool", help="Leaves the line of headers out"),
        Flag("output-watch-events", "bool", help="Shows with -w what kind of event each line is"),
        Flag("raw", help="A path to ask the server for"),
        Flag("server-print", "bool", default=True, help="Lets the server make the table"),
        Flag("show-kind", "bool", help="Puts the type before each name"),
        Flag("show-labels", "bool", help="Shows all labels as the last column"),
        Flag("sort-by", help="A field to sort by, such as .metadata.creationTimestamp"),
        Flag("subresource", help="A subresource such as status or scale"),
        Flag("watch", "bool", shorthand="w", help="Keeps showing what changes"),
        Flag("watch-only", "bool", help="Shows what changes, not what is there"),
    ),
)
