"""Addresses and ports that the API server hands out to Services.

What is taken is read from the Services themselves, so there is no second bookkeeping that could differ after a restart.
Follows pkg/registry/core/service/{ipallocator,portallocator}.
"""

from __future__ import annotations

import ipaddress

from cluster_engine.apimachinery import errors
from cluster_engine.apimachinery.errors import FieldError
from cluster_engine.apimachinery.meta import Obj
from cluster_engine.etcd.store import Store
from cluster_engine.rng import Rng

SERVICE_CIDR = "10.96.0.0/12"
NODE_PORTS = range(30000, 32768)
_SERVICES = "/registry/services/"
_NETWORK = ipaddress.IPv4Network(SERVICE_CIDR)
_TRIES = 64


class ServiceAllocator:
    """Hands out cluster IPs and node ports."""

    def __init__(self, store: Store, rng: Rng) -> None:
        self._store = store
        self._rng = rng

    def cluster_ip(self, service: Obj) -> str:
        """A free address of the service network."""
        taken = {ip for spec in self._specs(service) for ip in spec.get("clusterIPs") or [spec.get("clusterIP")]}
        first, size = int(_NETWORK.network_address), _NETWORK.num_addresses
        for _ in range(_TRIES):
            address = str(ipaddress.IPv4Address(first + 257 + self._rng.choice_index(size - 512)))
            if address not in taken:
                return address
        raise errors.ApiError(
            500, "InternalError", "Internal error occurred: failed to allocate a serviceIP: range is full"
        )

    def check_cluster_ip(self, service: Obj, address: str) -> FieldError | None:
        """Why a Service may not have the address that it asks for, or None."""
        try:
            inside = ipaddress.IPv4Address(address) in _NETWORK
        except ValueError:
            return None  # validation says what is wrong with the address itself
        path, shown = "spec.clusterIPs", [address]
        if not inside:
            detail = (
                f"failed to allocate IP {address}: the provided IP ({address}) is not in the valid range. "
                f"The range of valid IPs is {SERVICE_CIDR}"
            )
            return errors.invalid_value(path, shown, detail)
        if any(address in (spec.get("clusterIPs") or [spec.get("clusterIP")]) for spec in self._specs(service)):
            return errors.invalid_value(
                path, shown, f"failed to allocate IP {address}: provided IP is already allocated"
            )
        return None

    def node_ports(self) -> set[int]:
        """Node ports that Services have."""
        return {
            port["nodePort"] for spec in self._specs(None) for port in spec.get("ports") or () if port.get("nodePort")
        }

    def free_node_port(self, taken: set[int]) -> int:
        for _ in range(_TRIES * 4):
            port = NODE_PORTS[self._rng.choice_index(len(NODE_PORTS))]
            if port not in taken:
                return port
        raise errors.ApiError(
            500, "InternalError", "Internal error occurred: failed to allocate a nodePort: range is full"
        )

    def _specs(self, but: Obj | None) -> list[Obj]:
        uid = but["metadata"].get("uid") if but else None
        return [item.value["spec"] for item in self._store.range(_SERVICES) if item.value["metadata"].get("uid") != uid]
