"""Informers: a cache of one resource, kept up to date by a watch, that tells its handlers what changed.

Follows client-go/tools/cache. One informer of a resource serves all components of a process. Handlers run when an event
is delivered and only put keys into work queues; the work is done in a step of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Literal

from cluster_engine.apimachinery.labels import Selector
from cluster_engine.apimachinery.meta import Obj, key_of
from cluster_engine.client.client import Client
from cluster_engine.clock import Clock
from cluster_engine.trace import START, Cause, Trace

EventType = Literal["ADDED", "MODIFIED", "DELETED"]
# (type, new or last state, old state or None, cause)
Handler = Callable[[EventType, Obj, Obj | None, Cause], None]
IndexFunction = Callable[[Obj], list[str]]
# Spelt out here, since `list` is a method in the class below.
Objects = list[Obj]


class Informer:
    """The cache of one resource. Objects in it are immutable and may be a moment behind the server."""

    def __init__(self, client: Client, resource: str, *, namespace: str = "", field_selector: str = "") -> None:
        self._client = client
        self.resource = resource
        self._namespace = namespace
        self._field_selector = field_selector
        self._items: dict[str, Obj] = {}
        self._handlers: list[Handler] = []
        self._index_functions: dict[str, IndexFunction] = {}
        self._indices: dict[str, dict[str, dict[str, Obj]]] = {}

    def start(self) -> None:
        """Lists, watches from there, and tells the handlers of everything that is there."""
        listing = self._client.list(self.resource, self._namespace, field_selector=self._field_selector)
        for obj in listing.items:
            self._apply("ADDED", obj, START)
        self._watch = self._client.watch(
            self.resource,
            self._namespace,
            resource_version=listing.resource_version,
            field_selector=self._field_selector,
        )
        self._watch.deliver_to(self._on_event)

    def stop(self) -> None:
        self._watch.stop()

    def add_handler(self, handler: Handler) -> None:
        """Adds a handler; it is told at once of all that the cache holds."""
        self._handlers.append(handler)
        for obj in self._items.values():
            handler("ADDED", obj, None, START)

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
        self._informers: dict[str, Informer] = {}

    def get(self, resource: str) -> Informer:
        """The shared informer of a resource, started at its first use."""
        informer = self._informers.get(resource)
        if informer is None:
            informer = self._informers[resource] = Informer(self._client, resource)
            informer.add_index("namespace", lambda obj: [obj["metadata"].get("namespace", "")])
            informer.start()
        return informer
