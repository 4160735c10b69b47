"""Services and their endpoints, found by address, node port and name. The informers start at the first question."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

from cluster_engine.apimachinery.meta import Obj, key_of, labels_of
from cluster_engine.client.informer import Informer, InformerFactory

SERVICE_LABEL = "kubernetes.io/service-name"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One address behind one port of a Service."""

    ip: str
    port: int
    ready: bool
    serving: bool
    terminating: bool
    node: str = ""
    hostname: str = ""


class Services:
    """The Services of a cluster. `on_change` is called when one of them or its endpoints change."""

    def __init__(self, informers: InformerFactory, on_change: Callable[[], None] = lambda: None) -> None:
        self._informers = informers
        self._on_change = on_change

    @cached_property
    def _services(self) -> Informer:
        informer = self._informers.get("services")
        informer.add_index("address", addresses_of)
        informer.add_index("node port", lambda service: [str(port) for port in node_ports(service)])
        informer.add_handler(lambda type_, obj, old, cause: self._on_change())
        return informer

    @cached_property
    def _slices(self) -> Informer:
        informer = self._informers.get("endpointslices.discovery.k8s.io")
        informer.add_index("service", _service_of)
        informer.add_index("endpoint", lambda obj: [ip for e in obj.get("endpoints") or () for ip in e["addresses"]])
        informer.add_handler(lambda type_, obj, old, cause: self._on_change())
        return informer

    def get(self, namespace: str, name: str) -> Obj | None:
        return self._services.get(f"{namespace}/{name}")

    def in_namespace(self, namespace: str) -> list[Obj]:
        return self._services.by_index("namespace", namespace)

    def at(self, address: str) -> Obj | None:
        """The Service with that address (cluster IP, external IP, load balancer)."""
        return next(iter(self._services.by_index("address", address)), None)

    def at_node_port(self, port: int) -> Obj | None:
        return next(iter(self._services.by_index("node port", str(port))), None)

    def endpoints(self, service: Obj, port_name: str | None = None) -> list[Endpoint]:
        """The endpoints of a Service's port (None: of its first one), in the order of its slices."""
        found = []
        for slice_ in self._slices.by_index("service", key_of(service)):
            if slice_.get("addressType") != "IPv4":
                continue
            ports = slice_.get("ports") or [{"name": "", "port": 0}]
            number = next(
                (p.get("port") or 0 for p in ports if port_name is None or (p.get("name") or "") == port_name), None
            )
            if number is None:
                continue
            for endpoint in slice_.get("endpoints") or ():
                found.append(_endpoint(endpoint, number))
        return found

    def behind(self, ip: str) -> Iterator[tuple[Obj, Endpoint]]:
        """The (Service, endpoint) pairs of a pod's address."""
        for slice_ in self._slices.by_index("endpoint", ip):
            for key in _service_of(slice_):
                service = self._services.get(key)
                for endpoint in slice_.get("endpoints") or ():
                    if service is not None and ip in endpoint["addresses"]:
                        yield service, _endpoint(endpoint, 0)

    def ports_of_endpoints(self, service: Obj) -> list[tuple[str, str, int]]:
        """(name, protocol, number) of the ports that the endpoints have."""
        found: dict[tuple[str, str, int], None] = {}
        for slice_ in self._slices.by_index("service", key_of(service)):
            for port in slice_.get("ports") or ():
                found[port.get("name") or "", port.get("protocol") or "TCP", port.get("port") or 0] = None
        return list(found)


def _endpoint(endpoint: Obj, port: int) -> Endpoint:
    conditions = endpoint.get("conditions") or {}
    ready = conditions.get("ready")
    serving = conditions.get("serving")
    return Endpoint(
        ip=endpoint["addresses"][0],
        port=port,
        ready=ready is not False,
        serving=(ready is not False) if serving is None else bool(serving),
        terminating=bool(conditions.get("terminating")),
        node=endpoint.get("nodeName") or "",
        hostname=endpoint.get("hostname") or "",
    )


def _service_of(slice_: Obj) -> list[str]:
    name = labels_of(slice_).get(SERVICE_LABEL)
    return [f"{slice_['metadata'].get('namespace', '')}/{name}"] if name else []


def addresses_of(service: Obj) -> list[str]:
    """The addresses that lead to a Service."""
    spec = service["spec"]
    found = [ip for ip in spec.get("clusterIPs") or [spec.get("clusterIP")] if ip and ip != "None"]
    found += spec.get("externalIPs") or []
    ingress = ((service.get("status") or {}).get("loadBalancer") or {}).get("ingress") or []
    return found + [entry["ip"] for entry in ingress if entry.get("ip")]


def node_ports(service: Obj) -> list[int]:
    return [port["nodePort"] for port in service["spec"].get("ports") or () if port.get("nodePort")]


def is_headless(service: Obj) -> bool:
    return bool(service["spec"].get("clusterIP") == "None")
