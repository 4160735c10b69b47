"""`kubectl run -i`: waits for the pod, connects with it, and says how it ended. Follows pkg/cmd/run/run.go."""

from __future__ import annotations

from collections.abc import Callable, Generator

from cluster_engine.apimachinery.errors import ApiError
from cluster_engine.apimachinery.meta import Obj, dig
from cluster_engine.apiserver.request import Watch
from cluster_engine.kubectl.command import Invocation
from cluster_engine.kubectl.errors import CommandError
from cluster_engine.kubectl.pods.exec import converse, terminal_of
from cluster_engine.kubectl.process import Process, Wait
from cluster_engine.kubectl.resource.builder import is_not_found

_ENDED = ("Succeeded", "Failed")


def attach(call: Invocation, name: str) -> Process:
    """The exit code of the pod's container, where the pod is never started again; else 0."""
    try:
        return (yield from _attached(call, name))
    finally:
        if call.flags.on("rm"):
            _remove(call, name)


def _attached(call: Invocation, name: str) -> Process:
    factory, flags = call.factory, call.flags
    seconds = flags.seconds("pod-running-timeout")
    pod = yield from _wait(call, name, seconds, lambda one: _phase(one) in ("Running", *_ENDED))
    if _phase(pod) not in _ENDED:
        stdin, tty = terminal_of(call)
        if stdin is not None and not flags.on("quiet"):
            factory.err.line("If you don't see a command prompt, try pressing enter.")
        parameters = {"container": [pod["spec"]["containers"][0]["name"]], "stdout": ["true"]}
        yield from converse(factory, pod, "attach", parameters, stdin=stdin, tty=tty)
    if flags.string("restart") == "Always" and not flags.on("leave-stdin-open"):
        if not flags.on("quiet") and not flags.on("rm"):
            command = f"{name} -c {name} -i -t"
            factory.out.line(f"Session ended, resume using 'kubectl attach {command}' command when the pod is running")
        return 0
    pod = yield from _wait(call, name, seconds, lambda one: _phase(one) in _ENDED)
    return _code(pod)


def _phase(pod: Obj) -> str:
    return str(dig(pod, "status", "phase", default=""))


def _code(pod: Obj) -> int:
    if _phase(pod) == "Succeeded":
        return 0
    statuses = dig(pod, "status", "containerStatuses", default=())
    code = next((dig(one, "state", "terminated", "exitCode") for one in statuses), None)
    if not code:
        raise CommandError(
            f"pod {pod['metadata']['namespace']}/{pod['metadata']['name']} failed with unknown exit code"
        )
    text = dig(statuses[0], "state", "terminated", "reason", default="Error")
    raise CommandError(f"pod {pod['metadata']['namespace']}/{pod['metadata']['name']} terminated ({text})", int(code))


def _wait(call: Invocation, name: str, seconds: float, until: Callable[[Obj], bool]) -> Generator[Wait, None, Obj]:
    factory = call.factory
    resource = factory.mapper.resource("pods")
    deadline_us = factory.deadline_us(seconds)
    watch: Watch = factory.request("watch", resource, factory.namespace, name)
    try:
        while True:
            pod = factory.get(resource, factory.namespace, name)
            if until(pod):
                return pod
            if factory.now_us >= deadline_us:
                raise CommandError("timed out waiting for the condition")
            while watch.pop() is not None:
                pass
            yield Wait(watches=(watch,), deadline_us=deadline_us)
    finally:
        watch.stop()


def _remove(call: Invocation, name: str) -> None:
    factory = call.factory
    try:
        factory.request("delete", factory.mapper.resource("pods"), factory.namespace, name)
    except ApiError as error:
        if is_not_found(error):
            return
        raise
    if not call.flags.on("quiet"):
        factory.out.line(f'pod "{name}" deleted')
