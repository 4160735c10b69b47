"""Events as events.k8s.io/v1 tells them: the same stored objects as the core group's, with other names of fields.

Follows pkg/apis/events/v1/conversion.go and validation.ValidateEventCreate (v1.32).
"""

from __future__ import annotations

from cluster_engine.api.checks import Errors, immutable
from cluster_engine.api.core.event import EventStrategy
from cluster_engine.api.versions import VersionView
from cluster_engine.apimachinery.errors import invalid_value, required
from cluster_engine.apimachinery.meta import Obj
from cluster_engine.apimachinery.scheme import Resource

_NAMES = {
    "involvedObject": "regarding",
    "message": "note",
    "reportingComponent": "reportingController",
    "source": "deprecatedSource",
    "firstTimestamp": "deprecatedFirstTimestamp",
    "lastTimestamp": "deprecatedLastTimestamp",
    "count": "deprecatedCount",
}
_CORE_NAMES = {new: old for old, new in _NAMES.items()}
_FIELDS = ("kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath")
# What a change through this API may not touch; only the series moves on.
_IMMUTABLE = (
    "involvedObject", "reason", "message", "source", "firstTimestamp", "lastTimestamp", "count", "type", "eventTime",
    "action", "related", "reportingComponent", "reportingInstance",
)  # fmt: skip


class EventsEventStrategy(VersionView):
    """The rules of events in events.k8s.io/v1."""

    stored = EventStrategy()
    resource = Resource(
        "events.k8s.io", "v1", "Event", "events", singular="event", short_names=("ev",), stored_as="events"
    )
    allow_create_on_update = True
    columns = EventStrategy.columns

    def to_storage(self, obj: Obj) -> Obj:
        made = {_CORE_NAMES.get(field, field): value for field, value in obj.items()}
        return {**made, "apiVersion": "v1"}

    def from_storage(self, obj: Obj) -> Obj:
        made = {_NAMES.get(field, field): value for field, value in obj.items()}
        return {**made, "apiVersion": "events.k8s.io/v1"}

    def validate(self, obj: Obj) -> Errors:
        errors = super().validate(obj)
        if obj["metadata"].get("resourceVersion"):
            return errors
        event = self.to_storage(obj)
        errors += _series(event)
        if not event.get("eventTime"):
            errors.append(required("eventTime"))
        if event.get("type") not in ("Normal", "Warning"):
            errors.append(invalid_value("type", "", f"has invalid value: {event.get('type') or ''}"))
        for field in ("firstTimestamp", "lastTimestamp", "count", "source"):
            if event.get(field):
                errors.append(invalid_value(field, "", "needs to be unset"))
        return errors

    def validate_update(self, new: Obj, old: Obj) -> Errors:
        after, before = self.to_storage(new), self.to_storage(old)
        errors = _series(after) if after.get("series") != before.get("series") else []
        for field in _IMMUTABLE:
            errors += immutable(field, after.get(field), before.get(field))
        return errors

    def fields(self, obj: Obj) -> dict[str, str]:
        core = self.stored.fields(obj)
        found = {f"regarding.{field}": core[f"involvedObject.{field}"] for field in _FIELDS}
        found |= {"reason": core["reason"], "type": core["type"], "reportingController": core["reportingComponent"]}
        return found


def _series(event: Obj) -> Errors:
    series = event.get("series")
    if series is None:
        return []
    errors: Errors = []
    if (series.get("count") or 0) < 2:
        errors.append(invalid_value("series.count", "", "should be at least 2"))
    if not series.get("lastObservedTime"):
        errors.append(required("series.lastObservedTime"))
    return errors
