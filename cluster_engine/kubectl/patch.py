"""`kubectl patch`. Follows k8s.io/kubectl/pkg/cmd/patch/patch.go."""

from __future__ import annotations

from typing import Any

from cluster_engine.apimachinery import go_json
from cluster_engine.apimachinery.errors import ApiError, bad_request
from cluster_engine.apimachinery.yaml_text import YamlError, load_documents
from cluster_engine.kubectl import common_flags as common
from cluster_engine.kubectl.command import Command, Invocation
from cluster_engine.kubectl.errors import CommandError, raise_all
from cluster_engine.kubectl.flags import Flag
from cluster_engine.kubectl.printers.output import object_printer
from cluster_engine.kubectl.process import Process
from cluster_engine.kubectl.record import record_patch
from cluster_engine.kubectl.resource.builder import Builder
from cluster_engine.kubectl.resource.mapper import Info
from cluster_engine.schema.patching import apply_patch

MEDIA_TYPES = {
    "json": "application/json-patch+json",
    "merge": "application/merge-patch+json",
    "strategic": "application/strategic-merge-patch+json",
}
TYPES = tuple(MEDIA_TYPES)


def run(call: Invocation) -> Process:
    flags = call.flags
    dry_run = common.dry_run(flags)
    if flags.string("patch") and flags.string("patch-file"):
        raise CommandError("cannot specify --patch and --patch-file together")
    if not flags.string("patch") and not flags.string("patch-file"):
        raise CommandError("must specify --patch or --patch-file containing the contents of the patch")
    type_ = flags.string("type").lower()
    if type_ not in TYPES:
        raise CommandError(f'--type must be one of [{" ".join(TYPES)}], not "{flags.string("type")}"')
    body = _body(call)
    result = yield from Builder.of(call.factory, flags, call.args, local=flags.on("local")).do()
    count, errors = 0, []
    for item in result.visit():
        if isinstance(item, Exception):
            errors.append(item)
            continue
        count += 1
        try:
            _patch(call, item, type_, body, dry_run)
        except (ApiError, CommandError) as error:
            errors.append(error)
    raise_all(errors)
    if not count:
        raise CommandError("no objects passed to patch")
    return 0


def _body(call: Invocation) -> Any:
    text, path = call.flags.string("patch"), call.flags.string("patch-file")
    if path:
        try:
            text = call.factory.files.read(path)
        except (FileNotFoundError, IsADirectoryError):
            raise CommandError(f"unable to read patch file: open {path}: no such file or directory") from None
    if text.lstrip().startswith(("{", "[")):
        # What looks like JSON goes to the server as it is, and the server finds its faults.
        try:
            return go_json.parse(text)
        except ValueError as error:
            raise bad_request(f"error decoding patch: {error}") from None
    try:
        documents = load_documents(text)
    except YamlError as error:
        raise CommandError(f'unable to parse "{call.flags.string("patch")}": {error.problem}') from None
    return documents[0].value if documents else None


def _patch(call: Invocation, info: Info, type_: Any, body: Any, dry_run: common.DryRun) -> None:
    factory, flags = call.factory, call.flags
    if dry_run == "client" or flags.on("local"):
        obj = apply_patch(info.obj, body, type_, None)
    else:
        try:
            obj = factory.request(
                "patch",
                info.resource,
                info.namespace,
                info.name,
                body=body,
                patch_type=type_,
                dry_run=dry_run == "server",
                subresource=flags.string("subresource"),
            )
        except ApiError as error:
            if error.reason != "UnsupportedMediaType":
                raise
            kind = f"{info.resource.api_version}, Kind={info.resource.kind}"
            raise CommandError(f"{MEDIA_TYPES[type_]} is not supported by {kind}: {error.message}") from None
        cause = record_patch(call, obj)
        if cause and dry_run == "none":
            obj = factory.request("patch", info.resource, info.namespace, info.name, body=cause, patch_type="merge")
    word = "patched" if obj != info.obj else "patched (no change)"
    suffix = common.dry_run_suffix(dry_run) if dry_run == "server" else ""
    factory.out.write(object_printer(flags, factory.files, word + suffix)(obj))


COMMAND = Command(
    "patch",
    "Update fields of a resource",
    run,
    use="(-f FILENAME | TYPE NAME) [-p PATCH|--patch-file FILE] [options]",
    long="Changes single fields: by a strategic merge patch (which knows how lists are merged), a "
    "JSON merge patch or a JSON patch.",
    example='kubectl patch deployment web -p \'{"spec":{"replicas":3}}\'\n\n'
    'kubectl patch deployment web --type=json -p \'[{"op":"replace","path":"/spec/replicas","value":3}]\'',
    group="Advanced Commands",
    flags=(
        *common.filename("to patch"),
        *common.output(),
        common.DRY_RUN,
        common.RECORD,
        common.LOCAL,
        common.field_manager("kubectl-patch"),
        Flag("patch", shorthand="p", help="The patch, as JSON or YAML"),
        Flag("patch-file", help="A file with the patch"),
        Flag("subresource", help="A subresource such as status or scale"),
        Flag("type", default="strategic", help="strategic, merge or json"),
    ),
)
