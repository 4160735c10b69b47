"""Django's description of the app."""

from django.apps import AppConfig


class ConsoleConfig(AppConfig):
    """The app `playground.console`."""

    name = "playground.console"
