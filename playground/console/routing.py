"""The websockets of the site."""

from channels.generic.websocket import AsyncWebsocketConsumer
from django.urls import path, re_path

from playground.console.consumers import CLOSE_NOT_FOUND, SandboxConsumer


class NowhereConsumer(AsyncWebsocketConsumer):
    """What answers at every other address: that there is nothing."""

    async def connect(self) -> None:
        await self.accept()
        await self.close(code=CLOSE_NOT_FOUND)


websocket_urlpatterns = [
    path("ws/sandboxes/<uuid:sandbox_id>/", SandboxConsumer.as_asgi()),
    re_path("", NowhereConsumer.as_asgi()),
]
