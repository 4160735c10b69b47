"""The gateway: the only way in to a sandbox, for pages, websockets and whatever else may come.

The first part works on rows and may be called from ordinary views. `open_sandbox` gives what is alive: an
`OpenSandbox`, to be used on the event loop and closed. Both ask who it is: a stranger is told that there is no such
sandbox; an instructor may look, and change nothing.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from channels.db import database_sync_to_async
from django.db import models, transaction
from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

from cluster_engine.apimachinery.meta import Obj
from cluster_engine.apimachinery.yaml_text import lint
from cluster_engine.cluster import Cluster
from cluster_engine.shell.session import Completion
from cluster_engine.trace import Step
from playground.sandboxes import describe, limits, manifest_check, manifest_repair, rewind
from playground.sandboxes.feed import Change, Entry, Frame, GapError
from playground.sandboxes.hold import ApiHold
from playground.sandboxes.home import tidy
from playground.sandboxes.limits import LimitError
from playground.sandboxes.live import Live
from playground.sandboxes.models import Command, File, Sandbox
from playground.sandboxes.recovery import CommandLog
from playground.sandboxes.registry import Registry
from playground.sandboxes.texts import clean, quoted
from playground.sandboxes.worker import ProgressHook, Worker, group_of

LONG_TEXT_CHARACTERS = 50_000

worker = Worker(Registry())


class SandboxNotFound(Exception):
    """There is no such sandbox, or none that this user may see."""


class ReadOnly(Exception):
    """Somebody who may only look tried to change something."""

    def __init__(self) -> None:
        super().__init__(_("You are looking at somebody else's sandbox: it can be read, and not changed."))

    def __str__(self) -> str:
        return gettext(self.args[0])


# Rows.


def is_instructor(user: Any) -> bool:
    """Whether somebody may look at the sandboxes of others."""
    return bool(getattr(user, "is_authenticated", False) and getattr(user, "is_instructor", False))


def create(
    user: Any, *, title: str = "", lesson: str = "", seed: int | None = None, files: Mapping[str, str] | None = None
) -> Sandbox:
    """A new sandbox, asleep, with some files in its home. Raises `LimitError` when the user has too many."""
    with transaction.atomic():
        count = Sandbox.objects.filter(owner=user).count()
        if count >= limits.MAX_SANDBOXES_PER_USER:
            raise LimitError(
                _("you have {count} sandboxes, as many as one person may have: delete one first"), count=count
            )
        sandbox = Sandbox.objects.create(
            owner=user, title=(title or f"Sandbox {count + 1}")[:100], lesson=lesson,
            seed=secrets.randbelow(2**31) if seed is None else seed,
        )
        File.objects.bulk_create(File(sandbox=sandbox, path=path, content=text) for path, text in (files or {}).items())
        return sandbox


def find(sandbox_id: UUID | str, user: Any, *, review: bool = False) -> tuple[Sandbox, bool]:
    """The sandbox, and whether this user may only read it. Raises `SandboxNotFound` for strangers.

    `review` asks to look only, also at one's own.
    """
    try:
        sandbox = Sandbox.objects.select_related("owner").get(pk=sandbox_id)
    except (Sandbox.DoesNotExist, ValueError):
        raise SandboxNotFound(str(sandbox_id)) from None
    if user.is_authenticated and sandbox.owner_id == user.pk:
        return sandbox, review
    if is_instructor(user):
        return sandbox, True
    raise SandboxNotFound(str(sandbox_id))


def delete(sandbox_id: UUID | str, user: Any) -> None:
    """Deletes one's own sandbox. Raises `SandboxNotFound`. Whoever still looks at it is told at its next write."""
    sandbox, read_only = find(sandbox_id, user)
    if read_only:
        raise SandboxNotFound(str(sandbox_id))
    sandbox.delete()


def of_user(user: Any) -> models.QuerySet[Sandbox]:
    """Somebody's own sandboxes, the last used first."""
    return Sandbox.objects.filter(owner=user)


def sessions() -> models.QuerySet[Sandbox]:
    """All sandboxes, for instructors: each with `commands_typed`, the last used first."""
    typed = models.Count("commands")
    return Sandbox.objects.select_related("owner").annotate(commands_typed=typed).order_by("-updated_at")


def transcript(sandbox: Sandbox) -> models.QuerySet[Command]:
    """Every command that was typed in a sandbox, oldest first, with what it printed (`printed`)."""
    return Command.objects.filter(sandbox=sandbox).select_related("user").prefetch_related("output")


# Life.


def on_progress(hook: ProgressHook) -> None:
    """Registers who evaluates a lesson's steps: called with (sandbox row, `Live`) after something changed while
    somebody looks; returns the fields of a `progress` message, or None."""
    worker.progress_hook = hook


