"""`kubectl taint`. Follows k8s.io/kubectl/pkg/cmd/taint."""

from __future__ import annotations

from collections.abc import Sequence

from cluster_engine.apimachinery import names
from cluster_engine.apimachinery.meta import Obj, dig
from cluster_engine.kubectl import common_flags as common
from cluster_engine.kubectl.command import Command, Invocation
from cluster_engine.kubectl.errors import CommandError, raise_all
from cluster_engine.kubectl.flags import Flag
from cluster_engine.kubectl.printers.go_typed import typed
from cluster_engine.kubectl.printers.output import object_printer
from cluster_engine.kubectl.process import Process
from cluster_engine.kubectl.resource.builder import Builder
from cluster_engine.kubectl.resource.mapper import Info
from cluster_engine.schema.patching import apply_patch, create_two_way_merge_patch

EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")


def run(call: Invocation) -> Process:
    flags = call.flags
    common.dry_run(flags)
    common.field_validation(flags)
    resources, words = _split(call.args)
    if not resources:
        raise CommandError("one or more resources must be specified as <resource> <name>")
    if not words:
        raise CommandError("at least one taint update is required")
    try:
        add, remove = _parsed(words)
    except ValueError as error:
        raise call.usage_error(str(error)) from None
    _validate(call, resources, add, remove)
    if flags.on("all") or flags.string("selector"):
        builder = Builder(call.factory, ["nodes"], label_selector=flags.string("selector"), latest=True)
    else:
        builder = Builder(call.factory, [f"nodes/{name}" for name in resources[1:]], latest=True)
    result = yield from builder.do()
    errors: list[Exception] = []
    for item in result.visit():
        if isinstance(item, Exception):
            errors.append(item)
            continue
        try:
            _update(call, item, add, remove)
        except CommandError as error:
            errors.append(error)
    raise_all(errors)
    return 0


def _split(args: Sequence[str]) -> tuple[list[str], list[str]]:
    resources: list[str] = []
    taints: list[str] = []
    for word in args:
        if "=" in word or ":" in word or word.endswith("-"):
            taints.append(word)
        elif taints:
            raise CommandError(f"all resources must be specified before taint changes: {word}")
        else:
            resources.append(word)
    return resources, taints


def _parsed(words: Sequence[str]) -> tuple[list[Obj], list[Obj]]:
    """(taints to add, taints to remove). Raises ValueError in kubectl's words."""
    add: list[Obj] = []
    remove: list[Obj] = []
    for word in words:
        if word.endswith("-"):
            taint = _taint(word.removesuffix("-"))
            remove.append({key: taint[key] for key in ("key", "effect") if key in taint})
            continue
        taint = _taint(word)
        if not taint.get("effect"):
            raise ValueError(f"invalid taint spec: {word}")
        if any((one["key"], one["effect"]) == (taint["key"], taint["effect"]) for one in add):
            shown = f"{{{taint['key']} {taint.get('value', '')} {taint['effect']} <nil>}}"
            raise ValueError(f"duplicated taints with the same key and effect: {shown}")
        add.append(taint)
    return add, remove


def _taint(text: str) -> Obj:
    """`key=value:effect`, `key:effect` or `key`."""
    parts = text.split(":")
    key, value, effect = parts[0], "", ""
    if len(parts) > 2:
        raise ValueError(f"invalid taint spec: {text}")
    if len(parts) == 2:
        effect = parts[1]
        if effect not in EFFECTS:
            raise ValueError(f"invalid taint effect: {effect}, unsupported taint effect")
        pair = parts[0].split("=")
        if len(pair) > 2:
            raise ValueError(f"invalid taint spec: {text}")
        key, value = pair[0], pair[1] if len(pair) == 2 else ""
        faults = names.label_value(value)
        if faults:
            raise ValueError(f"invalid taint spec: {text}, {'; '.join(faults)}")
    faults = names.qualified_name(key)
    if faults:
        raise ValueError(f"invalid taint spec: {text}, {'; '.join(faults)}")
    taint = {"effect": effect, "key": key, "value": value}
    return {name: item for name, item in taint.items() if item}


