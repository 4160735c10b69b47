"""Undo, redo and reset: a sandbox goes back to the point at which one of its commands was typed.

Nothing is taken out of the journal. Going back is one more command: the keys that differ between now and then are
written again, as revisions after the last one, at the virtual time of then. So it can itself be taken back, and what
is killed in the middle has either gone back or not. Synchronous database work; the sandbox is not in memory meanwhile
(see `Worker.rewind`), and is read back as after a restart.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

import orjson
from django.db import transaction
from django.db.models import F, Max
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from cluster_engine.apimachinery.meta import Obj
from cluster_engine.etcd.store import StoreSnapshot
from playground.sandboxes import journal
from playground.sandboxes.limits import LimitError
from playground.sandboxes.lineage import Entry, Lineage
from playground.sandboxes.looking import only_looks
from playground.sandboxes.models import (
    Command,
    File,
    FileBefore,
    Mark,
    OutputChunk,
    Revision,
    Sandbox,
    Snapshot,
    StepRow,
)

# What is typed in a terminal for it, and what it asks for.
WORDS = {"undo": "undo", "redo": "redo", "reset": "step", "reset step": "step", "reset lesson": "lesson"}
_KINDS = {"undo": Command.Kind.UNDO, "redo": Command.Kind.REDO}
_LINES = {"undo": "undo", "redo": "redo", "step": "reset", "lesson": "reset lesson"}


class NothingToRewindError(LimitError):
    """There is nothing to take back, or it is too long ago; the message says what, in the asker's language."""


@dataclass(frozen=True, slots=True)
class Wish:
    """Who wants to go back, and where: to before the last command (`undo`), to before the last undo (`redo`), or to the
    beginning of the lesson's present `step`, or of the `lesson`."""

    what: str
    terminal: str
    user_id: int | None
    language: str = "en"

    @property
    def kind(self) -> str:
        return _KINDS.get(self.what, Command.Kind.RESET)

    @property
    def line(self) -> str:
        return _LINES[self.what]


class Point(NamedTuple):
    """Where to go back to: the command before which it lies (0: the start), etcd's revision, and virtual time."""

    number: int
    revision: int
    time_us: int


class Put(NamedTuple):
    """One key that changes on the way back: its value, or None where it was not there then."""

    verb: str
    key: str
    value: Obj | None


def asked_for(line: str) -> str | None:
    """What a line that was typed asks for: "undo" of `undo`, "step" of `reset`; None of any other line."""
    return WORDS.get(" ".join(line.split()))


def read_lineage(sandbox_id: UUID) -> Lineage:
    """The sandbox's commands, and which of them hold."""
    rows = Command.objects.filter(sandbox_id=sandbox_id).order_by("number")
    return Lineage(
        Entry(number, kind, target, only_looks(line))
        for number, kind, target, line in rows.values_list("number", "kind", "target", "line")
    )


def held_steps(sandbox_id: UUID, lineage: Lineage) -> list[tuple[int, int | None]]:
    """The numbers of the steps that hold, as (first, end) with the end left out: what was taken back is no history."""
    spans = lineage.now.spans
    bounds = {bound for span in spans for bound in span if bound}
    rows = Command.objects.filter(sandbox_id=sandbox_id, number__in=bounds).values_list("number", "step")
    steps: dict[int | None, int | None] = {number: step or 0 for number, step in rows}
    return [(steps.get(first, 0) or 0, steps.get(end)) for first, end in spans]


def write_and_rewind(batch: journal.Batch, wish: Wish) -> None:
    """Writes what happened up to now, and goes back. Raises `NothingToRewindError`; what happened is written then."""
    journal.write([batch])
    with translation.override(wish.language):
        rewind(batch.sandbox_id, batch.epoch, wish)


def rewind(sandbox_id: UUID, epoch: int, wish: Wish) -> None:
    """Goes back, in one transaction. Raises `NothingToRewindError` and `LeaseLostError`; nothing has changed then."""
    with transaction.atomic():
        if not Sandbox.objects.filter(pk=sandbox_id, epoch=epoch).update(updated_at=timezone.now()):
            raise journal.LeaseLostError(str(sandbox_id))
        sandbox = Sandbox.objects.get(pk=sandbox_id)
        lineage = read_lineage(sandbox_id)
        point = _point(sandbox, _target(sandbox, lineage, wish))
        command = _write_command(sandbox, lineage, point, wish)
        _bring_back_keys(sandbox, point, command)
        _bring_back_files(command, point, keep_edits=wish.kind != Command.Kind.RESET)
        _bring_back_marks(command, point)


