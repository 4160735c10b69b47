"""What a kubelet does inside a pod: runs a command in a container, or asks a port, and waits for the outcome.

An errand is a task of the pod's world, so that it takes the virtual time that it takes. Used by probes and hooks.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cluster_engine.apimachinery.meta import Obj
from cluster_engine.containers.container import ContainerWorld, ProgramNotFound
from cluster_engine.containers.network.client import EmptyReply, Exchange, Timeout, connect, exchange, parse_url
from cluster_engine.containers.network.fabric import ConnectFault, Fabric, Namespace
from cluster_engine.containers.pipe import Sink, empty
from cluster_engine.containers.runner import Runner, Wait
from cluster_engine.containers.servers.base import GrpcHealth

if TYPE_CHECKING:
    from cluster_engine.kubelet.interfaces import Sandbox

MAX_OUTPUT_BYTES = 10 * 1024
MAX_REDIRECTS = 10
WORDS = {"refused": "connection refused", "unreachable": "no route to host", "timeout": "i/o timeout"}
USER_AGENT = "kube-probe/1.32"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How it went. An `error` is one that says nothing about the container: the command is not there, say."""

    success: bool
    message: str = ""
    error: bool = False
    # It could be something else the next time although nothing has changed: it took time, or the clock was read.
    restless: bool = False
    # Other pods were asked.
    remote: bool = False
    # How a command ended.
    code: int = 0


Errand = Generator[Wait, None, Outcome]


@dataclass(slots=True)
class Caller:
    """Who asks over the network in the name of a node."""

    fabric: Fabric
    network: Namespace
    runner: Runner

    @property
    def now_us(self) -> int:
        return self.runner.now_us


class _Task:
    """An errand on its way. `done` is called with its outcome."""

    def __init__(self, errand: Errand, done: Callable[[Outcome], None], fault: Callable[[], None]) -> None:
        self.lazy = False
        self.turn = 0
        self.alive = True
        self._errand = errand
        self._done = done
        self._fault = fault

    def resume(self) -> Wait | None:
        try:
            return next(self._errand)
        except StopIteration as result:
            self.alive = False
            self._done(result.value)
        except Exception:
            self.alive = False
            self._fault()
            self._done(Outcome(False, "internal error", error=True))
        return None


def send(worker: Sandbox, errand: Errand, done: Callable[[Outcome], None], what: str) -> Callable[[], None]:
    """Sends somebody on an errand; `done` is called at once where it takes no time. Returns what calls it off."""
    world = worker.inside.look()
    task = _Task(errand, done, lambda: worker.inside.fault(what))
    world.runner.add(task)
    worker.inside.run()

    def call_off() -> None:
        task.alive = False

    return call_off


def run_command(own: ContainerWorld, command: list[str], seconds: float | None) -> Errand:
    """Runs a command in a container, for at most `seconds`."""
    pod = own.pod
    output: list[bytes] = []
    clock, remote, start_us = pod.clock_readings, pod.remote_calls, pod.now_us
    sink = Sink(output.append)
    try:
        child = own.spawn(list(command), fds={0: empty(), 1: sink, 2: sink}, quiet=True)
    except ProgramNotFound as missing:
        words = (
            "rpc error: code = Unknown desc = failed to exec in container: failed to start exec: OCI runtime exec "
            f'failed: exec failed: unable to start container process: exec: "{missing.program}": '
            f"{missing.reason}: unknown"
        )
        return Outcome(False, words, error=True)
    deadline_us = None if seconds is None else start_us + round(seconds * 1_000_000)
    while child.exit_code is None and (deadline_us is None or pod.now_us < deadline_us):
        yield Wait(on=(child.done,), deadline_us=deadline_us)
    restless = pod.clock_readings != clock or pod.now_us != start_us
    is_remote = pod.remote_calls != remote
    if child.exit_code is None:
        child.end(137)
        shown = " ".join(command)
        return Outcome(
            False, f'command timed out: "{shown}" timed out after {seconds:g}s', restless=True, remote=is_remote
        )
    text = b"".join(output)[:MAX_OUTPUT_BYTES].decode("utf-8", "replace")
    return Outcome(child.exit_code == 0, text, restless=restless, remote=is_remote, code=child.exit_code)


def _caller(worker: Sandbox, runner: Runner) -> Caller:
    host = worker.host
    return Caller(host.infrastructure.fabric, host.probe_network, runner)


