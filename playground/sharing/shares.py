"""Making, opening and withdrawing links, within limits. All functions are synchronous database work."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext as _

from playground.accounts.models import User
from playground.sandboxes import gateway
from playground.sandboxes.gateway import LimitError, SandboxNotFound
from playground.sandboxes.models import Command, Sandbox
from playground.sharing import packing
from playground.sharing.models import Copy, Share

MAX_LINKS_PER_USER = 20
MAX_LINKS_PER_HOUR = 10
MAX_COPIES_PER_HOUR = 200  # of one link
HOUR = timedelta(hours=1)


class ShareNotFound(Exception):
    """There is no such link, or it was withdrawn."""


def own(sandbox_id: UUID, user: Any) -> Sandbox:
    """One's own sandbox. Raises `SandboxNotFound` for others, instructors too."""
    sandbox, read_only = gateway.find(sandbox_id, user)
    if read_only:
        raise SandboxNotFound(str(sandbox_id))
    return sandbox


def of_sandbox(sandbox: Sandbox) -> list[Share]:
    """The links of a sandbox that lead somewhere, the newest first."""
    return list(Share.objects.filter(sandbox=sandbox, withdrawn_at=None).defer("data"))


def make(sandbox: Sandbox, title: str = "") -> Share:
    """A link to the sandbox as it is now. Raises `LimitError`."""
    mine = Share.objects.filter(owner_id=sandbox.owner_id)
    if mine.filter(withdrawn_at=None).count() >= MAX_LINKS_PER_USER:
        words = _("You have %(n)s links, as many as there may be: withdraw one first.")
        raise LimitError(words % {"n": MAX_LINKS_PER_USER})
    if mine.filter(created_at__gt=timezone.now() - HOUR).count() >= MAX_LINKS_PER_HOUR:
        words = _("You have made %(n)s links within the hour: make the next one later.")
        raise LimitError(words % {"n": MAX_LINKS_PER_HOUR})
    return Share.objects.create(
        sandbox=sandbox, owner_id=sandbox.owner_id, title=(title.strip() or sandbox.title)[:100],
        lesson=sandbox.lesson, commands=Command.objects.filter(sandbox=sandbox).count(), data=packing.pack(sandbox),
    )


def withdraw(sandbox: Sandbox, token: str) -> None:
    """Ends a link; what it carried is deleted. Copies that were made are their owners' and stay."""
    Share.objects.filter(sandbox=sandbox, token=token, withdrawn_at=None).update(
        withdrawn_at=timezone.now(), data=b""
    )


def find(token: str) -> Share:
    """A link that leads somewhere. Raises `ShareNotFound`."""
    try:
        return Share.objects.get(token=token, withdrawn_at=None)
    except Share.DoesNotExist:
        raise ShareNotFound(token) from None


def take_copy(share: Share, user: User) -> Sandbox:
    """A copy for somebody who opened the link. Raises `LimitError`."""
    if Copy.objects.filter(share=share, made_at__gt=timezone.now() - HOUR).count() >= MAX_COPIES_PER_HOUR:
        raise LimitError(_("This link was opened so often within the hour that it has to rest. Try again later."))
    sandbox = packing.copy(share.data, user, share.title)
    Copy.objects.create(share=share)
    return sandbox
