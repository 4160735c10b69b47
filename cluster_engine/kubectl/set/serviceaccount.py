"""`kubectl set serviceaccount`. Follows k8s.io/kubectl/pkg/cmd/set/set_serviceaccount.go."""

from __future__ import annotations

from cluster_engine.apimachinery.meta import Obj
from cluster_engine.kubectl import pod_spec
from cluster_engine.kubectl.command import Command, Invocation
from cluster_engine.kubectl.errors import CommandError
from cluster_engine.kubectl.process import Process
from cluster_engine.kubectl.resource.mapper import Info
from cluster_engine.kubectl.set import change


def run(call: Invocation) -> Process:
    if len(call.args) == 0:
        raise CommandError("serviceaccount is required")
    change.check_local(call)
    *resources, name = call.args
    infos = yield from change.find(call, resources)

    def set_account(info: Info) -> Obj:
        spec = {**pod_spec.of(info.obj), "serviceAccountName": name}
        # The older field of the same meaning would win over the new one.
        if spec.get("serviceAccount"):
            spec["serviceAccount"] = name
        return pod_spec.replaced(info.obj, spec)

    return (
        yield from change.apply(
            call, infos, set_account, operation="serviceaccount updated", failure="failed to patch ServiceAccountName"
        )
    )


COMMAND = Command(
    "serviceaccount",
    "Update the service account of a resource",
    run,
    aliases=("sa",),
    use="(-f FILENAME | TYPE NAME) SERVICE_ACCOUNT [options]",
    long="Sets the service account in whose name a workload's pods speak to the API.",
    example="kubectl set serviceaccount deployment web bot",
    flags=change.FLAGS,
)
