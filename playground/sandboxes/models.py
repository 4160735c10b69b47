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
    """One thing that somebody typed. `exit_code` is null while it runs."""

    sandbox = models.ForeignKey(Sandbox, models.CASCADE, related_name="commands")
    number = models.PositiveIntegerField()
    terminal = models.CharField(max_length=32)
    line = models.TextField()
    started_us = models.BigIntegerField()
    started_at = models.DateTimeField(auto_now_add=True)
    exit_code = models.IntegerField(null=True)
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
