"""The websockets of the site."""

from django.urls import path

from playground.console.consumers import SandboxConsumer

websocket_urlpatterns = [
    path("ws/sandboxes/<uuid:sandbox_id>/", SandboxConsumer.as_asgi()),
]
