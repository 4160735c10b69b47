"""The pages of the console."""

from django.urls import path

from playground.console import views

app_name = "console"
urlpatterns = [
    path("sandboxes/", views.list_sandboxes, name="list"),
    path("sandboxes/new", views.new_sandbox, name="new"),
    path("sandboxes/<uuid:sandbox_id>/", views.workspace, name="workspace"),
    path("sandboxes/<uuid:sandbox_id>/delete", views.delete_sandbox, name="delete"),
    path("sandboxes/<uuid:sandbox_id>/review/", views.review, name="review"),
]
