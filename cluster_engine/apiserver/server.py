"""The door: `ApiServer.handle` finds the resource and hands the request to the verb's own file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from cluster_engine.api.strategy import Strategy
from cluster_engine.apimachinery import errors
from cluster_engine.apimachinery.meta import Obj
from cluster_engine.apimachinery.scheme import Scheme
from cluster_engine.apiserver import computed, delete, read, subresources, write
from cluster_engine.apiserver.auth import authorize, escalation, rbac, reviews, tokens
from cluster_engine.apiserver.auth.users import MASTERS, User
from cluster_engine.apiserver.context import ServerContext
from cluster_engine.apiserver.customresources import CustomResources
from cluster_engine.apiserver.request import Request, Response
from cluster_engine.clock import Clock
from cluster_engine.etcd.store import Store
from cluster_engine.rng import Rng
from cluster_engine.trace import Trace

Handler = Callable[[ServerContext, Strategy, Request], Response]

_WRITES = ("create", "update", "patch")

_VERBS: dict[str, Handler] = {
    "get": read.get,
    "list": read.list_,
    "watch": read.watch,
    "create": write.create,
    "update": write.update,
    "patch": write.patch,
    "delete": delete.delete,
    "deletecollection": delete.delete_collection,
}


class ApiServer(ServerContext):
    """The API of one cluster over one store. Synchronous: a request is done when `handle` returns."""

    def __init__(
        self, store: Store, clock: Clock, rng: Rng, trace: Trace, strategies: Mapping[str, Strategy], scheme: Scheme
    ) -> None:
        super().__init__(store, clock, rng, trace, strategies, scheme)
        CustomResources(self)

    def handle(self, request: Request) -> Response:
        """Answers one request. Raises `ApiError`, and nothing else, for whatever it refuses."""
        if self.gate is not None:
            self.gate(request)
        if self.limit is not None:
            self.limit(request)
        strategy = self.strategy(request.resource)
        if MASTERS not in request.groups:
            self._authorize(strategy, request)
        if request.subresource:
            return subresources.handle(self, strategy, request)
        if request.verb not in strategy.resource.verbs:
            raise errors.method_not_allowed(request.verb, strategy.resource.plural)
        if reviews.handles(request.resource):
            return reviews.handle(self, strategy, request)
        if computed.handles(request.resource):
            return computed.handle(self, strategy, request)
        return _VERBS[request.verb](self, strategy, request)

    def authenticate(self, token: str) -> User:
        """Who a bearer token speaks for; Unauthorized when it is none of this cluster's."""
        try:
            return tokens.authenticate(token, self.token_key, self.store, self.clock).user
        except tokens.TokenError:
            raise errors.unauthorized() from None

    def impersonate(self, user: User, acting_as: User) -> User:
        """`acting_as`, once `user` has been seen to be allowed to act as that; Forbidden otherwise."""
        for asked in authorize.impersonations(user, acting_as):
            authorize.check(self.store, asked)
        return acting_as

    def authorize(self, request: Request) -> None:
        """Forbidden when the sender may not do this; the body is not looked at."""
        authorize.check(self.store, authorize.attributes_of(request, self.strategy(request.resource).resource))

    def authorize_path(self, user: User, verb: str, path: str) -> None:
        """Forbidden when the user may not reach a path that is no resource."""
        authorize.check(self.store, rbac.Attributes(user, verb, path=path))

    def _authorize(self, strategy: Strategy, request: Request) -> None:
        """Forbidden when the user may not do this, or would give away rights that they do not have."""
        self.authorize(request)
        if request.patch_type == "apply" and request.verb == "patch" and not request.subresource:
            if self.find(strategy.resource, request.namespace, request.name) is None:
                self.authorize(replace(request, verb="create"))
        if request.verb in _WRITES and not request.subresource and escalation.applies_to(strategy.resource):
            # What would be stored is what counts: a patch alone does not say it.
            tried = replace(request, groups=(MASTERS,), dry_run=True, accept="object")
            made = _VERBS[request.verb](self, strategy, tried).body
            escalation.check(self.store, authorize.user_of(request), strategy.resource, made)

    def break_watches(self) -> None:
        """Ends every watch: whoever watched lists again. What else goes through the server ends as well."""
        for watch in list(self.watches):
            watch.stop()
        self.open_streams.stop()

    def list_raw(
        self, resource: str, namespace: str, label_selector: str, field_selector: str
    ) -> tuple[list[Obj], int]:
        """The stored objects themselves, for components: (items in key order, revision)."""
        if self.gate is not None:
            # Informers ask for what the server has in its cache.
            self.gate(Request("list", resource, namespace, resource_version=0))
        strategy = self.strategy(resource)
        items = read.select(self, strategy, namespace, label_selector, field_selector, as_stored=True)
        return items, self.store.revision
