"""`wget`, as busybox has it."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Generator
from typing import TYPE_CHECKING

from cluster_engine.containers.network.client import EmptyReply, Exchange, Timeout, Url, connect, exchange, parse_url
from cluster_engine.containers.network.fabric import ConnectFault
from cluster_engine.containers.network.http import HttpReply, status_line
from cluster_engine.containers.process import encode
from cluster_engine.containers.programs.network import WORDS, BadAddress, resolve
from cluster_engine.containers.programs.options import arguments, checked, parse
from cluster_engine.containers.programs.system import seconds_of
from cluster_engine.containers.runner import Program, Wait

if TYPE_CHECKING:
    from cluster_engine.containers.process import Process

MAX_REDIRECTS = 20
_LONG = {
    "quiet": "q", "timeout": "T", "output-document": "O", "spider": "s", "tries": "t", "header": "H",
    "no-check-certificate": "k", "post-data": "d", "server-response": "S", "user-agent": "U",
}  # fmt: skip


@checked
def wget(process: Process) -> Program:
    words = arguments(process)
    headers = [word.partition("=")[2] for word in words if word.startswith("--header=")]
    # `-qO-` is short for `-q -O -`.
    words = [part for word in words for part in re.sub(r"\A-qO", "-q\0-O", word).split("\0")]
    options, urls = parse(words, "qcSskn46v", "OTtPUHd", long=_LONG)
    if "H" in options and not headers:
        headers = [options["H"]]
    if not urls:
        process.err("BusyBox v1.36.1 multi-call binary.\n\nUsage: wget [-cqS] [--spider] [-O FILE] [-T SEC] URL...\n")
        return 1
    seconds = seconds_of([options["T"]]) if "T" in options else 900.0
    deadline_us = process.now_us + round((seconds or 900.0) * 1_000_000)
    url = parse_url(urls[0])
    for _ in range(MAX_REDIRECTS):
        reply = yield from _get(process, options, headers, url, deadline_us)
        if reply is None:
            return 1
        target = reply.header("location")
        if reply.status not in (301, 302, 303, 307, 308) or not target:
            return _save(process, options, url, reply)
        url = parse_url(target if "://" in target else f"{url.scheme}://{url.authority}{target}")
    process.err("wget: too many redirections\n")
    return 1


def _request(options: dict[str, str], headers: list[str], url: Url) -> Exchange:
    method = "POST" if "d" in options else "HEAD" if "s" in options else "GET"
    extra = [(name.strip(), value.strip()) for name, _, value in (header.partition(":") for header in headers)]
    body = encode(options.get("d", ""))
    sent = [("Host", url.authority), ("User-Agent", options.get("U", "Wget")), *extra, ("Connection", "close")]
    if body:
        sent += [("Content-Type", "application/x-www-form-urlencoded"), ("Content-Length", str(len(body)))]
    return Exchange(method, url.target, sent, body)


def _get(
    process: Process, options: dict[str, str], headers: list[str], url: Url, deadline_us: int
) -> Generator[Wait, None, HttpReply | None]:
    """The reply, or None where it has been told why there is none."""
    shown, address = url.host if url.port in (80, 443) else f"{url.host}:{url.port}", ""
    try:
        address = yield from resolve(process, url.host)
        if "q" not in options:
            process.err(f"Connecting to {shown} ({address}:{url.port})\n")
        process.asks_others()
        connection = yield from connect(process.pod, address, url.port, deadline_us)
        connection.encrypted = url.scheme == "https"
        reply = yield from exchange(process.pod, connection, _request(options, headers, url), deadline_us)
        connection.finish()
        return reply
    except BadAddress:
        words = f"bad address '{shown}'"
    except ConnectFault as fault:
        words = f"can't connect to remote host ({address}): {WORDS[fault.kind]}"
    except Timeout:
        words = "download timed out"
    except EmptyReply:
        words = "error getting response"
    process.err(f"wget: {words}\n")
    return None


def _save(process: Process, options: dict[str, str], url: Url, reply: HttpReply) -> int:
    quiet = "q" in options
    if "S" in options:
        process.err("".join(f"  {line}\n" for line in (status_line(reply), *(f"{n}: {v}" for n, v in reply.headers))))
    if reply.status >= 400:
        process.err(f"wget: server returned error: {status_line(reply)}\n")
        return 1
    if "s" in options:
        if not quiet:
            process.err("remote file exists\n")
        return 0
    name = options.get("O") or posixpath.basename(url.target.partition("?")[0]) or "index.html"
    if name == "-":
        shown, before, after = "-", "writing to stdout", "written to stdout"
    else:
        shown, before, after = posixpath.basename(name), f"saving to '{name}'", f"'{name}' saved"
    if not quiet:
        process.err(f"{before}\n")
    if name == "-":
        process.stdout.write(reply.body)
    elif "O" not in options and process.fs.exists(name, process.cwd):
        process.err(f"wget: can't open '{name}': File exists\n")
        return 1
    else:
        process.fs.write(posixpath.join(options.get("P", ""), name), reply.body, process.cwd, process.user)
    if not quiet:
        process.err(f"{shown:<20.20s} 100% |{'*' * 32}| {len(reply.body):5d}  0:00:00 ETA\n{after}\n")
    return 0
