"""Keeps secrets out of Daphne's access log, which writes the path of every request."""

from __future__ import annotations

import re
from typing import Any

from daphne.access import AccessLogGenerator

_SECRET = re.compile(r"/k/[^/?\s]+")


def masked(path: str) -> str:
    """A path that may be written down."""
    return _SECRET.sub("/k/-", path)


def mask() -> None:
    """From now on Daphne's log, whoever makes one, has paths without secrets."""
    if getattr(AccessLogGenerator, "masks_secrets", False):
        return
    original = AccessLogGenerator.__call__

    def call(self: AccessLogGenerator, protocol: str, action: str, details: dict[str, Any]) -> None:
        original(self, protocol, action, {**details, "path": masked(str(details.get("path", "")))})

    AccessLogGenerator.__call__ = call
    AccessLogGenerator.masks_secrets = True
