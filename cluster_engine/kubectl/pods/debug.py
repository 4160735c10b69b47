"""`kubectl debug`: a copy of a pod, or a pod on a node, to look around in. Follows pkg/cmd/debug/debug.go."""

from __future__ import annotations

from collections.abc import Generator

from cluster_engine.apimachinery.errors import ApiError
from cluster_engine.apimachinery.meta import Obj, dig
from cluster_engine.apiserver.request import Watch
from cluster_engine.kubectl.command import Command, Invocation
from cluster_engine.kubectl.errors import CommandError
from cluster_engine.kubectl.flags import Flag
from cluster_engine.kubectl.pods import target
from cluster_engine.kubectl.pods.exec import converse, terminal_of
from cluster_engine.kubectl.process import Process, Wait
from cluster_engine.kubectl.resource.builder import Builder
from cluster_engine.kubectl.resource.mapper import Info

_SAFE = "bcdfghjklmnpqrstvwxz2456789"
NAME_LENGTH = 5
WAIT_SECONDS = 60.0
_PROFILE_NOTE = "--profile=legacy is deprecated and will be removed in the future. It is recommended to explicitly " \
    'specify a profile, for example "--profile=general".'  # fmt: skip


def run(call: Invocation) -> Process:
    flags = call.flags
    dash = flags.args_len_at_dash
    names = call.args if dash < 0 else call.args[:dash]
    command = [] if dash < 0 else call.args[dash:]
    _validate(call, names, has_command=bool(command))
    result = yield from Builder(call.factory, [target.named(name) for name in names], latest=True).do()
    for info in result.all_or_raise():
        if info.resource.kind == "Node":
            pod, container = _on_node(call, info, command)
        elif info.resource.kind == "Pod":
            pod, container = _copy(call, info, command) if flags.string("copy-to") else _ephemeral(call, info, command)
        else:
            resource = info.resource
            raise CommandError(f'"{resource.group}/{resource.version}, Kind={resource.kind}" not supported by debug')
        if flags.on("attach") or (flags.on("stdin") and not flags.changed("attach")):
            yield from _attach(call, pod, container)
    return 0


def _validate(call: Invocation, names: list[str], *, has_command: bool) -> None:
    flags = call.flags
    if flags.string("copy-to"):
        if not flags.string("image") and not flags.string("set-image") and not has_command:
            raise CommandError("you must specify --image, --set-image or command arguments.")
        if has_command and not flags.string("container") and not flags.string("image"):
            raise CommandError("you must specify an existing container or a new image when specifying args.")
    elif flags.on("replace"):
        raise CommandError("--replace may only be used with --copy-to.")
    elif flags.string("set-image"):
        raise CommandError("--set-image may only be used with --copy-to.")
    elif not flags.string("image"):
        raise CommandError("you must specify --image when not using --copy-to.")
    if not names:
        raise CommandError("NAME or filename is required for debug")
    if flags.string("target") and flags.string("copy-to"):
        raise CommandError("--target is incompatible with --copy-to. Use --share-processes instead.")
    if flags.on("tty") and not flags.on("stdin"):
        raise CommandError("-i/--stdin is required for containers with -t/--tty=true")
    if flags.string("profile") == "legacy":
        call.factory.err.line(_PROFILE_NOTE)


def _name(call: Invocation) -> str:
    """Five letters that follow from the moment, since there is no chance here but the cluster's own."""
    number = call.factory.now_us // 1000
    letters = ""
    for _ in range(NAME_LENGTH):
        number, rest = divmod(number, len(_SAFE))
        letters += _SAFE[rest]
    return letters


def _container(call: Invocation, name: str, command: list[str]) -> Obj:
    flags = call.flags
    container: Obj = {"image": flags.string("image"), "name": name, "terminationMessagePolicy": "File"}
    for flag in ("stdin", "tty"):
        if flags.on(flag):
            container[flag] = True
    if command:
        container["args" if flags.on("arguments-only") else "command"] = command
    env = [text.partition("=") for text in flags.strings("env")]
    if env:
        container["env"] = [{"name": key, "value": value} for key, _, value in env]
    return container


def _on_node(call: Invocation, info: Info, command: list[str]) -> tuple[Obj, str]:
    """A pod on the node, with the node's files at /host."""
    name = f"node-debugger-{info.name}-{_name(call)}"
    container = _container(call, call.flags.string("container") or "debugger", command)
    container["volumeMounts"] = [{"mountPath": "/host", "name": "host-root"}]
    body = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": {"app.kubernetes.io/managed-by": "kubectl-debug"}},
        "spec": {
            "containers": [container],
            "hostIPC": True,
            "hostNetwork": True,
            "hostPID": True,
            "nodeName": info.name,
            "restartPolicy": "Never",
            "tolerations": [{"operator": "Exists"}],
            "volumes": [{"hostPath": {"path": "/"}, "name": "host-root"}],
        },
    }
    if not call.flags.on("quiet"):
        call.factory.out.line(f"Creating debugging pod {name} with container {container['name']} on node {info.name}.")
    return _created(call, body), container["name"]


