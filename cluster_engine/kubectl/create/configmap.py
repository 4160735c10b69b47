"""`kubectl create configmap`. Follows create_configmap.go."""

from __future__ import annotations

from cluster_engine.apimachinery.meta import Obj
from cluster_engine.kubectl.command import Command, Invocation
from cluster_engine.kubectl.create import generate
from cluster_engine.kubectl.flags import Flag
from cluster_engine.kubectl.process import Process


def run(call: Invocation) -> Process:
    name = generate.name_of(call)
    obj: Obj = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"creationTimestamp": generate.NO_TIME, "name": name},
    }
    data = generate.data_of(call, "ConfigMap", name)
    if data:
        obj["data"] = data
    return generate.submit(call, obj, what="configmap:")
    yield


COMMAND = Command(
    "configmap",
    "Create a config map from a local file, directory or literal value",
    run,
    aliases=("cm",),
    use="NAME [--from-file=[key=]source] [--from-literal=key1=value1] [--dry-run=server|client|none] [options]",
    long="Creates a ConfigMap from files or from values on the command line.",
    example="kubectl create configmap settings --from-literal=mode=dark --from-file=nginx.conf",
    completes="nothing",
    flags=(
        *generate.FLAGS,
        *generate.DATA_FLAGS,
        Flag("append-hash", "bool", help="Appends a hash of the data to the name"),
    ),
)
