"""Django's name for this folder."""

from django.apps import AppConfig


class SandboxesConfig(AppConfig):
    name = "playground.sandboxes"
    verbose_name = "Sandboxes"
