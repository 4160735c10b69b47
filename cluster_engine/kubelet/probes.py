"""Probes: what is asked, and of whom. Follows pkg/kubelet/prober/prober.go."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

from cluster_engine.apimachinery.meta import Obj
from cluster_engine.kubelet import errands
from cluster_engine.kubelet.errands import Outcome

if TYPE_CHECKING:
    from cluster_engine.kubelet.interfaces import Sandbox
    from cluster_engine.kubelet.runtime import Container

ProbeKind = Literal["readiness", "liveness", "startup"]
WORDS: dict[ProbeKind, str] = {"readiness": "Readiness", "liveness": "Liveness", "startup": "Startup"}


def period_seconds(probe: Obj) -> int:
    return probe.get("periodSeconds") or 10


def port_number(spec: Obj, port: int | str | None) -> int | None:
    """A probe's port as a number; names are those of the container's own ports."""
    if isinstance(port, int):
        return port
    if isinstance(port, str) and port.isdigit():
        return int(port)
    for declared in spec.get("ports") or ():
        if declared.get("name") == port:
            return int(declared["containerPort"])
    return None


def ask(worker: Sandbox, container: Container, probe: Obj, done: Callable[[Outcome], None]) -> None:
    """Asks; `done` is told the outcome, at once where it takes no time."""
    seconds = float(probe.get("timeoutSeconds") or 1)
    what = f"probe of {container.name}"
    if "exec" in probe:
        own = worker.inside.inside(container)
        command = (probe["exec"] or {}).get("command") or []
        if own is None or not own.running or not command:
            done(Outcome(False, "container is not running", error=True))
            return
        errands.send(worker, errands.run_command(own, command, seconds), done, what)
        return
    field = next((name for name in ("httpGet", "tcpSocket", "grpc") if name in probe), None)
    if field is None:
        done(Outcome(True))
        return
    action = probe[field] or {}
    port = port_number(container.spec, action.get("port"))
    if port is None:
        done(Outcome(False, f'couldn\'t find port named "{action.get("port")}"', error=True))
        return
    if field == "httpGet":
        errand = errands.get_url(worker, action, port, seconds)
    elif field == "grpc":
        errand = errands.ask_health(worker, port, action.get("service") or "", seconds)
    else:
        errand = errands.dial(worker, action.get("host") or worker.ip, port, seconds)
    errands.send(worker, errand, done, what)
