"""Django's description of the app."""

from django.apps import AppConfig


class CurriculumConfig(AppConfig):
    """The app `playground.curriculum`."""

    name = "playground.curriculum"
