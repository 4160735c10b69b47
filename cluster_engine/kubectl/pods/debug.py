"""`kubectl debug`: a container beside a pod's, a copy of a pod, or a pod on a node. Follows pkg/cmd/debug/debug.go."""

from __future__ import annotations

import re
from collections.abc import Generator

from cluster_engine.apimachinery.errors import ApiError
from cluster_engine.apimachinery.meta import Obj, dig
from cluster_engine.apimachinery.yaml_text import YamlError, load_documents
from cluster_engine.kubectl import common_flags as common
from cluster_engine.kubectl.command import Command, Invocation
from cluster_engine.kubectl.errors import CommandError
from cluster_engine.kubectl.flags import Flag
from cluster_engine.kubectl.pods import debug_profiles as profiles
from cluster_engine.kubectl.pods import target
from cluster_engine.kubectl.pods.attach import attach_or_show_log, wait_for_pod
from cluster_engine.kubectl.process import Process, Wait
from cluster_engine.kubectl.resource.builder import Builder
from cluster_engine.kubectl.resource.mapper import Info
from cluster_engine.schema.patching import apply_patch

_SAFE = "bcdfghjklmnpqrstvwxz2456789"
NAME_LENGTH = 5
_IMAGE = re.compile(
    r"[a-z0-9]+([._-]+[a-z0-9]+)*(:\d+)?(/[a-z0-9]+([._-]+[a-z0-9]+)*)*(:\w[\w.-]{0,127})?(@sha256:[0-9a-f]{64})?\Z",
    re.IGNORECASE,
)
_PROFILE_NOTE = (
    "--profile=legacy is deprecated and will be removed in the future. It is recommended to explicitly specify a "
    'profile, for example "--profile=general".'
)
_CUSTOM_REFUSED = ("name", "command", "image", "lifecycle", "volumeDevices")
_STATUSES = ("initContainerStatuses", "containerStatuses", "ephemeralContainerStatuses")


def run(call: Invocation) -> Process:
    flags = call.flags
    dash = flags.args_len_at_dash
    names, words = (call.args, []) if dash < 0 else (call.args[:dash], call.args[dash:])
    debugger = _Debugger(call, names if words else call.args, words)
    filenames = flags.strings("filename")
    debugger.validate()
    builder = Builder(call.factory, [target.named(name) for name in debugger.names], filenames=filenames, latest=True)
    result = yield from builder.do()
    for info in result.all_or_raise():
        pod, container = debugger.debug(info)
        if container and (flags.on("attach") if flags.changed("attach") else flags.on("stdin")):
            yield from _attach(call, pod, container)
    return 0


