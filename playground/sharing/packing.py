"""A sandbox as one piece of bytes, and a sandbox made of it.

What is packed are the rows of its journal: the state it began with, every revision since, the commands with what they
printed, files and ticks. So a copy can be gone back in, as far as the original could. When that is too much, the
present state alone is packed, with the last commands.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from itertools import groupby
from typing import Any

import orjson
from django.db import transaction

from playground.accounts.models import User
from playground.kubeapi import access
from playground.kubeapi.models import ApiAccess
from playground.sandboxes import gateway, journal, limits
from playground.sandboxes.limits import LimitError
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
from playground.sharing import private
from playground.sharing.private import Hider

VERSION = 1
MAX_BYTES = 3 * limits.MIB  # packed
MAX_UNPACKED_BYTES = 96 * limits.MIB
MAX_REVISIONS = 8_000
SHORT_COMMANDS = 200
CUT_SHORT_EXIT_CODE = 130
_SANDBOX = ("seed", "look", "speed", "lesson", "time_us", "revision", "next_step", "start_revision", "start_time_us")
_COMMAND = ("number", "terminal", "line", "started_us", "exit_code", "kind", "target", "revision", "step")
Packed = dict[str, Any]


def pack(sandbox: Sandbox) -> bytes:
    """The sandbox as it is written down at present, without what is private. Raises `LimitError`."""
    with transaction.atomic():
        sandbox = Sandbox.objects.get(pk=sandbox.pk)
        hider = Hider(_private_values(sandbox))
        if Revision.objects.filter(sandbox=sandbox).count() <= MAX_REVISIONS:
            data = _bytes(_whole(sandbox, hider))
            if len(data) <= MAX_BYTES:
                return data
        data = _bytes(_present(sandbox, hider))
    if len(data) > MAX_BYTES:
        raise LimitError(
            f"this sandbox has {limits.shown_bytes(len(data))} even when packed; "
            f"a link carries at most {limits.shown_bytes(MAX_BYTES)}"
        )
    return data


def _bytes(packed: Packed) -> bytes:
    return zlib.compress(orjson.dumps(packed), 6)


def unpack(data: bytes | memoryview) -> Packed:
    """What was packed. Raises `ValueError` for what is none of ours."""
    reader = zlib.decompressobj()
    text = reader.decompress(bytes(data), MAX_UNPACKED_BYTES)
    packed = orjson.loads(text) if not reader.unconsumed_tail else None
    if not isinstance(packed, dict) or packed.get("version") != VERSION:
        raise ValueError("this is no packed sandbox of this version")
    return packed


# Packing.


def _private_values(sandbox: Sandbox) -> Iterator[str]:
    rows = Revision.objects.filter(sandbox=sandbox, key__startswith=private.SECRETS).exclude(value=None)
    for value in rows.values_list("value", flat=True):
        yield from private.values_of_secret(orjson.loads(bytes(value or b"{}")))
    for item in _base(sandbox).items:
        if item.key.startswith(private.SECRETS):
            yield from private.values_of_secret(item.value)
    for model in (File, FileBefore):
        for text in model.objects.filter(sandbox=sandbox).exclude(content=None).values_list("content", flat=True):
            yield from private.values_of_file(text or "")
    if ApiAccess.objects.filter(sandbox=sandbox).exists():
        yield access.secret_of(sandbox)


def _base(sandbox: Sandbox) -> journal.StoreSnapshot:
    """What the rows start from: nothing, or what older rows were folded into."""
    row = Snapshot.objects.filter(sandbox=sandbox).order_by("revision").first()
    return journal.unpack(row.revision, row.data) if row else journal.StoreSnapshot(0, [])


def _whole(sandbox: Sandbox, hider: Hider) -> Packed:
    rows = Revision.objects.filter(sandbox=sandbox).order_by("revision")
    commands = Command.objects.filter(sandbox=sandbox).prefetch_related("output")
    return {
        **_common(sandbox, hider),
        "base": _store(_base(sandbox), hider),
        "revisions": [
            [revision, time_us, key, None if value is None else hider.value(key, orjson.loads(bytes(value))), step]
            for revision, time_us, key, value, step in rows.values_list("revision", "time_us", "key", "value", "step")
        ],
        "commands": [_command(row, hider) for row in commands],
        "files_before": [
            [row.command, row.path, None if row.content is None else hider.text(row.content), row.edited]
            for row in FileBefore.objects.filter(sandbox=sandbox)
        ],
        "steps": [
            [s.number, s.time_us, s.component, hider.line(s.subject), s.cause_kind, s.cause_ref,
             [hider.line(note) for note in s.notes], s.writes]
            for s in StepRow.objects.filter(sandbox=sandbox).order_by("-number")[: limits.TIMELINE_STEPS]
        ],
    }  # fmt: skip


def _present(sandbox: Sandbox, hider: Hider) -> Packed:
    """The present state alone: nothing of it can be taken back in the copy."""
    last = Command.objects.filter(sandbox=sandbox).order_by("-number").prefetch_related("output")[:SHORT_COMMANDS]
    commands = [{**_command(row, hider), "revision": None} for row in reversed(last)]
    packed = {**_common(sandbox, hider), "base": _store(journal.read_store(sandbox.pk), hider), "revisions": []}
    return {**packed, "commands": commands, "files_before": [], "steps": [], "start_revision": None}


def _common(sandbox: Sandbox, hider: Hider) -> Packed:
    return {
        "version": VERSION,
        **{name: getattr(sandbox, name) for name in _SANDBOX},
        "files": [[row.path, hider.text(row.content)] for row in File.objects.filter(sandbox=sandbox)],
        "marks": list(Mark.objects.filter(sandbox=sandbox).values_list("name", "command", "undone_by")),
    }


def _store(store: journal.StoreSnapshot, hider: Hider) -> Packed:
    items = [[key, hider.value(key, value), created, modified] for key, value, created, modified in store.items]
    return {"revision": store.revision, "items": items}


def _command(row: Command, hider: Hider) -> Packed:
    packed = {name: getattr(row, name) for name in _COMMAND}
    packed["line"] = hider.line(row.line)
    packed["exit_code"] = CUT_SHORT_EXIT_CODE if row.exit_code is None else row.exit_code
    # Joined, so that no value is missed because it was printed in two pieces.
    packed["output"] = [
        [stream, hider.text("".join(chunk.text for chunk in chunks))]
        for stream, chunks in groupby(row.output.all(), key=lambda chunk: chunk.stream)
    ]
    return packed


# Making a copy.


def copy(data: bytes | memoryview, user: User, title: str) -> Sandbox:
    """A new sandbox of the user's own, as it was packed. Raises `LimitError` when they have too many."""
    packed = unpack(data)
    with transaction.atomic():
        sandbox = gateway.create(user, title=title, lesson=packed["lesson"], seed=packed["seed"])
        for name in _SANDBOX:
            setattr(sandbox, name, packed[name])
        sandbox.save()
        _write_store(sandbox, packed)
        _write_commands(sandbox, packed["commands"])
        File.objects.bulk_create(File(sandbox=sandbox, path=path, content=text) for path, text in packed["files"])
        FileBefore.objects.bulk_create(
            FileBefore(sandbox=sandbox, command=number, path=path, content=text, edited=edited)
            for number, path, text, edited in packed["files_before"]
        )
        Mark.objects.bulk_create(
            Mark(sandbox=sandbox, name=name, command=number, undone_by=undone_by)
            for name, number, undone_by in packed["marks"]
        )
    return sandbox


