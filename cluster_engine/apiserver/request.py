"""What goes in at the API server's door and what comes out: `Request`, `Response`, `Watch`."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

from cluster_engine.apimachinery.meta import Obj

Verb = Literal["get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"]
PatchType = Literal["json", "merge", "strategic", "apply"]
Propagation = Literal["Background", "Foreground", "Orphan"]
# How the client wants objects: whole, as table rows, or metadata only.
Accept = Literal["object", "table", "partial"]
FieldValidation = Literal["Strict", "Warn", "Ignore"]

MAX_WATCH_BUFFER = 10_000


@dataclass(slots=True)
class Request:
    """One request. `resource` is a group resource ("pods", "deployments.apps"); `namespace` "" means all, or cluster
    scope.

    `body` is an object (create, update, a merge, strategic or apply patch) or a list of operations (a JSON patch).
    `trusted` marks the bodies of components, which are built from stored objects and need no strict decoding.
    `resource_version` is an integer revision, or None where the client gave none. `groups` are those of `user`;
    members of system:masters may do everything. `duplicates` are the paths of fields that stood twice in the body.
    """

    verb: Verb
    resource: str
    namespace: str = ""
    name: str = ""
    subresource: str = ""
    body: Any = None
    duplicates: tuple[str, ...] = ()
    user: str = "system:admin"
    groups: tuple[str, ...] = ("system:masters", "system:authenticated")
    user_uid: str = ""
    user_extra: dict[str, list[str]] | None = None
    field_manager: str = "unknown"
    trusted: bool = False
    dry_run: bool = False
    force: bool = False
    field_validation: FieldValidation = "Strict"
    patch_type: PatchType = "strategic"
    label_selector: str = ""
    field_selector: str = ""
    limit: int = 0
    continue_token: str = ""
    resource_version: int | None = None
    resource_version_match: str = ""
    accept: Accept = "object"
    # Table rows carry the whole object, its metadata, or nothing (includeObject).
    include_object: Literal["Metadata", "Object", "None"] = "Metadata"
    propagation_policy: Propagation | None = None
    grace_period_seconds: int | None = None
    preconditions: dict[str, str] | None = None
    timeout_seconds: float | None = None
    allow_bookmarks: bool = False
    send_initial_events: bool | None = None
    # All of the query, for the subresources whose options are their own (log, exec, attach).
    parameters: dict[str, list[str]] | None = None


@dataclass(slots=True)
class Response:
    """`code` as in HTTP; `body` is an object, a list, a Table, a Status, or a `Watch`."""

    code: int
    body: Any
    warnings: list[str] = field(default_factory=list)


# (type, object, revision): what a watch delivers. The object is whole; `Watch.render` gives the form the client
# accepts.
WatchEvent = tuple[Literal["ADDED", "MODIFIED", "DELETED"], Obj, int]


class Watch:
    """A stream of events of one resource, from a revision on.

    Either poll it (`pop`, and `on_ready` is called when events arrive), or have events delivered (`deliver_to`). A
    watch whose buffer overflows is ended: `ended` is set, and the client has to list again.
    """

    __slots__ = ("_buffer", "_deliver", "_limit", "_on_stop", "ended", "on_ready", "render")

    def __init__(self, on_stop: Callable[[Watch], None], render: Callable[[Obj, bool], Obj] | None = None) -> None:
        self._buffer: deque[WatchEvent] = deque()
        self._limit = MAX_WATCH_BUFFER
        self._deliver: Callable[[Any, Obj, int], None] | None = None
        self._on_stop = on_stop
        self.on_ready: Callable[[], None] | None = None
        # (object, whether it is the first of this watch) -> object, table or metadata as the client accepts.
        self.render = render or (lambda obj, first: obj)
        self.ended = False

    def __len__(self) -> int:
        return len(self._buffer)

    def deliver_to(self, callback: Callable[[Any, Obj, int], None]) -> None:
        """From now on calls `callback(type, object, revision)` for each event, those in the buffer first."""
        self._deliver = callback
        while self._buffer:
            callback(*self._buffer.popleft())

    def pop(self) -> WatchEvent | None:
        """The next event, or None when there is none yet."""
        return self._buffer.popleft() if self._buffer else None

    def preload(self, events: Iterable[WatchEvent]) -> None:
        """Called by the server before anything is pushed: what is there at the start, however much it is."""
        self._buffer.extend(events)
        self._limit = len(self._buffer) + MAX_WATCH_BUFFER

    def push(self, event: WatchEvent) -> None:
        """Called by the server."""
        if self._deliver is not None:
            self._deliver(*event)
            return
        if len(self._buffer) >= self._limit:
            self.stop()
            return
        self._buffer.append(event)
        if self.on_ready is not None:
            self.on_ready()

    def stop(self) -> None:
        """Ends the watch; calling it again changes nothing."""
        if not self.ended:
            self.ended = True
            self._on_stop(self)
            if self.on_ready is not None:
                self.on_ready()
