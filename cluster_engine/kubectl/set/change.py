"""What the subcommands of `set` share: find objects, change each, send the difference as a patch or show it."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence

from cluster_engine.apimachinery.errors import ApiError
from cluster_engine.apimachinery.meta import Obj
from cluster_engine.kubectl import common_flags as common
from cluster_engine.kubectl import pod_spec
from cluster_engine.kubectl.command import Invocation
from cluster_engine.kubectl.errors import CommandError, raise_all
from cluster_engine.kubectl.printers.go_typed import typed
from cluster_engine.kubectl.printers.output import object_printer
from cluster_engine.kubectl.process import Process, Wait
from cluster_engine.kubectl.record import recorded
from cluster_engine.kubectl.resource.builder import Builder
from cluster_engine.kubectl.resource.mapper import Info
from cluster_engine.schema.patching import create_two_way_merge_patch

# From an object: the changed one, or None where it is left alone. Raises CommandError for what cannot be changed.
Change = Callable[[Info], Obj | None]

LOCAL_RESOURCES = (
    "error: you must specify resources by --filename when --local is set.\n"
    "Example resource specifications include:\n   '-f rsrc.yaml'\n   '--filename=rsrc.json'"
)
FLAGS = (
    *common.filename("to change"),
    *common.output(),
    common.SELECTOR,
    common.ALL,
    common.DRY_RUN,
    common.RECORD,
    common.LOCAL,
    common.field_manager("kubectl-set"),
)


def find(call: Invocation, resources: Sequence[str]) -> Generator[Wait, None, list[Info]]:
    """The objects that the line is about, as they are now. Raises where any of them is not found."""
    flags = call.flags
    common.dry_run(flags)
    local = flags.on("local")
    if local and resources:
        raise CommandError(LOCAL_RESOURCES)
    builder = Builder.of(call.factory, flags, resources, latest=not local, local=local, typed=True)
    builder.select_all = False
    builder.allow_empty_selector = flags.on("all")
    if local:
        builder.label_selector = None
    result = yield from builder.do()
    return result.all_or_raise()


def check_local(call: Invocation) -> None:
    if call.flags.on("local") and common.dry_run(call.flags) == "server":
        raise CommandError("cannot specify --local and --dry-run=server - did you mean --dry-run=client?")


def apply(call: Invocation, infos: Sequence[Info], change: Change, *, operation: str, failure: str) -> Process:
    """Changes each object. `operation` is what is said of it, `failure` what is said when it is refused."""
    dry_run = common.dry_run(call.flags)
    printer = object_printer(call.flags, call.factory.files, operation + common.dry_run_suffix(dry_run))
    errors: list[Exception] = []
    for info in infos:
        before = typed(info.obj)
        info.object = before
        try:
            after = change(info)
        except CommandError as error:
            errors.append(CommandError(f"error: {info.resource.plural}/{info.name} {error}\n"))
            continue
        if after is None:
            continue
        if call.flags.has("record"):
            after = recorded(call, after)
        after = typed(after)
        patch = create_two_way_merge_patch(before, after)
        if not patch:
            continue
        if dry_run == "client" or call.flags.on("local"):
            call.factory.out.write(printer(after))
            continue
        try:
            call.factory.out.write(printer(typed(_sent(call, info, patch, dry_run))))
        except ApiError as error:
            errors.append(CommandError(f"{failure} {error.message}"))
    raise_all(errors)
    return 0
    yield


def _sent(call: Invocation, info: Info, patch: Obj, dry_run: common.DryRun) -> Obj:
    return call.factory.request(  # type: ignore[no-any-return]
        "patch",
        info.resource,
        info.namespace,
        info.name,
        body=patch,
        patch_type="strategic",
        dry_run=dry_run == "server",
    )


def with_containers(obj: Obj, pattern: str, edit: Callable[[Obj], Obj]) -> tuple[Obj, int]:
    """(the object with every container of that name edited, how many there were). `*` stands for anything."""
    spec = pod_spec.of(obj)
    count = 0
    changed = dict(spec)
    for field in ("containers", "initContainers"):
        containers = spec.get(field) or []
        chosen = {container["name"] for container in pod_spec.selected(containers, pattern)}
        count += len(chosen)
        if chosen:
            changed[field] = [edit(one) if one["name"] in chosen else one for one in containers]
    return pod_spec.replaced(obj, changed), count