def on_first_wake(prepare: Callable[[Sandbox, Cluster], None]) -> None:
    """Registers who furnishes a new sandbox's cluster: called with (sandbox row, cluster) before anybody sees it."""
    worker.registry.prepare = prepare


async def open_sandbox(sandbox_id: UUID | str, user: Any, *, review: bool = False) -> OpenSandbox:
    """Wakes the sandbox for somebody who looks at it. Raises `SandboxNotFound`."""
    sandbox, read_only = await database_sync_to_async(find)(sandbox_id, user, review=review)
    try:
        live = await worker.registry.wake(sandbox.pk, worker.monotonic())
    except Sandbox.DoesNotExist:
        raise SandboxNotFound(str(sandbox_id)) from None
    opened = OpenSandbox(live, user.pk, read_only)
    # What the components wrote while they started has to be written down before anybody sees it.
    worker.want()
    return opened


async def hold(sandbox_id: UUID) -> ApiHold:
    """Wakes a sandbox for a client of its API, who has shown its secret. Raises `SandboxNotFound`."""
    try:
        live = await worker.registry.wake(sandbox_id, worker.monotonic())
    except Sandbox.DoesNotExist:
        raise SandboxNotFound(str(sandbox_id)) from None
    return ApiHold(live, worker)


async def shutdown() -> None:
    """Writes everything down and stops the worker."""
    await worker.stop()


@dataclass(frozen=True, slots=True)
class Start:
    """What a browser starts from: the committed objects by key, the last steps, and the cursor to pull from next."""

    revision: int
    objects: list[tuple[str, Obj]]
    steps: list[Step]
    cursor: int


