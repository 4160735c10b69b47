"""What a controller waits for, said once: waiting on must not fill the time line with the same words."""

from __future__ import annotations

from cluster_engine.trace import Trace


class Waits:
    """Per key, the last thing that was waited for."""

    def __init__(self, trace: Trace) -> None:
        self._trace = trace
        self._said: dict[str, str] = {}

    def note(self, key: str, text: str) -> None:
        """Notes what `key` waits for, unless that was the last thing noted for it."""
        if self._said.get(key) != text:
            self._said[key] = text
            self._trace.note(text)

    def forget(self, key: str) -> None:
        self._said.pop(key, None)
