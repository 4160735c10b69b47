"""An API client's hold on a live sandbox: it keeps the sandbox awake for one request or one stream."""

from __future__ import annotations

from playground.sandboxes.live import Live
from playground.sandboxes.worker import Worker

CATCH_UP_SECONDS = 0.02


class ApiHold:
    """To be used on the event loop; `close` it when the request is over."""

    def __init__(self, live: Live, worker: Worker) -> None:
        self.live = live
        self._worker = worker
        self._open = True
        live.viewers += 1

    def catch_up(self) -> None:
        """Brings the sandbox to the present, as far as a moment's work does."""
        now = self._worker.monotonic()
        end = now + CATCH_UP_SECONDS
        self.live.run_slice(now, lambda: self._worker.monotonic() >= end)

    async def settle(self) -> bool:
        """Waits until every revision is in the journal; False when it could not be written."""
        live = self.live
        # The worker goes on from here: a write of ours is work for the components.
        self._worker.want()
        while live.cluster.revision > live.feed.revision and not live.closed:
            await self._worker.flush()
        return not live.closed

    def close(self) -> None:
        if self._open:
            self._open = False
            self.live.viewers -= 1
            self.live.left_seconds = self._worker.monotonic()
            self._worker.want()
