"""`kubectl attach`, and how `run -i` and `debug -i` connect. Follows k8s.io/kubectl/pkg/cmd/attach/attach.go."""

from __future__ import annotations

from collections.abc import Callable, Generator

from cluster_engine.apimachinery.errors import ApiError
from cluster_engine.apimachinery.meta import Obj, dig
from cluster_engine.apiserver.request import Watch
from cluster_engine.kubectl.command import Command, Invocation
from cluster_engine.kubectl.errors import CommandError
from cluster_engine.kubectl.pods import target
from cluster_engine.kubectl.pods.exchange import converse
from cluster_engine.kubectl.pods.exec import SHARED_FLAGS, find_pod, terminal_of
from cluster_engine.kubectl.process import Process, Wait

_COMPLETED = ("Succeeded", "Failed")


def run(call: Invocation) -> Process:
    if len(call.args) == 0:
        raise CommandError("at least 1 argument is required for attach")
    if len(call.args) > 2:
        raise CommandError(
            "expected POD, TYPE/NAME, or TYPE NAME, (at most 2 arguments) saw "
            f"{len(call.args)}: [{' '.join(call.args)}]"
        )
    if call.flags.seconds("pod-running-timeout") <= 0:
        raise CommandError("--pod-running-timeout must be higher than zero")
    pod = yield from find_pod(call, "/".join(call.args))
    phase = dig(pod, "status", "phase")
    if phase in _COMPLETED:
        raise CommandError(f"cannot attach a container in a completed pod; current phase is {phase}")
    yield from attach(call, pod, call.flags.string("container"))
    return 0


def attach(call: Invocation, pod: Obj, name: str) -> Generator[Wait, None, None]:
    """Connects with a container's process until that has ended, as `-i`, `-t` and `-q` ask."""
    factory, flags = call.factory, call.flags
    container = container_of(call, pod, name)
    stdin, tty = terminal_of(call, has_tty=bool(container.get("tty")), name=container["name"])
    if not flags.on("quiet"):
        factory.err.line("If you don't see a command prompt, try pressing enter.")
    parameters = {"container": [container["name"]], "stdout": ["true"]}
    yield from converse(factory, pod, "attach", parameters, stdin=stdin, tty=tty)
    if flags.on("quiet") or stdin is None or not tty or pod["spec"].get("restartPolicy") != "Always":
        return
    again = f"kubectl attach {pod['metadata']['name']} -c {container['name']} -i -t"
    _, path = target.find_container(pod, container["name"]) or ({}, "")
    if path.startswith("spec.ephemeralContainers"):
        factory.out.line(
            "Session ended, the ephemeral container will not be restarted but may be reattached using "
            f"'{again}' if it is still running"
        )
    else:
        factory.out.line(f"Session ended, resume using '{again}' command when the pod is running")


def container_of(call: Invocation, pod: Obj, name: str) -> Obj:
    """The container that is meant. Raises CommandError."""
    factory = call.factory
    if not name:
        name = target.container_for(factory, pod, "", quiet=call.flags.on("quiet"))
    found = target.find_container(pod, name)
    if found is None:
        raise CommandError(
            f"cannot attach to the container: container {name} not found in pod {pod['metadata']['name']}"
        )
    return found[0]


def attach_or_show_log(call: Invocation, pod: Obj, name: str, *, over: bool) -> Generator[Wait, None, None]:
    """Connects with a container that was made for it; shows its log where it has ended, or cannot be reached."""
    if over:
        _show_log(call, pod, name)
        return
    try:
        yield from attach(call, pod, name)
    except (ApiError, CommandError) as error:
        words = error.message
        call.factory.err.line(
            f"warning: couldn't attach to pod/{pod['metadata']['name']}, falling back to streaming logs: {words}"
        )
        _show_log(call, pod, name)


def _show_log(call: Invocation, pod: Obj, name: str) -> None:
    factory, meta = call.factory, pod["metadata"]
    container = container_of(call, pod, name)["name"]
    body = factory.request(
        "get",
        factory.mapper.resource("pods"),
        meta["namespace"],
        meta["name"],
        subresource="log",
        parameters={"container": [container]},
    )
    factory.out.write(body if isinstance(body, str) else body.decode(errors="replace"))


def wait_for_pod(
    call: Invocation, namespace: str, name: str, seconds: float | None, until: Callable[[Obj], bool]
) -> Generator[Wait, None, Obj]:
    """The pod as soon as the condition holds. Raises CommandError when the time (None: there is enough) is over."""
    factory = call.factory
    resource = factory.mapper.resource("pods")
    deadline_us = factory.deadline_us(seconds) if seconds else None
    watch: Watch = factory.request("watch", resource, namespace, name)
    try:
        while True:
            pod = factory.get(resource, namespace, name)
            if until(pod):
                return pod
            if deadline_us is not None and factory.now_us >= deadline_us:
                raise CommandError("timed out waiting for the condition")
            while watch.pop() is not None:
                pass
            yield Wait(watches=(watch,), deadline_us=deadline_us)
    finally:
        watch.stop()


COMMAND = Command(
    "attach",
    "Attach to a running container",
    run,
    use="(POD | TYPE/NAME) -c CONTAINER [options]",
    long="Connects you with the process of a container that is running already.",
    example="kubectl attach web-0\n\nkubectl attach -it web-0 -c shell",
    group="Troubleshooting and Debugging Commands",
    completes="pods",
    flags=SHARED_FLAGS,
)
