"""The worker: steps every sandbox that is awake, writes what happened, and tells those who look.

One asyncio task on the server's loop. It is made of small steps, each of which says whether it did anything, so that
tests drive them without the loop; the loop only repeats them and sleeps until something is due. Idle sandboxes cost
nothing: the worker waits for their next timer or for somebody who wants something.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Any

from channels.db import database_sync_to_async
from channels.layers import get_channel_layer
from django.db import DatabaseError

from cluster_engine.apimachinery.errors import ApiError
from cluster_engine.faults.fault import Fault
from playground.sandboxes import journal, limits, rewind
from playground.sandboxes.live import Live, Pending
from playground.sandboxes.registry import Registry

logger = logging.getLogger(__name__)

SLICE_SECONDS = 0.004
SLEEP_AFTER_SECONDS = 30.0
BATCHES_PER_TRANSACTION = 20
# Evaluates a lesson's steps: (sandbox row, live sandbox) -> the fields of a `progress` message, or None.
ProgressHook = Callable[[Any, Live], Awaitable[dict[str, Any] | None]]


def group_of(live: Live) -> str:
    """The channel layer's group of those who look at a sandbox."""
    return f"sandbox.{live.sandbox.pk.hex}"


class Worker:
    """Drives the sandboxes of one registry. `monotonic` gives seconds of real time."""

    def __init__(self, registry: Registry, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.registry = registry
        self.monotonic = monotonic
        self.automatic = True
        self.progress_hook: ProgressHook | None = None
        self._task: asyncio.Task[None] | None = None
        self._wanted = asyncio.Event()
        self._writing = asyncio.Lock()

    # The steps.

    def step(self) -> bool:
        """Gives every live sandbox one slice; returns whether one of them wants another one now."""
        busy = False
        for live in self.registry:
            now = self.monotonic()
            end = now + SLICE_SECONDS
            try:
                busy |= live.run_slice(now, lambda end=end: self.monotonic() >= end)
            except Exception:
                # A fault in one cluster is not everybody's: it is dropped, and comes back from its rows.
                logger.exception("sandbox %s failed and is dropped", live.sandbox.pk)
                self.registry.forget(live)
        return busy

    async def flush(self) -> bool:
        """Writes what has happened and lets it out; returns whether there was anything."""
        async with self._writing:
            taken = [(live, pending) for live in self.registry if (pending := live.take_pending()) is not None]
            for first in range(0, len(taken), BATCHES_PER_TRANSACTION):
                await self._write(taken[first : first + BATCHES_PER_TRANSACTION])
        return bool(taken)

    async def _write(self, taken: list[tuple[Live, Pending]]) -> None:
        """Writes the batches of several sandboxes in one transaction, and lets out what is written."""
        try:
            await database_sync_to_async(journal.write)([pending.batch for _, pending in taken])
        except (journal.LeaseLostError, DatabaseError):
            if len(taken) == 1:
                self._give_up(taken[0][0])
                await self.nudge(taken[0][0])
                return
            # One of them spoiled it for all: each alone.
            for one in taken:
                await self._write([one])
            return
        for live, pending in taken:
            live.acknowledge(pending)
            await self.nudge(live)
            if live.revision_rows > limits.MAX_REVISION_ROWS:
                live.revision_rows = await database_sync_to_async(journal.fold)(live.sandbox.pk, pending.batch.revision)

    def _give_up(self, live: Live) -> None:
        """Drops a sandbox whose batch could not be written: it was taken over or deleted, or the database failed.

        Nothing of the batch was told to anybody, so the sandbox goes on from its rows when it is woken again.
        """
        logger.warning("sandbox %s could not be written and is dropped", live.sandbox.pk, exc_info=True)
        self.registry.forget(live)

    async def nudge(self, live: Live) -> None:
        """Tells those who look that there is something to pull. May be lost: it carries no data."""
        layer = get_channel_layer()
        if layer is not None and live.viewers:
            await layer.group_send(group_of(live), {"type": "sandbox.nudge", "revision": live.feed.revision})

    async def evaluate(self) -> bool:
        """Has the lesson's steps looked at where something changed; returns whether anything did."""
        worked = False
        for live in self.registry:
            if not live.progress_is_stale or not live.sandbox.lesson or self.progress_hook is None or not live.viewers:
                continue
            live.progress_is_stale = False
            worked = True
            try:
                progress = await self.progress_hook(live.sandbox, live)
            except Exception:
                logger.exception("the progress of sandbox %s could not be evaluated", live.sandbox.pk)
                continue
            if progress is None:
                continue
            frame = {**progress, "type": "progress"}
            if frame != live.progress:
                live.progress = frame
                live.announce(frame)
                await self.nudge(live)
        return worked

    async def put_to_sleep(self) -> bool:
        """Lets sandboxes sleep that nobody has looked at for a while; returns whether there were any."""
        tired = [live for live in self.registry if self._sleeps_at(live) <= self.monotonic()]
        for live in tired:
            await self.sleep(live)
        return bool(tired)

    async def sleep(self, live: Live) -> None:
        """Ends what runs in its terminals, writes all of it down, and forgets it."""
        if live.terminals.busy:
            live.terminals.interrupt_all()
            live.end_commands()
        async with self._writing:
            pending = live.take_pending(force=True)
            if pending is not None:
                await self._write([(live, pending)])
        if not live.viewers:
            self.registry.forget(live)

    async def rewind(self, live: Live, wish: rewind.Wish) -> None:
        """Takes a sandbox back, and wakes it there. Raises `NothingToRewindError`; the sandbox goes on then."""
        await self.flush()
        await database_sync_to_async(rewind.check)(live.sandbox.pk, wish)
        if live.closed:
            return  # somebody else was faster
        live.terminals.interrupt_all()
        live.cluster.run_until(live.cluster.clock.now_us, max_steps=1000)
        pending = live.take_pending(force=True)
        assert pending is not None

        async def write() -> None:
            async with self._writing:
                await database_sync_to_async(rewind.write_and_rewind)(pending.batch, wish)

        try:
            await self.registry.rewake(live, write, self.monotonic())
        finally:
            # Streams of the API that hang on the old cluster end; their clients list anew.
            with contextlib.suppress(ApiError):  # it may have been down already
                live.cluster.inject(Fault("Stop", "kube-apiserver"))
            await self.nudge(live)
            self.want()

    def _sleeps_at(self, live: Live) -> float:
        return float("inf") if live.viewers else live.left_seconds + SLEEP_AFTER_SECONDS

    def due_seconds(self) -> float | None:
        """The moment of real time at which there is something to do next, or None."""
        moments: list[float] = []
        for live in self.registry:
            due = live.due_seconds()
            if due is not None:
                moments.append(due)
            if not live.viewers:
                moments.append(self._sleeps_at(live))
        return min(moments, default=None)

    async def settle(self) -> None:
        """Repeats the steps until nothing is left to do at this moment: what the loop does between two sleeps."""
        while True:
            busy = self.step()
            wrote = await self.flush()
            if not busy and not wrote and not await self.evaluate():
                return

    # The loop.

    def want(self) -> None:
        """Says that there is something to do now; starts the loop at its first use."""
        if not self.automatic:
            return
        loop = asyncio.get_running_loop()
        if self._task is None or self._task.done():
            self._wanted = asyncio.Event()
            # A context of its own: whoever happens to come first must not lend the worker their request's thread.
            self._task = loop.create_task(self._run(), context=contextvars.Context())
        self._wanted.set()

    async def _run(self) -> None:
        while True:
            self._wanted.clear()
            busy = self.step()
            await self.flush()
            await self.evaluate()
            await self.put_to_sleep()
            if busy:
                await asyncio.sleep(0)
                continue
            await self._rest()

    async def _rest(self) -> None:
        """Sleeps until something is due or wanted."""
        due = self.due_seconds()
        delay = None if due is None else max(0.0, due - self.monotonic())
        if delay == 0.0:
            await asyncio.sleep(0)
            return
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._wanted.wait(), delay)

    async def stop(self) -> None:
        """Ends the loop, having written what there is."""
        task, self._task = self._task, None
        if task is not None and not task.done():
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        for live in self.registry:
            live.viewers = 0
            await self.sleep(live)
