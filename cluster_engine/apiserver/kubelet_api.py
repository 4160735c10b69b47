"""What the API server asks of a kubelet, and what it may get: the questions, the refusals, the interface."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Protocol

from cluster_engine.apimachinery.errors import ApiError
from cluster_engine.apimachinery.meta import Obj
from cluster_engine.apiserver.streams import ByteStream, Exchange, PortForward


@dataclass(frozen=True, slots=True)
class LogQuery:
    """What of a container's log is asked for; None where nothing is said."""

    follow: bool = False
    previous: bool = False
    timestamps: bool = False
    since_us: int | None = None
    tail_lines: int | None = None
    limit_bytes: int | None = None
    stream: str = "All"


@dataclass(frozen=True, slots=True)
class ExecQuery:
    """What is to run in a container, and with which streams. No command means: join the main process."""

    command: tuple[str, ...] = ()
    stdin: bool = False
    stdout: bool = True
    stderr: bool = True
    tty: bool = False


@dataclass(frozen=True, slots=True)
class ProxyCall:
    """An HTTP request that is handed on. Header names are in lower case."""

    method: str
    path: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class ProxyAnswer:
    """The reply to a `ProxyCall`."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


class KubeletApi(Protocol):
    """A kubelet's own server. Every method may raise `ApiError`, with the kubelet's words."""

    def logs(self, pod: Obj, container: str, query: LogQuery) -> str | ByteStream: ...

    def exec(self, pod: Obj, container: str, query: ExecQuery) -> Exchange: ...

    def attach(self, pod: Obj, container: str, query: ExecQuery) -> Exchange: ...

    def port_forward(self, pod: Obj, ports: tuple[int, ...]) -> PortForward: ...

    def proxy(self, pod: Obj, port: int, call: ProxyCall) -> ProxyAnswer: ...

    def serve(self, call: ProxyCall) -> ProxyAnswer:
        """A request to the kubelet itself."""


class KubeletRefusal(ApiError):
    """What a kubelet refuses, or that it cannot be reached.

    The message is what clients of today are told, for whom the API server translates. Others get what was there before
    it: the kubelet's own answer (`body`), or the refusal of an API server that reached nobody.
    """

    def __init__(self, message: str, *, code: int = 500, body: str = "", unreached: str = "") -> None:
        super().__init__(500, "InternalError", f"Internal error occurred: {message}")
        self.details = {"causes": [{"message": message}]}
        self.body = body
        self.body_code = code
        self.unreached = unreached


def translated(data: bytes) -> bytes:
    """A session's last Status as the API server passes it on: an error becomes one of its own.

    Follows k8s.io/apiserver/pkg/util/proxy/streamtranslator.go.
    """
    status: Obj = json.loads(data)
    if status.get("status") == "Success" or status.get("reason") == "NonZeroExitCode":
        return data
    words = str(status.get("message", ""))
    return json.dumps(ApiError(
        500, "InternalError", f"Internal error occurred: {words}", {"causes": [{"message": words}]}
    ).status()).encode()
