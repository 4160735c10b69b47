"""nginx: serves what its configuration says from the container's files, and logs as nginx does."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from cluster_engine.containers.network.fabric import ConnectFault, Connection
from cluster_engine.containers.network.http import REASONS, HttpReply, HttpRequest, HttpServer, http_date
from cluster_engine.containers.network.resolver import addresses_of
from cluster_engine.containers.process import SIGHUP, SIGQUIT, SIGTERM
from cluster_engine.containers.programs.options import arguments
from cluster_engine.containers.programs.system import become
from cluster_engine.containers.runner import Program
from cluster_engine.containers.servers.base import common_log_time, moment, run_until_stopped
from cluster_engine.containers.servers.nginx_config import ConfigFault, Location, Site, load
from cluster_engine.containers.servers.static import NotThere, content_type, find_file

if TYPE_CHECKING:
    from cluster_engine.containers.process import Process

CONFIG = "/etc/nginx/nginx.conf"
_SCRIPTS = (
    "10-listen-on-ipv6-by-default.sh",
    "15-local-resolvers.envsh",
    "20-envsubst-on-templates.sh",
    "30-tune-worker-processes.sh",
)


def entrypoint(process: Process) -> Program:
    """`/docker-entrypoint.sh`: says what it does before nginx, then becomes its arguments."""
    words = arguments(process)
    if words and words[0] in ("nginx", "nginx-debug"):
        head = "/docker-entrypoint.sh:"
        process.out(f"{head} /docker-entrypoint.d/ is not empty, will attempt to perform configuration\n")
        process.out(f"{head} Looking for shell scripts in /docker-entrypoint.d/\n")
        for script in _SCRIPTS:
            verb = "Sourcing" if script.endswith("envsh") else "Launching"
            process.out(f"{head} {verb} /docker-entrypoint.d/{script}\n")
            if script.startswith("10-"):
                name = script
                process.out(f"{name}: info: Getting the checksum of /etc/nginx/conf.d/default.conf\n")
                process.out(f"{name}: info: Enabled listen on IPv6 in /etc/nginx/conf.d/default.conf\n")
        process.out(f"{head} Configuration complete; ready for start up\n")
    return (yield from become(process, words or ["nginx", "-g", "daemon off;"]))


def nginx(process: Process) -> Program:
    """`nginx`, `nginx -v`, `-V`, `-t`, `-s reload|stop|quit`."""
    words = arguments(process)
    version = process.container.plan.facts.get("version", "1.27.5")
    if "-v" in words or "-V" in words:
        process.err(f"nginx version: nginx/{version}\n")
        if "-V" in words:
            process.err("built by gcc 12.2.0 (Debian 12.2.0-14)\nTLS SNI support enabled\n")
        return 0
    path = words[words.index("-c") + 1] if "-c" in words[:-1] else CONFIG
    if "-s" in words[:-1]:
        return _tell(process, words[words.index("-s") + 1])
    server = _Nginx(process, path, version)
    try:
        server.load()
    except ConfigFault as fault:
        process.err(f"nginx: [emerg] {fault}\n")
        if "-t" in words:
            process.err(f"nginx: configuration file {path} test failed\n")
        return 1
    if "-t" in words or "-T" in words:
        process.err(f"nginx: the configuration file {path} syntax is ok\n")
        process.err(f"nginx: configuration file {path} test is successful\n")
        return 0
    failed = server.listen()
    if failed is not None:
        why = f"bind() to 0.0.0.0:{failed} failed (98: Address already in use)"
        process.err(f"{server.stamp()} [emerg] {process.pid}#{process.pid}: {why}\n")
        process.err(f"nginx: [emerg] {why}\n")
        return 1
    server.greet()
    process.title = f"nginx: master process {' '.join(process.argv)}"
    return (yield from run_until_stopped(process, on_hangup=server.reload, on_stop=server.say_goodbye))


def _tell(process: Process, what: str) -> int:
    signal = {"reload": SIGHUP, "stop": SIGTERM, "quit": SIGQUIT}.get(what)
    if signal is None:
        process.err(f'nginx: invalid option: "-s {what}"\n')
        return 1
    running = [
        p
        for p in process.pod.visible(process.container)
        if p is not process and SIGHUP in p.handlers and p.name == "nginx"
    ]
    if not running:
        process.err('nginx: [error] open() "/run/nginx.pid" failed (2: No such file or directory)\n')
        return 1
    stamp = f"{moment(process.now_us):%Y/%m/%d %H:%M:%S}"
    process.err(f"{stamp} [notice] {process.pid}#{process.pid}: signal process started\n")
    running[0].signal(signal)
    return 0


class _Nginx:
    def __init__(self, process: Process, path: str, version: str) -> None:
        self._process = process
        self._path = path
        self._version = version
        self._sites: list[Site] = []
        self._ports: set[int] = set()
        self._connections = 0

    def load(self) -> None:
        self._sites = load(self._process, self._path)

    def listen(self) -> int | None:
        """Listens at all ports; the first that somebody else has, or None."""
        for port in sorted({port for site in self._sites for port in site.ports} - self._ports):
            try:
                self._process.pod.network.listen(port, self._accept, self._process)
            except OSError:
                return port
            self._ports.add(port)
        return None

    def stamp(self) -> str:
        return f"{moment(self._process.now_us):%Y/%m/%d %H:%M:%S}"

    def _notice(self, text: str, level: str = "notice") -> None:
        pid = self._process.pid
        self._process.err(f"{self.stamp()} [{level}] {pid}#{pid}: {text}\n")

    def greet(self) -> None:
        self._notice('using the "epoll" event method')
        self._notice(f"nginx/{self._version}")
        self._notice("built by gcc 12.2.0 (Debian 12.2.0-14) ")
        self._notice(f"OS: Linux {self._process.pod.kernel}")
        self._notice("getrlimit(RLIMIT_NOFILE): 1048576:1048576")
        self._notice("start worker processes")
        for worker in range(2):
            self._notice(f"start worker process {self._process.pid + 28 + worker}")

    def reload(self) -> None:
        self._notice("signal 1 (SIGHUP) received, reconfiguring")
        try:
            sites = load(self._process, self._path)
        except ConfigFault as fault:
            self._notice(str(fault), "emerg")
            return
        self._notice("reconfiguring")
        self._sites = sites
        self.listen()
        self._process.pod.touch()

    def say_goodbye(self, signal: int) -> None:
        if signal == SIGQUIT:
            self._notice("signal 3 (SIGQUIT) received, shutting down")
        else:
            self._notice(f"signal {signal} ({'SIGTERM' if signal == SIGTERM else 'SIGINT'}) received, exiting")

    # Requests.

    def _accept(self, connection: Connection) -> HttpServer:
        self._connections += 1
        return HttpServer(connection, self._respond)

    def _respond(self, request: HttpRequest, server: HttpServer) -> HttpReply | None:
        site = self._site_of(request, server.connection.port)
        if site is None:
            return self._logged(request, self._error(404))
        location = site.location(request.path)
        directives = location.directives if location is not None else site.directives
        if "proxy_pass" in directives:
            return self._logged(request, self._proxied(request, directives["proxy_pass"]))
        return self._logged(request, self._own(request, site, location, directives))

    def _site_of(self, request: HttpRequest, port: int) -> Site | None:
        host = request.headers.get("host", "").split(":")[0]
        here = [site for site in self._sites if port in site.ports]
        for site in here:
            if host in site.names:
                return site
        return next((site for site in here if site.default), here[0] if here else None)

    def _own(
        self, request: HttpRequest, site: Site, location: Location | None, directives: dict[str, list[str]]
    ) -> HttpReply:
        if "return" in directives:
            return self._returned(request, directives)
        if request.method not in ("GET", "HEAD"):
            return self._error(405)
        if "stub_status" in directives:
            count = self._connections
            text = f"Active connections: 1 \nserver accepts handled requests\n {count} {count} {count} \n"
            return self._reply(200, text.encode(), "text/plain")
        root = next(iter(directives.get("root", ["/etc/nginx/html"])), "")
        path = request.path
        if location is not None and "alias" in directives:
            root, path = directives["alias"][0].rstrip("/"), "/" + path[len(location.path) :].lstrip("/")
        tries = [word.replace("$uri", path) for word in directives.get("try_files", [path])]
        for index, candidate in enumerate(tries):
            if candidate.startswith("=") and index:
                return self._error(int(candidate[1:]) if candidate[1:].isdigit() else 404)
            try:
                name, file = find_file(self._process, root, candidate, directives.get("index", ["index.html"]))
            except NotThere as missing:
                if index < len(tries) - 1:
                    continue
                return self._missing(request, missing)
            return self._reply(200, file.data, content_type(name), file.mtime_us or self._process.started_us)
        return self._error(404)

    def _missing(self, request: HttpRequest, missing: NotThere) -> HttpReply:
        if missing.status == 301:
            reply = self._error(301)
            host = request.headers.get("host", "localhost")
            reply.headers.append(("Location", f"http://{host}{request.path}/"))
            return reply
        self._connections += 1
        what = (
            f'"{missing.path}" {missing.words}'
            if missing.words.startswith("directory")
            else (f'open() "{missing.path}" failed ({missing.words})')
        )
        if missing.words.startswith("directory"):
            what = f'directory index of "{missing.path}" is forbidden'
        pid = self._process.pid + 28
        self._process.err(
            f"{self.stamp()} [error] {pid}#{pid}: *{self._connections} {what}, client: {request.peer_ip}, "
            f'server: localhost, request: "{request.method} {request.target} {request.version}", '
            f'host: "{request.headers.get("host", "")}"\n'
        )
        return self._error(missing.status)

    def _returned(self, request: HttpRequest, directives: dict[str, list[str]]) -> HttpReply:
        words = directives["return"]
        status = int(words[0]) if words[0].isdigit() else 302
        text = self._filled(" ".join(words[1:] if words[0].isdigit() else words), request)
        if status in (301, 302, 303, 307, 308):
            reply = self._error(status)
            reply.headers.append(("Location", text))
            return reply
        if not text:
            return self._error(status) if status >= 300 else self._reply(status, b"", "text/plain")
        kind = next(iter(directives.get("default_type", ["application/octet-stream"])))
        if "add_header" in directives and directives["add_header"][:1] == ["Content-Type"]:
            kind = directives["add_header"][1]
        return self._reply(status, text.encode(), kind)

    def _filled(self, text: str, request: HttpRequest) -> str:
        values = {
            "hostname": self._process.pod.hostname, "host": request.headers.get("host", "").split(":")[0],
            "request_uri": request.target, "uri": request.path, "remote_addr": request.peer_ip, "scheme": "http",
            "server_addr": self._process.pod.network.ip, "request_method": request.method, "server_port": "80",
            "nginx_version": self._version, "http_user_agent": request.headers.get("user-agent", ""),
        }  # fmt: skip
        text = text.replace("\\n", "\n").replace("\\t", "\t")
        return re.sub(r"\$\{?(\w+)\}?", lambda found: values.get(found[1], ""), text)

    def _proxied(self, request: HttpRequest, words: list[str]) -> HttpReply:
        """Asks another server, which has to answer at once."""
        url = urlsplit(words[0])
        found, _ = addresses_of(self._process.container, url.hostname or "")
        pod = self._process.pod
        try:
            if not found:
                raise ConnectFault("timeout")
            connection = pod.fabric.connect(pod.network, found[0], url.port or 80)
        except ConnectFault:
            return self._error(502)
        from cluster_engine.containers.network.client import Exchange, parse_reply

        target = (url.path.rstrip("/") + request.target) if url.path not in ("", "/") else request.target
        headers = [("Host", url.netloc), ("X-Real-IP", request.peer_ip), ("Connection", "close")]
        connection.send(Exchange(request.method, target, headers, request.body).encode())
        reply = parse_reply(connection.incoming.take(), head_only=False, ended=True)
        connection.finish()
        if reply is None:
            return self._error(504)
        kind = reply.header("content-type") or "text/plain"
        return self._reply(reply.status, reply.body, kind)

    def _reply(self, status: int, body: bytes, kind: str, modified_us: int | None = None) -> HttpReply:
        headers = [
            ("Server", f"nginx/{self._version}"),
            ("Date", http_date(self._process.now_us)),
            ("Content-Type", kind),
            ("Content-Length", str(len(body))),
        ]
        if modified_us is not None:
            headers += [("Last-Modified", http_date(modified_us)), ("Connection", "keep-alive")]
            headers += [("ETag", f'"{modified_us // 1_000_000:x}-{len(body):x}"'), ("Accept-Ranges", "bytes")]
        else:
            headers.append(("Connection", "keep-alive"))
        return HttpReply(status, body, headers)

    def _error(self, status: int) -> HttpReply:
        title = f"{status} {'Not Allowed' if status == 405 else REASONS.get(status, '')}"
        page = (
            f"<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1></center>\r\n"
            f"<hr><center>nginx/{self._version}</center>\r\n</body>\r\n</html>\r\n"
        )
        return self._reply(status, page.encode(), "text/html")

    def _logged(self, request: HttpRequest, reply: HttpReply) -> HttpReply:
        size = 0 if request.method == "HEAD" else len(reply.body)
        self._process.out(
            f'{request.peer_ip} - - [{common_log_time(self._process.now_us)}] "{request.method} {request.target} '
            f'{request.version}" {reply.status} {size} "{request.headers.get("referer", "-")}" '
            f'"{request.headers.get("user-agent", "-")}" "-"\n'
        )
        return reply
