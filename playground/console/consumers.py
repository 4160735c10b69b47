"""The workspace's websocket, `/ws/sandboxes/<uuid>/`: JSON both ways, described in docs/protocol.md.

A browser says `hello` with the last revision that it has, and is sent the history and what it lacks. From then on each
nudge of the channel layer makes the consumer pull what is new from the gateway. Nudges may be lost or come twice.
"""

from __future__ import annotations

import logging
from typing import Any
from urllib.parse import parse_qs

import orjson
from channels.consumer import get_handler_name
from channels.generic.websocket import AsyncWebsocketConsumer
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext_lazy

from playground.console import timeline, view
from playground.console.messages import BadMessage, parse
from playground.sandboxes import gateway, manifest_repair
from playground.sandboxes.feed import Change, Told
from playground.sandboxes.gateway import GapError, LimitError, OpenSandbox, ReadOnly, SandboxNotFound

logger = logging.getLogger(__name__)

CLOSE_NOT_FOUND = 4404
CLOSE_TRY_AGAIN = 1012  # "service restart": the browser connects again
CHANGES_PER_MESSAGE = 400
FAULT = gettext_lazy("Something went wrong here; nothing is lost. Try again.")
STRANGER = "There is no such sandbox."


class SandboxConsumer(AsyncWebsocketConsumer):
    """One browser's connection to one sandbox."""

    opened: OpenSandbox | None = None
    # Where to pull from next; None until the browser has said hello.
    cursor: int | None = None
    sent_revision = 0

    async def dispatch(self, message: dict[str, Any]) -> None:
        """Hands a message to its method. Channels' own visits the database's thread before each one, to close old
        connections; nothing here needs that, and a keystroke would wait behind the journal's writing."""
        handler = getattr(self, get_handler_name(message), None)
        if handler is None:
            raise ValueError(f"no handler for message type {message['type']}")
        await handler(message)

    # Coming and going.

    async def connect(self) -> None:
        # Accepted first: only then can a browser be told why it is refused.
        await self.accept()
        query = parse_qs(self.scope.get("query_string", b"").decode("latin-1"))
        review = query.get("review", [""])[0] == "1"
        sandbox_id = self.scope["url_route"]["kwargs"]["sandbox_id"]
        try:
            self.opened = await gateway.open_sandbox(sandbox_id, self.scope["user"], review=review)
        except SandboxNotFound:
            await self.close(code=CLOSE_NOT_FOUND, reason=STRANGER)
            return
        except Exception:
            logger.exception("sandbox %s could not be woken", sandbox_id)
            await self.close(code=CLOSE_TRY_AGAIN)
            return
        await self.channel_layer.group_add(self.opened.group, self.channel_name)

    async def disconnect(self, code: int) -> None:
        if self.opened is not None:
            await self.channel_layer.group_discard(self.opened.group, self.channel_name)
            self.opened.close()

    # What the browser says.

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Answers a frame; whatever is wrong with it is said in an `error` message."""
        if self.opened is None:
            return
        if self.opened.gone and not await self.follow(self.opened):
            return
        try:
            message = parse(text_data if bytes_data is None else bytes_data)
            await getattr(self, f"on_{message.pop('type')}")(self.opened, **message)
        except (BadMessage, LimitError, ReadOnly) as error:
            await self.send_error(error)
        except Exception:
            logger.exception("a message to sandbox %s failed", self.opened.sandbox.pk)
            await self.send_error(FAULT)

    async def on_hello(self, opened: OpenSandbox, revision: int | None) -> None:
        await self.send_message(opened.history())
        await self.send_state(opened)
        try:
            if revision is None:
                raise GapError
            entries, self.cursor = opened.since_revision(revision)
            self.sent_revision = revision
            await self.send_events(opened, entries, always=True)
            await self.send_message(opened.clock())
        except GapError:
            await self.send_snapshot(opened)
        progress = opened.progress()
        if progress is not None:
            await self.send_message(progress)

    async def on_command(self, opened: OpenSandbox, terminal: str, line: str) -> None:
        what = opened.asks_to_rewind(terminal, line)
        if what is None:
            opened.run(terminal, line)
        else:
            await self.rewind(opened, what, terminal)

    async def on_undo(self, opened: OpenSandbox, terminal: str) -> None:
        await self.rewind(opened, "undo", terminal)

    async def on_redo(self, opened: OpenSandbox, terminal: str) -> None:
        await self.rewind(opened, "redo", terminal)

    async def on_reset(self, opened: OpenSandbox, terminal: str, what: str) -> None:
        if what not in ("step", "lesson"):
            raise BadMessage("reset: what must be step or lesson")
        await self.rewind(opened, what, terminal)

    async def rewind(self, opened: OpenSandbox, what: str, terminal: str) -> None:
        """Takes the sandbox back, and shows it as it was."""
        await opened.rewind(what, terminal, self.language())
        if opened.gone:
            await self.follow(opened)

    async def follow(self, opened: OpenSandbox) -> bool:
        """Shows the sandbox anew where it was taken back; returns False, and hangs up, when it is simply gone."""
        if not opened.moved:
            await self.close(code=CLOSE_TRY_AGAIN)
            return False
        try:
            await opened.follow()
        except SandboxNotFound:
            await self.close(code=CLOSE_NOT_FOUND, reason=STRANGER)
            return False
        if self.cursor is not None:
            await self.send_message(opened.history())
            await self.send_state(opened)
            await self.send_snapshot(opened)
        return True

    async def on_interrupt(self, opened: OpenSandbox, terminal: str) -> None:
        opened.interrupt(terminal)

    async def on_input(self, opened: OpenSandbox, terminal: str, text: str) -> None:
        opened.type_input(terminal, text)

    async def on_resize(self, opened: OpenSandbox, terminal: str, columns: int, rows: int) -> None:
        opened.resize(terminal, columns, rows)

    async def on_close_editor(self, opened: OpenSandbox, terminal: str, path: str) -> None:
        opened.close_editor(terminal, path)

    async def on_complete(
        self, opened: OpenSandbox, terminal: str, line: str, cursor: int, id: str | int  # noqa: A002
    ) -> None:
        found = opened.complete(terminal, line, cursor)
        await self.send_message(
            {"type": "completion", "id": id, "start": found.start, "candidates": list(found.candidates)}
        )

    async def on_check(self, opened: OpenSandbox, id: str | int, path: str | None, text: str) -> None:  # noqa: A002
        faults = [fault.message_fields() for fault in await opened.check(text)]
        await self.send_message({"type": "faults", "id": id, "faults": faults})

    async def on_repair(self, opened: OpenSandbox, id: str | int, text: str, answers: Any) -> None:  # noqa: A002
        found = await opened.repair(text, answers or {})
        fields = manifest_repair.NOTHING if found is None else found.message_fields()
        await self.send_message({"type": "repaired", "id": id, **fields})

    async def on_save(self, opened: OpenSandbox, path: str, text: str) -> None:
        opened.save(path, text)

    async def on_apply(self, opened: OpenSandbox, path: str, text: str, terminal: str) -> None:
        opened.apply(path, text, terminal)

    async def on_pace(self, opened: OpenSandbox, speed: float, paused: bool) -> None:
        opened.pace(speed, paused)

    async def on_look(self, opened: OpenSandbox, look: str) -> None:
        opened.change_look(look)

    async def on_step(self, opened: OpenSandbox) -> None:
        opened.step_once()

    async def on_show_lesson(self, opened: OpenSandbox, slug: str) -> None:
        opened.show_lesson(slug)

    async def on_describe(self, opened: OpenSandbox, id: str | int, key: str) -> None:  # noqa: A002
        details = opened.describe(key)
        with translation.override(self.language()):
            story = [(timeline.decided(step), step.component) for step in details.steps] if details else []
            html = render_to_string("console/details.html", {"details": details, "story": story, "key": key})
        await self.send_message({"type": "details", "id": id, "html": html})

    async def send_error(self, error: object) -> None:
        with translation.override(self.language()):
            message = str(error)
        await self.send_message({"type": "error", "message": message})

    def language(self) -> str:
        """The visitor's language: their own setting, else the cookie that Django's language switch sets."""
        chosen = getattr(self.scope["user"], "language", "") or self.scope.get("cookies", {}).get("django_language", "")
        return chosen if translation.check_for_language(chosen) else "en"

    # What the browser is told.

    async def sandbox_nudge(self, event: dict[str, Any]) -> None:
        """Something is new: pull it. Called by the channel layer."""
        opened = self.opened
        if opened is None or self.cursor is None:
            return
        if opened.gone:
            await self.follow(opened)
            return
        try:
            entries, cursor = opened.after(self.cursor)
        except GapError:
            await self.send_message(opened.history())
            await self.send_state(opened)
            await self.send_snapshot(opened)
            return
        self.cursor = cursor
        batch: list[Any] = []
        for entry in entries:
            if isinstance(entry, Told):
                # Changes first: what a command did is seen before it says that it did it.
                await self.send_events(opened, batch)
                batch = []
                if entry.is_for(opened):
                    await self.send_message(entry.frame)
            else:
                batch.append(entry)
        await self.send_events(opened, batch)

    async def send_state(self, opened: OpenSandbox) -> None:
        for frame in opened.state():
            await self.send_message(frame)

    async def send_snapshot(self, opened: OpenSandbox) -> None:
        start = opened.start()
        self.cursor = start.cursor
        self.sent_revision = start.revision
        with translation.override(self.language()):
            steps = [timeline.step_message(step) for step in start.steps]
        await self.send_message({
            **opened.clock(),
            "type": "snapshot",
            "revision": start.revision,
            "items": view.items(start.objects, opened.cells),
            "steps": steps,
            "read_only": opened.read_only,
        })

    async def send_events(self, opened: OpenSandbox, entries: list[Any], *, always: bool = False) -> None:
        """Changes and steps as `events` messages of a bearable size."""
        clock = opened.clock()
        for first in range(0, len(entries), CHANGES_PER_MESSAGE):
            part = entries[first : first + CHANGES_PER_MESSAGE]
            changes = [entry for entry in part if isinstance(entry, Change)]
            with translation.override(self.language()):
                steps = [timeline.step_message(entry) for entry in part if not isinstance(entry, Change)]
            last = changes[-1].revision if changes else self.sent_revision
            await self.send_message({
                "type": "events", "from": self.sent_revision, "to": last, "time_us": clock["time_us"],
                "changes": [shown for change in changes if (shown := self.change_message(opened, change)) is not None],
                "steps": steps,
            })
            self.sent_revision = last
        if always and not entries:
            await self.send_message({
                "type": "events", "from": self.sent_revision, "to": self.sent_revision, "time_us": clock["time_us"],
                "changes": [], "steps": [],
            })

    def change_message(self, opened: OpenSandbox, change: Change) -> dict[str, Any] | None:
        """A change as it is sent, made once for all readers; None for what is not shown."""
        if not view.is_shown(change.key):
            return None
        if change.shown is None:
            item = None if change.value is None else view.item(change.key, change.value, opened.cells)
            change.shown = {"revision": change.revision, "key": change.key, "item": item, "step": change.step}
        return change.shown  # type: ignore[no-any-return]

    async def send_message(self, message: dict[str, Any]) -> None:
        await self.send(text_data=orjson.dumps(message).decode())
