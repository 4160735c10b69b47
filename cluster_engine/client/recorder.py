"""Events: what a component tells people about an object.

Follows client-go/tools/record: the same event again counts up, more than ten alike within ten minutes are combined into
one, and a source that talks too much about one object (25 at once, then one every five minutes) is not heard.
"""

from __future__ import annotations

from dataclasses import dataclass

from cluster_engine.apimachinery.errors import ApiError
from cluster_engine.apimachinery.meta import Obj
from cluster_engine.client.client import Client
from cluster_engine.clock import SECOND_US, Clock, rfc3339_micro
from cluster_engine.trace import Trace

SPAM_BURST = 25.0
SPAM_REFILL_PER_US = 1 / (300 * SECOND_US)
AGGREGATE_AFTER = 10
AGGREGATE_WINDOW_US = 600 * SECOND_US
MAX_REMEMBERED = 4096
# An event of events.k8s.io that comes again within this time joins those before it. Follows finishTime of
# client-go/tools/events.
SERIES_SECONDS = 360
COMBINED = "(combined from similar events): "


@dataclass(slots=True)
class _Bucket:
    """Tokens that one source has left for one object."""

    tokens: float
    last_us: int

    def take(self, now_us: int) -> bool:
        self.tokens = min(SPAM_BURST, self.tokens + (now_us - self.last_us) * SPAM_REFILL_PER_US)
        self.last_us = now_us
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True


@dataclass(slots=True)
class _Similar:
    """Events of one source about one object with one reason: their different messages, and when the last one came."""

    messages: dict[str, None]
    last_us: int


@dataclass(slots=True)
class _Series:
    """The same event again and again: how often, when last, and of how many of them the API knows."""

    event: Obj
    last_us: int
    count: int = 1
    told: int = 1


