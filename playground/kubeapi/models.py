"""What makes a sandbox's secret: a random number, from which it is derived with the site's secret key."""

from __future__ import annotations

import secrets

from django.db import models

from playground.sandboxes.models import Sandbox


def new_nonce() -> str:
    return secrets.token_hex(16)


class ApiAccess(models.Model):
    """That a sandbox can be reached by real clients. Who has read only the database does not know the secret."""

    sandbox = models.OneToOneField(Sandbox, models.CASCADE, primary_key=True, related_name="api_access")
    nonce = models.CharField(max_length=32, default=new_nonce)
    renewed_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return f"access to {self.sandbox_id}"
