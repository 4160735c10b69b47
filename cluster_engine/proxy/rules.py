"""kube-proxy's rules: which pod a connection to a Service reaches. Follows pkg/proxy/iptables/proxier.go."""

from __future__ import annotations

from collections.abc import Callable

from cluster_engine.apimachinery.meta import Obj
from cluster_engine.clock import SECOND_US, Clock
from cluster_engine.containers.network.fabric import Route, Transport
from cluster_engine.proxy.services import Endpoint, Services, is_headless
from cluster_engine.rng import Rng

DEFAULT_AFFINITY_SECONDS = 10_800
MAX_AFFINITIES = 10_000
# What packets to an address of the Service network meet where no Service has it.
_NOWHERE = Route("drop")
_REJECT = Route("reject")


class ServiceRules:
    """The same rules on every node. `node_of` gives the name of the node with an address, or ""."""

    def __init__(self, services: Services, clock: Clock, rng: Rng, node_of: Callable[[str], str]) -> None:
        self._services = services
        self._clock = clock
        self._rng = rng
        self._node_of = node_of
        # (Service's uid, port, client) -> (endpoint's address, when it was last used).
        self._affinities: dict[tuple[str, int, str], tuple[str, int]] = {}

    def route(self, source_ip: str, node_ip: str, ip: str, port: int, transport: Transport) -> Route:
        """Where a connection from `source_ip` (on the node with `node_ip`) to an address goes."""
        node = self._node_of(ip)
        if node:
            service = self._services.at_node_port(port) if port >= 30000 else None
            if service is None:
                return Route("direct", ip, port)
            spec_port = next(p for p in service["spec"]["ports"] if p.get("nodePort") == port)
            local = node if service["spec"].get("externalTrafficPolicy") == "Local" else ""
            return self._balance(service, spec_port, source_ip, local)
        service = self._services.at(ip)
        if service is None:
            return _NOWHERE if ip.startswith("10.96.") else Route("direct", ip, port)
        for spec_port in service["spec"].get("ports") or ():
            if spec_port["port"] == port and (spec_port.get("protocol") or "TCP") == transport:
                local = self._node_of(node_ip) if service["spec"].get("internalTrafficPolicy") == "Local" else ""
                return self._balance(service, spec_port, source_ip, local)
        # There is no rule for that port, so the packet goes where nobody is.
        return _NOWHERE

    def _balance(self, service: Obj, port: Obj, source_ip: str, local_node: str) -> Route:
        """One of the ready endpoints, or of those that still serve while they end; refused where there is none."""
        if is_headless(service):
            return _NOWHERE
        everywhere = self._services.endpoints(service, port.get("name") or "")
        usable = usable_endpoints(everywhere)
        if not usable:
            return _REJECT
        if local_node:
            usable = [endpoint for endpoint in usable if endpoint.node == local_node]
            if not usable:
                return _NOWHERE
        chosen = self._choose(service, port["port"], source_ip, usable)
        return Route("direct", chosen.ip, chosen.port)

    def _choose(self, service: Obj, port: int, source_ip: str, usable: list[Endpoint]) -> Endpoint:
        if service["spec"].get("sessionAffinity") != "ClientIP":
            return usable[self._rng.choice_index(len(usable))] if len(usable) > 1 else usable[0]
        config = (service["spec"].get("sessionAffinityConfig") or {}).get("clientIP") or {}
        limit_us = (config.get("timeoutSeconds") or DEFAULT_AFFINITY_SECONDS) * SECOND_US
        key = (service["metadata"]["uid"], port, source_ip)
        now_us = self._clock.now_us
        ip, used_us = self._affinities.get(key, ("", 0))
        chosen = next((e for e in usable if e.ip == ip), None) if now_us - used_us <= limit_us else None
        if chosen is None:
            chosen = usable[self._rng.choice_index(len(usable))]
        if len(self._affinities) >= MAX_AFFINITIES:
            self._affinities.clear()
        self._affinities[key] = (chosen.ip, now_us)
        return chosen


def usable_endpoints(endpoints: list[Endpoint]) -> list[Endpoint]:
    """The ready ones; where there are none, those that end but still serve (KEP-1669)."""
    ready = [endpoint for endpoint in endpoints if endpoint.ready]
    return ready or [endpoint for endpoint in endpoints if endpoint.serving and endpoint.terminating]
