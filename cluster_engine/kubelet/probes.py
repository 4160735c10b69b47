"""Probes: whether they will succeed, and when.

A simulated container's answers follow from its image and command, so a probe whose answer cannot change any more is not
asked again: a cluster at rest has no probe timers. Follows pkg/kubelet/prober.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from cluster_engine.apimachinery.meta import Obj
from cluster_engine.kubelet import scripts
from cluster_engine.kubelet.runtime import Container

ProbeKind = Literal["readiness", "liveness", "startup"]
WORDS: dict[ProbeKind, str] = {"readiness": "Readiness", "liveness": "Liveness", "startup": "Startup"}


@dataclass(frozen=True, slots=True)
class Answer:
    """What a probe says.

    `until_seconds` is when, after the container's start, it will say something else (None: never).
    """

    success: bool
    message: str = ""
    until_seconds: float | None = None


def period_seconds(probe: Obj) -> int:
    return probe.get("periodSeconds") or 10


def ask(container: Container, probe: Obj, pod_ip: str, seconds: float) -> Answer:
    """The probe's answer so many seconds after the container's start."""
    if "exec" in probe:
        return _exec(container, probe["exec"].get("command") or [], seconds)
    for field in ("httpGet", "tcpSocket", "grpc"):
        if field in probe:
            action = probe[field] or {}
            port = port_number(container.spec, action.get("port"))
            if port is None:
                return Answer(False, f'couldn\'t find port named "{action.get("port")}"')
            if listens(container, port):
                return _http(container, action, seconds) if field == "httpGet" else Answer(True)
            return Answer(False, _refused(field, action, action.get("host") or pod_ip, port))
    return Answer(True)


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


def listens(container: Container, port: int) -> bool:
    """Whether something answers there: the image's own ports, and the declared ones."""
    if container.image.any or port in container.image.ports:
        return True
    return any(declared.get("containerPort") == port for declared in container.spec.get("ports") or ())


def _http(container: Container, action: Obj, seconds: float) -> Answer:
    # The documentation's liveness image serves /healthz for ten seconds and then fails on purpose.
    if container.image.repository.endswith("/liveness") and action.get("path") == "/healthz":
        return (
            Answer(True, until_seconds=10.0)
            if seconds < 10
            else Answer(False, "HTTP probe failed with statuscode: 500")
        )
    return Answer(True)


def _refused(field: str, action: Obj, host: str, port: int) -> str:
    if field == "httpGet":
        scheme = (action.get("scheme") or "HTTP").lower()
        path = action.get("path") or "/"
        url = f"{scheme}://{host}:{port}{path if path.startswith('/') else '/' + path}"
        return f'Get "{url}": dial tcp {host}:{port}: connect: connection refused'
    if field == "grpc":
        return f'timeout: failed to connect service "{host}:{port}" within 1s: context deadline exceeded'
    return f"dial tcp {host}:{port}: connect: connection refused"


def _exec(container: Container, command: list[str], seconds: float) -> Answer:
    """A command succeeds unless it is known to fail: `false`, `exit 1`, `cat` of a file that is not there."""
    if container.image.any or not command:
        return Answer(True)
    program = scripts.base_name(command[0])
    path = command[-1] if len(command) > 1 else ""
    if program in ("cat", "ls", "test", "[", "stat") and path.startswith("/tmp/"):  # noqa: S108 - a path in a container
        changes = [when for when, name, _ in container.behaviour.files if name == path and when > seconds]
        if container.behaviour.file_exists(path, seconds):
            return Answer(True, until_seconds=min(changes, default=None))
        return Answer(False, f"cat: can't open '{path}': No such file or directory", min(changes, default=None))
    behaviour = scripts.behaviour_of(tuple(command))
    if behaviour is not None and behaviour.exit_code:
        return Answer(False, f"command terminated with exit code {behaviour.exit_code}")
    return Answer(True)
