"""EndpointSlices. Follows pkg/apis/discovery/validation and printEndpointSlice (v1.32)."""

from __future__ import annotations

from typing import Any

from cluster_engine.api import checks, tables
from cluster_engine.api.checks import Errors
from cluster_engine.api.strategy import AGE, NAME, Column, Strategy
from cluster_engine.apimachinery.errors import duplicate, invalid_value, required, too_many
from cluster_engine.apimachinery.meta import Obj
from cluster_engine.apimachinery.scheme import Resource

ADDRESS_TYPES = ("FQDN", "IPv4", "IPv6")
_MAX_ENDPOINTS = 1000
_MAX_PORTS = 20000
_MAX_ADDRESSES = 100
_MAX_SHOWN = 3


class EndpointSliceStrategy(Strategy):
    """The rules of EndpointSlices."""

    resource = Resource("discovery.k8s.io", "v1", "EndpointSlice", "endpointslices", singular="endpointslice")
    tracks_generation = True
    columns = (NAME, Column("AddressType"), Column("Ports"), Column("Endpoints"), AGE)

    def default(self, obj: Obj) -> Obj:
        ports = obj.get("ports")
        if not ports or all(port.get("protocol") and port.get("name") is not None for port in ports):
            return obj
        return {
            **obj,
            "ports": [
                {**port, "name": port.get("name") or "", "protocol": port.get("protocol") or "TCP"} for port in ports
            ],
        }

    def prepare_for_update(self, new: Obj, old: Obj) -> Obj:
        return new

    def changes_generation(self, new: Obj, old: Obj) -> bool:
        fields = ("addressType", "endpoints", "ports")
        return any(new.get(field) != old.get(field) for field in fields)

    def validate(self, obj: Obj) -> Errors:
        kind = obj.get("addressType") or ""
        errors = checks.enum("addressType", kind, ADDRESS_TYPES)
        endpoints = obj.get("endpoints") or []
        if len(endpoints) > _MAX_ENDPOINTS:
            errors.append(too_many("endpoints", len(endpoints), _MAX_ENDPOINTS))
        else:
            for index, endpoint in enumerate(endpoints):
                errors += _endpoint(f"endpoints[{index}]", endpoint, kind)
        return errors + _ports(obj.get("ports") or [])

    def validate_update(self, new: Obj, old: Obj) -> Errors:
        return checks.immutable("addressType", new.get("addressType"), old.get("addressType"))

    def cells(self, obj: Obj, now_us: int) -> list[Any]:
        return [
            obj["metadata"]["name"],
            obj.get("addressType") or "",
            _shown_ports(obj.get("ports") or []),
            _shown_endpoints(obj.get("endpoints") or []),
            tables.created(obj, now_us),
        ]


def _endpoint(path: str, endpoint: Obj, kind: str) -> Errors:
    addresses = endpoint.get("addresses") or []
    errors: Errors = []
    if not addresses:
        errors.append(required(f"{path}.addresses", "must contain at least 1 address"))
    elif len(addresses) > _MAX_ADDRESSES:
        errors.append(too_many(f"{path}.addresses", len(addresses), _MAX_ADDRESSES))
    for index, address in enumerate(addresses):
        errors += _address(f"{path}.addresses[{index}]", address, kind)
    if endpoint.get("nodeName") is not None:
        errors += checks.dns_subdomain(f"{path}.nodeName", endpoint["nodeName"])
    if endpoint.get("hostname") is not None:
        errors += checks.dns_label(f"{path}.hostname", endpoint["hostname"])
    return errors


def _address(path: str, address: str, kind: str) -> Errors:
    if kind == "FQDN":
        return checks.dns_subdomain(path, address)
    if (":" in address) != (kind == "IPv6") or checks.ip_address(path, address):
        return [invalid_value(path, address, f"must be a valid {kind} address")]
    return checks.endpoint_ip(path, address)


def _ports(ports: list[Obj]) -> Errors:
    errors: Errors = []
    if len(ports) > _MAX_PORTS:
        return [too_many("ports", len(ports), _MAX_PORTS)]
    seen: set[str] = set()
    for index, port in enumerate(ports):
        path, name = f"ports[{index}]", port.get("name") or ""
        if name:
            errors += checks.dns_label(f"{path}.name", name)
        if name in seen:
            errors.append(duplicate(f"{path}.name", name))
        seen.add(name)
        errors += checks.enum(f"{path}.protocol", port.get("protocol"), checks.PROTOCOLS)
        if port.get("port") is not None:
            errors += checks.port_number(f"{path}.port", port["port"])
    return errors


def _shown_ports(ports: list[Obj]) -> str:
    if not ports:
        return tables.UNSET
    shown = ["*" if port.get("port") is None else str(port["port"]) for port in ports]
    return _cut(shown)


def _shown_endpoints(endpoints: list[Obj]) -> str:
    if not endpoints:
        return tables.UNSET
    return _cut([address for endpoint in endpoints for address in endpoint.get("addresses") or ()])


def _cut(values: list[str]) -> str:
    text = ",".join(values[:_MAX_SHOWN])
    return f"{text} + {len(values) - _MAX_SHOWN} more..." if len(values) > _MAX_SHOWN else text
