"""`kubectl rollout restart`. Follows objectrestarter.go."""

from __future__ import annotations

from cluster_engine.apimachinery.meta import Obj, annotations_of
from cluster_engine.kubectl import common_flags as flags_of
from cluster_engine.kubectl.command import Command, Invocation
from cluster_engine.kubectl.errors import CommandError
from cluster_engine.kubectl.process import Process
from cluster_engine.kubectl.rollout import common
from cluster_engine.kubectl.rollout.history_of import paused

RESTARTED_AT = "kubectl.kubernetes.io/restartedAt"


def run(call: Invocation) -> Process:
    now = call.factory.clock.rfc3339()

    def restart(obj: Obj) -> Obj:
        if obj["kind"] not in ("Deployment", "DaemonSet", "StatefulSet"):
            raise CommandError("restarting is not supported")
        if paused(obj):
            raise CommandError("can't restart paused deployment (run rollout resume first)")
        present = annotations_of({"metadata": {}, **obj["spec"]["template"]}).get(RESTARTED_AT)
        if present == now:
            raise CommandError(
                "if restart has already been triggered within the past second, please wait before "
                "attempting to trigger another"
            )
        return {"spec": {"template": {"metadata": {"annotations": {RESTARTED_AT: now}}}}}

    return (yield from common.patch_each(call, restart, "restarted"))


COMMAND = Command(
    "restart",
    "Restart a resource",
    run,
    use="RESOURCE [options]",
    long="Replaces all pods of a workload by new ones, by a rolling update that changes nothing but an annotation.",
    example="kubectl rollout restart deployment/web",
    flags=(*common.FLAGS, *flags_of.output(), flags_of.field_manager("kubectl-rollout")),
)
