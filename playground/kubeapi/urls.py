"""The pages about a sandbox's Kubernetes API. The API itself is at `/k/`, and no Django view."""

from django.urls import path

from playground.kubeapi import views

app_name = "kubeapi"
urlpatterns = [
    path("sandboxes/<uuid:sandbox_id>/kubectl/", views.panel, name="panel"),
    path("sandboxes/<uuid:sandbox_id>/kubectl/kubeconfig", views.download, name="kubeconfig"),
    path("sandboxes/<uuid:sandbox_id>/kubectl/renew", views.renew, name="renew"),
]