# Where to.


def check(sandbox_id: UUID, wish: Wish) -> None:
    """Raises `NothingToRewindError` when there is nowhere to go back to."""
    with translation.override(wish.language):
        sandbox = Sandbox.objects.get(pk=sandbox_id)
        _point(sandbox, _target(sandbox, read_lineage(sandbox_id), wish))


def _target(sandbox: Sandbox, lineage: Lineage, wish: Wish) -> int:
    held = lineage.now
    if wish.what == "undo":
        if not held.typed:
            raise NothingToRewindError(_("There is no command to take back."))
        return held.typed[-1]
    if wish.what == "redo":
        if not held.undone:
            sentence = _("There is nothing to do again: nothing was taken back since the last command.")
            raise NothingToRewindError(sentence)
        return held.undone[-1]
    if wish.what == "lesson":
        return 0
    marks = Mark.objects.filter(sandbox=sandbox, undone_by=None, name__startswith=f"{sandbox.lesson}/")
    reached = marks.aggregate(last=Max("command"))["last"] or 0
    since = [number for number in held.typed if number > reached]
    if not since:
        raise NothingToRewindError(_("Nothing was typed since this step began."))
    return since[0]


def _point(sandbox: Sandbox, number: int) -> Point:
    if number == 0:
        revision, time_us = sandbox.start_revision, sandbox.start_time_us
    else:
        row = Command.objects.get(sandbox=sandbox, number=number)
        revision, time_us = row.revision, row.started_us
    if revision is None or time_us is None or not _is_kept(sandbox, revision):
        raise NothingToRewindError(_("That is so long ago that it is no longer kept."))
    return Point(number, revision, time_us)


def _is_kept(sandbox: Sandbox, revision: int) -> bool:
    """Whether the state at a revision can still be read: the rows from there on, or from the very first one."""
    oldest = Snapshot.objects.filter(sandbox=sandbox).order_by("revision").values_list("revision", flat=True).first()
    return oldest is None or oldest <= revision


# How.


def _write_command(sandbox: Sandbox, lineage: Lineage, point: Point, wish: Wish) -> Command:
    last = Command.objects.filter(sandbox=sandbox).aggregate(last=Max("number"))["last"] or 0
    command = Command.objects.create(
        sandbox=sandbox, number=last + 1, terminal=wish.terminal, line=wish.line, started_us=sandbox.time_us,
        exit_code=0, kind=wish.kind, target=point.number, revision=sandbox.revision, step=sandbox.next_step,
        user_id=wish.user_id,
    )
    words = _words(sandbox, lineage, point, wish)
    OutputChunk.objects.create(command=command, number=0, stream="stdout", text=f"{words}\n")
    return command


def _words(sandbox: Sandbox, lineage: Lineage, point: Point, wish: Wish) -> str:
    """What the terminal says of it. The lineage is the one before."""
    if wish.what == "step":
        return _("Back at the beginning of this step. To return, type: redo")
    if wish.what == "lesson":
        return _("Back at the beginning. To return, type: redo")
    here, there = lineage.now.typed, lineage.before(point.number).typed
    if wish.what == "undo":
        return _("Taken back: %(line)s") % {"line": _line(sandbox, here[-1])}
    again = [number for number in there if number not in here]
    if len(again) == 1:
        return _("Done again: %(line)s") % {"line": _line(sandbox, again[0])}
    return _("Back where you were before the reset.")


def _line(sandbox: Sandbox, number: int) -> str:
    """The beginning of a command, on one line."""
    return str(Command.objects.get(sandbox=sandbox, number=number))


