"""agnhost, the image of Kubernetes' own tests: one program with many subcommands."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

from cluster_engine.containers.container import ProgramNotFound
from cluster_engine.containers.network.client import Timeout, connect
from cluster_engine.containers.network.fabric import ConnectFault, Connection
from cluster_engine.containers.network.http import HttpReply, HttpRequest, HttpServer, text_reply
from cluster_engine.containers.network.resolver import config_of
from cluster_engine.containers.pipe import Pipe, empty
from cluster_engine.containers.process import decode
from cluster_engine.containers.programs.network import BadAddress, resolve
from cluster_engine.containers.programs.options import UsageFault, checked
from cluster_engine.containers.programs.system import seconds_of
from cluster_engine.containers.runner import Program
from cluster_engine.containers.servers.base import GrpcHealth, Silent, http, listen, moment, run_until_stopped
from cluster_engine.containers.servers.mounttest import mounttest
from cluster_engine.containers.servers.static import NotThere, find_file

if TYPE_CHECKING:
    from cluster_engine.containers.network.fabric import Connection
    from cluster_engine.containers.process import Process

LIVENESS_SECONDS = 10.0


def _flags(words: list[str]) -> tuple[dict[str, str], list[str]]:
    """Go's flags: `--name=value`, `--name value`, `--name`."""
    flags: dict[str, str] = {}
    rest: list[str] = []
    queue = list(words)
    while queue:
        word = queue.pop(0)
        if not word.startswith("-"):
            rest.append(word)
            continue
        name, equals, value = word.lstrip("-").partition("=")
        if not equals and queue and not queue[0].startswith("-") and (queue[0].isdigit() or ":" not in queue[0]):
            value = queue.pop(0) if not rest or queue[0][:1].isdigit() else ""
        flags[name] = value or "true"
    return flags, rest


@checked
def agnhost(process: Process) -> Program:
    words = process.argv[1:]
    name = words[0] if words else "help"
    command = _COMMANDS.get(name)
    if name in ("--version", "version"):
        process.out("agnhost version 2.53\n")
        return 0
    if command is None:
        if name in ("help", "--help"):
            process.out(
                "Usage:\n  app [command]\n\nAvailable Commands:\n" + "".join(f"  {c}\n" for c in sorted(_COMMANDS))
            )
            return 0
        process.err(f'Error: unknown command "{name}" for "app"\nRun \'app --help\' for usage.\n')
        return 1
    flags, rest = _flags(words[1:])
    return (yield from command(process, flags, rest))


def _port(flags: dict[str, str], name: str, default: int) -> int:
    value = flags.get(name, "")
    return int(value) if value.isdigit() else default


def _stamp(process: Process) -> str:
    return f"{moment(process.now_us):%Y/%m/%d %H:%M:%S}"


def _klog_stamp(process: Process) -> str:
    return f"I{moment(process.now_us):%m%d %H:%M:%S}.{process.now_us % 1_000_000:06d}"


def _pause(process: Process, flags: dict[str, str], rest: list[str]) -> Program:
    process.out("Paused\n")
    return (yield from run_until_stopped(process, stop_code=2, stop_seconds=0))


def _serve_hostname(process: Process, flags: dict[str, str], rest: list[str]) -> Program:
    port = _port(flags, "port", 9376)
    listen(process, {port: http(lambda request: text_reply(process.pod.hostname))})
    process.err(f"{_klog_stamp(process)}       1 log.go:195] Serving on port {port}.\n")
    return (yield from run_until_stopped(process, stop_code=0 if flags.get("close") else 2, stop_seconds=0.1))


# netexec


def _netexec(process: Process, flags: dict[str, str], rest: list[str]) -> Program:
    port = _port(flags, "http-port", 8080)
    server = _Netexec(process)
    ports: dict[int, Callable[[Connection], HttpServer | Silent]] = {port: server.accept}
    for word in rest:
        if word.isdigit():
            ports[int(word)] = server.accept
    listen(process, ports)
    process.err(f"{_stamp(process)} Started HTTP server on port {port}\n")
    process.err(f"{_stamp(process)} Started UDP server on port  {_port(flags, 'udp-port', 8081)}\n")
    delay = seconds_of([flags["delay-shutdown"]]) if "delay-shutdown" in flags else 0.0
    return (yield from run_until_stopped(process, stop_code=0 if delay else 2, stop_seconds=delay or 0.1))


