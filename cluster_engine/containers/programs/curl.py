"""`curl`."""

from __future__ import annotations

import base64
import posixpath
import re
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cluster_engine.containers.network.client import EmptyReply, Exchange, Timeout, Url, connect, exchange, parse_url
from cluster_engine.containers.network.fabric import ConnectFault
from cluster_engine.containers.network.http import HttpReply, status_line
from cluster_engine.containers.pipe import read_all
from cluster_engine.containers.process import encode
from cluster_engine.containers.programs.network import WORDS, BadAddress, resolve
from cluster_engine.containers.programs.options import UsageFault, arguments, checked
from cluster_engine.containers.runner import Program, Wait

if TYPE_CHECKING:
    from cluster_engine.containers.process import Process

MAX_REDIRECTS = 20
_FLAGS = {
    "silent": "s", "show-error": "S", "fail": "f", "include": "i", "head": "I", "location": "L", "insecure": "k",
    "verbose": "v", "get": "G", "compressed": "0", "no-progress-meter": "s", "no-buffer": "N", "globoff": "g",
    "fail-with-body": "f", "http1.1": "0", "remote-name": "O", "ipv4": "4", "no-keepalive": "0",
}  # fmt: skip
_VALUED = {
    "request": "X", "header": "H", "data": "d", "data-raw": "d", "data-binary": "d", "output": "o", "write-out": "w",
    "max-time": "m", "connect-timeout": "1", "user": "u", "user-agent": "A", "retry": "2", "cacert": "3",
    "resolve": "5",
    "retry-delay": "6", "interface": "7", "cookie": "b", "form": "F", "referer": "e", "url": "U", "cert": "E",
    "key": "8", "upload-file": "T", "unix-socket": "9",
}  # fmt: skip


@dataclass(slots=True)
class _Curl:
    """A curl command line."""

    urls: list[str] = field(default_factory=list)
    flags: set[str] = field(default_factory=set)
    values: dict[str, str] = field(default_factory=dict)
    headers: list[tuple[str, str]] = field(default_factory=list)
    data: list[str] = field(default_factory=list)

    @property
    def quiet(self) -> bool:
        return "s" in self.flags and "S" not in self.flags


def _curl_options(words: list[str]) -> _Curl:
    curl = _Curl()
    queue = list(words)
    while queue:
        word = queue.pop(0)
        if word.startswith("--"):
            name, equals, value = word[2:].partition("=")
            if name in _FLAGS:
                curl.flags.add(_FLAGS[name])
            elif name in _VALUED:
                _set(curl, _VALUED[name], value if equals else queue.pop(0) if queue else "")
            else:
                raise UsageFault(f"option {word}: is unknown")
        elif word.startswith("-") and len(word) > 1:
            letters = word[1:]
            for index, letter in enumerate(letters):
                if letter in "XHdowmuAbFeT":
                    _set(curl, letter, letters[index + 1 :] or (queue.pop(0) if queue else ""))
                    break
                curl.flags.add(letter)
        else:
            curl.urls.append(word)
    if "U" in curl.values:
        curl.urls.append(curl.values["U"])
    return curl


def _set(curl: _Curl, letter: str, value: str) -> None:
    if letter == "H":
        name, _, text = value.partition(":")
        curl.headers.append((name.strip(), text.strip()))
    elif letter in "dF":
        curl.data.append(value)
    else:
        curl.values[letter] = value


@checked
def curl(process: Process) -> Program:
    try:
        options = _curl_options(arguments(process))
    except UsageFault as fault:
        process.err(f"curl: {fault}\ncurl: try 'curl --help' or 'curl --manual' for more information\n")
        return 2
    if arguments(process)[:1] in (["--version"], ["-V"]):
        process.out("curl 8.5.0 (x86_64-pc-linux-gnu) libcurl/8.5.0\nProtocols: http https\n")
        return 0
    if not options.urls:
        process.err("curl: (2) no URL specified\n")
        return 2
    code = 0
    for url in options.urls:
        code = yield from _curl_one(process, options, url)
    return code


