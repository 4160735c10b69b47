"""Django's name for this folder."""

from django.apps import AppConfig


class KubeapiConfig(AppConfig):
    name = "playground.kubeapi"
    verbose_name = "Kubernetes API"
