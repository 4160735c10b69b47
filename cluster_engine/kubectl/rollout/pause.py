"""`kubectl rollout pause` and `resume`. Follows objectpauser.go and objectresumer.go."""

from __future__ import annotations

from cluster_engine.apimachinery.meta import Obj
from cluster_engine.kubectl import common_flags as flags_of
from cluster_engine.kubectl.command import Command, Invocation
from cluster_engine.kubectl.errors import CommandError
from cluster_engine.kubectl.process import Process
from cluster_engine.kubectl.rollout import common
from cluster_engine.kubectl.rollout.history_of import paused


def _pause(obj: Obj) -> Obj:
    if obj["kind"] != "Deployment":
        raise CommandError("pausing is not supported")
    if paused(obj):
        raise CommandError("is already paused")
    return {"spec": {"paused": True}}


def _resume(obj: Obj) -> Obj:
    if obj["kind"] != "Deployment":
        raise CommandError("resuming is not supported")
    if not paused(obj):
        raise CommandError("is not paused")
    return {"spec": {"paused": None}}


def run_pause(call: Invocation) -> Process:
    return (yield from common.patch_each(call, _pause, "paused"))


def run_resume(call: Invocation) -> Process:
    return (yield from common.patch_each(call, _resume, "resumed"))


_FLAGS = (*common.FLAGS, *flags_of.output(), flags_of.field_manager("kubectl-rollout"))

PAUSE = Command(
    "pause",
    "Mark the provided resource as paused",
    run_pause,
    use="RESOURCE [options]",
    long="Pauses a Deployment: its changes are kept and not rolled out until it is resumed.",
    example="kubectl rollout pause deployment/web",
    flags=_FLAGS,
)
RESUME = Command(
    "resume",
    "Resume a paused resource",
    run_resume,
    use="RESOURCE [options]",
    long="Resumes a paused Deployment.",
    example="kubectl rollout resume deployment/web",
    flags=_FLAGS,
)