class _Netexec:
    def __init__(self, process: Process) -> None:
        self._process = process

    def accept(self, connection: Connection) -> HttpServer:
        return HttpServer(connection, self._respond)

    def _respond(self, request: HttpRequest, server: HttpServer) -> HttpReply | None:
        process, query = self._process, request.query
        process.err(f"{_stamp(process)} {request.method} {request.path}\n")
        match request.path.lower():
            case "/":
                return text_reply(
                    f"NOW: {moment(process.now_us):%Y-%m-%d %H:%M:%S}.{process.now_us % 1_000_000:06d} +0000 UTC"
                )
            case "/hostname":
                return text_reply(process.pod.hostname)
            case "/clientip":
                return text_reply(f"{request.peer_ip}:{request.peer_port}")
            case "/echo":
                status = query.get("code", "200")
                return text_reply(query.get("msg", ""), int(status) if status.isdigit() else 200)
            case "/header":
                return text_reply(request.headers.get(query.get("key", "").lower(), ""))
            case "/healthz":
                return HttpReply(200)
            case "/exit":
                code = query.get("code", "0")
                server.connection.later(0.01, lambda: process.end(int(code) & 255 if code.isdigit() else 0))
                return HttpReply(200)
            case "/redirect":
                return HttpReply(302, b"", [("Location", query.get("location", "/"))])
            case "/shell":
                self._shell(query.get("cmd") or query.get("shellCommand") or "", server)
                return None
            case "/hang":
                return None
        return text_reply("404 page not found\n", 404)

    def _shell(self, command: str, server: HttpServer) -> None:
        process, out, err = self._process, Pipe(), Pipe()
        try:
            child = process.container.spawn(
                ["/bin/sh", "-c", command], fds={0: empty(), 1: out, 2: err}, parent=process
            )
        except ProgramNotFound as missing:
            server.reply(text_reply(json.dumps({"error": str(missing)}, separators=(",", ":"))))
            return

        def answer(ended: Process) -> None:
            result = {"output": decode(out.take())}
            if ended.exit_code:
                result["error"] = f"exit status {ended.exit_code}"
            server.reply(text_reply(json.dumps(result, separators=(",", ":"))))

        child.on_end.append(answer)


def _porter(process: Process, flags: dict[str, str], rest: list[str]) -> Program:
    """Serves the value of SERVE_PORT_80 at port 80, and so on."""
    for name, value in process.env.items():
        prefix = next((p for p in ("SERVE_PORT_", "SERVE_TLS_PORT_") if name.startswith(p)), None)
        if prefix and name[len(prefix) :].isdigit():
            listen(process, {int(name[len(prefix) :]): http(lambda request, text=value: text_reply(text))})  # type: ignore[misc]
    return (yield from run_until_stopped(process, stop_code=2))


def _test_webserver(process: Process, flags: dict[str, str], rest: list[str]) -> Program:
    def respond(request: HttpRequest) -> HttpReply:
        try:
            return HttpReply(200, find_file(process, "/", request.path, [])[1].data)
        except NotThere as missing:
            if missing.words.startswith("directory"):
                names = "".join(f'<a href="{name}">{name}</a>\n' for name in process.fs.names(request.path))
                return text_reply(f"<pre>\n{names}</pre>\n", content_type="text/html; charset=utf-8")
            return text_reply("404 page not found\n", 404)

    listen(process, {_port(flags, "port", 80): http(respond)})
    return (yield from run_until_stopped(process, stop_code=2))


def liveness(process: Process, flags: dict[str, str] | None = None, rest: list[str] | None = None) -> Program:
    """Healthy for ten seconds, then not: the example of the documentation on probes."""

    def respond(request: HttpRequest) -> HttpReply:
        if request.path != "/healthz":
            return text_reply(f"{process.pod.hostname}")
        seconds = (process.pod.read_clock() - process.started_us) / 1_000_000
        if seconds > LIVENESS_SECONDS:
            return text_reply(f"error: {seconds:f}", 500)
        return text_reply("ok")

    listen(process, {8080: http(respond)})
    return (yield from run_until_stopped(process, stop_code=2))