class EventRecorder:
    """Records events in the name of one component. `host` is the node of a kubelet.

    With `events_v1` they are in the form of events.k8s.io, as the scheduler's are: eventTime and action, no count.
    """

    def __init__(
        self, client: Client, clock: Clock, trace: Trace, component: str, host: str = "", *, events_v1: bool = False
    ) -> None:
        self._client = client
        self._clock = clock
        self._trace = trace
        self.component = component
        self._host = host
        self._events_v1 = events_v1
        self._buckets: dict[str, _Bucket] = {}
        self._similar: dict[tuple[str, ...], _Similar] = {}
        self._sent: dict[tuple[str, ...], Obj] = {}
        self._series: dict[tuple[str, ...], _Series] = {}
        self._sequence = 0

    def event(
        self,
        obj: Obj,
        type_: str,
        reason: str,
        message: str,
        *,
        field_path: str = "",
        action: str = "",
        related: Obj | None = None,
    ) -> None:
        """Tells about `obj`: `type_` is "Normal" or "Warning". A refused event is dropped, as in Kubernetes.

        `related` is another object that has to do with it, for events in the form of events.k8s.io.
        """
        now_us = self._clock.now_us
        involved = _reference(obj, field_path)
        about = involved.get("uid") or f"{involved['kind']}/{involved['name']}"
        message = message[:1024]
        if self._events_v1:
            event = self._new_style(involved, type_, reason, message, action)
            if related is not None:
                event["related"] = _reference(related, "")
            self._record(event, now_us)
            return
        alike = (about, type_, reason)
        message, combined = self._aggregate(alike, message, now_us)
        key = (*alike, COMBINED) if combined else (*alike, field_path, message)
        if not self._buckets.setdefault(about, _Bucket(SPAM_BURST, now_us)).take(now_us):
            return
        self._bound()
        self._observe(key, involved, type_, reason, message)

    def _aggregate(self, key: tuple[str, ...], message: str, now_us: int) -> tuple[str, bool]:
        """The message to send, and whether it stands for many."""
        similar = self._similar.get(key)
        if similar is None or now_us - similar.last_us > AGGREGATE_WINDOW_US:
            similar = self._similar[key] = _Similar({}, now_us)
        similar.last_us = now_us
        similar.messages[message] = None
        if len(similar.messages) < AGGREGATE_AFTER:
            return message, False
        similar.messages.popitem()
        return COMBINED + message, True

    def _observe(self, key: tuple[str, ...], involved: Obj, type_: str, reason: str, message: str) -> None:
        now_us = self._clock.now_us
        earlier = self._sent.get(key)
        if earlier is not None:
            again = {
                **earlier,
                "count": earlier["count"] + 1,
                "lastTimestamp": self._clock.rfc3339(),
                "message": message,
            }
            again["metadata"] = {k: v for k, v in earlier["metadata"].items() if k != "resourceVersion"}
            try:
                self._sent[key] = self._client.update("events", again)
                return
            except ApiError:
                self._sent.pop(key)  # it has expired or was deleted: start anew
        now = self._clock.rfc3339()
        event = {
            **self._head(involved, now_us),
            "involvedObject": involved,
            "reason": reason,
            "message": message,
            "source": {"component": self.component, **({"host": self._host} if self._host else {})},
            "firstTimestamp": now,
            "lastTimestamp": now,
            "count": 1,
            "type": type_,
            "eventTime": None,
            "reportingComponent": self.component,
            "reportingInstance": self._host,
        }
        created = self._create(event, now_us)
        if created is not None:
            self._sent[key] = created

    def _record(self, event: Obj, now_us: int) -> None:
        """Creates an event of events.k8s.io, or counts it: the second time is told at once, later ones when the series
        is over. The message does not matter, the version of the object does. Follows event_broadcaster.go.
        """
        self._finish_series(now_us)
        involved = event["involvedObject"]
        about = involved.get("uid", ""), involved.get("resourceVersion", "")
        key = (event["type"], event["action"], event["reason"], *about, (event.get("related") or {}).get("uid", ""))
        series = self._series.get(key)
        if series is None:
            created = self._create(event, now_us)
            if created is not None:
                self._bound()
                self._series[key] = _Series(created, now_us)
            return
        # To the end: those that have not gone on for longest stand first.
        self._series[key] = self._series.pop(key)
        series.count += 1
        series.last_us = now_us
        if series.count == 2:
            self._tell(series)

    def _finish_series(self, now_us: int) -> None:
        """Closes the series that have not gone on for long."""
        over_us = now_us - SERIES_SECONDS * SECOND_US
        while self._series:
            key, series = next(iter(self._series.items()))
            if series.last_us >= over_us:
                return
            del self._series[key]
            if series.told < series.count:
                self._tell(series)

    def _tell(self, series: _Series) -> None:
        last = rfc3339_micro(series.last_us)
        changed = {**series.event, "series": {"count": series.count, "lastObservedTime": last}}
        changed["metadata"] = {k: v for k, v in series.event["metadata"].items() if k != "resourceVersion"}
        try:
            series.event = self._client.update("events", changed)
            series.told = series.count
        except ApiError as error:
            self._trace.note(f"event {series.event['reason']} was refused: {error.message}")

    def _new_style(self, involved: Obj, type_: str, reason: str, message: str, action: str) -> Obj:
        return {
            **self._head(involved, self._clock.now_us),
            "involvedObject": involved,
            "reason": reason,
            "message": message,
            "source": {},
            "firstTimestamp": None,
            "lastTimestamp": None,
            "type": type_,
            "eventTime": self._clock.rfc3339_micro(),
            "action": action,
            "reportingComponent": self.component,
            "reportingInstance": f"{self.component}-k8s-master01",
        }

    def _head(self, involved: Obj, now_us: int) -> Obj:
        # The name ends in a time in nanoseconds; a sequence keeps those of one moment apart.
        self._sequence += 1
        name = f"{involved['name']}.{now_us * 1000 + self._sequence % 1000:x}"
        namespace = involved.get("namespace") or "default"
        return {"apiVersion": "v1", "kind": "Event", "metadata": {"name": name, "namespace": namespace}}

    def _create(self, event: Obj, now_us: int) -> Obj | None:
        try:
            return self._client.create("events", event)
        except ApiError as error:
            # Nobody waits for an event; one in a namespace that is going away, say, is refused.
            self._trace.note(f"event {event['reason']} was refused: {error.message}")
            return None

    def _bound(self) -> None:
        for table in (self._buckets, self._similar, self._sent, self._series):
            if len(table) > MAX_REMEMBERED:
                table.clear()


def _reference(obj: Obj, field_path: str) -> Obj:
    meta = obj["metadata"]
    reference = {
        "kind": obj["kind"],
        "namespace": meta.get("namespace"),
        "name": meta["name"],
        "uid": meta.get("uid"),
        "apiVersion": obj["apiVersion"],
        "resourceVersion": meta.get("resourceVersion"),
        "fieldPath": field_path,
    }
    return {field: value for field, value in reference.items() if value}