def _validate(call: Invocation, resources: list[str], add: list[Obj], remove: list[Obj]) -> None:
    resource = call.factory.mapper.resource(resources[0].lower())
    if resource.kind != "Node":
        raise CommandError(f"invalid resource type {resources[0].lower()}, only node types are supported")
    both = [
        f"{one['key']}={one.get('effect', '')}"
        for new in add
        for one in remove
        if new["key"] == one["key"] and one.get("effect", new["effect"]) == new["effect"]
    ]
    if both:
        raise CommandError(
            f"can not both modify and remove the following taint(s) in the same command: {', '.join(both)}"
        )
    if call.flags.on("all") and call.flags.string("selector"):
        raise CommandError("setting 'all' parameter with a non empty selector is prohibited")
    if not call.flags.on("all") and not call.flags.string("selector") and len(resources) < 2:
        raise CommandError("at least one resource name must be specified since 'all' parameter is not set")


def _update(call: Invocation, info: Info, add: list[Obj], remove: list[Obj]) -> None:
    dry_run = common.dry_run(call.flags)
    old: list[Obj] = dig(info.obj, "spec", "taints", default=[])
    if not call.flags.on("overwrite"):
        present = [one["key"] for one in add for taint in old if _same(taint, one)]
        if present:
            raise CommandError(
                f"node {info.name} already has {','.join(present)} taint(s) with same effect(s) "
                "and --overwrite is false"
            )
    operation, taints = _reorganized(old, add, remove, overwrite=call.flags.on("overwrite"))
    before = typed(info.obj)
    after = typed({**info.obj, "spec": {**info.obj.get("spec", {}), "taints": taints}})
    patch = create_two_way_merge_patch(before, after)
    printer = object_printer(call.flags, call.factory.files, operation)
    if dry_run == "client":
        call.factory.out.write(printer(apply_patch(before, patch, "strategic", None)))
        return
    obj = call.factory.request(
        "patch", info.resource, "", info.name, body=patch, patch_type="strategic", dry_run=dry_run == "server"
    )
    call.factory.out.write(printer(obj))


def _same(left: Obj, right: Obj) -> bool:
    return (left["key"], left.get("effect")) == (right["key"], right.get("effect"))


def _reorganized(old: list[Obj], add: list[Obj], remove: list[Obj], *, overwrite: bool) -> tuple[str, list[Obj]]:
    """(what happened, the taints then). Raises CommandError for one to remove that is not there."""
    new = list(add) + [taint for taint in old if not any(_same(taint, one) for one in add)]
    added, removed = len(new) != len(old), False
    errors: list[Exception] = []
    for one in remove:
        kept = [
            taint
            for taint in new
            if taint["key"] != one["key"] or (one.get("effect") and taint.get("effect") != one["effect"])
        ]
        removed = len(kept) != len(new)
        if not removed:
            shown = f"{one['key']}:{one['effect']}" if one.get("effect") else one["key"]
            errors.append(CommandError(f'taint "{shown}" not found'))
        new = kept
    raise_all(errors)
    if (added and removed) or overwrite:
        return "modified", new
    return ("tainted" if added else "untainted"), new


COMMAND = Command(
    "taint",
    "Update the taints on one or more nodes",
    run,
    use="NODE NAME KEY_1=VAL_1:TAINT_EFFECT_1 ... KEY_N=VAL_N:TAINT_EFFECT_N [options]",
    long="Sets taints of nodes (key=value:effect) and removes them (key:effect- or key-). A pod stays away from a "
    "taint that it does not tolerate; the effects are NoSchedule, PreferNoSchedule and NoExecute.",
    example="kubectl taint nodes k8s-node01 dedicated=web:NoSchedule\n\n# Take it away\n"
    "kubectl taint nodes k8s-node01 dedicated:NoSchedule-",
    group="Cluster Management Commands",
    completes="nodes",
    flags=(
        *common.output(),
        common.SELECTOR,
        common.DRY_RUN,
        common.VALIDATE,
        common.field_manager("kubectl-taint"),
        Flag("all", "bool", help="All nodes"),
        Flag("overwrite", "bool", help="Lets taints change that are there already"),
    ),
)
