"""Reading a sandbox back: its last snapshot, the rows since, its files, and what was typed and printed.

Synchronous database work, like the journal. A command that was running when the server ended is closed here: its
effects up to the last committed row are there, and it says that it was cut short.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from cluster_engine.etcd.store import StoreSnapshot
from cluster_engine.trace import Cause, Step
from playground.sandboxes import journal, rewind
from playground.sandboxes.limits import HISTORY_CHARACTERS, HISTORY_COMMANDS, TIMELINE_STEPS
from playground.sandboxes.models import Command, File, OutputChunk, Revision, Sandbox, StepRow

CUT_SHORT = "the playground was restarted while this command ran\n"
CUT_SHORT_EXIT_CODE = 130


@dataclass(slots=True)
class CommandLog:
    """One command and what it printed: chunks of [stream, text]. `exit_code` is None while it runs.

    These are what is written down; `characters` and `ended` run ahead of them by what is still on its way there.
    """

    number: int
    terminal: str
    line: str
    output: list[list[str]] = field(default_factory=list)
    exit_code: int | None = None
    characters: int = 0
    chunks: int = 0
    ended: bool = False
    begun: bool = False


@dataclass(slots=True)
class Recovered:
    """All that a live sandbox is made of. `store` is at revision 0 for a sandbox that was never woken before."""

    sandbox: Sandbox
    store: StoreSnapshot
    revision_rows: int
    next_command: int
    steps: list[Step]
    commands: list[CommandLog]
    files: dict[str, str]


def recover(sandbox_id: UUID) -> Recovered:
    """Takes the sandbox (its epoch grows, so that an earlier holder can no longer write) and reads it.

    Raises `Sandbox.DoesNotExist`.
    """
    with transaction.atomic():
        Sandbox.objects.filter(pk=sandbox_id).update(epoch=F("epoch") + 1, opened_at=timezone.now())
        sandbox = Sandbox.objects.get(pk=sandbox_id)
        _close_cut_short(sandbox_id)
        last = Command.objects.filter(sandbox_id=sandbox_id).order_by("-number").first()
        return Recovered(
            sandbox=sandbox,
            store=journal.read_store(sandbox_id),
            revision_rows=Revision.objects.filter(sandbox_id=sandbox_id).count(),
            next_command=last.number + 1 if last else 1,
            steps=read_steps(sandbox_id, rewind.held_steps(sandbox_id, rewind.read_lineage(sandbox_id))),
            commands=read_commands(sandbox_id),
            files=dict(File.objects.filter(sandbox_id=sandbox_id).values_list("path", "content")),
        )


def _close_cut_short(sandbox_id: UUID) -> None:
    for command in Command.objects.filter(sandbox_id=sandbox_id, exit_code=None):
        OutputChunk.objects.create(command=command, number=command.output.count(), stream="stderr", text=CUT_SHORT)
        command.exit_code = CUT_SHORT_EXIT_CODE
        command.save(update_fields=["exit_code"])


def read_commands(sandbox_id: UUID) -> list[CommandLog]:
    """The last commands, oldest first, as many as a browser is sent at once."""
    commands = Command.objects.filter(sandbox_id=sandbox_id).order_by("-number")
    rows = commands.prefetch_related("output")[:HISTORY_COMMANDS]
    logs: list[CommandLog] = []
    characters = 0
    for row in rows.iterator(chunk_size=20):
        output = [[chunk.stream, chunk.text] for chunk in row.output.all()]
        characters += len(row.line) + sum(len(text) for _, text in output)
        if characters > HISTORY_CHARACTERS and logs:
            break
        logs.append(CommandLog(row.number, row.terminal, row.line, output, row.exit_code))
    logs.reverse()
    return logs


def read_steps(sandbox_id: UUID, held: Sequence[tuple[int, int | None]] = ((0, None),)) -> list[Step]:
    """The last steps, oldest first, as many as the time line starts with; those alone whose numbers are `held`."""
    within = Q()
    for first, end in held:
        within |= Q(number__gte=first) if end is None else Q(number__gte=first, number__lt=end)
    rows = StepRow.objects.filter(within, sandbox_id=sandbox_id).order_by("-number")[:TIMELINE_STEPS]
    steps = [
        Step(
            row.number, row.time_us, row.component, row.subject,
            Cause(row.cause_kind, row.cause_ref), row.notes,  # type: ignore[arg-type]
            [(revision, verb, key) for revision, verb, key in row.writes],
        )
        for row in rows
    ]
    steps.reverse()
    return steps
