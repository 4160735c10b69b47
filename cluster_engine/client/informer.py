"""Informers: a cache of one resource, kept up to date by a watch, that tells its handlers what changed.

Follows client-go/tools/cache. One informer of a resource serves all components of a process. Handlers run when an event
is delivered and only put keys into work queues; the work is done in a step of its own.

A watch that breaks off leaves the cache as it was. The factory then asks for a new list, later and later, until there
is one, and the handlers are told of the difference.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Literal

from cluster_engine.apimachinery.errors import ApiError
from cluster_engine.apimachinery.labels import Selector
from cluster_engine.apimachinery.meta import Obj, key_of
from cluster_engine.apiserver.request import Watch
from cluster_engine.client.client import Client
from cluster_engine.clock import Clock, Timer
from cluster_engine.trace import START, Cause, Trace

EventType = Literal["ADDED", "MODIFIED", "DELETED"]
# (type, new or last state, old state or None, cause)
Handler = Callable[[EventType, Obj, Obj | None, Cause], None]
IndexFunction = Callable[[Obj], list[str]]
# Spelt out here, since `list` is a method in the class below.
Objects = list[Obj]
# How long to wait before the next try of a list: doubled each time. Follows client-go/tools/cache/reflector.go.
RETRY_SECONDS = 0.8
MAX_RETRY_SECONDS = 30.0
LISTED_AGAIN = Cause("timer", "list again")


class Informer:
    """The cache of one resource. Objects in it are immutable and may be a moment behind the server."""

    def __init__(self, client: Client, resource: str, *, namespace: str = "", field_selector: str = "") -> None:
        self._client = client
        self.resource = resource
        self._namespace = namespace
        self._field_selector = field_selector
        self._items: dict[str, Obj] = {}
        self._handlers: list[Handler] = []
        # Whose each handler is, and who adds handlers at the moment.
        self._owners: list[str] = []
        self.subscriber = ""
        self._watch: Watch | None = None
        self.on_lost: Callable[[Informer], None] | None = None
        self._index_functions: dict[str, IndexFunction] = {}
        self._indices: dict[str, dict[str, dict[str, Obj]]] = {}

    def start(self) -> None:
        """Lists, watches from there, and tells the handlers of everything that is there, or has changed since the last
        list. Raises `ApiError` when there is no way to the server.
        """
        first = self._watch is None
        listing = self._client.list(self.resource, self._namespace, field_selector=self._field_selector)
        if first and not self._items:
            for obj in listing.items:
                self._apply("ADDED", obj, START)
        else:
            self._replace(listing.items)
        self._watch = self._client.watch(
            self.resource,
            self._namespace,
            resource_version=listing.resource_version,
            field_selector=self._field_selector,
        )
        self._watch.deliver_to(self._on_event)
        self._watch.on_ready = self._on_end

    def stop(self) -> None:
        """Ends the watch, and asks for no other."""
        if self._watch is not None:
            self._watch.on_ready = None
            self._watch.stop()

    def break_off(self) -> None:
        """The connection is lost."""
        if self._watch is not None:
            self._watch.stop()

    def _on_end(self) -> None:
        if self.on_lost is not None:
            self.on_lost(self)

    def _replace(self, items: Objects) -> None:
        """Takes a new list in the place of the cache. All objects are told of, as client-go does."""
        listed = {key_of(obj): obj for obj in items}
        for key, old in list(self._items.items()):
            new = listed.get(key)
            if new is None or new["metadata"].get("uid") != old["metadata"].get("uid"):
                self._apply("DELETED", old, LISTED_AGAIN)
        for key, obj in listed.items():
            before = self._items.get(key)
            revision = obj["metadata"].get("resourceVersion", "")
            changed = before is None or before["metadata"].get("resourceVersion") != revision
            self._apply("ADDED", obj, Cause("revision", revision) if changed else LISTED_AGAIN)

    def add_handler(self, handler: Handler) -> None:
        """Adds a handler; it is told at once of all that the cache holds."""
        self._handlers.append(handler)
        self._owners.append(self.subscriber)
        for obj in self._items.values():
            handler("ADDED", obj, None, START)

    def take_handlers(self, owner: str) -> list[Handler]:
        """Removes the handlers of one owner, and returns them."""
        taken = [handler for handler, its in zip(self._handlers, self._owners) if its == owner]
        self._handlers = [handler for handler, its in zip(self._handlers, self._owners) if its != owner]
        self._owners = [its for its in self._owners if its != owner]
        return taken

    def copy_for(self, owner: str, client: Client) -> Informer:
        """An informer with the same cache, without a watch, to which the owner's handlers go over."""
        copy = Informer(client, self.resource, namespace=self._namespace, field_selector=self._field_selector)
        copy._items = dict(self._items)
        for name, function in self._index_functions.items():
            copy.add_index(name, function)
        copy._handlers = self.take_handlers(owner)
        copy._owners = [owner] * len(copy._handlers)
        return copy

    def add_index(self, name: str, function: IndexFunction) -> None:
        """Indexes the objects by the values that `function` gives; adding the same name again changes nothing."""
        if name in self._index_functions:
            return
        self._index_functions[name] = function
        index = self._indices[name] = {}
        for key, obj in self._items.items():
            for value in function(obj):
                index.setdefault(value, {})[key] = obj

    def get(self, key: str) -> Obj | None:
        """The object with that key (`namespace/name`, or `name`), or None."""
        return self._items.get(key)

    def __iter__(self) -> Iterator[Obj]:
        return iter(list(self._items.values()))

    def __len__(self) -> int:
        return len(self._items)

    def list(self, namespace: str = "", selector: Selector | None = None) -> list[Obj]:
        """Objects of a namespace ("" for all) that the selector matches, in order of arrival."""
        found = []
        for obj in self._items.values():
            meta = obj["metadata"]
            if namespace and meta.get("namespace") != namespace:
                continue
            if selector is None or selector.matches(meta.get("labels") or {}):
                found.append(obj)
        return found

    def by_index(self, name: str, value: str) -> Objects:
        """Objects with that index value, in order of arrival."""
        return list(self._indices[name].get(value, {}).values())

    def count(self, name: str, value: str) -> int:
        """How many objects have that index value."""
        return len(self._indices[name].get(value, ()))

    def _on_event(self, type_: EventType, obj: Obj, revision: int) -> None:
        self._apply(type_, obj, Cause("revision", str(revision)))

    def _apply(self, type_: EventType, obj: Obj, cause: Cause) -> None:
        key = key_of(obj)
        old = self._items.get(key)
        if type_ == "DELETED":
            self._items.pop(key, None)
        else:
            self._items[key] = obj
        for name, function in self._index_functions.items():
            self._reindex(name, function, key, old, None if type_ == "DELETED" else obj)
        if old is not None and type_ == "ADDED":
            type_ = "MODIFIED"
        for handler in self._handlers:
            handler(type_, obj, old, cause)

    def _reindex(self, name: str, function: IndexFunction, key: str, old: Obj | None, new: Obj | None) -> None:
        index = self._indices[name]
        before = function(old) if old is not None else []
        after = function(new) if new is not None else []
        for value in before:
            if value not in after and (bucket := index.get(value)) is not None:
                bucket.pop(key, None)
                if not bucket:
                    del index[value]
        for value in after:
            index.setdefault(value, {})[key] = new  # type: ignore[assignment]


