"""`kubectl set image`. Follows k8s.io/kubectl/pkg/cmd/set/set_image.go."""

from __future__ import annotations

from cluster_engine.apimachinery.meta import Obj
from cluster_engine.kubectl import pairs
from cluster_engine.kubectl.command import Command, Invocation
from cluster_engine.kubectl.errors import CommandError, raise_all
from cluster_engine.kubectl.label import NEED_RESOURCES
from cluster_engine.kubectl.process import Process
from cluster_engine.kubectl.set import change


def run(call: Invocation) -> Process:
    resources, words = pairs.split(call.args, "image")
    images, _ = pairs.parse(words, "image", removals=False)
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

    def set_images(spec: Obj) -> tuple[Obj | None, list[Exception]]:
        errors: list[Exception] = []
        changes: dict[str, dict[str, Obj]] = {"initContainers": {}, "containers": {}}
        for name, image in images.items():
            found = False
            for field, by_name in changes.items():
                for container in spec.get(field) or ():
                    if name in ("*", container["name"]):
                        found = True
                        if container.get("image") != image:
                            by_name[container["name"]] = {"image": image}
            if not found:
                errors.append(CommandError(f'error: unable to find container named "{name}"'))
        return change.container_patch(spec, changes), errors

    return (
        yield from change.run(
            call, resources, set_images, operation="image updated", failure="image update to pod template"
        )
    )


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
