"""The websockets of the workspace."""

from typing import Any

websocket_urlpatterns: list[Any] = []
