"""The sandboxes that are awake in this process, by id: woken at the first request, asleep again when nobody looks."""

from __future__ import annotations

import asyncio
import contextvars
import logging
from collections.abc import Iterator
from uuid import UUID

from channels.db import database_sync_to_async

from cluster_engine.cluster import Cluster, ClusterConfig, Snapshot
from playground.sandboxes.live import Live
from playground.sandboxes.recovery import Recovered, recover

logger = logging.getLogger(__name__)


def build_cluster(recovered: Recovered) -> Cluster:
    """The sandbox's cluster: a new one, or one that goes on where the last written row left it."""
    sandbox, store = recovered.sandbox, recovered.store
    config = ClusterConfig(seed=sandbox.seed, start_us=sandbox.time_us)
    if store.revision == 0:
        return Cluster(config)
    return Cluster(config, Snapshot(store, sandbox.time_us, sandbox.next_step))


class Registry:
    """The live sandboxes. Used on the event loop only."""

    def __init__(self) -> None:
        self._live: dict[UUID, Live] = {}
        self._waking: dict[UUID, asyncio.Task[Live]] = {}

    def __iter__(self) -> Iterator[Live]:
        return iter(list(self._live.values()))

    def __len__(self) -> int:
        return len(self._live)

    def get(self, sandbox_id: UUID) -> Live | None:
        return self._live.get(sandbox_id)

    async def wake(self, sandbox_id: UUID, now_seconds: float) -> Live:
        """The live sandbox, read from the database unless it is awake. Raises `Sandbox.DoesNotExist`."""
        live = self._live.get(sandbox_id)
        if live is not None:
            return live
        task = self._waking.get(sandbox_id)
        if task is None:
            # Two browsers that arrive together wait for the same reading.
            reading = self._read(sandbox_id, now_seconds)
            task = asyncio.get_running_loop().create_task(reading, context=contextvars.Context())
            self._waking[sandbox_id] = task
            task.add_done_callback(lambda _: self._waking.pop(sandbox_id, None))
        return await asyncio.shield(task)

    async def _read(self, sandbox_id: UUID, now_seconds: float) -> Live:
        recovered = await database_sync_to_async(recover)(sandbox_id)
        live = Live(recovered, build_cluster(recovered), now_seconds)
        self._live[sandbox_id] = live
        logger.info("sandbox %s is awake at revision %d", sandbox_id, live.cluster.revision)
        return live

    def forget(self, live: Live) -> None:
        """Drops a sandbox from memory; what it had not written is lost."""
        live.closed = True
        if self._live.get(live.sandbox.pk) is live:
            del self._live[live.sandbox.pk]


