"""Where the contents of disks are kept: in etcd, beside the API's objects, so that they are journaled like these.

No API resource shows them. Made by `cluster.py` for the nodes' infrastructure; see docs/adr/0012 for why.
"""

from __future__ import annotations

from typing import Any

from cluster_engine.etcd.store import Store

PREFIX = "/registry/disks.podarium.io/"


class EtcdKeeper:
    """Keeps each disk under a key of its own."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def load(self, disk: str) -> dict[str, Any] | None:
        item = self._store.get(PREFIX + disk)
        return item.value if item is not None else None

    def save(self, disk: str, contents: dict[str, Any]) -> None:
        key = PREFIX + disk
        item = self._store.get(key)
        if item is None or item.value != contents:
            self._store.put(key, contents)

    def drop(self, disk: str) -> None:
        """Forgets a disk, or with a slash at the end all disks below."""
        if disk.endswith("/"):
            for item in self._store.range(PREFIX, PREFIX + disk):
                self._store.delete(item.key)
        elif self._store.get(PREFIX + disk) is not None:
            self._store.delete(PREFIX + disk)
