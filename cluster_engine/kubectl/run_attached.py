"""`kubectl run -i`: waits for the pod, connects with it, and says how it ended. Follows pkg/cmd/run/run.go."""

from __future__ import annotations

from cluster_engine.apimachinery.errors import ApiError
from cluster_engine.apimachinery.meta import Obj, condition_is, dig
from cluster_engine.kubectl.command import Invocation
from cluster_engine.kubectl.errors import CommandError, RawError
from cluster_engine.kubectl.pods.attach import attach_or_show_log, wait_for_pod
from cluster_engine.kubectl.process import Process
from cluster_engine.kubectl.resource.builder import is_not_found

_ENDED = ("Succeeded", "Failed")


def attach(call: Invocation, name: str, restart: str, *, exposed: bool) -> Process:
    """The exit code of the pod's container, where the pod is never started again; else 0."""
    try:
        return (yield from _attached(call, name, restart))
    finally:
        if call.flags.on("rm"):
            _remove(call, "pods", name)
            if exposed:
                _remove(call, "services", name)


def _attached(call: Invocation, name: str, restart: str) -> Process:
    flags, namespace = call.flags, call.factory.namespace
    seconds = flags.seconds("pod-running-timeout")
    pod = yield from wait_for_pod(call, namespace, name, seconds, _is_ready_or_over)
    yield from attach_or_show_log(call, pod, "", over=_phase(pod) in _ENDED)
    if restart == "Always" or flags.on("leave-stdin-open"):
        return 0
    # Where the pod is started again after a failure, only a success is an end.
    ends = _ENDED if restart == "Never" else ("Succeeded",)
    pod = yield from wait_for_pod(call, namespace, name, seconds, lambda one: _phase(one) in ends)
    return _code(pod)


def _phase(pod: Obj) -> str:
    return str(dig(pod, "status", "phase", default=""))


def _is_ready_or_over(pod: Obj) -> bool:
    return _phase(pod) in _ENDED or (_phase(pod) == "Running" and condition_is(pod, "Ready"))


def _code(pod: Obj) -> int:
    if _phase(pod) == "Succeeded":
        return 0
    full = f"pod {pod['metadata']['namespace']}/{pod['metadata']['name']}"
    statuses = dig(pod, "status", "containerStatuses", default=())
    ended: Obj = (dig(statuses[0], "state", "terminated", default={}) if statuses else {}) or {}
    if not ended.get("exitCode"):
        raise CommandError(f"{full} failed with unknown exit code")
    words = f"{full} terminated ({ended.get('reason', '')})\n{ended.get('message', '')}"
    raise RawError(words, int(ended["exitCode"]))


def _remove(call: Invocation, resource: str, name: str) -> None:
    factory = call.factory
    try:
        factory.request("delete", factory.mapper.resource(resource), factory.namespace, name)
    except ApiError as error:
        if is_not_found(error):
            return
        raise
    if not call.flags.on("quiet"):
        factory.out.line(f'{resource.removesuffix("s")} "{name}" deleted')