class _Debugger:
    """One call of `debug`: what its flags ask for."""

    def __init__(self, call: Invocation, names: list[str], words: list[str]) -> None:
        flags = call.flags
        self.call, self.factory, self.flags = call, call.factory, flags
        self.names, self.words = names, words
        self.image, self.copy_to = flags.string("image"), flags.string("copy-to")
        self.profile = flags.string("profile")
        profiles.check(self.profile)
        self.images = _pairs("set-image", flags.strings("set-image"))
        self.env = [{"name": key, "value": value} for key, value in _pairs("env", flags.strings("env")).items()]
        self.custom = self._read_custom(flags.string("custom"))

    def _read_custom(self, path: str) -> Obj | None:
        if not path:
            return None
        try:
            text = self.factory.files.read(path)
        except (FileNotFoundError, IsADirectoryError):
            raise CommandError(
                f"must pass a container spec json file for custom profile: open {path}: no such file or directory"
            ) from None
        try:
            value = load_documents(text)[0].value
        except (YamlError, IndexError) as error:
            raise CommandError(f"{path} does not contain a valid container spec: {error}") from None
        if not isinstance(value, dict):
            raise CommandError(f"{path} does not contain a valid container spec: it is no object")
        return value

    def validate(self) -> None:
        flags = self.flags
        if flags.on("attach") and flags.changed("attach") and not self.image and not flags.string("container"):
            raise CommandError(
                "you must specify --container or create a new container using --image in order to attach."
            )
        self._validate_copy()
        if self.image and not _IMAGE.match(self.image):
            raise CommandError(f'invalid image name "{self.image}": invalid reference format')
        if not self.names and not flags.strings("filename"):
            raise CommandError("NAME or filename is required for debug")
        policy = flags.string("image-pull-policy")
        if policy not in ("", "Always", "IfNotPresent", "Never"):
            raise CommandError(f"invalid image pull policy: {policy}")
        for name, image in self.images.items():
            if not _IMAGE.match(image):
                raise CommandError(f'invalid image name "{image}" for container "{name}": invalid reference format')
        if flags.string("target"):
            if self.copy_to:
                raise CommandError("--target is incompatible with --copy-to. Use --share-processes instead.")
            if not flags.on("quiet"):
                self.factory.out.line(
                    f'Targeting container "{flags.string("target")}". If you don\'t see processes from this container '
                    "it may be because the container runtime doesn't support this feature."
                )
        if flags.on("tty") and not flags.on("stdin"):
            raise CommandError("-i/--stdin is required for containers with -t/--tty=true")
        if self.custom is not None and any(self.custom.get(field) for field in _CUSTOM_REFUSED):
            raise CommandError(
                "name, command, image, lifecycle and volume devices are not modifiable via custom profile"
            )
        if self.profile == "legacy":
            self.factory.err.line(_PROFILE_NOTE)

    def _validate_copy(self) -> None:
        flags = self.flags
        if self.copy_to:
            if not self.image and not self.images and not self.words:
                raise CommandError("you must specify --image, --set-image or command arguments.")
            if self.words and not flags.string("container") and not self.image:
                raise CommandError("you must specify an existing container or a new image when specifying args.")
        elif flags.on("replace"):
            raise CommandError("--replace may only be used with --copy-to.")
        elif flags.on("same-node"):
            raise CommandError("--same-node may only be used with --copy-to.")
        elif self.images:
            raise CommandError("--set-image may only be used with --copy-to.")
        elif not self.image:
            raise CommandError("you must specify --image when not using --copy-to.")

    def debug(self, info: Info) -> tuple[Obj, str]:
        """(the pod, the container to connect with; "" where none was added)."""
        if info.resource.kind == "Node":
            return self._on_node(info)
        if info.resource.kind == "Pod":
            return self._copy(info) if self.copy_to else self._beside(info)
        resource = info.resource
        raise CommandError(f'"{resource.group}/{resource.version}, Kind={resource.kind}" not supported by debug')

    # The three ways.

    def _beside(self, info: Info) -> tuple[Obj, str]:
        """An ephemeral container in the pod itself."""
        name = self._new_name(info.obj)
        container = profiles.container_with(self.profile, "ephemeral", self._container(name))
        if self.flags.string("target"):
            container["targetContainerName"] = self.flags.string("target")
        container = self._customized(container)
        present = info.obj["spec"].get("ephemeralContainers") or []
        try:
            pod: Obj = self.factory.request(
                "patch",
                info.resource,
                info.namespace,
                info.name,
                subresource="ephemeralcontainers",
                body={"spec": {"ephemeralContainers": [*present, container]}},
                patch_type="strategic",
            )
        except ApiError as error:
            if error.reason == "NotFound" and not (error.details or {}).get("name"):
                raise CommandError(
                    f'ephemeral containers are disabled for this cluster (error from server: "{error.message}")'
                ) from None
            raise
        return pod, name

    def _on_node(self, info: Info) -> tuple[Obj, str]:
        """A pod on the node, with the node's files at /host where the profile gives them."""
        name = f"node-debugger-{info.name}-{self._suffix()}"
        container = self.flags.string("container") or "debugger"
        if not self.flags.on("quiet"):
            self.factory.out.line(f"Creating debugging pod {name} with container {container} on node {info.name}.")
        spec = {
            "containers": [self._container(container)],
            "nodeName": info.name,
            "restartPolicy": "Never",
            "tolerations": [{"operator": "Exists"}],
        }
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}
        pod = profiles.pod_with(self.profile, "node", pod, container, self._keep())
        return self._created(self._with_custom(pod, container), self.factory.namespace), container

    def _copy(self, info: Info) -> tuple[Obj, str]:
        """A copy of the pod with one more container, or with other images or another command."""
        meta, flags = info.obj["metadata"], self.flags
        spec = {key: value for key, value in info.obj["spec"].items() if key != "ephemeralContainers"}
        if not flags.on("same-node"):
            spec.pop("nodeName", None)
        if flags.changed("share-processes"):
            spec["shareProcessNamespace"] = flags.on("share-processes")
        spec["containers"] = [self._with_image(one) for one in spec["containers"]]
        name = flags.string("container")
        pod = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": self.copy_to}
            | {key: meta[key] for key in ("namespace", "labels", "annotations") if key in meta},
            "spec": spec,
        }
        if all(one["name"] != name for one in spec["containers"]):
            if not self.image:
                if self.images:
                    return self._placed(info, pod), ""
                raise CommandError("you must specify image when creating new container")
            name = name or self._new_name(pod)
            spec["containers"].append({"name": name, "terminationMessagePolicy": "File"})
        spec["containers"] = [self._changed(one) if one["name"] == name else one for one in spec["containers"]]
        pod = profiles.pod_with(self.profile, "copy", pod, name, self._keep())
        return self._placed(info, self._with_custom(pod, name)), name

    def _placed(self, info: Info, pod: Obj) -> Obj:
        created = self._created(pod, info.namespace)
        if self.flags.on("replace"):
            body = {"gracePeriodSeconds": 0}
            self.factory.request("delete", info.resource, info.namespace, info.name, body=body)
        return created

    # Parts.

    def _suffix(self) -> str:
        """Five letters that follow from the moment, since there is no chance here but the cluster's own."""
        number, letters = self.factory.now_us // 1000, ""
        for _ in range(NAME_LENGTH):
            number, rest = divmod(number, len(_SAFE))
            letters += _SAFE[rest]
        return letters

    def _new_name(self, pod: Obj) -> str:
        if self.flags.string("container"):
            return self.flags.string("container")
        name = f"debugger-{self._suffix()}"
        if not self.flags.on("quiet"):
            self.factory.out.line(f"Defaulting debug container name to {name}.")
        return name

    def _container(self, name: str) -> Obj:
        return self._changed({"name": name, "terminationMessagePolicy": "File"})

    def _changed(self, container: Obj) -> Obj:
        """The container with what the flags say of it."""
        changed = dict(container)
        if self.words:
            if self.flags.on("arguments-only"):
                changed["args"] = self.words
            else:
                changed.pop("args", None)
                changed["command"] = self.words
        policy = self.flags.string("image-pull-policy")
        given = {"env": self.env, "image": self.image, "imagePullPolicy": policy}
        changed |= {field: value for field, value in given.items() if value}
        for field in ("stdin", "tty"):
            changed.pop(field, None)
            if self.flags.on(field):
                changed[field] = True
        return changed

    def _with_image(self, container: Obj) -> Obj:
        image = self.images.get(container["name"]) or self.images.get("*")
        return {**container, "image": image} if image else container

    def _customized(self, container: Obj) -> Obj:
        if self.custom is None:
            return container
        # Merged as a container of a pod, so that lists are merged by their keys.
        whole = {"apiVersion": "v1", "kind": "Pod", "spec": {"containers": [container]}}
        patch = {"spec": {"containers": [{**self.custom, "name": container["name"]}]}}
        merged: Obj = apply_patch(whole, patch, "strategic")["spec"]["containers"][0]
        return merged

    def _with_custom(self, pod: Obj, name: str) -> Obj:
        containers = [self._customized(one) if one["name"] == name else one for one in pod["spec"]["containers"]]
        return {**pod, "spec": {**pod["spec"], "containers": containers}}

    def _keep(self) -> profiles.Keep:
        on = self.flags.on
        return profiles.Keep(
            labels=on("keep-labels"),
            annotations=on("keep-annotations"),
            liveness=on("keep-liveness"),
            readiness=on("keep-readiness"),
            startup=on("keep-startup"),
            init_containers=on("keep-init-containers"),
        )

    def _created(self, body: Obj, namespace: str) -> Obj:
        resource = self.factory.mapper.resource("pods")
        return self.factory.request("create", resource, namespace, body=body)  # type: ignore[no-any-return]


