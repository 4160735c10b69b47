"""The door: `ApiServer.handle` finds the resource and hands the request to the verb's own file."""

from __future__ import annotations

from collections.abc import Callable

from cluster_engine.api.strategy import Strategy
from cluster_engine.apimachinery import errors
from cluster_engine.apimachinery.meta import Obj
from cluster_engine.apiserver import delete, read, subresources, write
from cluster_engine.apiserver.context import ServerContext
from cluster_engine.apiserver.request import Request, Response

Handler = Callable[[ServerContext, Strategy, Request], Response]

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

    def handle(self, request: Request) -> Response:
        """Answers one request. Raises `ApiError`, and nothing else, for whatever it refuses."""
        strategy = self.strategy(request.resource)
        if request.subresource:
            return subresources.handle(self, strategy, request)
        if request.verb not in strategy.resource.verbs:
            raise errors.method_not_allowed(request.verb, strategy.resource.plural)
        return _VERBS[request.verb](self, strategy, request)

    def list_raw(
        self, resource: str, namespace: str, label_selector: str, field_selector: str
    ) -> tuple[list[Obj], int]:
        """The stored objects themselves, for components: (items in key order, revision)."""
        strategy = self.strategy(resource)
        items = read.select(self, strategy, namespace, label_selector, field_selector, as_stored=True)
        return items, self.store.revision
