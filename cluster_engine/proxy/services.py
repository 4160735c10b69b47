"""Services and their endpoints, found by address, node port and name. The informers start at the first question."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from cluster_engine.apimachinery.meta import Obj, key_of, labels_of
from cluster_engine.client.informer import Handler, IndexFunction

SERVICES = "services"
ENDPOINT_SLICES = "endpointslices.discovery.k8s.io"
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


class Table(Protocol):
    """Objects by key and by index: an informer, or a list that stays as it is."""

    def get(self, key: str) -> Obj | None: ...

    def by_index(self, name: str, value: str) -> list[Obj]: ...

    def add_index(self, name: str, function: IndexFunction) -> None: ...

    def add_handler(self, handler: Handler) -> None: ...

    def __iter__(self) -> Iterator[Obj]: ...


class Frozen:
    """The objects of one moment."""

    def __init__(self, objects: list[Obj]) -> None:
        self._objects = {key_of(obj): obj for obj in objects}
        self._functions: dict[str, IndexFunction] = {}

    def get(self, key: str) -> Obj | None:
        return self._objects.get(key)

    def by_index(self, name: str, value: str) -> list[Obj]:
        return [obj for obj in self._objects.values() if value in self._functions[name](obj)]

    def add_index(self, name: str, function: IndexFunction) -> None:
        self._functions[name] = function

    def add_handler(self, handler: Handler) -> None:
        """Nothing ever changes here."""

    def __iter__(self) -> Iterator[Obj]:
        return iter(self._objects.values())


class Services:
    """The Services of a cluster. `on_change` is called when one of them or its endpoints change."""

    def __init__(
        self,
        services: Callable[[], Table],
        slices: Callable[[], Table],
        on_change: Callable[[], None] = lambda: None,
    ) -> None:
        self._get_services = services
        self._get_slices = slices
        self._on_change = on_change

    @cached_property
    def _services(self) -> Table:
        table = self._get_services()
        table.add_index("address", addresses_of)
        table.add_index("node port", lambda service: [str(port) for port in node_ports(service)])
        table.add_handler(lambda type_, obj, old, cause: self._on_change())
        return table

    @cached_property
    def _slices(self) -> Table:
        table = self._get_slices()
        table.add_index("service", _service_of)
        table.add_handler(lambda type_, obj, old, cause: self._on_change())
        return table

    def get(self, namespace: str, name: str) -> Obj | None:
        return self._services.get(f"{namespace}/{name}")

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
        for slice_ in self._slices:
            found = next((e for e in slice_.get("endpoints") or () if ip in e["addresses"]), None)
            if found is None:
                continue
            for key in _service_of(slice_):
                service = self._services.get(key)
                if service is not None:
                    yield service, _endpoint(found, 0)

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
