"""What is kept of a link."""

from __future__ import annotations

import secrets

from django.conf import settings
from django.db import models

from playground.sandboxes.models import Sandbox


def new_token() -> str:
    """Nobody guesses it."""
    return secrets.token_urlsafe(16)


class Share(models.Model):
    """A link. `data` is the sandbox as it was then (`packing.pack`); it goes when the link is withdrawn."""

    token = models.CharField(max_length=32, unique=True, default=new_token)
    sandbox = models.ForeignKey(Sandbox, models.CASCADE, related_name="shares")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="shares")
    title = models.CharField(max_length=100)
    lesson = models.SlugField(max_length=100, blank=True, default="")
    commands = models.PositiveIntegerField(default=0)
    data = models.BinaryField()
    created_at = models.DateTimeField(auto_now_add=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at", "-pk"]

    def __str__(self) -> str:
        return f"{self.title} ({self.created_at:%Y-%m-%d})"


class Copy(models.Model):
    """That a link was opened: for the limits. Neither who did it nor what they made of it is written down."""

    share = models.ForeignKey(Share, models.CASCADE, related_name="copies")
    made_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"copy of {self.share_id}"
