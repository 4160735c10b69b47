"""`kubectl cordon` and `uncordon`. Follows k8s.io/kubectl/pkg/cmd/drain/drain.go and pkg/drain/cordon.go."""

from __future__ import annotations

from collections.abc import Generator, Sequence

from cluster_engine.apimachinery.errors import ApiError
from cluster_engine.apimachinery.meta import dig
from cluster_engine.kubectl import common_flags as common
from cluster_engine.kubectl.command import Command, Invocation
from cluster_engine.kubectl.errors import usage_error
from cluster_engine.kubectl.process import Process, Wait
from cluster_engine.kubectl.resource.builder import Builder
from cluster_engine.kubectl.resource.mapper import Info, object_name


def run_cordon(call: Invocation) -> Process:
    infos = yield from nodes(call)
    set_unschedulable(call, infos, True)
    return 0


def run_uncordon(call: Invocation) -> Process:
    infos = yield from nodes(call)
    set_unschedulable(call, infos, False)
    return 0


def nodes(call: Invocation) -> Generator[Wait, None, list[Info]]:
    """The nodes that the line names. Raises for a line that names none, and for the first that is not there."""
    selector = call.flags.string("selector")
    if not call.args and not call.flags.changed("selector"):
        raise usage_error(call.path, f"USAGE: {call.command.name} NODE [flags]")
    if call.args and selector:
        raise usage_error(call.path, "error: cannot specify both a node name and a --selector option")
    args = ["nodes", *call.args] if selector else [_named(word) for word in call.args]
    builder = Builder(call.factory, args, label_selector=selector or None, single_resource_type=True)
    result = yield from builder.do()
    found: list[Info] = []
    for item in result.visit():
        if isinstance(item, Exception):
            raise item
        found.append(item)
    return found


def _named(word: str) -> str:
    return word if "/" in word else f"nodes/{word}"


def set_unschedulable(call: Invocation, infos: Sequence[Info], desired: bool) -> None:
    """Sets `spec.unschedulable` of each node, and says so."""
    dry_run = common.dry_run(call.flags)
    verb = "cordon" if desired else "uncordon"
    for info in infos:
        if bool(dig(info.obj, "spec", "unschedulable", default=False)) == desired:
            say(call, info, f"already {verb}ed")
            continue
        if dry_run != "client":
            patch = {"spec": {"unschedulable": True if desired else None}}
            try:
                call.factory.request(
                    "patch",
                    info.resource,
                    "",
                    info.name,
                    body=patch,
                    patch_type="strategic",
                    dry_run=dry_run == "server",
                )
            except ApiError as error:
                call.factory.err.line(f'error: unable to {verb} node "{info.name}": {error.message}')
                continue
        say(call, info, f"{verb}ed")


def say(call: Invocation, info: Info, operation: str) -> None:
    suffix = common.dry_run_suffix(common.dry_run(call.flags))
    call.factory.out.line(f"{object_name(info.resource, info.name)} {operation}{suffix}")


CORDON = Command(
    "cordon",
    "Mark node as unschedulable",
    run_cordon,
    use="NODE [options]",
    long="Marks a node, so that the scheduler puts no more pods on it. Those that are there stay.",
    example="kubectl cordon k8s-node01",
    group="Cluster Management Commands",
    completes="nodes",
    flags=(common.SELECTOR, common.DRY_RUN),
)
UNCORDON = Command(
    "uncordon",
    "Mark node as schedulable",
    run_uncordon,
    use="NODE [options]",
    long="Takes the mark of cordon or drain away: the scheduler uses the node again.",
    example="kubectl uncordon k8s-node01",
    group="Cluster Management Commands",
    completes="nodes",
    flags=(common.SELECTOR, common.DRY_RUN),
)