def _curl_one(process: Process, options: _Curl, text: str) -> Program:
    started_us = process.now_us
    try:
        url = parse_url(text)
    except ValueError:
        return _curl_fails(process, options, 3, "URL rejected: Malformed input to a URL function")
    if url.scheme not in ("http", "https"):
        return _curl_fails(process, options, 1, f'Protocol "{url.scheme}" not supported or disabled in libcurl')
    seconds = options.values.get("m") or ""
    deadline_us = process.now_us + round(float(seconds) * 1_000_000) if re.fullmatch(r"[\d.]+", seconds) else None
    attempts = int(options.values.get("2") or 0) if (options.values.get("2") or "0").isdigit() else 0
    for attempt in range(attempts + 1):
        code = yield from _curl_follow(process, options, url, deadline_us, started_us)
        if code not in (7, 28, 52) or attempt == attempts:
            return code
        yield process.sleep(min(2**attempt, 600))
    return 0


def _curl_follow(process: Process, options: _Curl, url: Url, deadline_us: int | None, started_us: int) -> Program:
    what = _exchange(process, options, url)
    if isinstance(what, Generator):
        what = yield from what
    address = ""
    for _ in range(MAX_REDIRECTS):
        limit = options.values.get("1") or ""
        connect_us = process.now_us + round(float(limit) * 1_000_000) if re.fullmatch(r"[\d.]+", limit) else None
        limits = [us for us in (deadline_us, connect_us) if us is not None]
        try:
            address = yield from resolve(process, url.host)
            process.asks_others()
            connection = yield from connect(process.pod, address, url.port, min(limits, default=None))
            connection.encrypted = url.scheme == "https"
            reply = yield from exchange(process.pod, connection, what, deadline_us)
            connection.finish()
        except BadAddress as bad:
            if bad.status == "TIMEOUT":
                return _curl_fails(
                    process, options, 6, f"Could not resolve host: {url.host} (Timeout while contacting DNS servers)"
                )
            return _curl_fails(process, options, 6, f"Could not resolve host: {url.host}")
        except ConnectFault as fault:
            took_ms = (process.now_us - started_us) // 1000
            old = _is_old_curl(process)
            words = WORDS[fault.kind] if old else "Couldn't connect to server"
            after = "" if old else f" after {took_ms} ms"
            return _curl_fails(
                process,
                options,
                7 if fault.kind != "timeout" else 28,
                f"Failed to connect to {url.host} port {url.port}{after}: {words}",
            )
        except Timeout as timeout:
            took_ms = (process.now_us - started_us) // 1000
            if timeout.connected:
                return _curl_fails(
                    process, options, 28, f"Operation timed out after {took_ms} milliseconds with 0 bytes received"
                )
            return _curl_fails(process, options, 28, f"Connection timed out after {took_ms} milliseconds")
        except EmptyReply:
            if url.scheme == "https":
                return _curl_fails(
                    process,
                    options,
                    35,
                    "OpenSSL SSL_connect: Connection reset by peer in connection to " + url.authority,
                )
            return _curl_fails(process, options, 52, "Empty reply from server")
        target = reply.header("location")
        if "L" not in options.flags or reply.status not in (301, 302, 303, 307, 308) or not target:
            return _curl_show(process, options, url, what, reply, address, started_us)
        url = parse_url(target if "://" in target else f"{url.scheme}://{url.authority}{target}")
        if reply.status == 303 or (reply.status in (301, 302) and what.method == "POST"):
            what = Exchange("GET", url.target, what.headers)
        what = Exchange(what.method, url.target, [("Host", url.authority), *what.headers[1:]], what.body)
    return _curl_fails(process, options, 47, f"Maximum ({MAX_REDIRECTS}) redirects followed")


def _is_old_curl(process: Process) -> bool:
    """Whether the image's curl is of the time before 7.81."""
    return bool(re.match(r"7\.[0-7]|stretch|buster|jessie", process.container.plan.facts.get("curl", "8")))


def _curl_fails(process: Process, options: _Curl, code: int, words: str) -> int:
    if not options.quiet:
        process.err(f"curl: ({code}) {words}\n")
    _write_out(process, options, None, "", process.now_us)
    return code


