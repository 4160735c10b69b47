"""Django's description of the app."""

from django.apps import AppConfig


class ClassroomsConfig(AppConfig):
    """The app `playground.classrooms`."""

    name = "playground.classrooms"
