"""A live sandbox as the ASGI application sees it: brought to the present before each request, written down after it."""

from __future__ import annotations

from weakref import WeakKeyDictionary

from cluster_engine.apimachinery import errors
from cluster_engine.http.frontend import Frontend
from playground.sandboxes.gateway import ApiHold
from playground.sandboxes.live import Live

MAX_STREAMS = 100

# One face for each sandbox that is awake: it keeps what it has made of the schema, and counts.
_frontends: WeakKeyDictionary[Live, Frontend] = WeakKeyDictionary()


class SandboxBackend:
    """One request's hold on a sandbox."""

    def __init__(self, hold: ApiHold) -> None:
        self._hold = hold
        frontend = _frontends.get(hold.live)
        if frontend is None:
            frontend = _frontends[hold.live] = Frontend(hold.live.cluster.server, MAX_STREAMS)
        self.frontend = frontend

    async def before(self) -> None:
        """Lets the sandbox catch up with its pace, for a moment at most."""
        self._hold.catch_up()

    async def after(self) -> None:
        """Returns when everything that has happened is in the journal: what a client is told survives a crash."""
        if not await self._hold.settle():
            raise errors.service_unavailable("the sandbox has moved or could not be written down; try again")

    def close(self) -> None:
        self._hold.close()
