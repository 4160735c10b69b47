"""The journal: what happened in a sandbox, as rows. One writer, small batches, one transaction a batch.

Everything here is synchronous database work and runs in the writer's thread; it never touches a live cluster. A batch
holds immutable objects only, so that the engine may go on while it is written.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID

import orjson
from django.db import transaction
from django.utils import timezone

from cluster_engine.etcd.store import Commit, KeyValue, StoreSnapshot
from cluster_engine.trace import Step
from playground.sandboxes.limits import KEPT_REVISION_ROWS
from playground.sandboxes.models import Command, File, FileBefore, OutputChunk, Revision, Sandbox, Snapshot, StepRow

ROWS_PER_INSERT = 200
# What a BinaryField gives depends on the database.
Bytes = bytes | memoryview


class LeaseLostError(Exception):
    """Somebody else has woken the sandbox since (or it is deleted): what we hold of it must not be written."""


@dataclass(slots=True)
class TypedCommand:
    """A command as it was typed. `user_id` is who typed it."""

    number: int
    terminal: str
    line: str
    started_us: int
    user_id: int | None
    kind: str = "typed"


@dataclass(slots=True)
class CommandPoint:
    """Where a command had its turn: etcd's revision, the number of the next step, and virtual time."""

    number: int
    revision: int
    step: int
    time_us: int


@dataclass(slots=True)
class FileChange:
    """A file's contents (None: there was none) before its first change after a command."""

    command: int
    path: str
    content: str | None
    edited: bool


@dataclass(slots=True)
class Output:
    """A piece of output: the `chunk`-th of command `command`."""

    command: int
    chunk: int
    stream: str
    text: str


@dataclass(slots=True)
class Batch:
    """What has happened since the last batch, and how far that brings the sandbox."""

    sandbox_id: UUID
    epoch: int
    time_us: int = 0
    revision: int = 0
    next_step: int = 1
    speed: float = 1.0
    paused: bool = False
    lesson: str = ""
    look: str = "current"
    commits: list[Commit] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    commands: list[TypedCommand] = field(default_factory=list)
    points: list[CommandPoint] = field(default_factory=list)
    output: list[Output] = field(default_factory=list)
    exits: list[tuple[int, int]] = field(default_factory=list)
    files: dict[str, str | None] = field(default_factory=dict)
    files_before: list[FileChange] = field(default_factory=list)
    # Revision and time of a sandbox that has just been furnished.
    start: tuple[int, int] | None = None

    def __bool__(self) -> bool:
        typed = self.commands or self.points or self.output or self.exits
        return bool(self.commits or self.steps or typed or self.files)


def write(batches: Iterable[Batch]) -> None:
    """Writes the batches in one transaction. `LeaseLostError`, and nothing written, when one may not be."""
    with transaction.atomic():
        for batch in batches:
            _write_one(batch)


def _write_one(batch: Batch) -> None:
    taken = Sandbox.objects.filter(pk=batch.sandbox_id, epoch=batch.epoch).update(
        time_us=batch.time_us, revision=batch.revision, next_step=batch.next_step,
        speed=batch.speed, paused=batch.paused, lesson=batch.lesson, look=batch.look, updated_at=timezone.now(),
    )
    if not taken:
        raise LeaseLostError(str(batch.sandbox_id))
    Revision.objects.bulk_create([_revision_row(batch, commit) for commit in batch.commits], batch_size=ROWS_PER_INSERT)
    StepRow.objects.bulk_create([_step_row(batch, step) for step in batch.steps], batch_size=ROWS_PER_INSERT)
    _write_commands(batch)
    for path, content in batch.files.items():
        if content is None:
            File.objects.filter(sandbox_id=batch.sandbox_id, path=path).delete()
        else:
            File.objects.update_or_create(sandbox_id=batch.sandbox_id, path=path, defaults={"content": content})
    FileBefore.objects.bulk_create(
        [
            FileBefore(sandbox_id=batch.sandbox_id, command=c.command, path=c.path, content=c.content, edited=c.edited)
            for c in batch.files_before
        ],
        ignore_conflicts=True,  # the first change after a command is the one that counts
    )
    if batch.start is not None:
        Sandbox.objects.filter(pk=batch.sandbox_id).update(start_revision=batch.start[0], start_time_us=batch.start[1])


