"""`kubectl describe`. Follows k8s.io/kubectl/pkg/cmd/describe/describe.go."""

from __future__ import annotations

from collections.abc import Generator

from cluster_engine.apimachinery.errors import ApiError
from cluster_engine.kubectl import common_flags as common
from cluster_engine.kubectl.command import Command, Invocation
from cluster_engine.kubectl.describe import describers
from cluster_engine.kubectl.errors import CommandError, raise_all
from cluster_engine.kubectl.flags import Flag
from cluster_engine.kubectl.process import Process, Wait
from cluster_engine.kubectl.resource.builder import Builder, is_not_found
from cluster_engine.kubectl.resource.mapper import Info


def run(call: Invocation) -> Process:
    flags, factory = call.flags, call.factory
    if not call.args and not flags.strings("filename") and not flags.string("kustomize"):
        raise CommandError(
            'You must specify the type of resource to describe. Use "kubectl api-resources" for a '
            "complete list of supported resources."
        )
    builder = Builder.of(factory, flags, call.args, allow_empty_selector=True)
    result = yield from builder.do()
    infos, errors = result.infos()
    show_events = flags.on("show-events")
    if errors and is_not_found(errors[0]) and len(errors) == 1 and len(call.args) == 2:
        return (yield from _by_prefix(call, errors[0]))
    first = True
    for info in infos:
        try:
            text = _text(call, info, show_events)
        except ApiError as error:
            errors.append(error)
            continue
        factory.out.write(text if first else f"\n\n{text}")
        first = False
    if not infos and not errors:
        factory.err.line(
            "No resources found"
            if flags.on("all-namespaces")
            else f"No resources found in {factory.namespace} namespace."
        )
    raise_all(errors)
    return 0


def _text(call: Invocation, info: Info, show_events: bool) -> str:
    """The description of the object as it is now (files are only a way to name it)."""
    obj = call.factory.get(info.resource, info.namespace, info.name)
    return describers.text_of(call.factory, info.resource.group_resource, obj, show_events=show_events)


def _by_prefix(call: Invocation, original: Exception) -> Generator[Wait, None, int]:
    """A name that nothing has may be the beginning of names."""
    type_, prefix = call.args
    builder = Builder(call.factory, [type_], allow_empty_selector=True, single_resource_type=True)
    result = yield from builder.do()
    found = False
    for info in result.all_or_raise():
        if info.name.startswith(prefix):
            found = True
            call.factory.out.line(_text(call, info, call.flags.on("show-events")))
    if not found:
        raise original
    return 0


COMMAND = Command(
    "describe",
    "Show details of a specific resource or group of resources",
    run,
    use="(-f FILENAME | TYPE [NAME_PREFIX | -l label] | TYPE/NAME) [options]",
    long="Shows everything about resources in a form for people, with their events.\n\n"
    "The beginning of a name is enough.",
    example="kubectl describe deployment web\n\nkubectl describe nodes k8s-node01\n\nkubectl describe pods -l app=web",
    group="Troubleshooting and Debugging Commands",
    flags=(
        *common.filename("to describe"),
        common.SELECTOR,
        common.ALL_NAMESPACES,
        common.CHUNK_SIZE,
        Flag("show-events", "bool", default=True, help="Shows the events"),
    ),
)
