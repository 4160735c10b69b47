"""Apache httpd, and the small httpd of busybox."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cluster_engine.containers.network.http import HttpReply, HttpRequest, http_date
from cluster_engine.containers.process import SIGTERM
from cluster_engine.containers.programs.options import arguments
from cluster_engine.containers.runner import Program
from cluster_engine.containers.servers.base import common_log_time, http, listen, moment, run_until_stopped
from cluster_engine.containers.servers.static import NotThere, content_type, find_file

if TYPE_CHECKING:
    from cluster_engine.containers.process import Process

CONFIG = "/usr/local/apache2/conf/httpd.conf"
_BUSYBOX_404 = (
    b"<HTML><HEAD><TITLE>404 Not Found</TITLE></HEAD>\n<BODY><H1>404 Not Found</H1>\n"
    b"The requested URL was not found\n</BODY></HTML>\n"
)
_TEXTS = {
    403: ("Forbidden", "You don't have permission to access this resource."),
    404: ("Not Found", "The requested URL was not found on this server."),
    405: ("Method Not Allowed", "The requested method is not allowed for this URL."),
}


def httpd(process: Process) -> Program:
    """`httpd-foreground`, `httpd`, `httpd -v`, `httpd -t`."""
    words = arguments(process)
    version = process.container.plan.facts.get("version", "2.4.63")
    if "-v" in words or "-V" in words:
        process.out(f"Server version: Apache/{version} (Unix)\nServer built:   Jan 31 2025 01:21:04\n")
        return 0
    port, root = _config(process)
    if "-t" in words:
        process.err("Syntax OK\n")
        return 0
    server = _Apache(process, root, version)
    if listen(process, {port: http(server.respond)}) is not None:
        process.err(f"(98)Address already in use: AH00072: make_sock: could not bind to address 0.0.0.0:{port}\n")
        process.err("no listening sockets available, shutting down\nAH00015: Unable to open logs\n")
        return 1
    process.title = "httpd -DFOREGROUND"
    ip = process.pod.network.ip
    warning = (
        "AH00558: httpd: Could not reliably determine the server's fully qualified domain name, using "
        f"{ip}. Set the 'ServerName' directive globally to suppress this message\n"
    )
    process.err(warning * 2)
    server.notice("mpm_event", f"AH00489: Apache/{version} (Unix) configured -- resuming normal operations")
    server.notice("core", "AH00094: Command line: 'httpd -D FOREGROUND'")

    def goodbye(signal: int) -> None:
        if signal == SIGTERM:
            server.notice("mpm_event", "AH00491: caught SIGTERM, shutting down")

    return (yield from run_until_stopped(process, on_stop=goodbye))


def _config(process: Process) -> tuple[int, str]:
    """(port, document root) of httpd.conf."""
    try:
        text = process.fs.read(CONFIG).decode("utf-8", "replace")
    except OSError:
        text = ""
    port = re.search(r"(?m)^\s*Listen\s+(?:\S+:)?(\d+)", text)
    root = re.search(r'(?m)^\s*DocumentRoot\s+"?([^"\n]+)"?', text)
    return int(port[1]) if port else 80, root[1].strip() if root else "/usr/local/apache2/htdocs"


class _Apache:
    def __init__(self, process: Process, root: str, version: str) -> None:
        self._process = process
        self._root = root
        self._version = version

    def notice(self, module: str, text: str) -> None:
        now = self._process.now_us
        stamp = f"{moment(now):%a %b %d %H:%M:%S}.{now % 1_000_000:06d} {moment(now):%Y}"
        pid = self._process.pid
        self._process.err(f"[{stamp}] [{module}:notice] [pid {pid}:tid {pid}] {text}\n")

    def respond(self, request: HttpRequest) -> HttpReply:
        reply = self._answer(request)
        size = "-" if request.method == "HEAD" or not reply.body else str(len(reply.body))
        self._process.out(
            f"{request.peer_ip} - - [{common_log_time(self._process.now_us)}] "
            f'"{request.method} {request.target} {request.version}" {reply.status} {size}\n'
        )
        return reply

    def _answer(self, request: HttpRequest) -> HttpReply:
        if request.method not in ("GET", "HEAD", "POST", "OPTIONS"):
            return self._error(405)
        try:
            name, file = find_file(self._process, self._root, request.path, ["index.html"])
        except NotThere as missing:
            if missing.status == 301:
                return HttpReply(301, b"", [("Location", request.path + "/"), *self._headers()])
            if missing.words.startswith("directory"):
                return self._index(request.path)
            return self._error(missing.status)
        headers = [*self._headers(), ("Last-Modified", http_date(file.mtime_us or self._process.started_us))]
        headers += [("Accept-Ranges", "bytes"), ("Content-Type", content_type(name, "text/plain"))]
        return HttpReply(200, file.data, headers)

    def _index(self, path: str) -> HttpReply:
        """A directory without an index page is listed."""
        names = self._process.fs.names(self._root + path)
        items = "".join(f'<li><a href="{name}"> {name}</a></li>\n' for name in names)
        title = f"Index of {path}"
        head = f"<html>\n <head>\n  <title>{title}</title>\n </head>\n <body>\n<h1>{title}</h1>\n"
        page = f"{head}<ul>{items}</ul>\n</body></html>\n"
        return HttpReply(200, page.encode(), [*self._headers(), ("Content-Type", "text/html;charset=ISO-8859-1")])

    def _headers(self) -> list[tuple[str, str]]:
        return [("Date", http_date(self._process.now_us)), ("Server", f"Apache/{self._version} (Unix)")]

    def _error(self, status: int) -> HttpReply:
        title, text = _TEXTS.get(status, ("Error", ""))
        page = (
            f'<!DOCTYPE HTML PUBLIC "-//IETF//DTD HTML 2.0//EN">\n<html><head>\n<title>{status} {title}</title>\n'
            f"</head><body>\n<h1>{title}</h1>\n<p>{text}</p>\n</body></html>\n"
        )
        return HttpReply(status, page.encode(), [*self._headers(), ("Content-Type", "text/html; charset=iso-8859-1")])


def busybox_httpd(process: Process) -> Program:
    """`httpd -f -p PORT -h FOLDER`."""
    words = arguments(process)
    port_text = words[words.index("-p") + 1] if "-p" in words[:-1] else "80"
    digits = port_text.rpartition(":")[2]
    root = words[words.index("-h") + 1] if "-h" in words[:-1] else process.cwd
    root = process.fs.canonical(root, process.cwd)

    def respond(request: HttpRequest) -> HttpReply:
        try:
            name, file = find_file(process, root, request.path, ["index.html"])
        except NotThere:
            return HttpReply(404, _BUSYBOX_404, [("Content-type", "text/html"), ("Connection", "close")], close=True)
        headers = [("Date", http_date(process.now_us)), ("Connection", "close"), ("Content-type", content_type(name))]
        return HttpReply(200, file.data, headers, close=True)

    if listen(process, {int(digits) if digits.isdigit() else 80: http(respond)}) is not None:
        process.err("httpd: bind: Address already in use\n")
        return 1
    if "-f" not in words and process is not process.container.main:
        # It goes into the background: the shell goes on, the server stays.
        process.pod.network.hand_over(process)
        return 0
    return (yield from run_until_stopped(process, stop_code=143, stop_seconds=0))