def _pairs(flag: str, texts: list[str]) -> dict[str, str]:
    """`a=b`, and several of them with commas."""
    found: dict[str, str] = {}
    for text in (part for one in texts for part in one.split(",")):
        name, equals, value = text.partition("=")
        if not equals:
            raise CommandError(f"invalid argument for --{flag}: {text} must be formatted as key=value")
        found[name] = value
    return found


def _attach(call: Invocation, pod: Obj, container: str) -> Generator[Wait, None, None]:
    """Waits until the container runs or has ended, and connects with it."""
    meta = pod["metadata"]
    told: set[str] = set()

    def has_started(one: Obj) -> bool:
        state = _state(one, container)
        words = dig(state, "waiting", "message", default="")
        if words and words not in told and not call.flags.on("quiet"):
            told.add(words)
            call.factory.warn(f"container {container}: {words}")
        return "running" in state or "terminated" in state

    pod = yield from wait_for_pod(call, meta["namespace"], meta["name"], None, has_started)
    yield from attach_or_show_log(call, pod, container, over="terminated" in _state(pod, container))


def _state(pod: Obj, container: str) -> Obj:
    statuses = [one for field in _STATUSES for one in dig(pod, "status", field, default=()) or ()]
    return next((one.get("state") or {} for one in statuses if one["name"] == container), {})


