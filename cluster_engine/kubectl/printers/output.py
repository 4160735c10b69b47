"""What `-o` means: one printer for every command but `get`'s tables.

Follows cli-runtime/pkg/genericclioptions/print_flags.go.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from cluster_engine.apimachinery.meta import Obj
from cluster_engine.kubectl.errors import CommandError, PrintedError
from cluster_engine.kubectl.factory import FileSystem
from cluster_engine.kubectl.flags import Flags
from cluster_engine.kubectl.printers import custom_columns, go_template, json_printer, jsonpath, yaml_printer
from cluster_engine.kubectl.printers.go_typed import Typed
from cluster_engine.kubectl.resource.mapper import object_name_of

Printer = Callable[[Obj], str]

JSON_FORMATS = ("json", "yaml", "name")
TEMPLATE_FORMATS = (
    "go-template",
    "go-template-file",
    "jsonpath",
    "jsonpath-as-json",
    "jsonpath-file",
    "template",
    "templatefile",
)
GET_FORMATS = ("custom-columns", "custom-columns-file", "wide")


class NoPrinterError(CommandError):
    def __init__(self, output: str, allowed: Iterable[str]) -> None:
        super().__init__(
            f'unable to match a printer suitable for the output format "{output}", '
            f"allowed formats are: {','.join(sorted(allowed))}"
        )


def format_of(flags: Flags) -> str:
    """`-o`, where `--template` alone means a Go template."""
    output = flags.string("output")
    return "go-template" if not output and flags.string("template") else output


def object_printer(flags: Flags, files: FileSystem, operation: str = "") -> Printer:
    """The printer of a command that changes objects: `deployment.apps/web scaled`, or what `-o` asks for."""
    output = format_of(flags)
    if output == "name":
        return lambda obj: f"{object_name_of(obj)}\n"
    if not output:
        return lambda obj: f"{object_name_of(obj)} {operation}\n"
    printer = structured_printer(output, flags, files)
    if printer is None:
        raise NoPrinterError(output, (*JSON_FORMATS, *TEMPLATE_FORMATS))
    return printer


def structured_printer(output: str, flags: Flags, files: FileSystem) -> Printer | None:
    """The printer of JSON, YAML and templates; None for any other word."""
    keep = flags.on("show-managed-fields")
    kind, equals, rest = output.partition("=")
    if output == "json":
        return lambda obj: json_printer.pretty(_shown(obj, keep), in_order=isinstance(obj, Typed)) + "\n"
    if output == "yaml":
        return _YamlDocuments(keep)
    if kind in TEMPLATE_FORMATS:
        template = rest if equals else flags.string("template")
        if not template:
            raise CommandError("template format specified but no template given")
        if kind in ("go-template-file", "templatefile", "jsonpath-file"):
            template = _read(files, template)
        return _template_printer(kind, template, flags.on("allow-missing-template-keys"))
    return None


class _YamlDocuments:
    """YAML, with `---` between one object and the next."""

    def __init__(self, keep_managed_fields: bool) -> None:
        self._keep = keep_managed_fields
        self._count = 0

    def __call__(self, obj: Obj) -> str:
        self._count += 1
        return ("---\n" if self._count > 1 else "") + yaml_printer.dump(_shown(obj, self._keep))


def _template_printer(kind: str, template: str, allow_missing: bool) -> Printer:
    if kind.startswith("jsonpath"):

        def print_path(obj: Obj) -> str:
            try:
                if kind == "jsonpath-as-json":
                    return json_printer.pretty(jsonpath.find(template, obj, allow_missing=allow_missing)) + "\n"
                return jsonpath.render(template, obj, allow_missing=allow_missing)
            except jsonpath.JsonPathError as error:
                raise CommandError(str(error)) from None

        return print_path
    try:
        parsed = go_template.parse(template)
    except go_template.TemplateError as error:
        raise CommandError(f"error parsing template {template}, template: output:{error}") from None

    def print_template(obj: Obj) -> str:
        try:
            return go_template.execute(parsed, obj)
        except go_template.TemplateError as error:
            why = f"template: output:{error}"
            raise PrintedError(
                _debugging(template, obj, why), f'error executing template "{template}": {why}'
            ) from None

    return print_template


def _debugging(template: str, obj: Obj, why: str) -> str:
    """What kubectl prints to standard output when a template fails."""
    return (
        f"Error executing template: {why}. Printing more information for debugging the template:\n"
        f"\ttemplate was:\n\t\t{template}\n\traw data was:\n\t\t{json_printer.compact(obj)}\n"
        f"\tobject given to template engine was:\n\t\t{custom_columns.go_text(obj)}\n\n"
    )


def custom_columns_printer(output: str, flags: Flags, files: FileSystem) -> custom_columns.CustomColumnsPrinter | None:
    """The printer of `custom-columns=` and `custom-columns-file=`; None for any other word."""
    kind, _, rest = output.partition("=")
    if kind not in ("custom-columns", "custom-columns-file"):
        return None
    if kind == "custom-columns":
        return custom_columns.parse(rest, no_headers=flags.on("no-headers"))
    lines = _read(files, rest, "template").splitlines()
    if len(lines) < 2:
        raise CommandError(f"the file {rest} must have a line of headers and a line of paths")
    return custom_columns.parse(",".join(map(":".join, zip(lines[0].split(), lines[1].split(), strict=False))))


def _read(files: FileSystem, path: str, what: str = "--template") -> str:
    try:
        return files.read(path)
    except (FileNotFoundError, IsADirectoryError):
        raise CommandError(f"error reading {what} {path}, open {path}: no such file or directory") from None


def _shown(obj: Obj, keep_managed_fields: bool) -> Obj:
    """The object without its managed fields, and a list without those of its items."""
    if keep_managed_fields:
        return obj
    if isinstance(obj.get("items"), list):
        return {**obj, "items": [_shown(item, False) for item in obj["items"]]}
    meta = obj.get("metadata")
    if isinstance(meta, dict) and "managedFields" in meta:
        return {**obj, "metadata": {key: value for key, value in meta.items() if key != "managedFields"}}
    return obj
