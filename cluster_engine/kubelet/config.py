"""What a kubelet is told on its command line, so to speak."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import Literal

POD_NETWORK = ipaddress.IPv4Network("10.244.0.0/16")
# Where nodes with room for more pods than their own range has addresses take them from, in turn for the whole cluster.
SHARED_NETWORK = ipaddress.IPv4Network("10.244.128.0/17")
SHARED_FIRST = 100
MAX_PODS_OF_A_RANGE = 253
FIRST_NODE_ADDRESS = ipaddress.IPv4Address("192.168.0.10")


@dataclass(frozen=True, slots=True)
class NetworkState:
    """What is out of order in the node's network; nothing as a rule.

    `proxy_frozen_at` is the revision of etcd at which the kube-proxy of the node ceased to follow Services: its
    rules stay as they were. `partitioned` means that no packet leaves or reaches the node, `dns_down` that nobody
    answers at the address of the cluster's DNS.
    """

    proxy_frozen_at: int | None = None
    partitioned: bool = False
    dns_down: bool = False


@dataclass(frozen=True, slots=True)
class KubeletConfig:
    """One node: its name, its place among the nodes (`index` from 0, which gives its addresses), capacity and manners.

    `registry` "any" means that every image exists, is there at once, and keeps running whatever its command says
    (but for a container with a standard input).
    `start_seconds` and `stop_seconds` (None: from the image catalogue) are about how long a pod takes from bound to
    running, and from deleted to gone.
    """

    name: str
    index: int = 0
    cpu: str = "4"
    memory: str = "8Gi"
    pods: int = 110
    registry: Literal["catalogue", "any"] = "catalogue"
    start_seconds: float | None = None
    stop_seconds: float | None = None

    @property
    def address(self) -> str:
        """The node's own address."""
        return str(FIRST_NODE_ADDRESS + self.index)

    @property
    def shares_addresses(self) -> bool:
        """Whether its pods get addresses of the whole cluster's range, as its own has not enough of them."""
        return self.pods > MAX_PODS_OF_A_RANGE

    @property
    def pod_cidr(self) -> str:
        """The range of the node's pods, a /24 of the pod network."""
        return f"{POD_NETWORK.network_address + 256 * self.index}/24"