def _write_commands(batch: Batch) -> None:
    Command.objects.bulk_create(
        Command(sandbox_id=batch.sandbox_id, number=c.number, terminal=c.terminal, line=c.line, started_us=c.started_us,
                user_id=c.user_id, kind=c.kind)
        for c in batch.commands
    )
    for point in batch.points:
        Command.objects.filter(sandbox_id=batch.sandbox_id, number=point.number).update(
            revision=point.revision, step=point.step, started_us=point.time_us
        )
    if batch.output:
        of_batch = Command.objects.filter(sandbox_id=batch.sandbox_id, number__in={o.command for o in batch.output})
        ids = dict(of_batch.values_list("number", "pk"))
        OutputChunk.objects.bulk_create(
            [
                OutputChunk(command_id=ids[o.command], number=o.chunk, stream=o.stream, text=o.text)
                for o in batch.output
            ],
            batch_size=ROWS_PER_INSERT,
        )
    for number, code in batch.exits:
        Command.objects.filter(sandbox_id=batch.sandbox_id, number=number).update(exit_code=code)


def _revision_row(batch: Batch, commit: Commit) -> Revision:
    return Revision(
        sandbox_id=batch.sandbox_id, revision=commit.revision, time_us=commit.time_us, key=commit.key,
        value=None if commit.value is None else orjson.dumps(commit.value), step=commit.step, epoch=batch.epoch,
    )


def _step_row(batch: Batch, step: Step) -> StepRow:
    return StepRow(
        sandbox_id=batch.sandbox_id, number=step.number, time_us=step.time_us, component=step.component,
        subject=step.subject, cause_kind=step.cause.kind, cause_ref=step.cause.ref, notes=step.notes,
        writes=[list(write) for write in step.writes],
    )


# Snapshots: what recovery starts from, and where folded rows go.


def pack(snapshot: StoreSnapshot) -> bytes:
    """A store's keys as compressed JSON: [[key, value, create revision, last revision], …]."""
    return zlib.compress(orjson.dumps([list(item) for item in snapshot.items]), 1)


def unpack(revision: int, data: Bytes) -> StoreSnapshot:
    return StoreSnapshot(revision, [KeyValue(*item) for item in orjson.loads(zlib.decompress(data))])


def replay(base: StoreSnapshot, rows: Iterable[tuple[int, str, Bytes | None]]) -> StoreSnapshot:
    """`base` with the rows (revision, key, value) after it, in order of revision."""
    created = {item.key: item.create_revision for item in base.items}
    written: dict[str, tuple[int, Bytes]] = {}
    revision = base.revision
    for revision, key, value in rows:
        if value is None:
            created.pop(key, None)
            written.pop(key, None)
        else:
            created.setdefault(key, revision)
            written[key] = (revision, value)
    # Only what is left is taken apart: most rows are written over by later ones.
    items = {item.key: item for item in base.items if item.key in created}
    for key, (last, value) in written.items():
        items[key] = KeyValue(key, orjson.loads(value), created[key], last)
    return StoreSnapshot(revision, [items[key] for key in sorted(items)])


def read_store(sandbox_id: UUID, up_to: int | None = None) -> StoreSnapshot:
    """The sandbox's keys at its last revision (or at `up_to`); revision 0 and nothing for one that was never woken."""
    snapshots = Snapshot.objects.filter(sandbox_id=sandbox_id)
    rows = Revision.objects.filter(sandbox_id=sandbox_id)
    if up_to is not None:
        snapshots, rows = snapshots.filter(revision__lte=up_to), rows.filter(revision__lte=up_to)
    base = snapshots.order_by("-revision").first()
    store = unpack(base.revision, base.data) if base else StoreSnapshot(0, [])
    after = rows.filter(revision__gt=store.revision).order_by("revision").values_list("revision", "key", "value")
    return replay(store, after.iterator(chunk_size=2000))


def fold(sandbox_id: UUID, last_revision: int) -> int:
    """Folds all rows but the newest `KEPT_REVISION_ROWS` into a snapshot; returns how many rows are left.

    Commands are never folded.
    """
    cut = last_revision - KEPT_REVISION_ROWS
    with transaction.atomic():
        old = Revision.objects.filter(sandbox_id=sandbox_id, revision__lte=cut)
        last = old.order_by("-revision").first()
        if last is not None:
            data = pack(read_store(sandbox_id, up_to=cut))
            Snapshot.objects.filter(sandbox_id=sandbox_id).delete()
            Snapshot.objects.create(sandbox_id=sandbox_id, revision=last.revision, time_us=last.time_us, data=data)
            old.delete()
            StepRow.objects.filter(sandbox_id=sandbox_id, number__lt=last.step).delete()
        return Revision.objects.filter(sandbox_id=sandbox_id).count()
