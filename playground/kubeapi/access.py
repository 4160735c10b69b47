"""The secret of a sandbox: how it is made, whose it is, and how it is renewed.

A secret is the sandbox's id and a MAC of it under the site's key and the row's nonce. So it can be shown to its owner
again, is not in the database, is checked in constant time, and a new nonce ends it.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hmac
import time
from collections.abc import Callable
from uuid import UUID

from channels.db import database_sync_to_async
from django.utils.crypto import salted_hmac

from playground.kubeapi.models import ApiAccess, new_nonce
from playground.sandboxes.models import Sandbox

_SALT = "playground.kubeapi.secret"
_MAC_BYTES = 24
# How long a nonce is believed without asking the database again: what another process may be late with a renewal.
NONCE_SECONDS = 5.0
MAX_REMEMBERED = 5000


def secret_of(sandbox: Sandbox) -> str:
    """The sandbox's secret, made at first asking."""
    access, _ = ApiAccess.objects.get_or_create(sandbox=sandbox)
    return _secret(sandbox.pk, access.nonce)


def renew(sandbox: Sandbox) -> str:
    """A new secret. The old one ends, with all that is open under it."""
    nonce = new_nonce()
    ApiAccess.objects.update_or_create(sandbox=sandbox, defaults={"nonce": nonce})
    visitors.end(sandbox.pk)
    return _secret(sandbox.pk, nonce)


def _secret(sandbox_id: UUID, nonce: str) -> str:
    return _encode(sandbox_id.bytes + _mac(sandbox_id, nonce))


def _mac(sandbox_id: UUID, nonce: str) -> bytes:
    return salted_hmac(_SALT, f"{sandbox_id.hex}/{nonce}", algorithm="sha256").digest()[:_MAC_BYTES]


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _decode(secret: str) -> tuple[UUID, bytes] | None:
    """(sandbox, MAC) of something that looks like a secret."""
    try:
        data = base64.b64decode(secret + "=" * (-len(secret) % 4), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error):
        return None
    if len(data) != 16 + _MAC_BYTES or _encode(data) != secret:
        return None
    return UUID(bytes=data[:16]), data[16:]


class Visitors:
    """Who has which sandbox open through the API in this process, and the nonces that were read lately."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._nonces: dict[UUID, tuple[str, float]] = {}
        self._leaving: dict[UUID, dict[Callable[[], None], asyncio.AbstractEventLoop]] = {}

    async def sandbox_of(self, secret: str) -> UUID | None:
        """Whose secret it is, or None. Takes as long for a wrong secret as for a right one."""
        found = _decode(secret)
        if found is None:
            return None
        sandbox_id, mac = found
        nonce = await self._nonce(sandbox_id)
        good = hmac.compare_digest(mac, _mac(sandbox_id, nonce or "none"))
        return sandbox_id if good and nonce else None

    async def _nonce(self, sandbox_id: UUID) -> str:
        nonce, until = self._nonces.get(sandbox_id, ("", 0.0))
        now = self._monotonic()
        if now < until:
            return nonce
        nonce = await database_sync_to_async(_read_nonce)(sandbox_id)
        if nonce:
            if len(self._nonces) >= MAX_REMEMBERED:
                self._nonces.clear()
            self._nonces[sandbox_id] = nonce, now + NONCE_SECONDS
        return nonce

    def enter(self, sandbox_id: UUID, leave: Callable[[], None]) -> None:
        """Somebody has opened a stream; `leave` ends it."""
        self._leaving.setdefault(sandbox_id, {})[leave] = asyncio.get_running_loop()

    def leave(self, sandbox_id: UUID, leave: Callable[[], None]) -> None:
        streams = self._leaving.get(sandbox_id, {})
        streams.pop(leave, None)
        if not streams:
            self._leaving.pop(sandbox_id, None)

    def count(self, sandbox_id: UUID) -> int:
        """How many streams are open."""
        return len(self._leaving.get(sandbox_id, ()))

    def end(self, sandbox_id: UUID) -> None:
        """Forgets the nonce and ends every stream. May be called from any thread."""
        self._nonces.pop(sandbox_id, None)
        for leave, loop in tuple(self._leaving.get(sandbox_id, {}).items()):
            loop.call_soon_threadsafe(leave)


def _read_nonce(sandbox_id: UUID) -> str:
    nonces = ApiAccess.objects.filter(sandbox_id=sandbox_id).values_list("nonce", flat=True)
    return nonces.first() or ""


visitors = Visitors()
