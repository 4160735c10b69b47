"""`kubectl create namespace`. Follows create_namespace.go."""

from __future__ import annotations

from cluster_engine.apimachinery.meta import Obj
from cluster_engine.kubectl.command import Command, Invocation
from cluster_engine.kubectl.create import generate
from cluster_engine.kubectl.process import Process


def run(call: Invocation) -> Process:
    name = generate.name_of(call)
    obj: Obj = {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"creationTimestamp": generate.NO_TIME, "name": name},
        "spec": {},
        "status": {},
    }
    return generate.submit(call, obj)
    yield


COMMAND = Command(
    "namespace",
    "Create a namespace with the specified name",
    run,
    aliases=("ns",),
    use="NAME [--dry-run=server|client|none] [options]",
    long="Creates a namespace.",
    example="kubectl create namespace team-a",
    completes="nothing",
    flags=generate.FLAGS,
)
