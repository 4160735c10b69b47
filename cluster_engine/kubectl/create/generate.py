"""What the generators of `kubectl create` share: one name, a few flags, one object, sent or only shown."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from cluster_engine.apimachinery.errors import ApiError
from cluster_engine.apimachinery.meta import Obj
from cluster_engine.kubectl import common_flags as common
from cluster_engine.kubectl.command import Invocation
from cluster_engine.kubectl.errors import CommandError
from cluster_engine.kubectl.factory import FileSystem
from cluster_engine.kubectl.flags import Flag
from cluster_engine.kubectl.kustomize import hashing
from cluster_engine.kubectl.last_applied import with_last_applied
from cluster_engine.kubectl.printers.go_typed import typed
from cluster_engine.kubectl.printers.output import Printer, object_printer

# Go writes the zero time of a struct as null.
NO_TIME: Any = None

FLAGS = (
    *common.output(),
    common.DRY_RUN,
    common.VALIDATE,
    common.field_manager("kubectl-create"),
    Flag("save-config", "bool", help="Keeps the object in its annotation, for a later apply"),
)


def name_of(call: Invocation) -> str:
    """The only argument. Follows create.NameFromCommandArgs."""
    args = call.args
    count = call.flags.args_len_at_dash if call.flags.args_len_at_dash >= 0 else len(args)
    if count != 1:
        raise call.usage_error(f"exactly one NAME is required, got {count}")
    return args[0]


def printer_of(call: Invocation, operation: str = "created") -> Printer:
    """What shows the objects of one line; several are shown as documents of one stream."""
    return object_printer(call.flags, call.factory.files, operation + common.dry_run_suffix(common.dry_run(call.flags)))


def submit(
    call: Invocation,
    obj: Obj,
    *,
    with_namespace: bool = True,
    operation: str = "created",
    what: str = "",
    printer: Printer | None = None,
) -> int:
    """Creates the object, or shows what would be created. Raises CommandError in the generators' words."""
    factory, flags = call.factory, call.flags
    dry_run = common.dry_run(flags)
    printer = printer or printer_of(call, operation)
    resource = factory.mapper.for_kind(obj["apiVersion"], obj["kind"])
    if resource is None:
        raise CommandError(
            f"failed to create {what or obj['kind'].lower() + ':'} the server could not find the requested resource"
        )
    if with_namespace and factory.explicit_namespace and resource.namespaced:
        obj = {**obj, "metadata": {**obj["metadata"], "namespace": factory.namespace}}
    if flags.has("append-hash") and flags.on("append-hash"):
        name = obj["metadata"]["name"]
        obj = {**obj, "metadata": {**obj["metadata"], "name": f"{name}-{hashing.suffix(obj, name)}"}}
    obj = typed(obj)
    if flags.has("save-config") and flags.on("save-config"):
        obj = with_last_applied(obj)
    if dry_run != "client":
        try:
            obj = factory.request(
                "create",
                resource,
                factory.namespace,
                body=sendable(obj),
                dry_run=dry_run == "server",
                field_validation=common.field_validation(flags) if flags.has("validate") else "Strict",
            )
        except ApiError as error:
            if not what:
                raise
            raise CommandError(f"failed to create {what} {error.message}") from None
    factory.out.write(printer(typed(obj)))
    return 0


def sendable(obj: Any) -> Any:
    """The object without the nulls that stand for Go's zero times."""
    if isinstance(obj, dict):
        return {key: sendable(value) for key, value in obj.items() if value is not None}
    return [sendable(item) for item in obj] if isinstance(obj, list) else obj


_KEY = re.compile(r"[-._a-zA-Z0-9]+\Z")


def literals(pairs: Sequence[str]) -> list[tuple[str, str]]:
    """`--from-literal`. Follows util.ParseLiteralSource."""
    data: list[tuple[str, str]] = []
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or not key:
            raise CommandError(f"invalid literal source {pair}, expected key=value")
        if len(value) >= 2 and value[0] == value[-1] and value[0] in "'\"":
            value = value[1:-1]
        data.append((key, value))
    return data


def from_files(files: FileSystem, sources: Sequence[str]) -> list[tuple[str, str]]:
    """`--from-file`: files, `key=file`, or directories."""
    data: list[tuple[str, str]] = []
    for source in sources:
        key, path = _key_and_path(source)
        try:
            data.append((key, files.read(path)))
            continue
        except (FileNotFoundError, IsADirectoryError):
            inside = [name for name in files.list() if name.startswith(path.rstrip("/") + "/")]
        if not inside:
            raise CommandError(f"error reading {path}: no such file or directory")
        if "=" in source:
            raise CommandError("cannot give a key name for a directory path")
        for name in sorted(inside):
            rest = name[len(path.rstrip("/")) + 1 :]
            if "/" not in rest:
                data.append((rest, files.read(name)))
    return data


def _key_and_path(source: str) -> tuple[str, str]:
    """Follows util.ParseFileSource."""
    key, equals, path = source.partition("=")
    if not equals:
        return source.rstrip("/").rpartition("/")[2], source
    if "=" in path:
        raise CommandError("key names or file paths cannot contain '='")
    if not key:
        raise CommandError(f"key name for file path {path} missing")
    if not path:
        raise CommandError(f"file path for key name {key} missing")
    return key, path


def from_env_files(files: FileSystem, sources: Sequence[str]) -> list[tuple[str, str]]:
    """`--from-env-file`: lines of `KEY=value`."""
    data: list[tuple[str, str]] = []
    for path in sources:
        try:
            text = files.read(path)
        except (FileNotFoundError, IsADirectoryError):
            raise CommandError(f"error reading {path}: no such file or directory") from None
        for line in text.splitlines():
            stripped = line.lstrip()
            if stripped and not stripped.startswith("#"):
                key, _, value = stripped.partition("=")
                data.append((key, value))
    return data


def merged(pairs: Sequence[tuple[str, str]], kind: str, name: str) -> dict[str, str]:
    """The pairs as a map; raises CommandError for a key that is none, or comes twice."""
    data: dict[str, str] = {}
    for key, value in pairs:
        if not _KEY.match(key):
            raise CommandError(
                f'"{key}" is not a valid key name for a {kind}: a valid config key must consist of '
                "alphanumeric characters, '-', "
                "'_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for "
                "validation is '[-._a-zA-Z0-9]+')"
            )
        if key in data:
            raise CommandError(
                f'cannot add key "{key}", another key by that name already exists in Data for {kind} "{name}"'
            )
        data[key] = value
    return data


DATA_FLAGS = (
    Flag("from-literal", "stringArray", help="A key and its value, as key=value; may be repeated"),
    Flag("from-file", "stringSlice", help="A file whose name is the key, or key=file; may be repeated"),
    Flag("from-env-file", "stringSlice", help="A file with lines of key=value; may be repeated"),
)


def data_of(call: Invocation, kind: str, name: str) -> dict[str, str]:
    """The data that `--from-literal`, `--from-file` and `--from-env-file` give."""
    flags, files = call.flags, call.factory.files
    env_files = flags.strings("from-env-file")
    if env_files and (flags.strings("from-file") or flags.strings("from-literal")):
        raise CommandError("from-env-file cannot be combined with from-file or from-literal")
    pairs = [
        *literals(flags.strings("from-literal")),
        *from_files(files, flags.strings("from-file")),
        *from_env_files(files, env_files),
    ]
    return merged(pairs, kind, name)
