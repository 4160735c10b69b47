"""Django's name for this folder."""

from django.apps import AppConfig


class ClassroomsConfig(AppConfig):
    name = "playground.classrooms"
    verbose_name = "Classrooms"
