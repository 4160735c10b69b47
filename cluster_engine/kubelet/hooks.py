"""postStart and preStop hooks. Follows pkg/kubelet/lifecycle/handlers.go."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from cluster_engine.apimachinery.gotext import quote
from cluster_engine.apimachinery.meta import Obj
from cluster_engine.kubelet import errands
from cluster_engine.kubelet.errands import Outcome
from cluster_engine.kubelet.probes import port_number

if TYPE_CHECKING:
    from cluster_engine.kubelet.interfaces import Sandbox
    from cluster_engine.kubelet.runtime import Container

HTTP_SECONDS = 30.0


def hook_of(spec: Obj, name: str) -> Obj | None:
    """The `postStart` or `preStop` of a container's spec."""
    return (spec.get("lifecycle") or {}).get(name) or None


def run(worker: Sandbox, container: Container, name: str, done: Callable[[Outcome], None]) -> Callable[[], None]:
    """Runs a hook; `done` is told how it went. Returns what calls it off."""
    hook = hook_of(container.spec, name) or {}
    if "sleep" in hook:
        run_id = container.run
        worker.plan(
            float((hook["sleep"] or {}).get("seconds") or 0),
            lambda: done(Outcome(True)) if container.run == run_id else None,
            f"{name} of {container.name}",
            container,
        )
        return lambda: None
    what = f"{name} of {container.name}"
    if "exec" in hook:
        own = worker.inside.inside(container)
        if own is None:
            done(Outcome(False, "container not found"))
            return lambda: None
        command = (hook["exec"] or {}).get("command") or []
        return errands.send(worker, errands.run_command(own, command, None), done, what)
    action = hook.get("httpGet") or hook.get("tcpSocket") or {}
    port = port_number(container.spec, action.get("port")) or 80
    if "httpGet" in hook:
        errand = errands.get_url(worker, action, port, HTTP_SECONDS)
    else:
        errand = errands.dial(worker, action.get("host") or worker.ip, port, HTTP_SECONDS)
    return errands.send(worker, errand, done, what)


def failure_words(container: Container, name: str, outcome: Outcome, pod: Obj) -> str:
    """Why a hook failed, as the kubelet logs it and shows it in a waiting container."""
    meta = pod["metadata"]
    where = f'Container "{container.name}" in Pod "{meta["name"]}_{meta["namespace"]}({meta["uid"]})"'
    command = ((hook_of(container.spec, name) or {}).get("exec") or {}).get("command") or []
    hook, message = hook_of(container.spec, name) or {}, quote(outcome.message)
    if "exec" not in hook:
        return f"HTTP lifecycle hook for {where} failed - error: {outcome.message}"
    shown = " ".join(command)
    error = f"command '{shown}' exited with {outcome.code}: "
    return f"Exec lifecycle hook ([{shown}]) for {where} failed - error: {error}, message: {message}"
