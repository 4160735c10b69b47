"""Endpoints. Follows validation.ValidateEndpoints and printEndpoints (v1.32)."""

from __future__ import annotations

from typing import Any

from cluster_engine.api import checks, tables
from cluster_engine.api.checks import Errors
from cluster_engine.api.strategy import AGE, NAME, Column, Strategy
from cluster_engine.apimachinery.errors import required
from cluster_engine.apimachinery.meta import Obj
from cluster_engine.apimachinery.scheme import Resource

_MAX_SHOWN = 3


class EndpointsStrategy(Strategy):
    """The rules of Endpoints."""

    resource = Resource(
        "", "v1", "Endpoints", "endpoints", singular="endpoints", short_names=("ep",), list_kind="EndpointsList"
    )
    columns = (NAME, Column("Endpoints"), AGE)

    def default(self, obj: Obj) -> Obj:
        subsets = obj.get("subsets")
        if not subsets or all(port.get("protocol") for subset in subsets for port in subset.get("ports") or ()):
            return obj
        return {**obj, "subsets": [_default_subset(subset) for subset in subsets]}

    def prepare_for_update(self, new: Obj, old: Obj) -> Obj:
        return new

    def validate(self, obj: Obj) -> Errors:
        errors: Errors = []
        for index, subset in enumerate(obj.get("subsets") or ()):
            path = f"subsets[{index}]"
            if not subset.get("addresses") and not subset.get("notReadyAddresses"):
                errors.append(required(path, "must specify `addresses` or `notReadyAddresses`"))
            for field in ("addresses", "notReadyAddresses"):
                for position, address in enumerate(subset.get(field) or ()):
                    errors += _address(f"{path}.{field}[{position}]", address)
            ports = subset.get("ports") or ()
            for position, port in enumerate(ports):
                errors += _port(f"{path}.ports[{position}]", port, len(ports) > 1)
        return errors

    def cells(self, obj: Obj, now_us: int) -> list[Any]:
        return [obj["metadata"]["name"], format_endpoints(obj), tables.created(obj, now_us)]


def format_endpoints(endpoints: Obj) -> str:
    """Three addresses with their ports, and how many there are beside them."""
    subsets = endpoints.get("subsets") or ()
    if not subsets:
        return tables.NONE
    found: list[str] = []
    for subset in subsets:
        addresses = [address.get("ip") or "" for address in subset.get("addresses") or ()]
        ports = subset.get("ports") or ()
        # A headless Service may have no ports: then the addresses stand alone.
        found += [_host_port(address, port) for port in ports for address in addresses] if ports else addresses
    text = ",".join(found[:_MAX_SHOWN])
    return f"{text} + {len(found) - _MAX_SHOWN} more..." if len(found) > _MAX_SHOWN else text


def _host_port(address: str, port: Obj) -> str:
    return f"[{address}]:{port.get('port')}" if ":" in address else f"{address}:{port.get('port')}"


def _default_subset(subset: Obj) -> Obj:
    ports = [port if port.get("protocol") else {**port, "protocol": "TCP"} for port in subset.get("ports") or ()]
    return {**subset, "ports": ports} if ports else subset


def _address(path: str, address: Obj) -> Errors:
    value = address.get("ip") or ""
    errors = checks.ip_address(f"{path}.ip", value)
    if address.get("hostname"):
        errors += checks.dns_label(f"{path}.hostname", address["hostname"])
    if address.get("nodeName") is not None:
        errors += checks.dns_subdomain(f"{path}.nodeName", address["nodeName"])
    return errors + checks.endpoint_ip(f"{path}.ip", value)


def _port(path: str, port: Obj, require_name: bool) -> Errors:
    name = port.get("name") or ""
    errors: Errors = []
    if name:
        errors += checks.dns_label(f"{path}.name", name)
    elif require_name:
        errors.append(required(f"{path}.name"))
    errors += checks.port_number(f"{path}.port", port.get("port") or 0)
    return errors + checks.enum(f"{path}.protocol", port.get("protocol"), checks.PROTOCOLS)
