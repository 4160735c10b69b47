"""The cluster's DNS. Follows CoreDNS' kubernetes plugin and the DNS-based service discovery specification, v1.1.0."""

from __future__ import annotations

import re
from collections.abc import Callable

from cluster_engine.apimachinery.meta import Obj
from cluster_engine.containers.network.fabric import Answer, Record
from cluster_engine.proxy.services import Endpoint, Services, addresses_of, is_headless

ZONE = "cluster.local"
TTL_SECONDS = 30
NXDOMAIN = Answer("NXDOMAIN")
NO_DATA = Answer("NOERROR")
_DASHED = re.compile(r"(\d{1,3})-(\d{1,3})-(\d{1,3})-(\d{1,3})")


class ClusterNames:
    """The DNS server at 10.96.0.10. `has_namespace` says whether a namespace exists."""

    def __init__(self, services: Services, has_namespace: Callable[[str], bool]) -> None:
        self._services = services
        self._has_namespace = has_namespace

    def answer(self, name: str, kind: str) -> Answer:
        """The answer to a question about a full name."""
        name = name.rstrip(".").lower()
        if name.endswith(".in-addr.arpa"):
            return self._reverse(name) if kind in ("PTR", "ANY") else NXDOMAIN
        if name != ZONE and not name.endswith("." + ZONE):
            # There is no world outside of the simulation.
            return NXDOMAIN
        labels = name.split(".")[:-2][::-1]
        match labels:
            case [] | ["svc"] | ["pod"]:
                return NO_DATA
            case ["svc", namespace]:
                return NO_DATA if self._has_namespace(namespace) else NXDOMAIN
            case ["pod", namespace, dashed]:
                return self._pod(name, namespace, dashed, kind)
            case ["svc", namespace, service, *rest]:
                found = self._services.get(namespace, service)
                return NXDOMAIN if found is None else self._service(name, found, rest, kind)
            case ["dns-version"]:
                return Answer("NOERROR", (Record(name, "TXT", "1.1.0", TTL_SECONDS),) if kind == "TXT" else ())
        return NXDOMAIN

    def _pod(self, name: str, namespace: str, dashed: str, kind: str) -> Answer:
        found = _DASHED.fullmatch(dashed)
        if found is None or not self._has_namespace(namespace):
            return NXDOMAIN
        return Answer("NOERROR", (Record(name, "A", ".".join(found.groups()), TTL_SECONDS),) if kind == "A" else ())

    def _service(self, name: str, service: Obj, rest: list[str], kind: str) -> Answer:
        spec = service["spec"]
        if spec.get("type") == "ExternalName":
            if rest:
                return NXDOMAIN
            target = Record(name, "CNAME", str(spec.get("externalName", "")).rstrip("."), TTL_SECONDS)
            return Answer("NOERROR", (target,) if kind in ("A", "AAAA", "CNAME") else ())
        if rest and rest[0] in ("_tcp", "_udp", "_sctp"):
            return self._named_port(name, service, rest, kind)
        if len(rest) == 1:
            return self._endpoint(name, service, rest[0], kind)
        if rest:
            return NXDOMAIN
        if is_headless(service):
            found = self._published(service)
            if not found:
                return NXDOMAIN
            addresses = list(dict.fromkeys(endpoint.ip for endpoint in found))
        else:
            addresses = addresses_of(service)[:1]
        if kind == "SRV":
            return Answer("NOERROR", tuple(self._srv(name, service, None)))
        return Answer("NOERROR", tuple(Record(name, "A", ip, TTL_SECONDS) for ip in addresses) if kind == "A" else ())

    def _published(self, service: Obj) -> list[Endpoint]:
        """The endpoints that have names: the ready ones, or all where the Service says so."""
        found = self._services.endpoints(service)
        if service["spec"].get("publishNotReadyAddresses"):
            return found
        return [endpoint for endpoint in found if endpoint.ready]

    def _endpoint(self, name: str, service: Obj, host: str, kind: str) -> Answer:
        found = [
            e.ip
            for e in self._published(service)
            if host_of(e) == host or (not e.hostname and e.ip.replace(".", "-") == host)
        ]
        if not found:
            return NXDOMAIN
        return Answer(
            "NOERROR", tuple(Record(name, "A", ip, TTL_SECONDS) for ip in dict.fromkeys(found)) if kind == "A" else ()
        )

    def _named_port(self, name: str, service: Obj, rest: list[str], kind: str) -> Answer:
        if len(rest) != 2 or not rest[1].startswith("_"):
            return NXDOMAIN
        records = self._srv(name, service, (rest[1][1:], rest[0][1:].upper()))
        if not records:
            return NXDOMAIN
        return Answer("NOERROR", tuple(records) if kind == "SRV" else ())

    def _srv(self, name: str, service: Obj, port: tuple[str, str] | None) -> list[Record]:
        """SRV records of all ports, or of that (name, protocol)."""
        meta = service["metadata"]
        domain = f"{meta['name']}.{meta['namespace']}.svc.{ZONE}"
        records = []
        if is_headless(service):
            ports = self._services.ports_of_endpoints(service)
        else:
            ports = [
                (p.get("name") or "", p.get("protocol") or "TCP", p["port"]) for p in service["spec"].get("ports") or ()
            ]
        for port_name, protocol, number in ports:
            if port is not None and (port_name, protocol) != port:
                continue
            hosts = [domain]
            if is_headless(service):
                hosts = [f"{host_of(endpoint)}.{domain}" for endpoint in self._published(service)]
            weight = 100 // max(len(hosts), 1)
            records += [Record(name, "SRV", f"0 {weight} {number} {host}", TTL_SECONDS) for host in hosts]
        return records

    def _reverse(self, name: str) -> Answer:
        ip = ".".join(reversed(name.removesuffix(".in-addr.arpa").split(".")))
        service = self._services.at(ip)
        if service is not None:
            meta = service["metadata"]
            return Answer(
                "NOERROR", (Record(name, "PTR", f"{meta['name']}.{meta['namespace']}.svc.{ZONE}", TTL_SECONDS),)
            )
        host = self._host_at(ip)
        return Answer("NOERROR", (Record(name, "PTR", host, TTL_SECONDS),)) if host else NXDOMAIN

    def _host_at(self, ip: str) -> str:
        if ip == "10.96.0.10":
            return f"kube-dns.kube-system.svc.{ZONE}"
        for service, endpoint in self._services.behind(ip):
            meta = service["metadata"]
            return f"{host_of(endpoint)}.{meta['name']}.{meta['namespace']}.svc.{ZONE}"
        return ""


def host_of(endpoint: Endpoint) -> str:
    """The name of an endpoint: its pod's host name, or its address with dashes."""
    return endpoint.hostname or endpoint.ip.replace(".", "-")