def _write_store(sandbox: Sandbox, packed: Packed) -> None:
    base = packed["base"]
    if base["revision"]:
        items = [journal.KeyValue(*item) for item in base["items"]]
        data = journal.pack(journal.StoreSnapshot(base["revision"], items))
        time_us = packed["revisions"][0][1] if packed["revisions"] else packed["time_us"]
        Snapshot.objects.create(sandbox=sandbox, revision=base["revision"], time_us=time_us, data=data)
    Revision.objects.bulk_create(
        (
            Revision(sandbox=sandbox, revision=revision, time_us=time_us, key=key, step=step,
                     value=None if value is None else orjson.dumps(value))
            for revision, time_us, key, value, step in packed["revisions"]
        ),
        batch_size=journal.ROWS_PER_INSERT,
    )  # fmt: skip
    StepRow.objects.bulk_create(
        StepRow(sandbox=sandbox, number=number, time_us=time_us, component=component, subject=subject,
                cause_kind=kind, cause_ref=ref, notes=notes, writes=writes)
        for number, time_us, component, subject, kind, ref, notes, writes in packed["steps"]
    )  # fmt: skip


def _write_commands(sandbox: Sandbox, commands: list[Packed]) -> None:
    rows = Command.objects.bulk_create(
        Command(sandbox=sandbox, **{name: packed[name] for name in _COMMAND}) for packed in commands
    )
    OutputChunk.objects.bulk_create(
        OutputChunk(command=row, number=number, stream=stream, text=text)
        for row, packed in zip(rows, commands)
        for number, (stream, text) in enumerate(packed["output"])
    )


def lines(data: bytes | memoryview, most: int) -> list[str]:
    """The commands of a packed sandbox, the last ones when there are more."""
    return [command["line"] for command in unpack(data)["commands"][-most:]]
