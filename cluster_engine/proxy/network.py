"""The network of a cluster as its pods meet it: kube-proxy's rules on each node, and the cluster's DNS."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from cluster_engine.apimachinery.errors import ApiError
from cluster_engine.client.client import Client
from cluster_engine.client.informer import InformerFactory
from cluster_engine.clock import Clock
from cluster_engine.containers.network.fabric import Answer, Packets, Route, Transport
from cluster_engine.proxy.dns import ClusterNames
from cluster_engine.proxy.host_ports import HostPorts
from cluster_engine.proxy.policies import Policies
from cluster_engine.proxy.rules import ServiceRules
from cluster_engine.proxy.services import ENDPOINT_SLICES, SERVICES, Frozen, Services
from cluster_engine.rng import Rng

TIMED_OUT = Answer("TIMEOUT")


class NodeState(Protocol):
    """What is out of order in a node's network.

    `proxy_frozen_at` is the revision at which its kube-proxy ceased to follow (None: it follows); `partitioned` means
    that no packet gets to it or from it, `dns_down` that nobody answers for names there.
    """

    @property
    def proxy_frozen_at(self) -> int | None: ...

    @property
    def partitioned(self) -> bool: ...

    @property
    def dns_down(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class _InOrder:
    proxy_frozen_at: int | None = None
    partitioned: bool = False
    dns_down: bool = False


class ClusterNetwork:
    """Routes and names. Who puts a cluster together says which nodes there are, and what is out of order there."""

    def __init__(self, client: Client, informers: InformerFactory, clock: Clock, rng: Rng) -> None:
        self._client = client
        self._informers = informers
        self._clock = clock
        self._rng = rng
        services = Services(lambda: informers.get(SERVICES), lambda: informers.get(ENDPOINT_SLICES), self._changed)
        self._rules = ServiceRules(services, clock, rng, self._node_of)
        self._names = ClusterNames(services, lambda name: informers.get("namespaces").get(name) is not None)
        self._policies = Policies(informers, self._changed)
        self._host_ports = HostPorts(informers)
        self._frozen: dict[int, ServiceRules] = {}
        # The name of the node with an address, or ""; by its address, what is out of order there.
        self.node_of: Callable[[str], str] = lambda ip: ""
        self.state_of: Callable[[str], NodeState] = lambda ip: _InOrder()
        # Called when a Service or its endpoints change.
        self.on_change: Callable[[], None] = lambda: None

    def _changed(self) -> None:
        self.on_change()

    def _node_of(self, ip: str) -> str:
        return self.node_of(ip)

    def route(self, source_ip: str, node_ip: str, ip: str, port: int, transport: Transport) -> Route:
        node = self.node_of(ip)
        mapped = self._host_ports.route(node, ip, port, transport) if node else None
        if mapped is not None:
            return mapped
        revision = self.state_of(node_ip).proxy_frozen_at
        rules = self._rules if revision is None else self._as_of(revision)
        return rules.route(source_ip, node_ip, ip, port, transport)

    def joined(self, node_ip: str, other_node_ip: str) -> bool:
        return not self.state_of(node_ip).partitioned and not self.state_of(other_node_ip).partitioned

    def allow(self, packets: Packets) -> bool:
        return self._policies.allow(packets)

    def answer(self, node_ip: str, name: str, kind: str) -> Answer:
        return TIMED_OUT if self.state_of(node_ip).dns_down else self._names.answer(name, kind)

    def _as_of(self, revision: int) -> ServiceRules:
        """The rules of a kube-proxy that has heard nothing since a revision."""
        rules = self._frozen.get(revision)
        if rules is None:
            services, slices = (self._listed(resource, revision) for resource in (SERVICES, ENDPOINT_SLICES))
            rules = ServiceRules(Services(lambda: services, lambda: slices), self._clock, self._rng, self._node_of)
            self._frozen = {revision: rules}
        return rules

    def _listed(self, resource: str, revision: int) -> Frozen:
        """What there was at a revision; the present state where the history does not reach back so far."""
        try:
            listing = self._client.request("list", resource, resource_version=revision, resource_version_match="Exact")
            return Frozen(listing["items"])
        except ApiError:
            return Frozen(list(self._informers.get(resource)))
