"""A container's resolver: /etc/hosts, then the name servers and search domains of /etc/resolv.conf."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cluster_engine.containers.network.fabric import Answer, Record

if TYPE_CHECKING:
    from cluster_engine.containers.container import ContainerWorld

CLUSTER_DNS = "10.96.0.10"
_TIMED_OUT = Answer("TIMEOUT")


@dataclass(slots=True)
class ResolverConfig:
    """/etc/resolv.conf, taken apart."""

    servers: list[str] = field(default_factory=list)
    search: list[str] = field(default_factory=list)
    ndots: int = 1


def config_of(container: ContainerWorld) -> ResolverConfig:
    config = ResolverConfig()
    try:
        text = container.fs.read("/etc/resolv.conf").decode("utf-8", "replace")
    except OSError:
        return config
    for line in text.splitlines():
        words = line.split("#")[0].split()
        if len(words) < 2:
            continue
        if words[0] == "nameserver":
            config.servers.append(words[1])
        elif words[0] in ("search", "domain"):
            config.search = words[1:]
        elif words[0] == "options":
            for option in words[1:]:
                if option.startswith("ndots:") and option[6:].isdigit():
                    config.ndots = int(option[6:])
    return config


def is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def candidates(config: ResolverConfig, name: str) -> list[str]:
    """The full names to try for a name, in order."""
    if name.endswith("."):
        return [name[:-1]]
    searched = [f"{name}.{domain}" for domain in config.search]
    return [name, *searched] if name.count(".") >= config.ndots else [*searched, name]


def query(container: ContainerWorld, server: str, name: str, kind: str) -> Answer:
    """Asks one server about one full name."""
    container.pod.remote_calls += 1
    fabric = container.pod.fabric
    if server == CLUSTER_DNS:
        if not fabric.reaches_names(container.pod.network, server):
            return _TIMED_OUT
        return fabric.names.answer(container.pod.network.node_ip, name, kind)
    if server == container.pod.node_dns:
        # The node's own resolver: it knows the world outside, of which there is none.
        return Answer("NXDOMAIN")
    return _TIMED_OUT


def search(container: ContainerWorld, name: str, kind: str, server: str = "") -> tuple[str, Answer]:
    """(the full name that was answered for, the answer), going through the search domains."""
    config = config_of(container)
    servers = [server] if server else config.servers
    if not servers:
        return name, _TIMED_OUT
    last = (name, Answer("NXDOMAIN"))
    for full in candidates(config, name):
        answer = query(container, servers[0], full, kind)
        if answer.status == "TIMEOUT":
            return full, answer
        if answer.status == "NOERROR" and answer.records:
            return full, answer
        last = (full, answer)
    return last


def hosts_of(container: ContainerWorld, name: str) -> list[str]:
    """The addresses that /etc/hosts has for a name."""
    try:
        text = container.fs.read("/etc/hosts").decode("utf-8", "replace")
    except OSError:
        return []
    found = []
    for line in text.splitlines():
        words = line.split("#")[0].split()
        if name in words[1:]:
            found.append(words[0])
    return found


def addresses_of(container: ContainerWorld, name: str) -> tuple[list[str], str]:
    """(IPv4 addresses of a host name, the status: NOERROR, NXDOMAIN, SERVFAIL or TIMEOUT)."""
    if is_address(name):
        return [name], "NOERROR"
    listed = [ip for ip in hosts_of(container, name.rstrip(".")) if "." in ip]
    if listed:
        return listed, "NOERROR"
    _, answer = search(container, name, "A")
    found = addresses_in(answer.records)
    return found, answer.status if found or answer.status != "NOERROR" else "NXDOMAIN"


def addresses_in(records: tuple[Record, ...]) -> list[str]:
    return [record.value for record in records if record.kind == "A"]
