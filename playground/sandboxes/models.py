"""What is written down of a sandbox. The rows are the truth; a live cluster is made of them."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models

from cluster_engine.clock import DEFAULT_START_US


class Sandbox(models.Model):
    """One simulated cluster and who owns it. `time_us` is virtual microseconds, as everywhere in the engine."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="sandboxes")
    title = models.CharField(max_length=100)
    lesson = models.SlugField(max_length=100, blank=True, default="")
    seed = models.PositiveBigIntegerField()
    look = models.CharField(max_length=20, default="current")
    speed = models.FloatField(default=1.0)
    paused = models.BooleanField(default=False)

    # How far the journal goes: written in the same transaction as its rows.
    time_us = models.BigIntegerField(default=DEFAULT_START_US)
    revision = models.BigIntegerField(default=0)
    next_step = models.BigIntegerField(default=1)
    # Where it began, once it was furnished: a reset of the whole lesson leads there. Null for old ones.
    start_revision = models.BigIntegerField(null=True, blank=True)
    start_time_us = models.BigIntegerField(null=True, blank=True)

    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    opened_at = models.DateTimeField(null=True, blank=True)

    # Who steps it. One process needs none of this; several workers will take a lease with a conditional UPDATE, and
    # `epoch` grows each time the sandbox is woken, so that a writer that lost it can be told from the present one.
    epoch = models.PositiveIntegerField(default=0)
    lease_owner = models.CharField(max_length=64, blank=True, default="")
    lease_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-updated_at"]
        indexes = [models.Index(fields=["owner", "-updated_at"])]

    def __str__(self) -> str:
        return f"{self.title} ({self.id})"


class Revision(models.Model):
    """One revision of the sandbox's etcd: the key's new value as JSON, or null where it was deleted."""

    sandbox = models.ForeignKey(Sandbox, models.CASCADE, related_name="revisions")
    revision = models.BigIntegerField()
    time_us = models.BigIntegerField()
    key = models.CharField(max_length=600)
    value = models.BinaryField(null=True)
    step = models.BigIntegerField()
    epoch = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["sandbox", "revision"], name="one_row_a_revision")]

    def __str__(self) -> str:
        return f"{self.key}@{self.revision}"


class StepRow(models.Model):
    """One step: who did it, why, what was decided in words. `writes` is a list of [revision, verb, key]."""

    sandbox = models.ForeignKey(Sandbox, models.CASCADE, related_name="steps")
    number = models.BigIntegerField()
    time_us = models.BigIntegerField()
    component = models.CharField(max_length=100)
    subject = models.CharField(max_length=600)
    cause_kind = models.CharField(max_length=20)
    cause_ref = models.CharField(max_length=600)
    notes = models.JSONField(default=list)
    writes = models.JSONField(default=list)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["sandbox", "number"], name="one_row_a_step")]

    def __str__(self) -> str:
        return f"step {self.number} of {self.component}"


class Snapshot(models.Model):
    """All keys at one revision: where recovery starts. `data` is packed by `journal.pack`."""

    sandbox = models.ForeignKey(Sandbox, models.CASCADE, related_name="snapshots")
    revision = models.BigIntegerField()
    time_us = models.BigIntegerField()
    data = models.BinaryField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["sandbox", "revision"], name="one_snapshot_a_revision")]

    def __str__(self) -> str:
        return f"snapshot at {self.revision}"


class Command(models.Model):
    """One thing that somebody typed. `exit_code` is null while it runs.

    `revision`, `started_us` and `step` are the point at which it had its turn: how far etcd, time and steps had come.
    An undo, a redo and a reset are commands too; `target` is then the command to whose point they led (0: the start).
    """

    class Kind(models.TextChoices):
        """What a command does to the journal."""

        TYPED = "typed"
        UNDO = "undo"
        REDO = "redo"
        RESET = "reset"

    sandbox = models.ForeignKey(Sandbox, models.CASCADE, related_name="commands")
    number = models.PositiveIntegerField()
    terminal = models.CharField(max_length=32)
    line = models.TextField()
    started_us = models.BigIntegerField()
    started_at = models.DateTimeField(auto_now_add=True)
    exit_code = models.IntegerField(null=True)
    kind = models.CharField(max_length=8, choices=Kind.choices, default=Kind.TYPED)
    target = models.PositiveIntegerField(null=True, blank=True)
    revision = models.BigIntegerField(null=True, blank=True)
    step = models.BigIntegerField(null=True, blank=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")

    class Meta:
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["sandbox", "number"], name="one_row_a_command")]

    def __str__(self) -> str:
        return self.line.partition("\n")[0][:80]

    @property
    def printed(self) -> str:
        """All that it printed, both streams as they came."""
        return "".join(chunk.text for chunk in self.output.all())


class OutputChunk(models.Model):
    """A piece of what a command printed. Rows are only ever added, so a long watch costs no rewriting."""

    command = models.ForeignKey(Command, models.CASCADE, related_name="output")
    number = models.PositiveIntegerField()
    stream = models.CharField(max_length=6)
    text = models.TextField()

    class Meta:
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["command", "number"], name="one_row_a_chunk")]

    def __str__(self) -> str:
        return self.text[:80]


class File(models.Model):
    """A file of the sandbox's home directory."""

    sandbox = models.ForeignKey(Sandbox, models.CASCADE, related_name="files")
    path = models.CharField(max_length=200)
    content = models.TextField(blank=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["path"]
        constraints = [models.UniqueConstraint(fields=["sandbox", "path"], name="one_row_a_file")]

    def __str__(self) -> str:
        return self.path


class FileBefore(models.Model):
    """What a file held before it was first changed after a command: null where there was none.

    `edited` tells the changes of the editor from those of the terminal: an undo leaves what people wrote themselves.
    """

    sandbox = models.ForeignKey(Sandbox, models.CASCADE, related_name="files_before")
    command = models.PositiveIntegerField()
    path = models.CharField(max_length=200)
    content = models.TextField(null=True)
    edited = models.BooleanField(default=False)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["sandbox", "command", "path", "edited"], name="first_change_of_a_file")
        ]

    def __str__(self) -> str:
        return f"{self.path} before what came after command {self.command}"


class Mark(models.Model):
    """Something that was reached in a sandbox, such as a lesson's step, after command `command`.

    An undo takes back the marks of what it takes back: `undone_by` is then its number, and its redo gives them again.
    """

    sandbox = models.ForeignKey(Sandbox, models.CASCADE, related_name="marks")
    name = models.CharField(max_length=210)
    command = models.PositiveIntegerField(default=0)
    undone_by = models.PositiveIntegerField(null=True, blank=True)
    set_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["sandbox", "name"], name="one_row_a_mark")]

    def __str__(self) -> str:
        return self.name
