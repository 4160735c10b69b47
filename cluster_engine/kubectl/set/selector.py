"""`kubectl set selector`. Follows k8s.io/kubectl/pkg/cmd/set/set_selector.go."""

from __future__ import annotations

from cluster_engine.apimachinery import labels
from cluster_engine.apimachinery.errors import ApiError
from cluster_engine.apimachinery.meta import Obj, with_meta
from cluster_engine.kubectl import common_flags as common
from cluster_engine.kubectl.command import Command, Invocation
from cluster_engine.kubectl.errors import CommandError, raise_all
from cluster_engine.kubectl.flags import Flag
from cluster_engine.kubectl.printers.go_typed import typed
from cluster_engine.kubectl.printers.output import object_printer
from cluster_engine.kubectl.process import Process
from cluster_engine.kubectl.record import recorded
from cluster_engine.kubectl.resource.mapper import Info
from cluster_engine.kubectl.set import change
from cluster_engine.schema.patching import create_two_way_merge_patch


def run(call: Invocation) -> Process:
    flags, factory = call.flags, call.factory
    dry_run = common.dry_run(flags)
    resources, selector = _split(call.args)
    change.check_local(call)
    if selector is None:
        raise CommandError("one selector is required")
    infos = yield from change.find(call, resources)
    printer = object_printer(flags, factory.files, "selector updated" + common.dry_run_suffix(dry_run))
    errors: list[Exception] = []
    for info in infos:
        try:
            after = _selected(info, selector, call.args[-1])
        except CommandError as error:
            errors.append(error)
            continue
        if flags.string("resource-version"):
            after = with_meta(after, resourceVersion=flags.string("resource-version"))
        after = recorded(call, after)
        if dry_run == "client" or flags.on("local"):
            factory.out.write(printer(after))
            continue
        try:
            obj = factory.request(
                "patch",
                info.resource,
                info.namespace,
                info.name,
                body=create_two_way_merge_patch(info.obj, after),
                patch_type="strategic",
                dry_run=dry_run == "server",
            )
        except ApiError as error:
            errors.append(error)
            continue
        factory.out.write(printer(obj))
    raise_all(errors)
    return 0


# What a Service's selector cannot say.
_OPERATORS = {"in": "In", "notin": "NotIn", "exists": "Exists", "!": "DoesNotExist"}


def _split(args: list[str]) -> tuple[list[str], dict[str, str] | None]:
    """(resources, the selector, which is the last word)."""
    if not args:
        return [], None
    try:
        labels.parse(args[-1])
    except ValueError as error:
        raise CommandError(str(error)) from None
    pairs = [part.partition("=")[::2] for part in args[-1].split(",") if "=" in part]
    return args[:-1], {key: value.removeprefix("=") for key, value in pairs}


def _selected(info: Info, selector: dict[str, str], text: str) -> Obj:
    terms = [
        f"{{{one.key} {_OPERATORS[one.operator]} [{' '.join(one.values)}]}}"
        for one in labels.parse(text).requirements
        if one.operator in _OPERATORS
    ]
    if terms:
        raise CommandError(f"match expression [{' '.join(terms)}] not supported on this object")
    if info.resource.kind != "Service":
        raise CommandError("setting a selector is only supported for Services")
    obj = typed(info.obj)
    return {**obj, "spec": {**obj["spec"], "selector": selector}}


COMMAND = Command(
    "selector",
    "Set the selector on a resource",
    run,
    use="(-f FILENAME | TYPE NAME) EXPRESSIONS [--resource-version=version] [options]",
    long="Sets the labels by which a Service chooses its pods.",
    example="kubectl set selector service web app=web,track=stable",
    flags=(
        *common.filename("to change"),
        *common.output(),
        common.ALL,
        common.DRY_RUN,
        common.RECORD,
        common.LOCAL,
        common.field_manager("kubectl-set"),
        Flag("resource-version", help="Changes the object only if it still has this version"),
    ),
)
