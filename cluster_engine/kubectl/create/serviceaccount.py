"""`kubectl create serviceaccount`. Follows create_serviceaccount.go."""

from __future__ import annotations

from cluster_engine.apimachinery.meta import Obj
from cluster_engine.kubectl.command import Command, Invocation
from cluster_engine.kubectl.create import generate
from cluster_engine.kubectl.process import Process


def run(call: Invocation) -> Process:
    name = generate.name_of(call)
    obj: Obj = {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {"creationTimestamp": generate.NO_TIME, "name": name},
    }
    return generate.submit(call, obj, what="serviceaccount:")
    yield


COMMAND = Command(
    "serviceaccount",
    "Create a service account with the specified name",
    run,
    aliases=("sa",),
    use="NAME [--dry-run=server|client|none] [options]",
    long="Creates a service account.",
    example="kubectl create serviceaccount bot",
    completes="nothing",
    flags=generate.FLAGS,
)
