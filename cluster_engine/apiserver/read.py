"""get, list and watch: what there is, chosen by name, namespace and selectors, in the form the client accepts."""

from __future__ import annotations

from collections.abc import Callable

from cluster_engine.api.strategy import Strategy
from cluster_engine.apimachinery import errors, fields, labels
from cluster_engine.apimachinery.meta import Obj, with_meta
from cluster_engine.apiserver import pages, printing
from cluster_engine.apiserver.context import ServerContext
from cluster_engine.apiserver.request import Request, Response, Watch
from cluster_engine.etcd.store import Commit, CompactedError, EventType

Predicate = Callable[[Obj], bool]


def get(server: ServerContext, strategy: Strategy, request: Request) -> Response:
    if request.resource_version is not None:
        pages.check_reached(server, request.resource_version)
    obj = server.require(strategy.resource, request.namespace, request.name)
    return Response(200, render(server, strategy, request, obj))


def list_(server: ServerContext, strategy: Strategy, request: Request) -> Response:
    position = pages.position_of(server, request)
    if position.revision == server.store.revision:
        items = select(server, strategy, request.namespace, request.label_selector, request.field_selector)
    else:
        items = _select_at(server, strategy, request, position.revision)
    items, meta = pages.page(strategy.resource, items, request, position)
    if request.accept == "table":
        return Response(200, printing.table(strategy, items, server.clock.now_us, meta, request.include_object))
    resource = strategy.resource
    if request.accept == "partial":
        body = {"kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1", "metadata": meta}
        return Response(200, {**body, "items": [printing.partial(obj) for obj in items]})
    kind = resource.list_kind or f"{resource.kind}List"
    return Response(200, {"kind": kind, "apiVersion": resource.api_version, "metadata": meta, "items": items})


def watch(server: ServerContext, strategy: Strategy, request: Request) -> Response:
    """A `Watch` of events after `resource_version`.

    Without one (or with 0) what is there comes first, as ADDED; `send_initial_events` says so whatever the version is.
    """
    resource = strategy.resource
    matches = _predicate(strategy, request.namespace, request.label_selector, request.field_selector, request.name)
    past: list[Commit] = []
    initial = request.send_initial_events
    if initial is None:
        initial = not request.resource_version
    if initial and request.resource_version:
        pages.check_reached(server, request.resource_version)
    elif request.resource_version:
        try:
            past = server.store.history_since(request.resource_version)
        except CompactedError:
            raise errors.gone(
                f"too old resource version: {request.resource_version} ({server.store.revision})"
            ) from None

    def show(obj: Obj, is_first: bool) -> Obj:
        obj = strategy.from_storage(obj)
        if request.accept == "table":
            return printing.table(strategy, [obj], server.clock.now_us, {}, request.include_object, columns=is_first)
        return printing.partial(obj) if request.accept == "partial" else obj

    stops: list[Callable[[], None]] = []

    def on_stop(watch: Watch) -> None:
        server.watches.pop(watch, None)
        for stop in stops:
            stop()

    stream = Watch(on_stop, show)
    server.watches[stream] = None

    def on_commit(commit: Commit) -> None:
        event = _event(commit, matches)
        if event is not None:
            stream.push((*event, commit.revision))

    if initial:
        stream.preload(
            ("ADDED", item.value if strategy.converts else server.present(resource, item.value), item.mod_revision)
            for item in server.store.range(resource.prefix)
            if matches(item.value)
        )
    for commit in past:
        if commit.key.startswith(resource.prefix):
            on_commit(commit)
    stops.append(server.store.watch(resource.prefix, on_commit))
    return Response(200, stream)


def _event(commit: Commit, matches: Predicate) -> tuple[EventType, Obj] | None:
    """What a watcher with these selectors sees: an object that stops matching is DELETED, one that starts is ADDED."""
    old = commit.previous
    if commit.value is None:
        if old is not None and matches(old):
            return "DELETED", old
        return None
    was = commit.type != "ADDED" and old is not None and matches(old)
    if matches(commit.value):
        return ("MODIFIED" if was else "ADDED"), commit.value
    if was and old is not None:
        return "DELETED", with_meta(old, resourceVersion=str(commit.revision))
    return None


def select(
    server: ServerContext,
    strategy: Strategy,
    namespace: str,
    label_selector: str,
    field_selector: str,
    *,
    as_stored: bool = False,
) -> list[Obj]:
    """Objects in key order that lie in the namespace ("" for all) and match both selectors.

    As readers see them, or `as_stored`: components are told by a lease without `renewTime` that its holder is alive.
    """
    resource = strategy.resource
    prefix = f"{resource.prefix}{namespace}/" if namespace and resource.namespaced else resource.prefix
    items = server.store.range(resource.prefix, prefix)
    if label_selector or field_selector:
        matches = _predicate(strategy, "", label_selector, field_selector)
        items = [item for item in items if matches(item.value)]
    if as_stored:
        return [item.value for item in items]
    return [server.present(resource, item.value) for item in items]


def _select_at(server: ServerContext, strategy: Strategy, request: Request, revision: int) -> list[Obj]:
    """As `select`, at an earlier revision."""
    resource = strategy.resource
    matches = _predicate(strategy, request.namespace, request.label_selector, request.field_selector)
    items = pages.items_at(server, resource, request, revision)
    return [server.present(resource, obj) for obj in items if matches(obj)]


def _predicate(
    strategy: Strategy, namespace: str, label_selector: str, field_selector: str, name: str = ""
) -> Predicate:
    """One function for namespace, name, labels and fields; BadRequest for selectors that do not parse."""
    resource = strategy.resource
    try:
        by_label = labels.parse(label_selector) if label_selector else None
        by_field = fields.parse(field_selector) if field_selector else None
    except ValueError as error:
        raise errors.bad_request(str(error)) from None
    if by_field is not None:
        _check_fields(strategy, by_field)
    scoped = bool(namespace) and resource.namespaced

    def matches(obj: Obj) -> bool:
        meta = obj["metadata"]
        if scoped and meta.get("namespace") != namespace:
            return False
        if name and meta["name"] != name:
            return False
        if by_label is not None and not by_label.matches(meta.get("labels") or {}):
            return False
        return by_field is None or by_field.matches(_fields_of(strategy, obj))

    return matches


def _fields_of(strategy: Strategy, obj: Obj) -> dict[str, str]:
    meta = obj["metadata"]
    return {"metadata.name": meta["name"], "metadata.namespace": meta.get("namespace", ""), **strategy.fields(obj)}


def _check_fields(strategy: Strategy, selector: fields.FieldSelector) -> None:
    known = {"metadata.name", "metadata.namespace", *strategy.fields({"metadata": {"name": ""}})}
    for requirement in selector.requirements:
        if requirement.field not in known:
            why = f"field label not supported: {requirement.field}"
            raise errors.bad_request(why)


def render(server: ServerContext, strategy: Strategy, request: Request, obj: Obj) -> Obj:
    """One object in the form the client accepts."""
    if request.accept == "table":
        meta = {"resourceVersion": obj["metadata"].get("resourceVersion", "")}
        return printing.table(strategy, [obj], server.clock.now_us, meta, request.include_object)
    return printing.partial(obj) if request.accept == "partial" else obj