def _bring_back_keys(sandbox: Sandbox, point: Point, command: Command) -> None:
    """Writes what differs as revisions after the last one, and the step that did it; the clock goes back too."""
    puts = list(_differing(journal.read_store(sandbox.pk), journal.read_store(sandbox.pk, up_to=point.revision)))
    numbered = list(enumerate(puts, sandbox.revision + 1))
    Revision.objects.bulk_create(
        [
            Revision(
                sandbox=sandbox, revision=revision, time_us=point.time_us, key=put.key,
                value=None if put.value is None else orjson.dumps(_at(put.value, revision)),
                step=sandbox.next_step, epoch=sandbox.epoch,
            )
            for revision, put in numbered
        ],
        batch_size=journal.ROWS_PER_INSERT,
    )
    StepRow.objects.create(
        sandbox=sandbox, number=sandbox.next_step, time_us=point.time_us, component=f"terminal-{command.terminal}",
        subject=command.line, cause_kind="input", cause_ref=f"command {command.number}",
        notes=[command.printed.strip()],
        writes=[[revision, put.verb, put.key] for revision, put in numbered],
    )
    Sandbox.objects.filter(pk=sandbox.pk).update(
        time_us=point.time_us, revision=sandbox.revision + len(puts), next_step=F("next_step") + 1,
    )


def _differing(now: StoreSnapshot, then: StoreSnapshot) -> Iterator[Put]:
    """What to write to make of `now` what was `then`, in order of the keys."""
    last = {item.key: item.mod_revision for item in now.items}
    same = {item.key for item in then.items if last.get(item.key) == item.mod_revision}
    here = {item.key: item.value for item in now.items if item.key not in same}
    there = {item.key: item.value for item in then.items if item.key not in same}
    for key in sorted({*here, *there}):
        if key not in there:
            yield Put("DELETED", key, None)
        elif key not in here:
            yield Put("ADDED", key, there[key])
        elif _at(here[key], 0) != _at(there[key], 0):
            yield Put("MODIFIED", key, there[key])


def _at(value: Obj, revision: int) -> Obj:
    """An object as it is stored at a revision: it carries its number."""
    meta = value.get("metadata")
    if not isinstance(meta, dict) or "resourceVersion" not in meta:
        return value
    return {**value, "metadata": {**meta, "resourceVersion": str(revision)}}


def _bring_back_files(command: Command, point: Point, *, keep_edits: bool) -> None:
    """Gives files the contents that they had then; with `keep_edits`, not those that the editor has saved since."""
    sandbox_id = command.sandbox_id
    changed: dict[str, str | None] = {}
    edited: set[str] = set()
    for row in FileBefore.objects.filter(sandbox_id=sandbox_id, command__gte=point.number, command__lt=command.number):
        changed.setdefault(row.path, row.content)
        if row.edited:
            edited.add(row.path)
    present = dict(File.objects.filter(sandbox_id=sandbox_id, path__in=changed).values_list("path", "content"))
    for path, content in changed.items():
        if (keep_edits and path in edited) or present.get(path) == content:
            continue
        FileBefore.objects.create(
            sandbox_id=sandbox_id, command=command.number, path=path, content=present.get(path)
        )
        if content is None:
            File.objects.filter(sandbox_id=sandbox_id, path=path).delete()
        else:
            File.objects.update_or_create(sandbox_id=sandbox_id, path=path, defaults={"content": content})


def _bring_back_marks(command: Command, point: Point) -> None:
    """What was reached since is taken back; what the undo that is taken back had taken back is reached again."""
    marks = Mark.objects.filter(sandbox_id=command.sandbox_id)
    marks.filter(undone_by=None, command__gte=point.number).update(undone_by=command.number)
    if command.kind == Command.Kind.REDO:
        marks.filter(undone_by=point.number).update(undone_by=None)


# Marks.


def set_marks(sandbox_id: UUID, epoch: int, names: list[str], command: int) -> bool:
    """Writes down what was reached after a command, unless the sandbox has been woken anew since: then False."""
    with transaction.atomic():
        if not Sandbox.objects.filter(pk=sandbox_id, epoch=epoch).update(updated_at=timezone.now()):
            return False
        Mark.objects.filter(sandbox_id=sandbox_id, name__in=names).exclude(undone_by=None).delete()
        Mark.objects.bulk_create(
            [Mark(sandbox_id=sandbox_id, name=name, command=command) for name in names], ignore_conflicts=True
        )
        return True


def marks(sandbox_id: UUID) -> dict[str, int]:
    """What was reached in a sandbox and holds: name → the last command that had been typed then."""
    rows = Mark.objects.filter(sandbox_id=sandbox_id, undone_by=None)
    return dict(rows.values_list("name", "command"))