def get_url(worker: Sandbox, action: Obj, port: int, seconds: float) -> Errand:
    """Asks with HTTP GET. Follows pkg/probe/http."""
    world = worker.inside.look()
    caller = _caller(worker, world.runner)
    clock, start_us = world.clock_readings, world.now_us
    deadline_us = start_us + round(seconds * 1_000_000)
    host = action.get("host") or worker.ip
    scheme = (action.get("scheme") or "HTTP").lower()
    path = action.get("path") or "/"
    path = path if path.startswith("/") else f"/{path}"
    given = [(header["name"], header.get("value") or "") for header in action.get("httpHeaders") or ()]
    names = {name.lower() for name, _ in given}
    usual = (("Host", f"{host}:{port}"), ("User-Agent", USER_AGENT), ("Accept", "*/*"))
    headers = [(name, value) for name, value in usual if name.lower() not in names]
    url = f"{scheme}://{host}:{port}{path}"
    where, target, at_port = host, path, port
    remote = bool(action.get("host"))
    for _ in range(MAX_REDIRECTS):
        try:
            connection = yield from connect(caller, where, at_port, deadline_us)
            what = Exchange("GET", target, [*headers, *given, ("Connection", "close")])
            reply = yield from exchange(caller, connection, what, deadline_us)
            connection.finish()
        except ConnectFault as fault:
            words = f"dial tcp {where}:{at_port}: connect: {WORDS[fault.kind]}"
            return Outcome(False, f'Get "{url}": {words}', remote=remote)
        except Timeout as timeout:
            words = "context deadline exceeded (Client.Timeout exceeded while awaiting headers)"
            if not timeout.connected:
                words = f"dial tcp {where}:{at_port}: i/o timeout"
            return Outcome(False, f'Get "{url}": {words}', restless=True, remote=remote)
        except EmptyReply:
            return Outcome(False, f'Get "{url}": EOF', remote=remote)
        location = reply.header("location")
        if 300 <= reply.status < 400 and location:
            next_url = parse_url(location if "://" in location else f"{scheme}://{where}:{at_port}{location}")
            if next_url.host != where:
                # A redirect to another host counts as a success, with a warning.
                return Outcome(True, remote=remote)
            target, at_port = next_url.target, next_url.port
            continue
        restless = world.clock_readings != clock or world.now_us != start_us
        if 200 <= reply.status < 400:
            return Outcome(True, restless=restless, remote=remote)
        return Outcome(False, f"HTTP probe failed with statuscode: {reply.status}", restless=restless, remote=remote)
    return Outcome(False, f'Get "{target}": stopped after 10 redirects', remote=remote)


def dial(worker: Sandbox, host: str, port: int, seconds: float) -> Errand:
    """Opens a connection, and closes it again. Follows pkg/probe/tcp."""
    world = worker.inside.look()
    caller = _caller(worker, world.runner)
    deadline_us = world.now_us + round(seconds * 1_000_000)
    remote = host != worker.ip
    try:
        connection = yield from connect(caller, host, port, deadline_us)
        connection.finish()
    except ConnectFault as fault:
        return Outcome(False, f"dial tcp {host}:{port}: connect: {WORDS[fault.kind]}", remote=remote)
    except Timeout:
        return Outcome(False, f"dial tcp {host}:{port}: i/o timeout", restless=True, remote=remote)
    return Outcome(True, remote=remote)


def ask_health(worker: Sandbox, port: int, service: str, seconds: float) -> Errand:
    """Asks the health service of a gRPC server. Follows pkg/probe/grpc; what speaks no gRPC is never connected."""
    world = worker.inside.look()
    deadline_us = world.now_us + round(seconds * 1_000_000)
    late = f'timeout: failed to connect service "{worker.ip}:{port}" within {seconds:g}s: context deadline exceeded'
    try:
        connection = yield from connect(_caller(worker, world.runner), worker.ip, port, deadline_us)
    except (ConnectFault, Timeout):
        return Outcome(False, late)
    server = connection.handler
    connection.finish()
    if not isinstance(server, GrpcHealth):
        return Outcome(False, late)
    status = server.services.get(service)
    if status is None:
        return Outcome(False, "error: health rpc probe failed: rpc error: code = NotFound desc = unknown service")
    return Outcome(status == "SERVING", "" if status == "SERVING" else f'service unhealthy (responded with "{status}")')
