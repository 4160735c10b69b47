"""`kubectl events`. Follows k8s.io/kubectl/pkg/cmd/events."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from cluster_engine.apimachinery.meta import Obj
from cluster_engine.apimachinery.times import age, parse_time
from cluster_engine.apiserver.request import Watch
from cluster_engine.kubectl import common_flags as common
from cluster_engine.kubectl.command import Command, Invocation
from cluster_engine.kubectl.errors import CommandError
from cluster_engine.kubectl.factory import Factory
from cluster_engine.kubectl.flags import Flag
from cluster_engine.kubectl.printers.output import format_of, object_printer
from cluster_engine.kubectl.printers.table import cell_text
from cluster_engine.kubectl.printers.tabwriter import TableWriter
from cluster_engine.kubectl.process import Process, Wait

_HEADERS = ("LAST SEEN", "TYPE", "REASON", "OBJECT", "MESSAGE")


def run(call: Invocation) -> Process:
    flags, factory = call.flags, call.factory
    selector = _selector(factory, flags.string("for"))
    printer = object_printer(flags, factory.files, "events") if format_of(flags) else None
    types = [text.lower() for text in flags.strings("types")]
    if not set(types) <= {"normal", "warning"}:
        raise CommandError("valid --types are Normal or Warning")
    namespace = "" if flags.on("all-namespaces") else factory.namespace
    table = _Table(call)
    if flags.on("watch"):
        return (yield from _watch(call, namespace, selector, types, printer or table.one))
    found = [event for event in factory.list("events", namespace, field_selector=selector) if _wanted(event, types)]
    if not found:
        factory.err.line(f"No events found in {namespace} namespace." if namespace else "No events found.")
        return 0
    found = [{"apiVersion": "v1", "kind": "Event", **event} for event in sorted(found, key=_time)]
    if printer is None:
        factory.out.write(table.render(found))
        return 0
    listed = {"apiVersion": "v1", "kind": "EventList", "metadata": {"resourceVersion": ""}, "items": found}
    if format_of(flags) == "name":
        # The real one prints no name for a list.
        return 0
    factory.out.write(printer(listed))
    return 0


def _selector(factory: Factory, text: str) -> str:
    if not text:
        return ""
    if "/" not in text:
        raise CommandError("--for must be in resource/name form")
    word, _, name = text.partition("/")
    if "/" in name:
        raise CommandError("arguments in resource/name form may not have more than one slash")
    resource = factory.mapper.resource(word)
    return (
        f"involvedObject.kind={resource.kind},involvedObject.apiVersion={resource.api_version},"
        f"involvedObject.name={name}"
    )


def _wanted(event: Obj, types: Sequence[str]) -> bool:
    return not types or event.get("type", "").lower() in types


def _time(event: Obj) -> int:
    series = event.get("series")
    text = (series or {}).get("lastObservedTime") or event.get("lastTimestamp") or event.get("eventTime")
    return parse_time(text) if text else 0


def _watch(call: Invocation, namespace: str, selector: str, types: Sequence[str], show: object) -> Process:
    assert callable(show)
    resource = call.factory.mapper.resource("events")
    watch: Watch = call.factory.request("watch", resource, namespace, field_selector=selector, resource_version=0)
    try:
        while True:
            event = watch.pop()
            if event is None:
                if watch.ended:
                    return 0
                yield Wait(watches=(watch,))
                continue
            type_, obj, _ = event
            if type_ != "DELETED" and _wanted(obj, types):
                call.factory.out.write(show({"apiVersion": "v1", "kind": "Event", **obj}))
    finally:
        watch.stop()


class _Table:
    """Prints events as lines; the headers come once."""

    def __init__(self, call: Invocation) -> None:
        self._call = call
        self._namespaces = call.flags.on("all-namespaces")
        self._headed = call.flags.on("no-headers")
        self._writer = TableWriter()

    def one(self, event: Obj) -> str:
        return self.render([event])

    def render(self, events: Iterable[Obj]) -> str:
        rows = [] if self._headed else [[*(("NAMESPACE",) if self._namespaces else ()), *_HEADERS]]
        self._headed = True
        rows += [self._row(event) for event in events]
        return self._writer.render(rows)

    def _row(self, event: Obj) -> list[str]:
        about = event.get("involvedObject") or {}
        row = [
            interval(event, self._call.factory.now_us),
            cell_text(event.get("type", "")),
            cell_text(event.get("reason", "")),
            f"{about.get('kind', '')}/{about.get('name', '')}",
            event.get("message", "").strip(),
        ]
        return [event["metadata"].get("namespace", ""), *row] if self._namespaces else row


def interval(event: Obj, now_us: int) -> str:
    """How long ago an event was, and how often since when."""
    first = age(event.get("eventTime") or event.get("firstTimestamp"), now_us)
    series = event.get("series")
    if series:
        return f"{age(series.get('lastObservedTime'), now_us)} (x{series.get('count', 0)} over {first})"
    if event.get("count", 0) > 1:
        return f"{age(event.get('lastTimestamp'), now_us)} (x{event['count']} over {first})"
    return first


COMMAND = Command(
    "events",
    "List events",
    run,
    use="[(-o|--output=)json|yaml|name|go-template|go-template-file|template|templatefile|jsonpath|jsonpath-as-json|"
    "jsonpath-file] [--for TYPE/NAME] [--watch] [--types=Normal,Warning] [options]",
    long="Shows what happened, the latest at the end: of a namespace, of all, or of one object.",
    example="kubectl events\n\n# Of one pod, and what is still to come\nkubectl events --for pod/web-0 --watch\n\n"
    "# Only what went wrong\nkubectl events --types=Warning",
    group="Troubleshooting and Debugging Commands",
    completes="nothing",
    interrupted_code=1,
    flags=(
        *common.output(),
        common.ALL_NAMESPACES,
        common.CHUNK_SIZE,
        Flag("for", help="The object that events are about, as TYPE/NAME"),
        Flag("no-headers", "bool", help="Leaves the line of headers out"),
        Flag("types", "stringSlice", help="Normal, Warning or both"),
        Flag("watch", "bool", shorthand="w", help="Goes on as events happen"),
    ),
)