COMMAND = Command(
    "debug",
    "Create debugging sessions for troubleshooting workloads and nodes",
    run,
    use="(POD | TYPE[[.VERSION].GROUP]/NAME) [ -- COMMAND [args...] ] [options]",
    long="Lets you look around: in a container beside a pod's own, in a copy of a pod, or on a node.",
    example="# A container with a shell beside those of a pod\nkubectl debug web-0 -it --image=busybox\n\n"
    "# A copy with a shell\nkubectl debug web-0 -it --image=busybox --copy-to=web-debug\n\n"
    "# A node\nkubectl debug node/k8s-node01 -it --image=busybox",
    group="Troubleshooting and Debugging Commands",
    completes="pods",
    flags=(
        common.filename("to debug")[0],
        Flag("arguments-only", "bool", help="The words after -- are arguments, not the command"),
        Flag("attach", "bool", help="Connects you with the container; -i does so too"),
        Flag("container", shorthand="c", help="The new container's name"),
        Flag("copy-to", help="The name of a copy of the pod"),
        Flag("custom", help="A file with a part of a container, which is merged into the new one"),
        Flag("env", "stringArray", help="A variable, as KEY=value; may be repeated", shown="[]"),
        Flag("image", help="The new container's image"),
        Flag("image-pull-policy", help="When the image is pulled: Always, IfNotPresent or Never"),
        Flag("keep-annotations", "bool", help="With --copy-to: keeps the pod's annotations"),
        Flag("keep-init-containers", "bool", default=True, help="With --copy-to: keeps the init containers"),
        Flag("keep-labels", "bool", help="With --copy-to: keeps the pod's labels"),
        Flag("keep-liveness", "bool", help="With --copy-to: keeps liveness probes"),
        Flag("keep-readiness", "bool", help="With --copy-to: keeps readiness probes"),
        Flag("keep-startup", "bool", help="With --copy-to: keeps startup probes"),
        Flag("profile", default="legacy", help="How much the container may do: " + ", ".join(profiles.PROFILES)),
        Flag("quiet", "bool", shorthand="q", help="Says less"),
        Flag("replace", "bool", help="With --copy-to: deletes the pod itself"),
        Flag("same-node", "bool", help="With --copy-to: the copy runs on the pod's node"),
        Flag("set-image", "stringArray", help="With --copy-to: other images, as name=image", shown="[]"),
        Flag("share-processes", "bool", default=True, help="With --copy-to: the containers see each other's processes"),
        Flag("stdin", "bool", shorthand="i", help="Keeps standard input open"),
        Flag("target", help="The container whose processes the new one sees"),
        Flag("tty", "bool", shorthand="t", help="Gives the container a terminal"),
    ),
)