def _exchange(process: Process, options: _Curl, url: Url) -> Exchange | Generator[Wait, None, Exchange]:
    body = "&".join(options.data)
    method = options.values.get("X") or (
        "HEAD" if "I" in options.flags else "POST" if options.data and "G" not in options.flags else "GET"
    )
    target = url.target
    if "G" in options.flags and body:
        target, body = f"{target}{'&' if '?' in target else '?'}{body}", ""
    given = {name.lower() for name, _ in options.headers}
    headers = [("Host", {name.lower(): value for name, value in options.headers}.get("host", url.authority))]
    user = options.values.get("u") or url.user
    if user:
        headers.append(("Authorization", "Basic " + base64.b64encode(user.encode()).decode()))
    if "user-agent" not in given:
        headers.append(("User-Agent", options.values.get("A") or "curl/8.5.0"))
    if "accept" not in given:
        headers.append(("Accept", "*/*"))
    headers += [(name, value) for name, value in options.headers if name.lower() != "host"]

    def finished(data: bytes) -> Exchange:
        if data or method in ("POST", "PUT", "PATCH"):
            headers.append(("Content-Length", str(len(data))))
            if "content-type" not in given:
                headers.append(("Content-Type", "application/x-www-form-urlencoded"))
        return Exchange(method, target, headers, data)

    if body.startswith("@"):
        if body == "@-":

            def from_stdin() -> Generator[Wait, None, Exchange]:
                return finished((yield from read_all(process.stdin)))

            return from_stdin()
        return finished(process.fs.read(body[1:], process.cwd, process.user))
    return finished(encode(body))


def _curl_show(
    process: Process, options: _Curl, url: Url, what: Exchange, reply: HttpReply, address: str, started_us: int
) -> int:
    if "v" in options.flags:
        process.err(f"*   Trying {address}:{url.port}...\n* Connected to {url.host} ({address}) port {url.port}\n")
        process.err(
            "".join(
                f"> {line}\n"
                for line in (f"{what.method} {what.target} HTTP/1.1", *(f"{n}: {v}" for n, v in what.headers), "")
            )
        )
        process.err(
            "".join(f"< {line}\n" for line in (status_line(reply), *(f"{n}: {v}" for n, v in reply.headers), ""))
        )
    if "f" in options.flags and reply.status >= 400:
        return _curl_fails(process, options, 22, f"The requested URL returned error: {reply.status}")
    data = reply.body
    if "i" in options.flags or "I" in options.flags:
        head = "".join(f"{line}\r\n" for line in (status_line(reply), *(f"{n}: {v}" for n, v in reply.headers), ""))
        data = head.encode("latin-1", "replace") + data
    output = options.values.get("o") or (posixpath.basename(url.target) if "O" in options.flags else "")
    if output and output not in ("-", "/dev/stdout"):
        if output != "/dev/null":
            process.fs.write(output, data, process.cwd, process.user)
    else:
        process.stdout.write(data)
    _write_out(process, options, reply, address, started_us)
    if "v" in options.flags:
        process.err(f"* Connection #0 to host {url.host} left intact\n")
    return 0


def _write_out(process: Process, options: _Curl, reply: HttpReply | None, address: str, started_us: int) -> None:
    form = options.values.get("w")
    if not form:
        return
    total = (process.now_us - started_us) / 1_000_000
    values = {
        "http_code": f"{reply.status if reply else 0:03d}", "response_code": f"{reply.status if reply else 0:03d}",
        "size_download": str(len(reply.body) if reply else 0), "remote_ip": address, "time_total": f"{total:.6f}",
        "time_connect": f"{0.0004:.6f}", "content_type": reply.header("content-type") if reply else "",
        "num_redirects": "0", "url_effective": "",
    }  # fmt: skip
    text = re.sub(r"%\{(\w+)\}", lambda found: values.get(found[1], ""), form)
    process.out(text.replace("\\n", "\n").replace("\\t", "\t").replace("\\r", "\r"))
