"""nginx's configuration: blocks and directives, and which server and location a request meets."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cluster_engine.containers.process import Process

_TOKEN = re.compile(
    r"""\s*(?:\#[^\n]*\n?|("(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|[{};]|(?:[^\s{};"'\\]|\\.|\$\{\w+\})+))"""
)
MAX_INCLUDES = 50
_IN_MAIN = frozenset(
    """user worker_processes error_log pid events http include worker_rlimit_nofile load_module daemon master_process
    env stream mail thread_pool timer_resolution worker_cpu_affinity worker_priority worker_shutdown_timeout pcre_jit
    lock_file debug_points google_perftools_profiles ssl_engine""".split()
)


class ConfigFault(Exception):
    """A configuration that nginx refuses; the message is its own, after `[emerg] `."""


@dataclass(slots=True)
class Directive:
    """`name arguments;`, or `name arguments { block }`."""

    name: str
    arguments: list[str]
    block: list[Directive] | None
    file: str
    line: int


@dataclass(slots=True)
class Location:
    modifier: str
    path: str
    directives: dict[str, list[str]] = field(default_factory=dict)


@dataclass(slots=True)
class Site:
    """One `server` block."""

    ports: list[int]
    names: list[str]
    directives: dict[str, list[str]]
    locations: list[Location]
    default: bool = False

    def location(self, path: str) -> Location | None:
        """The location that a path meets: exact, then the longest prefix, then expressions in their order."""
        best: Location | None = None
        for location in self.locations:
            if location.modifier == "=" and location.path == path:
                return location
            if location.modifier in ("", "^~") and path.startswith(location.path):
                if best is None or len(location.path) > len(best.path):
                    best = location
        if best is not None and best.modifier == "^~":
            return best
        for location in self.locations:
            if location.modifier in ("~", "~*"):
                flags = re.IGNORECASE if location.modifier == "~*" else 0
                try:
                    if re.search(location.path[:500], path[:2000], flags):
                        return location
                except re.error:
                    continue
        return best


def load(process: Process, path: str) -> list[Site]:
    """The sites of a configuration. Raises `ConfigFault`."""
    sites = []
    top = _read(process, path, [0])
    for directive in top:
        if directive.name not in _IN_MAIN:
            words = (
                f'"{directive.name}" directive is not allowed here'
                if directive.name in _KNOWN
                else (f'unknown directive "{directive.name}"')
            )
            raise ConfigFault(f"{words} in {directive.file}:{directive.line}")
    for http in (d for d in top if d.name == "http"):
        for server in http.block or []:
            if server.name == "server":
                sites.append(_site(server, http))
    if not any(d.name == "events" for d in top):
        raise ConfigFault('no "events" section in configuration')
    return sites


_KNOWN = frozenset("server location listen server_name root index return proxy_pass upstream".split())


def _site(server: Directive, http: Directive) -> Site:
    ports, names, default = [], [], False
    directives = {d.name: d.arguments for d in http.block or [] if d.block is None}
    locations = []
    for directive in server.block or []:
        if directive.name == "listen":
            number = re.search(r"(\d+)$", directive.arguments[0] if directive.arguments else "")
            if number is None:
                raise ConfigFault(f"invalid parameter in {directive.file}:{directive.line}")
            if int(number[1]) not in ports:
                ports.append(int(number[1]))
            default = default or "default_server" in directive.arguments
        elif directive.name == "server_name":
            names += directive.arguments
        elif directive.name == "location":
            words = directive.arguments
            modifier, path = (words[0], words[1]) if len(words) > 1 else ("", words[0] if words else "/")
            inner = {d.name: d.arguments for d in directive.block or []}
            locations.append(Location(modifier, path, {**directives, **inner}))
        else:
            directives[directive.name] = directive.arguments
    for location in locations:
        location.directives = {**directives, **location.directives}
    return Site(ports or [80], names, directives, locations, default)


def _read(process: Process, path: str, included: list[int]) -> list[Directive]:
    included[0] += 1
    if included[0] > MAX_INCLUDES:
        raise ConfigFault("too many includes")
    try:
        text = process.fs.read(path).decode("utf-8", "replace")
    except OSError as error:
        raise ConfigFault(f'open() "{path}" failed ({error.errno}: {error.strerror})') from None
    tokens = [(found[1], text.count("\n", 0, found.start(1)) + 1) for found in _TOKEN.finditer(text) if found[1]]
    directives, rest = _block(process, tokens, 0, path, included, top=True)
    if rest < len(tokens):
        raise ConfigFault(f'unexpected "}}" in {path}:{tokens[rest][1]}')
    return directives


def _block(
    process: Process, tokens: list[tuple[str, int]], position: int, path: str, included: list[int], *, top: bool
) -> tuple[list[Directive], int]:
    found: list[Directive] = []
    words: list[str] = []
    while position < len(tokens):
        piece, line = tokens[position]
        position += 1
        if piece == "}":
            if words:
                raise ConfigFault(f'unexpected "}}" in {path}:{line}')
            return (found, position - 1) if top else (found, position)
        if piece not in (";", "{"):
            words.append(piece[1:-1] if piece[0] in "\"'" and len(piece) > 1 else piece)
            continue
        if not words:
            raise ConfigFault(f'unexpected "{piece}" in {path}:{line}')
        if piece == "{":
            block, position = _block(process, tokens, position, path, included, top=False)
            found.append(Directive(words[0], words[1:], block, path, line))
        elif words[0] == "include" and len(words) > 1:
            pattern = words[1] if words[1].startswith("/") else f"/etc/nginx/{words[1]}"
            names = process.fs.glob(pattern) if any(c in pattern for c in "*?[") else [pattern]
            for name in names:
                if not name.endswith("mime.types"):
                    found += _read(process, name, included)
        else:
            found.append(Directive(words[0], words[1:], None, path, line))
        words = []
    line = tokens[-1][1] if tokens else 1
    if words:
        raise ConfigFault(f'unexpected end of file, expecting ";" or "}}" in {path}:{line}')
    if not top:
        raise ConfigFault(f'unexpected end of file, expecting "}}" in {path}:{line}')
    return found, position