class InformerFactory:
    """The informers that the components of one process share (client-go's SharedInformerFactory)."""

    def __init__(self, client: Client, clock: Clock, trace: Trace) -> None:
        self._client = client
        self._clock = clock
        self._trace = trace
        self._informers: dict[str, Informer] = {}
        self._subscriber = ""
        # Those whose watch has broken off, and when all of them try again: together, so that nobody decides on half of
        # the caches.
        self._lost: dict[str, Informer] = {}
        self._retry: Timer | None = None
        self._retry_seconds = RETRY_SECONDS

    def get(self, resource: str) -> Informer:
        """The shared informer of a resource, started at its first use."""
        informer = self._informers.get(resource)
        if informer is None:
            informer = Informer(self._client, resource)
            informer.add_index("namespace", lambda obj: [obj["metadata"].get("namespace", "")])
            self._keep(informer)
            try:
                informer.start()
            except ApiError:
                self._on_lost(informer)
        return informer

    def _keep(self, informer: Informer) -> None:
        self._informers[informer.resource] = informer
        informer.subscriber = self._subscriber
        informer.on_lost = self._on_lost

    @contextmanager
    def subscribing(self, owner: str) -> Iterator[None]:
        """Handlers that are added meanwhile are this owner's: see `unsubscribe`."""
        self._subscribe(owner)
        try:
            yield
        finally:
            self._subscribe("")

    def _subscribe(self, owner: str) -> None:
        self._subscriber = owner
        for informer in self._informers.values():
            informer.subscriber = owner

    def unsubscribe(self, owner: str) -> None:
        """Tells an owner's handlers nothing any more."""
        for informer in self._informers.values():
            informer.take_handlers(owner)

    def fork(self, owner: str, client: Client) -> InformerFactory:
        """A factory for one owner alone, with the caches as they are now: it has no connection, and asks for one."""
        forked = InformerFactory(client, self._clock, self._trace)
        for informer in list(self._informers.values()):
            copy = informer.copy_for(owner, client)
            forked._keep(copy)
            forked._on_lost(copy)
        return forked

    def forget(self, resource: str) -> None:
        """The resource is no longer served: whoever has its informer sees no more of it, and nobody asks for it."""
        informer = self._informers.pop(resource, None)
        if informer is not None:
            self._lost.pop(resource, None)
            informer.stop()

    def break_off(self) -> None:
        """The connection is lost: all informers keep what they have, and try to list again."""
        for informer in list(self._informers.values()):
            informer.break_off()

    def stop(self) -> None:
        """The process has ended."""
        for informer in self._informers.values():
            informer.stop()
        self._lost.clear()
        if self._retry is not None:
            self._retry.cancel()

    @property
    def connected(self) -> bool:
        """Whether all caches follow the server."""
        return not self._lost

    def _on_lost(self, informer: Informer) -> None:
        self._lost[informer.resource] = informer
        if self._retry is None or not self._retry.active:
            self._retry = self._clock.call_after(self._retry_seconds, self._list_again)

    def _list_again(self) -> None:
        lost, self._lost = self._lost, {}
        for resource, informer in lost.items():
            try:
                informer.start()
            except ApiError:
                self._lost[resource] = informer
        if not self._lost:
            self._retry_seconds = RETRY_SECONDS
            return
        self._retry_seconds = min(2 * self._retry_seconds, MAX_RETRY_SECONDS)
        self._retry = self._clock.call_after(self._retry_seconds, self._list_again)
