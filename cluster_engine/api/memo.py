"""Remembering by identity: what was found out about an immutable object holds for as long as the object lives.

Pods of one template share its dicts, so defaulting and validating the template once is enough. Used by the strategies
only. An entry keeps its object alive, hence no identity is reused while it is remembered; entries are bounded.
"""

from __future__ import annotations

from typing import Generic, TypeVar

V = TypeVar("V")
MAX_ENTRIES = 4096


class IdentityMemo(Generic[V]):
    """A bounded map from objects, by identity, to what is known of them. It starts over when it is full."""

    __slots__ = ("_entries",)

    def __init__(self) -> None:
        self._entries: dict[int, tuple[object, V]] = {}

    def get(self, obj: object) -> V | None:
        entry = self._entries.get(id(obj))
        return entry[1] if entry is not None and entry[0] is obj else None

    def put(self, obj: object, value: V) -> V:
        if len(self._entries) >= MAX_ENTRIES:
            self._entries.clear()
        self._entries[id(obj)] = (obj, value)
        return value
