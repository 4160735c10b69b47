"""What the subcommands of `rollout` share."""

from __future__ import annotations

from collections.abc import Callable

from cluster_engine.apimachinery.errors import ApiError
from cluster_engine.apimachinery.meta import Obj
from cluster_engine.apimachinery.scheme import Resource
from cluster_engine.kubectl import common_flags as common
from cluster_engine.kubectl.command import Invocation
from cluster_engine.kubectl.errors import CommandError, raise_all
from cluster_engine.kubectl.printers.output import object_printer
from cluster_engine.kubectl.process import Process
from cluster_engine.kubectl.resource.builder import Builder

# From an object: a strategic patch of it. Raises CommandError with the reason why not.
Change = Callable[[Obj], Obj]

FLAGS = (*common.filename("to roll out"), common.SELECTOR)


def builder(call: Invocation) -> Builder:
    """The builder of all subcommands. Raises CommandError where no resource is given."""
    if not call.args and not call.flags.strings("filename") and not call.flags.string("kustomize"):
        raise CommandError("required resource not specified")
    return Builder.of(call.factory, call.flags, call.args, allow_empty_selector=True, latest=True, typed=True)


def patch_each(call: Invocation, change: Change, operation: str) -> Process:
    """Patches each object and says what was done: pause, resume, restart."""
    result = yield from builder(call).do()
    infos, errors = result.infos()
    if not infos and not errors:
        call.factory.err.line(f"No resources found in {call.factory.namespace} namespace.")
        return 0
    printer = object_printer(call.flags, call.factory.files, operation)
    for info in infos:
        try:
            patch = change(info.obj)
        except CommandError as error:
            errors.append(CommandError(f'error: {info.resource.group_resource} "{info.name}" {error}'))
            continue
        try:
            obj = call.factory.request(
                "patch", info.resource, info.namespace, info.name, body=patch, patch_type="strategic"
            )
        except ApiError as error:
            errors.append(CommandError(f"failed to patch: {error.message}"))
            continue
        call.factory.out.write(printer(obj))
    raise_all(errors)
    return 0


# Kinds that kubectl knows, and has nothing to do with.
_KNOWN = ("CronJob", "Job", "Pod", "ReplicaSet", "ReplicationController")


def not_for(resource: Resource, what: str, retrieved: str) -> CommandError:
    """The error for a kind that has no rollouts. Follows polymorphichelpers' visitors."""
    if resource.kind in _KNOWN:
        return CommandError(f'no {what} has been implemented for "{resource.group_kind}"')
    return CommandError(
        f'error retrieving {retrieved} for "{resource.group_kind}", no visitor method exists for '
        f"{{{resource.group} {resource.kind}}}"
    )
