"""The site's ASGI application: Django's pages, the workspaces' websockets, and room for bare applications beside them.

A path whose prefix is in `BARE_APPLICATIONS` goes to a plain ASGI application without passing through Django: under
Daphne that is an order of magnitude cheaper for an API with long watches.
"""

import os
from collections.abc import Awaitable, Callable
from typing import Any

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "playground.settings")
django_application = get_asgi_application()  # sets Django up; what imports models comes after it

from channels.auth import AuthMiddlewareStack  # noqa: E402
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from channels.security.websocket import AllowedHostsOriginValidator  # noqa: E402

from playground.console.routing import websocket_urlpatterns  # noqa: E402
from playground.curriculum import progress, start  # noqa: E402
from playground.kubeapi import access_log  # noqa: E402
from playground.kubeapi import asgi as kubeapi  # noqa: E402
from playground.sandboxes import gateway  # noqa: E402

Application = Callable[[dict[str, Any], Any, Any], Awaitable[None]]

BARE_APPLICATIONS: dict[str, Application] = {kubeapi.PREFIX: kubeapi.application}
access_log.mask()

# The worker knows no lessons: whoever puts the site together tells it who does.
gateway.on_progress(progress.evaluate_live)
gateway.on_first_wake(start.prepare)


def beside(site: Application) -> Application:
    """Pass a request to the bare application that owns its path prefix, else to `site`."""

    async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
        for prefix, bare_application in BARE_APPLICATIONS.items():
            if scope["path"].startswith(prefix):
                return await bare_application(scope, receive, send)
        return await site(scope, receive, send)

    return application


application = ProtocolTypeRouter(
    {
        "http": beside(django_application),
        "websocket": beside(AllowedHostsOriginValidator(AuthMiddlewareStack(URLRouter(websocket_urlpatterns)))),
    }
)
