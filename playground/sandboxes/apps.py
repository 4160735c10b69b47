"""Django's description of the app."""

from django.apps import AppConfig


class SandboxesConfig(AppConfig):
    """The app `playground.sandboxes`."""

    name = "playground.sandboxes"
