"""`kubectl rollout history`. Follows rollout_history.go and polymorphichelpers/history.go."""

from __future__ import annotations

from cluster_engine.apimachinery.meta import Obj, with_annotations
from cluster_engine.kubectl import common_flags as flags_of
from cluster_engine.kubectl.command import Command, Invocation
from cluster_engine.kubectl.describe import pod_template
from cluster_engine.kubectl.describe.writer import Writer
from cluster_engine.kubectl.errors import CommandError, raise_all
from cluster_engine.kubectl.flags import Flag
from cluster_engine.kubectl.printers import tabwriter
from cluster_engine.kubectl.printers.go_typed import Typed, typed
from cluster_engine.kubectl.printers.output import structured_printer
from cluster_engine.kubectl.process import Process
from cluster_engine.kubectl.record import CHANGE_CAUSE
from cluster_engine.kubectl.resource.mapper import Info
from cluster_engine.kubectl.rollout import common
from cluster_engine.kubectl.rollout import history_of as revisions

# revision -> (the object that holds it, its pod template, its change cause)
History = dict[int, tuple[Obj, Obj, str]]


# Kinds that kubectl knows to have pods and no history.
def run(call: Invocation) -> Process:
    builder = common.builder(call)
    wanted = call.flags.number("revision")
    if wanted < 0:
        raise CommandError(f"revision must be a positive integer: {wanted}")
    result = yield from builder.do()
    errors: list[Exception] = []
    for item in result.visit():
        if isinstance(item, Exception):
            errors.append(item)
            continue
        try:
            _show(call, item, wanted)
        except CommandError as error:
            errors.append(error)
    raise_all(errors)
    return 0


def _show(call: Invocation, info: Info, wanted: int) -> None:
    history = history_for(call, info)
    out = call.factory.out
    output = call.flags.string("output")
    if output:
        printer = structured_printer(output, call.flags, call.factory.files)
        if printer is None:
            raise CommandError(f'unable to match a printer suitable for the output format "{output}"')
        if wanted and wanted not in history:
            raise CommandError("unable to find the specified revision")
        for revision in [wanted] if wanted else sorted(history):
            out.write(printer(Typed(typed(history[revision][0]))))
        return
    text = _text(history, wanted)
    head = f"with revision #{wanted}" if wanted else ""
    out.line(f"{info.object_name} {head}\n{text}")


def _text(history: History, wanted: int) -> str:
    if not history:
        return "No rollout history found."
    if wanted:
        if wanted not in history:
            raise CommandError("unable to find the specified revision")
        _, template, cause = history[wanted]
        if cause:
            template = with_annotations({"metadata": {}, **template}, {CHANGE_CAUSE: cause})
        writer = Writer()
        pod_template.describe(template, writer)
        return writer.raw
    lines = ["REVISION\tCHANGE-CAUSE"]
    lines += [f"{revision}\t{history[revision][2] or '<none>'}" for revision in sorted(history)]
    return tabwriter.align("\n".join(lines) + "\n")


def history_for(call: Invocation, info: Info) -> History:
    factory = call.factory
    kind = info.resource.kind
    if kind == "Deployment":
        deployment = revisions.read_anew(factory, info, "deployment")
        found: History = {}
        for rs in revisions.replica_sets(factory, deployment):
            revision = revisions.revision_of(rs)
            if revision is not None:
                found[revision] = (rs, rs["spec"]["template"], revisions.change_cause_of(rs))
        return found
    if kind in ("StatefulSet", "DaemonSet"):
        owner = revisions.read_anew(factory, info, kind)
        return {
            one["revision"]: (one, revisions.template_of(owner, one), revisions.change_cause_of(one))
            for one in revisions.controller_revisions(factory, owner)
        }
    raise common.not_for(info.resource, "history viewer", "history")


COMMAND = Command(
    "history",
    "View rollout history",
    run,
    use="(TYPE NAME | TYPE/NAME) [flags] [options]",
    long="Shows the revisions of a workload that can be gone back to, or one of them whole.",
    example="kubectl rollout history deployment/web\n\nkubectl rollout history statefulset/db --revision=2",
    flags=(
        *common.FLAGS,
        *flags_of.output(),
        Flag("revision", "int64", help="Shows this revision's pod template"),
    ),
)
