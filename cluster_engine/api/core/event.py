"""Events. Follows pkg/registry/core/event/strategy.go and printEvent (v1.32)."""

from __future__ import annotations

from typing import Any

from cluster_engine.api.checks import Errors
from cluster_engine.api.strategy import NAME, Column, Strategy
from cluster_engine.apimachinery.errors import invalid_value
from cluster_engine.apimachinery.meta import Obj
from cluster_engine.apimachinery.scheme import Resource
from cluster_engine.apimachinery.times import age

_REFERENCE_FIELDS = ("kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath")


class EventStrategy(Strategy):
    """The rules of events."""

    resource = Resource("", "v1", "Event", "events", singular="event", short_names=("ev",))
    allow_create_on_update = True
    columns = (
        Column("Last Seen"),
        Column("Type"),
        Column("Reason"),
        Column("Object"),
        Column("Subobject", priority=1),
        Column("Source", priority=1),
        Column("Message"),
        Column("First Seen", priority=1),
        Column("Count", priority=1),
        Column(NAME.name, format=NAME.format, priority=1),
    )

    def prepare_for_update(self, new: Obj, old: Obj) -> Obj:
        return new

    def validate(self, obj: Obj) -> Errors:
        """An event about an object lies in the object's namespace, about a cluster's object in `default`."""
        namespace = obj["metadata"].get("namespace") or ""
        involved = (obj.get("involvedObject") or {}).get("namespace") or ""
        if involved != namespace and not (not involved and namespace in ("default", "kube-system")):
            return [invalid_value("involvedObject.namespace", involved, "does not match event.namespace")]
        return []

    def cells(self, obj: Obj, now_us: int) -> list[Any]:
        involved, series = obj.get("involvedObject") or {}, obj.get("series")
        first_seen = age(obj.get("firstTimestamp") or obj.get("eventTime"), now_us)
        last_seen = age(obj["lastTimestamp"], now_us) if obj.get("lastTimestamp") else first_seen
        # Events that happened once have no count in the newer API.
        count = obj.get("count") or 1
        if series is not None:
            last_seen = age(series.get("lastObservedTime"), now_us)
            count = series.get("count") or 0
        kind, name = involved.get("kind") or "", involved.get("name") or ""
        return [
            last_seen,
            obj.get("type") or "",
            obj.get("reason") or "",
            f"{kind.lower()}/{name}" if name else kind.lower(),
            involved.get("fieldPath") or "",
            _source(obj),
            (obj.get("message") or "").strip(),
            first_seen,
            count,
            obj["metadata"]["name"],
        ]

    def fields(self, obj: Obj) -> dict[str, str]:
        involved = obj.get("involvedObject") or {}
        found = {f"involvedObject.{field}": str(involved.get(field) or "") for field in _REFERENCE_FIELDS}
        source = (obj.get("source") or {}).get("component") or obj.get("reportingComponent") or ""
        found["reason"] = obj.get("reason") or ""
        found["reportingComponent"] = obj.get("reportingComponent") or ""
        found["source"] = source
        found["type"] = obj.get("type") or ""
        return found


def _source(event: Obj) -> str:
    """Who says it, and on which node."""
    source = event.get("source") or {}
    component = source.get("component") or event.get("reportingComponent") or ""
    host = source.get("host") or event.get("reportingInstance") or ""
    return f"{component}, {host}" if host else component
