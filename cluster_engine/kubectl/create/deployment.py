"""`kubectl create deployment`. Follows create_deployment.go."""

from __future__ import annotations

import re

from cluster_engine.apimachinery.meta import Obj
from cluster_engine.kubectl.command import Command, Invocation
from cluster_engine.kubectl.create import generate
from cluster_engine.kubectl.errors import CommandError
from cluster_engine.kubectl.flags import Flag
from cluster_engine.kubectl.process import Process


def run(call: Invocation) -> Process:
    flags = call.flags
    name = generate.name_of(call)
    images, command = flags.strings("image"), call.args[1:]
    if len(images) > 1 and command:
        raise CommandError("cannot specify multiple --image options and command")
    labels = {"app": name}
    containers = [_container(image, command, flags.number("port")) for image in images]
    obj: Obj = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"creationTimestamp": generate.NO_TIME, "labels": labels, "name": name},
        "spec": {
            "replicas": flags.number("replicas"),
            "selector": {"matchLabels": labels},
            "strategy": {},
            "template": {
                "metadata": {"creationTimestamp": generate.NO_TIME, "labels": labels},
                "spec": {"containers": containers},
            },
        },
        "status": {},
    }
    return generate.submit(call, obj, what="deployment:")
    yield


def _container(image: str, command: list[str], port: int) -> Obj:
    container: Obj = {"image": image, "name": container_name(image), "resources": {}}
    if command:
        container["command"] = command
    if port > 0:
        container["ports"] = [{"containerPort": port}]
    return container


def container_name(image: str) -> str:
    """The last part of the image's name, without tag and digest."""
    last = image.rpartition("/")[2].partition(":")[0].partition("@")[0]
    return re.sub(r"[^a-z0-9-]", "-", last.lower()).strip("-") or last


COMMAND = Command(
    "deployment",
    "Create a deployment with the specified name",
    run,
    aliases=("deploy",),
    use="NAME --image=image -- [COMMAND] [args...] [options]",
    long="Creates a Deployment of one or more images.",
    example="kubectl create deployment web --image=nginx:1.25 --replicas=3\n\n# With a command of its own\n"
    "kubectl create deployment job --image=busybox -- sleep 3600",
    completes="nothing",
    flags=(
        *generate.FLAGS,
        Flag("image", "stringSlice", required=True, help="The image to run; may be repeated"),
        Flag("port", "int32", default=-1, help="The container's port"),
        Flag("replicas", "int32", default=1, shorthand="r", help="How many pods"),
    ),
)
