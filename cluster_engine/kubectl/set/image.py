"""`kubectl set image`. Follows k8s.io/kubectl/pkg/cmd/set/set_image.go."""

from __future__ import annotations

from collections.abc import Callable

from cluster_engine.apimachinery.meta import Obj
from cluster_engine.kubectl import pairs, pod_spec
from cluster_engine.kubectl.command import Command, Invocation
from cluster_engine.kubectl.errors import CommandError, raise_all
from cluster_engine.kubectl.label import NEED_RESOURCES
from cluster_engine.kubectl.process import Process
from cluster_engine.kubectl.resource.mapper import Info
from cluster_engine.kubectl.set import change


def run(call: Invocation) -> Process:
    resources, words = pairs.split(call.args, "image")
    images, _ = pairs.parse(words, "image", removals=False)
    infos = yield from change.find(call, resources)
    _validate(call, resources, images)
    missing: list[Exception] = []

    def set_images(info: Info) -> Obj:
        obj = info.obj
        pod_spec.path_of(obj)
        for name, image in images.items():
            obj, count = change.with_containers(obj, name, _with_image(image))
            if not count:
                missing.append(CommandError(f'error: unable to find container named "{name}"'))
        return obj

    try:
        return (
            yield from change.apply(
                call,
                infos,
                set_images,
                operation="image updated",
                failure="failed to patch image update to pod template:",
            )
        )
    finally:
        raise_all(missing)


def _with_image(image: str) -> Callable[[Obj], Obj]:
    return lambda container: {**container, "image": image}


def _validate(call: Invocation, resources: list[str], images: dict[str, str]) -> None:
    faults: list[Exception] = []
    if call.flags.on("all") and call.flags.string("selector"):
        faults.append(CommandError("cannot set --all and --selector at the same time"))
    if not resources and not call.flags.strings("filename") and not call.flags.string("kustomize"):
        faults.append(CommandError(NEED_RESOURCES))
    if not images:
        faults.append(CommandError("at least one image update is required"))
    elif len(images) > 1 and "*" in images:
        faults.append(
            CommandError(
                "all containers are already specified by *, but saw more than one container_name=container_image pairs"
            )
        )
    raise_all(faults)
    change.check_local(call)


COMMAND = Command(
    "image",
    "Update the image of a pod template",
    run,
    use="(-f FILENAME | TYPE NAME) CONTAINER_NAME_1=CONTAINER_IMAGE_1 ... CONTAINER_NAME_N=CONTAINER_IMAGE_N [options]",
    long="Sets the image of containers; * stands for all of them.",
    example="kubectl set image deployment/web nginx=nginx:1.26\n\nkubectl set image "
    "deployments,statefulsets --all '*=nginx:1.26'",
    flags=change.FLAGS,
)