def _copy(call: Invocation, info: Info, command: list[str]) -> tuple[Obj, str]:
    """A copy of the pod with one more container, or with another image."""
    flags = call.flags
    spec = {key: value for key, value in info.obj["spec"].items() if key not in ("nodeName", "ephemeralContainers")}
    images = (
        dict(part.partition("=")[::2] for part in flags.string("set-image").split(","))
        if flags.string("set-image")
        else {}
    )
    containers = [_unprobed(one, images) for one in spec["containers"]]
    name = flags.string("container") or f"debugger-{_name(call)}"
    if flags.string("image") and all(one["name"] != name for one in containers):
        containers.append(_container(call, name, command))
    spec["containers"] = containers
    if flags.on("share-processes"):
        spec["shareProcessNamespace"] = True
    body = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": flags.string("copy-to")}, "spec": spec}
    pod = _created(call, body)
    if flags.on("replace"):
        call.factory.request("delete", info.resource, info.namespace, info.name)
    return pod, name


def _unprobed(container: Obj, images: dict[str, str]) -> Obj:
    kept = {key: value for key, value in container.items() if not key.endswith("Probe")}
    image = images.get(container["name"]) or images.get("*")
    return {**kept, "image": image} if image else kept


def _created(call: Invocation, body: Obj) -> Obj:
    factory = call.factory
    return factory.request("create", factory.mapper.resource("pods"), factory.namespace, body=body)  # type: ignore[no-any-return]


def _ephemeral(call: Invocation, info: Info, command: list[str]) -> tuple[Obj, str]:
    name = call.flags.string("container") or f"debugger-{_name(call)}"
    container = _container(call, name, command)
    if call.flags.string("target"):
        container["targetContainerName"] = call.flags.string("target")
    if not call.flags.on("quiet") and not call.flags.string("container"):
        call.factory.err.line(f"Defaulting debug container name to {name}.")
    present = info.obj["spec"].get("ephemeralContainers") or []
    patch = {"spec": {"ephemeralContainers": [*present, container]}}
    try:
        pod: Obj = call.factory.request(
            "patch",
            info.resource,
            info.namespace,
            info.name,
            subresource="ephemeralcontainers",
            body=patch,
            patch_type="strategic",
        )
    except ApiError as error:
        if error.reason == "NotFound" and not (error.details or {}).get("name"):
            raise CommandError(
                f'ephemeral containers are disabled for this cluster (error from server: "{error.message}")'
            ) from None
        raise
    return pod, name


def _attach(call: Invocation, pod: Obj, container: str) -> Generator[Wait, None, None]:
    """Waits until the container runs, and connects with it."""
    factory = call.factory
    resource = factory.mapper.resource("pods")
    meta = pod["metadata"]
    deadline_us = factory.deadline_us(WAIT_SECONDS)
    watch: Watch = factory.request("watch", resource, meta["namespace"], meta["name"])
    try:
        while not _runs(factory.get(resource, meta["namespace"], meta["name"]), container):
            if factory.now_us >= deadline_us:
                raise CommandError("timed out waiting for the condition")
            while watch.pop() is not None:
                pass
            yield Wait(watches=(watch,), deadline_us=deadline_us)
    finally:
        watch.stop()
    stdin, tty = terminal_of(call)
    if stdin is not None:
        factory.err.line("If you don't see a command prompt, try pressing enter.")
    yield from converse(factory, pod, "attach", {"container": [container], "stdout": ["true"]}, stdin=stdin, tty=tty)


def _runs(pod: Obj, container: str) -> bool:
    statuses = [
        *dig(pod, "status", "containerStatuses", default=()),
        *dig(pod, "status", "ephemeralContainerStatuses", default=()),
    ]
    return any(one["name"] == container and "waiting" not in (one.get("state") or {"waiting": {}}) for one in statuses)


COMMAND = Command(
    "debug",
    "Create debugging sessions for troubleshooting workloads and nodes",
    run,
    use="(POD | TYPE[[.VERSION].GROUP]/NAME) [ -- COMMAND [args...] ] [options]",
    long="Lets you look around: in a copy of a pod with one more container, or on a node.",
    example="# A copy with a shell beside it\nkubectl debug web-0 -it --image=busybox --copy-to=web-debug\n\n"
    "# A node\nkubectl debug node/k8s-node01 -it --image=busybox",
    group="Troubleshooting and Debugging Commands",
    completes="pods",
    flags=(
        Flag("arguments-only", "bool", help="The words after -- are arguments, not the command"),
        Flag("attach", "bool", help="Connects you with the container"),
        Flag("container", shorthand="c", help="The new container's name"),
        Flag("copy-to", help="The name of a copy of the pod"),
        Flag("env", "stringArray", help="A variable, as KEY=value; may be repeated"),
        Flag("image", help="The new container's image"),
        Flag("profile", default="legacy", help="How much the container may do"),
        Flag("quiet", "bool", shorthand="q", help="Says less"),
        Flag("replace", "bool", help="With --copy-to: deletes the pod itself"),
        Flag("set-image", help="With --copy-to: other images, as name=image"),
        Flag("share-processes", "bool", default=True, help="With --copy-to: the containers see each other's processes"),
        Flag("stdin", "bool", shorthand="i", help="Keeps standard input open"),
        Flag("target", help="The container whose processes the new one sees"),
        Flag("tty", "bool", shorthand="t", help="Gives the container a terminal"),
    ),
)