def _connect(process: Process, flags: dict[str, str], rest: list[str]) -> Program:
    """`connect HOST:PORT`: silence is success, one word is the reason why not."""
    if not rest:
        raise UsageFault("Error: accepts 1 arg(s), received 0")
    host, _, port = rest[0].rpartition(":")
    seconds = seconds_of([flags.get("timeout", "3s")]) or 0.0
    deadline_us = process.now_us + round(seconds * 1_000_000) if seconds else None
    word = ""
    try:
        address = yield from resolve(process, host.strip("[]"))
        connection = yield from connect(process.pod, address, int(port) if port.isdigit() else 0, deadline_us)
        connection.finish()
    except BadAddress as bad:
        word = f"DNS: lookup {host}: {'no such host' if bad.status == 'NXDOMAIN' else 'i/o timeout'}"
    except Timeout:
        word = "TIMEOUT"
    except ConnectFault as fault:
        word = {"refused": "REFUSED", "timeout": "TIMEOUT", "unreachable": "OTHER: no route to host"}[fault.kind]
    if word:
        process.err(word + "\n")
    return int(bool(word))


def _etc_hosts(process: Process, flags: dict[str, str], rest: list[str]) -> Program:
    process.stdout.write(process.fs.read("/etc/hosts"))
    return 0
    yield


def _dns_suffix(process: Process, flags: dict[str, str], rest: list[str]) -> Program:
    process.out(",".join(config_of(process.container).search) + "\n")
    return 0
    yield


def _dns_server_list(process: Process, flags: dict[str, str], rest: list[str]) -> Program:
    process.out(",".join(config_of(process.container).servers) + "\n")
    return 0
    yield


def _entrypoint_tester(process: Process, flags: dict[str, str], rest: list[str]) -> Program:
    process.out("[" + " ".join(process.argv) + "]\n")
    return 0
    yield


def _logs_generator(process: Process, flags: dict[str, str], rest: list[str]) -> Program:
    total = int(flags.get("log-lines-total", "0") or 0)
    seconds = seconds_of([flags.get("run-duration", "0s")]) or 0.0
    for line in range(min(total, 100_000)):
        verb = ("GET", "POST", "PUT")[line % 3]
        path = f"/api/v1/namespaces/ns/pods/{process.pod.rng.suffix(3)}"
        stamp = _klog_stamp(process)
        process.out(f"{stamp}       1 logs_generator.go:76] {line} {verb} {path} {200 + line % 400}\n")
        if seconds:
            yield process.sleep(seconds / total)
    return 0


def _grpc_health(process: Process, flags: dict[str, str], rest: list[str]) -> Program:
    """A gRPC server whose health is switched over HTTP."""
    service = flags.get("service", "")
    services = {service: "SERVING"}

    def switch(request: HttpRequest) -> HttpReply:
        states = {"/make-serving": "SERVING", "/make-not-serving": "NOT_SERVING"}
        path = request.target.partition("?")[0]
        if path not in states:
            return HttpReply(404, b"404 page not found\n")
        services[service] = states[path]
        process.pod.touch()
        return HttpReply(200)

    def accept(connection: Connection) -> GrpcHealth:
        return GrpcHealth(connection, services)

    listen(process, {_port(flags, "port", 5000): accept, _port(flags, "http-port", 8080): http(switch)})
    return (yield from run_until_stopped(process, stop_code=2))


def _wait(process: Process, flags: dict[str, str], rest: list[str]) -> Program:
    """A subcommand that serves something which nobody asks here."""
    listen(process, {_port(flags, "port", 8080): Silent})
    return (yield from run_until_stopped(process, stop_code=2))


_Command = Callable[["Process", dict[str, str], list[str]], Program]
_COMMANDS: dict[str, _Command] = {
    "connect": _connect,
    "dns-server-list": _dns_server_list,
    "dns-suffix": _dns_suffix,
    "entrypoint-tester": _entrypoint_tester,
    "etc-hosts": _etc_hosts,
    "fake-gitserver": _wait,
    "grpc-health-checking": _grpc_health,
    "liveness": liveness,
    "logs-generator": _logs_generator,
    "mounttest": mounttest,
    "net": _wait,
    "netexec": _netexec,
    "pause": _pause,
    "porter": _porter,
    "serve-hostname": _serve_hostname,
    "test-webserver": _test_webserver,
    "webhook": _wait,
}
