"""Images that people add as ConfigMaps: a description that cannot be read is refused, with all that is wrong in it."""

from __future__ import annotations

from cluster_engine.api.strategy import Strategy
from cluster_engine.apimachinery import errors
from cluster_engine.apimachinery.meta import Obj
from cluster_engine.apiserver.context import ServerContext


def check(server: ServerContext, strategy: Strategy, obj: Obj) -> None:
    """Invalid where the nodes could not make an image of it. What that takes, they have told the server."""
    faults = server.check_image(obj)
    if faults:
        resource = strategy.resource
        raise errors.invalid(resource.kind, resource.group, obj["metadata"]["name"], faults)
