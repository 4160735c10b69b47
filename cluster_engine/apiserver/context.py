"""What every verb of the API server works on: the store, the clock, names and uids, the kinds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from cluster_engine.api.strategy import Strategy
from cluster_engine.apimachinery import errors
from cluster_engine.apimachinery.errors import ApiError, FieldError
from cluster_engine.apimachinery.meta import Obj
from cluster_engine.apimachinery.scheme import Resource, Scheme
from cluster_engine.apiserver.allocators import ServiceAllocator
from cluster_engine.apiserver.request import Request, Watch
from cluster_engine.apiserver.streams import OpenStreams
from cluster_engine.clock import SECOND_US, Clock, rfc3339_micro
from cluster_engine.etcd.store import Store
from cluster_engine.rng import Rng
from cluster_engine.trace import Trace

if TYPE_CHECKING:
    from cluster_engine.apiserver.kubelet_api import KubeletApi

LEASE_RENEWAL_US = 10 * SECOND_US
COMPONENTS = ("controller-manager", "scheduler", "etcd-0")
NODE_LEASE_NAMESPACE = "kube-node-lease"


class ServerContext:
    """The state of one API server, and how to look an object up in it."""

    def __init__(
        self, store: Store, clock: Clock, rng: Rng, trace: Trace, strategies: Mapping[str, Strategy], scheme: Scheme
    ) -> None:
        self.store = store
        self.clock = clock
        self.trace = trace
        self.names = rng.stream("names")
        self.uids = rng.stream("uids")
        self.strategies = dict(strategies)
        self.scheme = scheme
        self.services = ServiceAllocator(store, rng.stream("addresses"))
        # What signs the tokens of service accounts. Whoever puts a cluster together gives it one that lasts.
        self.token_key = rng.stream("token-key").hex(64).encode()
        self.token_ids = rng.stream("token-ids")
        # Raises `ApiError` for a request that cannot be answered at present; None as long as all is well.
        self.gate: Callable[[Request], None] | None = None
        # What whoever runs the cluster refuses on top of that; no fault takes it away.
        self.limit: Callable[[Request], None] | None = None
        # What every request is refused with while the process does not run, and the health checks that fail.
        self.down: ApiError | None = None
        self.failing_checks: tuple[str, ...] = ()
        # What is wrong with each component of the control plane, by name; "" for one that is well.
        self.component_faults: Callable[[], Mapping[str, str]] = lambda: dict.fromkeys(COMPONENTS, "")
        # What is wrong with the image that a ConfigMap describes, if it describes one.
        self.check_image: Callable[[Obj], list[FieldError]] = lambda config_map: []
        # The kubelets' own servers, by node: for what goes on inside containers.
        self.kubelets: dict[str, KubeletApi] = {}
        # Logs that are followed, commands and forwarded ports.
        self.open_streams = OpenStreams()
        self.started = clock.rfc3339()
        # Every watch that is open, in the order of opening.
        self.watches: dict[Watch, None] = {}

    def strategy(self, group_resource: str) -> Strategy:
        """The rules of a resource; 404 for one that the server does not know."""
        strategy = self.strategies.get(group_resource)
        if strategy is None:
            raise errors.page_not_found()
        return strategy

    def find(self, resource: Resource, namespace: str, name: str) -> Obj | None:
        """A stored object as readers see it, or None."""
        item = self.store.get(resource.key(namespace, name))
        return self.present(resource, item.value) if item else None

    def require(self, resource: Resource, namespace: str, name: str) -> Obj:
        """A stored object as readers see it; NotFound when there is none."""
        obj = self.find(resource, namespace, name)
        if obj is None:
            raise errors.not_found(resource.plural, resource.group, name)
        return obj

    def present(self, resource: Resource, obj: Obj) -> Obj:
        """A stored object as a reader of that resource sees it: in its version.

        A node's lease whose holder is alive is stored without `renewTime`: the time of its last heartbeat follows from
        the clock, so that heartbeats cost an idle cluster nothing.
        """
        strategy = self.strategies[resource.group_resource]
        if strategy.converts:
            return strategy.from_storage(obj)
        if resource.kind != "Lease" or obj["metadata"].get("namespace") != NODE_LEASE_NAMESPACE:
            return obj
        if "renewTime" in obj.get("spec", {}):
            return obj
        now_us = self.clock.now_us
        return {**obj, "spec": {**obj.get("spec", {}), "renewTime": rfc3339_micro(now_us - now_us % LEASE_RENEWAL_US)}}