class OpenSandbox:
    """One visitor's hold on a live sandbox. To be used on the event loop; `close` it when the visitor leaves."""

    def __init__(self, live: Live, user_id: int, read_only: bool) -> None:
        self._live = live
        self._user_id = user_id
        self.read_only = read_only
        self.group = group_of(live)
        self._open = True
        live.viewers += 1

    def close(self) -> None:
        if self._open:
            self._open = False
            self._live.viewers -= 1
            self._live.left_seconds = worker.monotonic()
            worker.want()

    @property
    def gone(self) -> bool:
        """Whether the sandbox was dropped from memory under us: open it again."""
        return self._live.closed

    def cells(self, resource: str, obj: Obj) -> dict[str, Any]:
        """What the API server's table says of an object, by column name; nothing for an unknown resource."""
        strategy = self._live.cluster.server.strategies.get(resource)
        if strategy is None:
            return {}
        names = (column.name for column in strategy.columns)
        return dict(zip(names, strategy.cells(obj, self._live.cluster.clock.now_us)))

    @property
    def sandbox(self) -> Sandbox:
        return self._live.sandbox

    # Looking.

    def start(self) -> Start:
        live = self._live
        return Start(live.feed.revision, list(live.view.items()), list(live.steps), live.feed.end)

    def clock(self) -> Frame:
        return self._live.clock_frame()

    def state(self) -> list[Frame]:
        """How the terminals are: their look, who reads, what is edited, which ports are forwarded."""
        return self._live.state_frames()

    def history(self) -> Frame:
        return self._live.history_frame()

    def progress(self) -> Frame | None:
        return self._live.progress

    def since_revision(self, revision: int) -> tuple[list[Change | Step], int]:
        """What changed after a revision that a browser has, and the cursor to pull from next. Raises `GapError`."""
        return self._live.feed.since_revision(revision), self._live.feed.end

    def after(self, cursor: int) -> tuple[list[Entry], int]:
        """What there is to tell after the cursor, and the next cursor. Raises `GapError`."""
        return self._live.feed.after(cursor), self._live.feed.end

    @property
    def revision(self) -> int:
        """The last committed revision."""
        return self._live.feed.revision

    # Doing. All of these raise `LimitError` for what is too much, and `ReadOnly` for those who may only look.

    def run(self, terminal: str, line: str) -> CommandLog:
        """Types a line (or several) into a terminal."""
        self._must_write()
        command = self._live.terminals.type_line(terminal, clean(line), self._user_id)
        worker.want()
        return command

    def asks_to_rewind(self, terminal: str, line: str) -> str | None:
        """What a line asks for that is not the shell's to run: "undo", "redo", "step" or "lesson"; None for others.

        What a running command may want to read is never taken from it.
        """
        return None if self.read_only or self._live.terminals.reads(terminal) else rewind.asked_for(line)

    async def rewind(self, what: str, terminal: str, language: str = "en") -> None:
        """Takes back the last command ("undo"), an undo ("redo"), the present "step" or the "lesson".

        This hold is then on the sandbox as it was. What cannot be taken back is said in the terminal.
        """
        self._must_write()
        limits.check_terminal(terminal)
        wish = rewind.Wish(what, terminal, self._user_id, language)
        try:
            await worker.rewind(self._live, wish)
        except rewind.NothingToRewindError as error:
            if not self.gone:
                self._live.terminals.answer(terminal, wish.line, f"{error}\n", self._user_id, wish.kind)
                worker.want()

    @property
    def moved(self) -> bool:
        """Whether the sandbox was taken to another point under us: `follow` it."""
        return self._live.moved

    async def follow(self) -> None:
        """Takes hold of the sandbox where it is now. Raises `SandboxNotFound`."""
        sandbox_id = self._live.sandbox.pk
        try:
            live = await worker.registry.wake(sandbox_id, worker.monotonic())
        except Sandbox.DoesNotExist:
            raise SandboxNotFound(str(sandbox_id)) from None
        if live is not self._live and self._open:
            self._live.viewers -= 1
            self._live = live
            live.viewers += 1
            live.progress_is_stale = True
        worker.want()

    def interrupt(self, terminal: str) -> None:
        """Ctrl-C."""
        self._must_write()
        self._live.terminals.interrupt(terminal)
        worker.want()

    def type_input(self, terminal: str, text: str) -> None:
        """Types into the command that reads."""
        self._must_write()
        self._live.terminals.type_input(terminal, clean(text))
        worker.want()

    def resize(self, terminal: str, columns: int, rows: int) -> None:
        self._must_write()
        limits.check_size(columns, rows)
        self._live.terminals.resize(terminal, columns, rows)
        worker.want()

    def close_editor(self, terminal: str, path: str) -> None:
        """Lets the command go on that waits for a file in the editor."""
        self._must_write()
        self._live.terminals.close_editor(terminal, tidy(clean(path)))
        worker.want()

    def complete(self, terminal: str, line: str, cursor: int) -> Completion:
        self._must_write()
        return self._live.terminals.complete(terminal, clean(line), cursor)

    def save(self, path: str, text: str) -> str:
        """Saves a file; returns its tidy path. Its rows are written when the `saved` frame arrives."""
        self._must_write()
        path, text = tidy(clean(path)), clean(text)
        try:
            self._live.save(path, text, self)
        except OSError as error:
            cause = error.__cause__
            raise cause if isinstance(cause, LimitError) else LimitError(str(error)) from None
        worker.want()
        return path

    def apply(self, path: str, text: str, terminal: str) -> CommandLog:
        """Saves the file, then types `kubectl apply -f` in a terminal."""
        saved = self.save(path, text)
        return self.run(terminal, f"kubectl apply -f {quoted(saved)}")

    def pace(self, speed: float, paused: bool) -> None:
        self._must_write()
        limits.check_speed(speed)
        self._live.change_pace(worker.monotonic(), speed, paused)
        worker.want()

    def step_once(self) -> None:
        """Stops time and takes one step."""
        self._must_write()
        self._live.step_once(worker.monotonic())
        worker.want()

    def change_look(self, look: str) -> None:
        """Today's kubectl in the terminals, or that of the document."""
        self._must_write()
        limits.check_look(look)
        self._live.change_look(look)
        worker.want()

    def show_lesson(self, slug: str) -> None:
        """Another lesson beside the same sandbox."""
        self._must_write()
        if len(slug) > 100 or not all(c.isalnum() or c in "-_" for c in slug):
            raise LimitError(_("there is no lesson {slug}"), slug=repr(slug[:80]))
        self._live.show_lesson(slug)
        worker.want()

    async def check(self, text: str) -> list[manifest_check.Fault]:
        """The faults of a manifest, each at its place, found by trying it on the API server in a dry run."""
        limits.check_text("the manifest", text)
        text = clean(text)
        # Reading a large text takes a while, and everybody's sandboxes are on this loop.
        read = await asyncio.to_thread(lint, text) if len(text) > LONG_TEXT_CHARACTERS else None
        return manifest_check.check(self._live.cluster.server, text, read)

    async def repair(self, text: str, answers: Mapping[str, Any]) -> manifest_repair.Repaired | None:
        """A manifest whose indentation is lost, with the indentation that the schema implies; None for any other text.

        `answers` are choices by line number, as the questions of an earlier repair named them.
        """
        limits.check_text("the manifest", text)
        given = manifest_repair.answers_of(answers)
        found = await asyncio.to_thread(manifest_repair.repair, clean(text), given)
        return None if found is None else manifest_repair.Repaired(found, await self.check(found.text))

    def describe(self, key: str) -> describe.Details | None:
        """All that can be told of one object, by its etcd key; None when there is none."""
        return describe.describe(self._live.cluster, key, self._live.steps)

    def _must_write(self) -> None:
        if self.read_only:
            raise ReadOnly


__all__ = [
    "ApiHold", "GapError", "LimitError", "OpenSandbox", "ReadOnly", "SandboxNotFound", "Start", "create", "delete",
    "find", "hold", "is_instructor", "of_user", "on_progress", "open_sandbox", "sessions", "shutdown", "transcript",
    "worker",
]
