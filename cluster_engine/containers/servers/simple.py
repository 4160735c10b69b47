"""Servers with little to say: `pause`, unknown images, images without a behaviour of their own, `stress`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cluster_engine.containers.network.fabric import Connection
from cluster_engine.containers.network.http import HttpReply, HttpRequest, HttpServer, text_reply
from cluster_engine.containers.process import SIGTERM
from cluster_engine.containers.programs.options import UsageFault, arguments, checked, number, plain
from cluster_engine.containers.programs.system import become, seconds_of
from cluster_engine.containers.runner import Program, Wait
from cluster_engine.containers.servers.base import Silent, http, listen, moment, ports_of, run_until_stopped
from cluster_engine.containers.servers.static import NotThere, content_type, find_file

if TYPE_CHECKING:
    from cluster_engine.containers.process import Process


def pause(process: Process) -> Program:
    """Holds the pod's namespaces, and nothing else."""
    if "-v" in process.argv:
        process.out("pause.c 3.10\n")
        return 0
    code = yield from run_until_stopped(process, stop_code=0, stop_seconds=0)
    process.err("Shutting down, got signal: Terminated\n")
    return code


def unknown(process: Process) -> Program:
    """An image that nobody knows: it listens at its declared ports and is content with every request."""
    facts = process.container.plan.facts
    ports = [int(port) for port in facts.get("declared_ports", "").split(",") if port]
    listen(process, dict.fromkeys(ports, http(lambda request: HttpReply(200))))
    return (yield from run_until_stopped(process))


def generic(process: Process) -> Program:
    """A server of which only the ports are known: HTTP where it is asked so, else silence."""

    def accept(connection: Connection) -> HttpServer | Silent:
        if connection.port in (80, 443, 3000, 5678, 8000, 8080, 9090, 9100):
            return HttpServer(connection, lambda request, server: _say_who(process, request))
        return Silent(connection)

    listen(process, dict.fromkeys(ports_of(process), accept))
    return (yield from run_until_stopped(process))


def _say_who(process: Process, request: HttpRequest) -> HttpReply:
    name = process.container.plan.image.rpartition("/")[2]
    return text_reply(f"{name} on {process.pod.hostname}\n")


@checked
def stress(process: Process) -> Program:
    """`stress`: says what it does, and takes the memory that it is told to take."""
    words = arguments(process)
    workers, amount, seconds = 1, 0, None
    for index, word in enumerate(words[:-1]):
        value = words[index + 1]
        if word in ("--vm", "-m"):
            workers = number(value)
        elif word == "--vm-bytes":
            amount = number(value)
        elif word in ("--timeout", "-t"):
            seconds = seconds_of([value])
    if "--vm" in words and not amount:
        amount = 256 * 1024 * 1024
    processors = words[words.index("--cpu") + 1] if "--cpu" in words[:-1] else 0
    hogs = f"{processors} cpu, 0 io, {workers if amount else 0} vm, 0 hdd"
    process.out(f"stress: info: [{process.pid}] dispatching hogs: {hogs}\n")
    yield process.sleep(0.3)
    process.memory_bytes = workers * amount
    process.container.check_memory()
    if seconds is None:
        yield Wait()
    yield process.sleep(seconds or 0)
    process.out(f"stress: info: [{process.pid}] successful run completed in {seconds or 0:.0f}s\n")
    return 0


def or_default(process: Process) -> Program:
    """An entrypoint that becomes its arguments; options alone are for the image's own program."""
    words = arguments(process)
    own = {"curlimages/curl": "curl", "library/memcached": "memcached", "library/mongo": "mongod"}
    program = next((name for image, name in own.items() if process.container.plan.image.endswith(image)), "sh")
    if not words or words[0].startswith("-"):
        words = [program, *words]
    return (yield from become(process, words))


@plain
def hello(process: Process) -> int:
    """hello-world."""
    process.out("\nHello from Docker!\nThis message shows that your installation appears to be working correctly.\n\n")
    return 0


def http_echo(process: Process) -> Program:
    """hashicorp/http-echo: `-text=…`, `-listen=:5678`."""
    text, port = "hello-world", 5678
    for word in arguments(process):
        name, _, value = word.lstrip("-").partition("=")
        if name == "text":
            text = value
        elif name == "listen" and value.rpartition(":")[2].isdigit():
            port = int(value.rpartition(":")[2])
    listen(process, {port: http(lambda request: text_reply(text + "\n"))})
    process.err(f"{_go_stamp(process)} [INFO] server is listening on :{port}\n")
    return (yield from run_until_stopped(process))


def _go_stamp(process: Process) -> str:
    return f"{moment(process.now_us):%Y/%m/%d %H:%M:%S}"


