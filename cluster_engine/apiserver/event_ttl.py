"""Events leave etcd by themselves after an hour, as with kube-apiserver's --event-ttl."""

from __future__ import annotations

from cluster_engine.apimachinery.times import parse_time
from cluster_engine.clock import SECOND_US
from cluster_engine.etcd.store import Store

EVENT_TTL_SECONDS = 3600.0
_EVENTS = "/registry/events/"


def grant_again(store: Store, now_us: int) -> None:
    """Gives the Events of a restored store the rest of their hour: leases are no part of a snapshot.

    The time of an Event's last write is its lastTimestamp, or its eventTime where it is of the new form.
    """
    for item in store.range(_EVENTS):
        event = item.value
        written = event.get("lastTimestamp") or event.get("eventTime") or event["metadata"].get("creationTimestamp")
        age_seconds = (now_us - parse_time(written)) / SECOND_US if written else 0.0
        store.grant(item.key, max(EVENT_TTL_SECONDS - age_seconds, 0.0))
