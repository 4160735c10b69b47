"""`kubectl rollout undo`. Follows rollout_undo.go and polymorphichelpers/rollback.go."""

from __future__ import annotations

from typing import Any

from cluster_engine.apimachinery.errors import ApiError
from cluster_engine.apimachinery.meta import Obj, annotations_of
from cluster_engine.kubectl import common_flags as flags_of
from cluster_engine.kubectl.command import Command, Invocation
from cluster_engine.kubectl.describe import pod_template
from cluster_engine.kubectl.describe.writer import Writer
from cluster_engine.kubectl.errors import CommandError, raise_all
from cluster_engine.kubectl.flags import Flag
from cluster_engine.kubectl.last_applied import ANNOTATION
from cluster_engine.kubectl.printers.output import object_printer
from cluster_engine.kubectl.process import Process
from cluster_engine.kubectl.resource.mapper import Info
from cluster_engine.kubectl.rollout import common
from cluster_engine.kubectl.rollout import history_of as revisions

# Annotations of a Deployment that stay as they are when it goes back.
_KEPT = (
    ANNOTATION,
    revisions.REVISION,
    "deployment.kubernetes.io/revision-history",
    "deployment.kubernetes.io/desired-replicas",
    "deployment.kubernetes.io/max-replicas",
    "deprecated.deployment.rollback.to",
)


def run(call: Invocation) -> Process:
    dry_run = flags_of.dry_run(call.flags)
    result = yield from common.builder(call).do()
    errors: list[Exception] = []
    for item in result.visit():
        if isinstance(item, Exception):
            errors.append(item)
            continue
        try:
            said = _roll_back(call, item, call.flags.number("to-revision"), dry_run)
        except CommandError as error:
            errors.append(error)
            continue
        printer = object_printer(call.flags, call.factory.files, said + flags_of.dry_run_suffix(dry_run))
        call.factory.out.write(printer(item.obj))
    raise_all(errors)
    return 0


def _roll_back(call: Invocation, info: Info, to_revision: int, dry_run: flags_of.DryRun) -> str:
    """Goes back, and says what happened."""
    kind = info.resource.kind
    if kind not in ("Deployment", "StatefulSet", "DaemonSet"):
        raise common.not_for(info.resource, "rollbacker", "rollbacker")
    if to_revision < 0:
        raise _not_found(to_revision)
    if kind == "Deployment":
        return _deployment(call, info, to_revision, dry_run)
    return _by_controller_revision(call, info, to_revision, dry_run)


def _not_found(revision: int) -> CommandError:
    return CommandError(f"unable to find specified revision {revision} in history")


def _deployment(call: Invocation, info: Info, to_revision: int, dry_run: flags_of.DryRun) -> str:
    factory = call.factory
    deployment = revisions.read_anew(factory, info, "Deployment")
    rs = _chosen(revisions.replica_sets(factory, deployment), to_revision, info.name)
    template = rs["spec"]["template"]
    if dry_run == "client":
        return _template_text(template)
    if revisions.paused(deployment):
        raise CommandError(
            "you cannot rollback a paused deployment; resume it first with 'kubectl rollout resume' and try again"
        )
    if revisions.same_template(template, deployment["spec"]["template"]):
        return f"skipped rollback (current template already matches revision {to_revision})"
    annotations = {key: value for key, value in annotations_of(deployment).items() if key in _KEPT}
    annotations |= {key: value for key, value in annotations_of(rs).items() if key not in _KEPT}
    operations = [
        {"op": "replace", "path": "/spec/template", "value": revisions.without_hash(template)},
        {"op": "replace", "path": "/metadata/annotations", "value": annotations},
    ]
    _patch(call, info, operations, "json", dry_run, to_revision)
    return "rolled back"


def _chosen(sets: list[Obj], to_revision: int, name: str) -> Obj:
    """The ReplicaSet of a revision; 0 means the one before the newest."""
    numbered = {revision: rs for rs in sets if (revision := revisions.revision_of(rs)) is not None}
    if to_revision:
        if to_revision not in numbered:
            raise _not_found(to_revision)
        return numbered[to_revision]
    if len(numbered) < 2:
        raise CommandError(f'no rollout history found for deployment "{name}"')
    return numbered[sorted(numbered)[-2]]


def _by_controller_revision(call: Invocation, info: Info, to_revision: int, dry_run: flags_of.DryRun) -> str:
    factory = call.factory
    owner = revisions.read_anew(factory, info, info.resource.kind)
    history = revisions.controller_revisions(factory, owner)
    if to_revision == 0:
        if len(history) <= 1:
            raise CommandError("no last revision to roll back to")
        chosen = history[-2]
    else:
        found = [one for one in history if one["revision"] == to_revision]
        if not found:
            raise _not_found(to_revision)
        chosen = found[0]
    template = revisions.template_of(owner, chosen)
    if dry_run == "client":
        return f"will roll back to {_template_text(template)}"
    if revisions.same_template(template, owner["spec"]["template"]):
        return f"skipped rollback (current template already matches revision {to_revision})"
    _patch(call, info, chosen.get("data") or {}, "strategic", dry_run, to_revision)
    return "rolled back"


def _patch(call: Invocation, info: Info, body: Any, type_: str, dry_run: flags_of.DryRun, to_revision: int) -> None:
    try:
        call.factory.request(
            "patch",
            info.resource,
            info.namespace,
            info.name,
            body=body,
            patch_type=type_,
            dry_run=dry_run == "server",
        )
    except ApiError as error:
        raise CommandError(f"failed restoring revision {to_revision}: {error.message}") from None


def _template_text(template: Obj) -> str:
    writer = Writer()
    pod_template.describe(template, writer)
    return writer.raw


COMMAND = Command(
    "undo",
    "Undo a previous rollout",
    run,
    use="(TYPE NAME | TYPE/NAME) [flags] [options]",
    long="Goes back to the revision before, or to the one that --to-revision names.",
    example="kubectl rollout undo deployment/web\n\nkubectl rollout undo deployment/web --to-revision=3",
    flags=(
        *common.FLAGS,
        *flags_of.output(),
        flags_of.DRY_RUN,
        Flag("to-revision", "int64", help="The revision to go back to; 0 means the one before"),
    ),
)