def hello_app(process: Process) -> Program:
    """gcr.io/google-samples/hello-app: says its version and its host."""
    version = process.container.plan.tag or "1.0"
    if "." in version:
        version += ".0" * (2 - version.count("."))

    def respond(request: HttpRequest) -> HttpReply:
        process.err(f"{_go_stamp(process)} Serving request: {request.path}\n")
        return text_reply(f"Hello, world!\nVersion: {version}\nHostname: {process.pod.hostname}\n")

    port = process.env.get("PORT", "8080")
    listen(process, {int(port) if port.isdigit() else 8080: http(respond)})
    process.err(f"{_go_stamp(process)} Server listening on port {port}\n")
    return (yield from run_until_stopped(process, stop_code=2))


def bootcamp(process: Process) -> Program:
    """kubernetes-bootcamp of the tutorials."""
    version = process.container.plan.tag.removeprefix("v") or "1"

    def respond(request: HttpRequest) -> HttpReply:
        process.out(f"Running On: {process.pod.hostname} | Total Requests: 1 | App Uptime: 0 seconds | Log Time: now\n")
        return text_reply(
            f"Hello Kubernetes bootcamp! | Running on: {process.pod.hostname} | v={version}\n",
            content_type="text/plain",
        )

    listen(process, {8080: http(respond)})
    process.out(f"Kubernetes Bootcamp App Started At: {_go_stamp(process)} | Running On:  {process.pod.hostname} \n\n")
    return (yield from run_until_stopped(process, stop_code=143))


def whoami(process: Process) -> Program:
    """traefik/whoami: who was asked, and what."""

    def respond(request: HttpRequest) -> HttpReply:
        lines = [f"Hostname: {process.pod.hostname}", "IP: 127.0.0.1", f"IP: {process.pod.network.ip}"]
        lines += [f"RemoteAddr: {request.peer_ip}:{request.peer_port}", f"{request.method} {request.target} HTTP/1.1"]
        return text_reply("\n".join([*lines, *request.lines]) + "\n\n")

    words = arguments(process)
    port = words[words.index("--port") + 1] if "--port" in words[:-1] else "80"
    listen(process, {int(port) if port.isdigit() else 80: http(respond)})
    process.err(f"{_go_stamp(process)} Starting up on port {port}\n")
    return (yield from run_until_stopped(process))


def echoserver(process: Process) -> Program:
    """registry.k8s.io/echoserver: the request as it came."""

    def respond(request: HttpRequest) -> HttpReply:
        body = request.body.decode("utf-8", "replace") or "-no body in request-"
        headers = "".join(f"\t{line.replace(': ', '=', 1)}\n" for line in sorted(request.lines))
        return text_reply(
            f"\n\nHostname: {process.pod.hostname}\n\nPod Information:\n\t-no pod information available-\n\n"
            f"Request Information:\n\tclient_address={request.peer_ip}\n\tmethod={request.method}\n"
            f"\treal path={request.target}\n\trequest_version=1.1\n\trequest_scheme=http\n\n"
            f"Request Headers:\n{headers}\nRequest Body:\n\t{body}\n\n"
        )

    listen(process, {8080: http(respond)})
    return (yield from run_until_stopped(process))


def php_page(process: Process) -> Program:
    """hpa-example and other one-page sites: says OK, whatever is asked."""
    text = process.container.plan.facts.get("page", "OK!").replace("{tag}", process.container.plan.tag)
    listen(
        process,
        dict.fromkeys(ports_of(process) or [80], http(lambda request: text_reply(text, content_type="text/html"))),
    )
    return (yield from run_until_stopped(process))


@checked
def python(process: Process) -> Program:
    """`python3 -m http.server PORT` and `python3 --version`; a script in Python is beyond the simulation."""
    words = arguments(process)
    if "--version" in words or "-V" in words:
        process.out(f"Python {process.container.plan.facts.get('version', '3.13.3')}\n")
        return 0
    if words[:2] == ["-m", "http.server"] or words[:3] == ["-u", "-m", "http.server"]:
        return (yield from _python_http(process, [word for word in words if word.isdigit()]))
    if not words:
        # The prompt reads its standard input, which is empty.
        return 0
    raise UsageFault("scripts are not run in this simulation")


def _python_http(process: Process, numbers: list[str]) -> Program:
    port = int(numbers[0]) if numbers else 8000

    def respond(request: HttpRequest) -> HttpReply:
        try:
            name, file = find_file(process, process.cwd, request.path, ["index.html"])
        except NotThere as missing:
            if missing.words.startswith("directory"):
                items = "".join(
                    f'<li><a href="{n}">{n}</a></li>\n' for n in process.fs.names(process.cwd + request.path)
                )
                return text_reply(
                    f"<h1>Directory listing for {request.path}</h1>\n<ul>\n{items}</ul>\n", content_type="text/html"
                )
            return text_reply("Error response\nError code: 404\nMessage: File not found.\n", 404)
        return HttpReply(200, file.data, [("Content-type", content_type(name))])

    if listen(process, {port: http(respond)}) is not None:
        process.err("OSError: [Errno 98] Address already in use\n")
        return 1
    process.out(f"Serving HTTP on 0.0.0.0 port {port} (http://0.0.0.0:{port}/) ...\n")
    process.handlers.pop(SIGTERM, None)
    yield Wait()
    return 0
