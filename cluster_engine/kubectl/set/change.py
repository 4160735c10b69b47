"""What the subcommands of `set` share: find objects, make a patch of each, send it or show it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from cluster_engine.apimachinery.errors import ApiError
from cluster_engine.apimachinery.meta import Obj
from cluster_engine.kubectl import common_flags as common
from cluster_engine.kubectl import pod_spec
from cluster_engine.kubectl.command import Invocation
from cluster_engine.kubectl.errors import CommandError, raise_all
from cluster_engine.kubectl.printers.output import object_printer
from cluster_engine.kubectl.process import Process
from cluster_engine.kubectl.record import change_cause, record_patch
from cluster_engine.kubectl.resource.builder import Builder
from cluster_engine.kubectl.resource.mapper import Info
from cluster_engine.schema.patching import apply_patch

# From a pod spec: (what changes in it as a strategic merge patch, what is wrong).
SpecChange = Callable[[Obj], tuple[Obj | None, list[Exception]]]

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


def run(call: Invocation, resources: Sequence[str], change: SpecChange, *, operation: str, failure: str) -> Process:
    """Changes the pod spec of each object.

    `operation` is what is said of it, `failure` what is said when it is refused.
    """
    flags, factory = call.flags, call.factory
    dry_run = common.dry_run(flags)
    builder = Builder.of(factory, flags, resources, latest=not flags.on("local"))
    builder.select_all = False
    builder.allow_empty_selector = flags.on("all")
    result = yield from builder.do()
    infos, found_errors = result.infos()
    raise_all(found_errors)
    printer = object_printer(flags, factory.files, operation + common.dry_run_suffix(dry_run))
    errors: list[Exception] = []
    for info in infos:
        try:
            patch, faults = change(pod_spec.of(info.obj))
        except CommandError as error:
            errors.append(CommandError(f"error: {info.resource.plural}/{info.name} {error}\n"))
            continue
        errors.extend(faults)
        if patch is None:
            continue
        try:
            factory.out.write(printer(_changed(call, info, pod_spec.wrap(info.obj, patch), dry_run)))
        except ApiError as error:
            errors.append(CommandError(f"failed to patch {failure}: {error.message}"))
    raise_all(errors)
    return 0


def _changed(call: Invocation, info: Info, patch: Obj, dry_run: common.DryRun) -> Obj:
    cause = record_patch(call, info.obj) if change_cause(call) else None
    if cause:
        patch = {**patch, **cause}
    if dry_run == "client" or call.flags.on("local"):
        return apply_patch(info.obj, patch, "strategic", None)
    return call.factory.request(  # type: ignore[no-any-return]
        "patch",
        info.resource,
        info.namespace,
        info.name,
        body=patch,
        patch_type="strategic",
        dry_run=dry_run == "server",
    )


def container_patch(spec: Obj, changes: dict[str, dict[str, Obj]]) -> Obj | None:
    """A patch of containers: `changes` is list field → container name → fields. None when nothing changes."""
    patch: Obj = {}
    for field, by_name in changes.items():
        if by_name:
            patch[f"$setElementOrder/{field}"] = [{"name": container["name"]} for container in spec[field]]
            patch[field] = [{"name": name, **fields} for name, fields in by_name.items()]
    return patch or None
