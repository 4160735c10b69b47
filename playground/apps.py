"""Django's description of the site as an app: it holds the commands `serve` and friends, and no models."""

from django.apps import AppConfig


class PlaygroundConfig(AppConfig):
    """The site itself."""

    name = "playground"
