"""NetworkPolicies: which connections between pods, and with the world outside, are let through.

Follows the rules of networking.k8s.io/v1 as a CNI plugin enforces them: a pod that no policy selects is open; one that
a policy selects takes (or makes) only the connections that some rule of its policies lets through. What comes back
along a connection is let through, and so is whatever a pod's own node asks of it, its probes above all.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache

from cluster_engine.apimachinery import labels
from cluster_engine.apimachinery.meta import Obj, labels_of
from cluster_engine.client.informer import Informer, InformerFactory
from cluster_engine.containers.network.fabric import Packets

POLICIES = "networkpolicies.networking.k8s.io"
# The pod behind the cluster's DNS: there is none to be seen, but policies speak of it.
DNS_ADDRESS = "10.96.0.10"
_DNS_POD: Obj = {
    "metadata": {"name": "coredns", "namespace": "kube-system", "labels": {"k8s-app": "kube-dns"}},
    "spec": {
        "containers": [
            {
                "ports": [
                    {"name": "dns", "containerPort": 53, "protocol": "UDP"},
                    {"name": "dns-tcp", "containerPort": 53, "protocol": "TCP"},
                ]
            }
        ]
    },
}
_DNS_POD_ADDRESS = "10.244.0.2"
_PEERS = {"Ingress": ("ingress", "from"), "Egress": ("egress", "to")}
BY_ADDRESS = "address of a pod"


@dataclass(frozen=True, slots=True)
class End:
    """One end of a connection: an address, and the pod that has it."""

    ip: str
    pod: Obj | None


class Policies:
    """The policies of a cluster. `on_change` is called when there is another answer to a question than before."""

    def __init__(self, informers: InformerFactory, on_change: Callable[[], None]) -> None:
        self._informers = informers
        self._on_change = on_change

    @cached_property
    def _policies(self) -> Informer:
        informer = self._informers.get(POLICIES)
        informer.add_handler(lambda type_, obj, old, cause: self._on_change())
        return informer

    @cached_property
    def _pods(self) -> Informer:
        """The pods; asked for only when there is a policy."""
        informer = self._informers.get("pods")
        informer.add_index(BY_ADDRESS, _addresses)
        informer.add_handler(lambda type_, pod, old, cause: self._on_pod(pod, old))
        return informer

    def _on_pod(self, pod: Obj, old: Obj | None) -> None:
        if old is not None and old["metadata"].get("labels") != pod["metadata"].get("labels"):
            self._on_change()

    def allow(self, packets: Packets) -> bool:
        """Whether a connection is let through, at both of its ends."""
        if not len(self._policies):
            return True
        source, target = self._end(packets.source_ip), self._end(packets.target_ip)
        if source.pod is not None and not self._permits("Egress", source.pod, target, target, packets):
            return False
        if target.pod is None or (source.pod is None and packets.same_node):
            return True
        return self._permits("Ingress", target.pod, source, target, packets)

    def _end(self, ip: str) -> End:
        if ip == DNS_ADDRESS:
            return End(_DNS_POD_ADDRESS, _DNS_POD)
        return End(ip, next(iter(self._pods.by_index(BY_ADDRESS, ip)), None))

    def _permits(self, direction: str, pod: Obj, other: End, target: End, packets: Packets) -> bool:
        """Whether the policies of one pod let the other end in or out."""
        isolated = False
        for policy in self._policies.by_index("namespace", pod["metadata"]["namespace"]):
            spec = policy["spec"]
            if direction not in (spec.get("policyTypes") or ()) or not _selects(spec.get("podSelector"), pod):
                continue
            isolated = True
            rules, peers = _PEERS[direction]
            for rule in spec.get(rules) or ():
                if self._means(rule.get(peers), policy, other) and _ports_match(rule.get("ports"), target, packets):
                    return True
        return not isolated

    def _means(self, peers: list[Obj] | None, policy: Obj, other: End) -> bool:
        """Whether a rule's peers mean that end; without any they mean everybody."""
        return not peers or any(self._is(peer, policy, other) for peer in peers)

    def _is(self, peer: Obj, policy: Obj, other: End) -> bool:
        if "ipBlock" in peer:
            return _in_block(peer["ipBlock"], other.ip)
        pod = other.pod
        if pod is None:
            return False
        namespace = pod["metadata"]["namespace"]
        if "namespaceSelector" in peer:
            found = self._informers.get("namespaces").get(namespace)
            if found is None or not _selects(peer["namespaceSelector"], found):
                return False
        elif namespace != policy["metadata"]["namespace"]:
            return False
        return "podSelector" not in peer or _selects(peer["podSelector"], pod)


def _addresses(pod: Obj) -> list[str]:
    """The address of a pod of its own; pods on their node's network, and those that have ended, have none."""
    status = pod.get("status") or {}
    if pod["spec"].get("hostNetwork") or status.get("phase") in ("Succeeded", "Failed") or not status.get("podIP"):
        return []
    return [status["podIP"]]


def _selects(selector: Obj | None, obj: Obj) -> bool:
    return labels.from_label_selector(selector or {}).matches(labels_of(obj))


def _ports_match(ports: list[Obj] | None, target: End, packets: Packets) -> bool:
    """Whether a rule's ports mean that connection; without any they mean every one, of every protocol."""
    if not ports:
        return True
    for wanted in ports:
        if (wanted.get("protocol") or "TCP") != packets.transport:
            continue
        first = wanted.get("port")
        if isinstance(first, str):
            if (first, packets.transport, packets.port) in _named_ports(target.pod):
                return True
        elif first is None or first <= packets.port <= (wanted.get("endPort") or first):
            return True
    return False


def _named_ports(pod: Obj | None) -> Iterator[tuple[str, str, int]]:
    for container in (pod or {"spec": {"containers": ()}})["spec"]["containers"]:
        for port in container.get("ports") or ():
            yield port.get("name") or "", port.get("protocol") or "TCP", port["containerPort"]


@lru_cache(maxsize=512)
def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    return ipaddress.ip_network(text, strict=False)


def _in_block(block: Obj, ip: str) -> bool:
    address = ipaddress.ip_address(ip)
    return address in _network(block["cidr"]) and not any(address in _network(one) for one in block.get("except") or ())
