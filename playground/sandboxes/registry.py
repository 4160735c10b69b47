"""The sandboxes that are awake in this process, by id: woken at the first request, asleep again when nobody looks."""

from __future__ import annotations

import asyncio
import contextvars
import logging
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from typing import Any
from uuid import UUID

from channels.db import database_sync_to_async
from django.utils.crypto import salted_hmac

from cluster_engine.apimachinery import errors
from cluster_engine.apiserver.request import Request
from cluster_engine.cluster import Cluster, ClusterConfig, Snapshot
from playground.sandboxes import limits
from playground.sandboxes.live import Live
from playground.sandboxes.models import Sandbox
from playground.sandboxes.recovery import Recovered, recover

logger = logging.getLogger(__name__)

TOKEN_SALT = "playground.sandboxes.tokens"  # noqa: S105 - no secret by itself
EVENTS = frozenset({"events", "events.events.k8s.io"})


def build_cluster(recovered: Recovered) -> Cluster:
    """The sandbox's cluster: a new one, or one that goes on where the last written row left it."""
    sandbox, store = recovered.sandbox, recovered.store
    # Seeds are small and may be told; what signs tokens must be neither.
    token_key = salted_hmac(TOKEN_SALT, sandbox.pk.hex, algorithm="sha256").hexdigest()
    config = ClusterConfig(seed=sandbox.seed, start_us=sandbox.time_us, token_key=token_key)
    snapshot = Snapshot(store, sandbox.time_us, sandbox.next_step) if store.revision else None
    cluster = Cluster(config, snapshot)
    cluster.server.limit = limit_objects(cluster)
    return cluster


def limit_objects(cluster: Cluster) -> Callable[[Request], None]:
    """What keeps a cluster within `MAX_OBJECTS`: refuses creates beyond it, in the words of a full ResourceQuota.

    Events are let through: they say what happened, and end by themselves.
    """
    store, limit = cluster.store, limits.MAX_OBJECTS

    def gate(request: Request) -> None:
        if request.verb != "create" or request.subresource or request.dry_run or request.resource in EVENTS:
            return
        used = len(store) - store.count("/registry/events/")
        if used < limit:
            return
        meta = request.body.get("metadata") if isinstance(request.body, dict) else None
        name = str(meta.get("name") or meta.get("generateName") or "") if isinstance(meta, dict) else ""
        plural, _, group = request.resource.partition(".")
        why = f"exceeded quota: sandbox, requested: objects=1, used: objects={used}, limited: objects={limit}"
        raise errors.forbidden(plural, group, name, why)

    return gate


class Registry:
    """The live sandboxes. Used on the event loop only."""

    def __init__(self) -> None:
        # Who furnishes the cluster of a sandbox that is woken for the first time; nobody else has seen it then.
        self.prepare: Callable[[Sandbox, Cluster], None] = lambda _sandbox, _cluster: None
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
            task = self._wake_by(sandbox_id, self._read(sandbox_id, now_seconds))
        return await asyncio.shield(task)

    async def rewake(self, live: Live, between: Callable[[], Awaitable[None]], now_seconds: float) -> None:
        """Drops a live sandbox, waits for what is done `between`, and reads it back; nobody can wake it meanwhile.

        Raises what `between` raises, once the sandbox is there again.
        """
        self.forget(live)
        live.moved = True
        failed: list[Exception] = []

        async def read() -> Live:
            try:
                await between()
            except Exception as error:
                failed.append(error)
            return await self._read(live.sandbox.pk, now_seconds)

        await asyncio.shield(self._wake_by(live.sandbox.pk, read()))
        if failed:
            raise failed[0]

    def _wake_by(self, sandbox_id: UUID, reading: Coroutine[Any, Any, Live]) -> asyncio.Task[Live]:
        task = asyncio.get_running_loop().create_task(reading, context=contextvars.Context())
        self._waking[sandbox_id] = task
        task.add_done_callback(lambda _: self._waking.pop(sandbox_id, None))
        return task

    async def _read(self, sandbox_id: UUID, now_seconds: float) -> Live:
        recovered = await database_sync_to_async(recover)(sandbox_id)
        cluster = build_cluster(recovered)
        if not recovered.store.revision:
            self.prepare(recovered.sandbox, cluster)
        live = Live(recovered, cluster, now_seconds)
        self._live[sandbox_id] = live
        logger.info("sandbox %s is awake at revision %d", sandbox_id, live.cluster.revision)
        return live

    def forget(self, live: Live) -> None:
        """Drops a sandbox from memory; what it had not written is lost."""
        live.closed = True
        if self._live.get(live.sandbox.pk) is live:
            del self._live[live.sandbox.pk]


