"""Lists at a revision and in pages: `resourceVersion`, `resourceVersionMatch`, `limit` and `continue`.

Follows k8s.io/apiserver/pkg/storage: the pages of one list show one revision, as long as the history has it.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass

import orjson

from cluster_engine.apimachinery import errors
from cluster_engine.apimachinery.meta import Obj
from cluster_engine.apimachinery.scheme import Resource
from cluster_engine.apiserver.context import ServerContext
from cluster_engine.apiserver.request import Request
from cluster_engine.etcd.store import CompactedError

# In a continue token: read on at the present revision, whatever has changed since the first page.
ANY_REVISION = -1
_EXPIRED_LIST = "The resourceVersion for the provided list is too old."
_EXPIRED_PAGE = (
    "The provided continue parameter is too old to display a consistent list result. You can start a new list without "
    "the continue parameter, or use the continue token in this response to retrieve the remainder of the results. "
    "Continuing with the provided token results in an inconsistent list - objects that were created, modified, or "
    "deleted between the time the first chunk was returned and now may show up in the list."
)


@dataclass(frozen=True, slots=True)
class Position:
    """Where a list is read: at which revision, and after which `namespace/name` ("" from the start)."""

    revision: int
    after: str = ""


def check_reached(server: ServerContext, revision: int) -> None:
    """504 when a revision has not been yet."""
    if revision > server.store.revision:
        raise errors.too_large_resource_version(revision, server.store.revision)


def position_of(server: ServerContext, request: Request) -> Position:
    """Where the list that is asked for is read."""
    asked = request.resource_version
    if request.continue_token:
        if asked:
            raise errors.bad_request("specifying resource version is not allowed when using continue")
        return _continued(server, request.continue_token)
    if not asked:
        return Position(server.store.revision)
    check_reached(server, asked)
    # A limit with a version and nothing else means exactly that version: so it was before one could say it.
    exact = request.resource_version_match == "Exact" or (request.limit and not request.resource_version_match)
    return Position(asked if exact else server.store.revision)


def items_at(server: ServerContext, resource: Resource, request: Request, revision: int) -> list[Obj]:
    """The objects of the namespace as they were at an earlier revision; Expired when the history has lost it."""
    prefix = resource.prefix
    if request.namespace and resource.namespaced:
        prefix = f"{prefix}{request.namespace}/"
    try:
        return server.store.range_at(resource.prefix, prefix, revision)
    except CompactedError:
        raise _expired(request) from None


def _expired(request: Request) -> errors.ApiError:
    if not request.continue_token:
        return errors.gone(_EXPIRED_LIST)
    error = errors.gone(_EXPIRED_PAGE)
    error.metadata = {"continue": _token(ANY_REVISION, _decoded(request.continue_token)[1])}
    return error


def page(resource: Resource, items: list[Obj], request: Request, position: Position) -> tuple[list[Obj], Obj]:
    """The part of a list that `limit` and `continue` ask for, and the list's metadata."""
    meta: Obj = {"resourceVersion": str(position.revision)}
    start = _index_after(position.after, items, resource) if position.after else 0
    if not request.limit or len(items) - start <= request.limit:
        return items[start:] if start else items, meta
    part = items[start : start + request.limit]
    last = part[-1]["metadata"]
    meta["continue"] = _token(position.revision, f"{last.get('namespace', '')}/{last['name']}")
    if not request.label_selector and not request.field_selector:
        meta["remainingItemCount"] = len(items) - start - len(part)
    return part, meta


def _index_after(after: str, items: list[Obj], resource: Resource) -> int:
    """Where a continued list goes on: after a key, which need not exist any more."""
    namespace, _, name = after.rpartition("/")
    key = resource.key(namespace, name)
    for index, obj in enumerate(items):
        meta = obj["metadata"]
        if resource.key(meta.get("namespace", ""), meta["name"]) > key:
            return index
    return len(items)


def _continued(server: ServerContext, token: str) -> Position:
    revision, after = _decoded(token)
    if revision == ANY_REVISION:
        return Position(server.store.revision, after)
    check_reached(server, revision)
    return Position(revision, after)


def _token(revision: int, after: str) -> str:
    token = {"v": "meta.k8s.io/v1", "rv": revision, "start": after}
    return base64.urlsafe_b64encode(orjson.dumps(token)).decode().rstrip("=")


def _decoded(token: str) -> tuple[int, str]:
    """(revision, start) of a continue token; BadRequest when it is none."""
    try:
        value = orjson.loads(base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True))
        revision, start = value["rv"], value["start"]
    except (ValueError, KeyError, TypeError, binascii.Error):
        raise errors.bad_request("invalid continue token: continue key is not valid") from None
    if isinstance(revision, bool) or not isinstance(revision, int) or not isinstance(start, str):
        raise errors.bad_request("invalid continue token: continue key is not valid")
    if revision == 0 or revision < ANY_REVISION:
        why = "continue key is not valid: incorrect encoded start resourceVersion"
        raise errors.bad_request(f"invalid continue token: {why}")
    return revision, start
