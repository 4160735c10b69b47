"""The application at `/k/`: `/k/<secret>/api/…`, or over https `/k/<sandbox>/api/…` with the secret as bearer token."""

from __future__ import annotations

from functools import partial
from uuid import UUID

from cluster_engine.http.asgi import Found, KubeApi
from playground.kubeapi.access import visitors
from playground.kubeapi.backend import SandboxBackend
from playground.sandboxes import gateway
from playground.sandboxes.gateway import SandboxNotFound

PREFIX = "/k/"
_BEARER = "bearer "


async def resolve(path: str, headers: dict[str, str]) -> Found | None:
    """Whose a path is; None for a wrong secret, in no other way than for a path that there is not."""
    word, slash, rest = path.removeprefix(PREFIX).partition("/")
    sandbox_id = await visitors.sandbox_of(word)
    if sandbox_id is None:
        sandbox_id = await _by_token(word, headers)
        # The owner's token has done its work; to the cluster it is none.
        headers = {name: value for name, value in headers.items() if name != "authorization"}
    if sandbox_id is None:
        return None
    try:
        hold = await gateway.hold(sandbox_id)
    except SandboxNotFound:
        return None
    backend = SandboxBackend(hold)
    return Found(
        backend,
        slash + rest if slash else "/",
        headers,
        enter=partial(visitors.enter, sandbox_id),
        leave=partial(visitors.leave, sandbox_id),
        close=backend.close,
    )


async def _by_token(word: str, headers: dict[str, str]) -> UUID | None:
    """The sandbox that the path names, if the bearer token is its secret."""
    given = headers.get("authorization", "")
    if not given.lower().startswith(_BEARER):
        return None
    try:
        named = UUID(word)
    except ValueError:
        return None
    return named if await visitors.sandbox_of(given[len(_BEARER) :].strip()) == named else None


application = KubeApi(resolve)
