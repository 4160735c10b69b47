"""The events of an object, and the table of them. Follows searchEvents and DescribeEvents."""

from __future__ import annotations

from cluster_engine.apimachinery.errors import ApiError
from cluster_engine.apimachinery.meta import Obj
from cluster_engine.apimachinery.times import age
from cluster_engine.kubectl.describe.writer import Writer
from cluster_engine.kubectl.factory import Factory


def search(factory: Factory, obj: Obj, *, uid: str | None = None) -> list[Obj]:
    """The events about an object, in the order in which the server lists them."""
    meta = obj["metadata"]
    fields = [f"involvedObject.name={meta['name']}"]
    if meta.get("namespace"):
        fields.append(f"involvedObject.namespace={meta['namespace']}")
    if obj["kind"] not in ("Pod", "Node"):
        fields.append(f"involvedObject.kind={obj['kind']}")
    fields.append(f"involvedObject.uid={uid if uid is not None else meta.get('uid', '')}")
    try:
        return factory.list("events", meta.get("namespace", ""), field_selector=",".join(fields))
    except ApiError:
        return []


def describe(events: list[Obj], writer: Writer, now_us: int) -> None:
    if not events:
        writer.field("Events", "<none>")
        return
    writer.line(0, "Events:")
    ordered = sorted(events, key=lambda event: event.get("lastTimestamp") or "")
    writer.line(1, "Type", "Reason", "Age", "From", "Message")
    writer.line(1, "----", "------", "----", "----", "-------")
    for event in ordered:
        writer.line(1, *_row(event, now_us))


def _row(event: Obj, now_us: int) -> tuple[str, str, str, str, str]:
    source = (event.get("source") or {}).get("component") or event.get("reportingComponent", "")
    message = event.get("message", "").strip()
    return event.get("type", ""), event.get("reason", ""), _interval(event, now_us), source, message


def _interval(event: Obj, now_us: int) -> str:
    first = age(event.get("eventTime") or event.get("firstTimestamp"), now_us)
    series = event.get("series")
    if series:
        return f"{age(series.get('lastObservedTime'), now_us)} (x{series.get('count', 0)} over {first})"
    if event.get("count", 0) > 1:
        return f"{age(event.get('lastTimestamp'), now_us)} (x{event['count']} over {first})"
    return first
