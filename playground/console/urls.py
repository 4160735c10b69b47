"""The pages of the console."""

from django.urls import path

from playground.console import ports, views

app_name = "console"
urlpatterns = [
    path("sandboxes/", views.list_sandboxes, name="list"),
    path("sandboxes/new", views.new_sandbox, name="new"),
    path("sandboxes/<uuid:sandbox_id>/", views.workspace, name="workspace"),
    path("sandboxes/<uuid:sandbox_id>/delete", views.delete_sandbox, name="delete"),
    path("sandboxes/<uuid:sandbox_id>/review/", views.review, name="review"),
    path("sandboxes/<uuid:sandbox_id>/ports/<int:port>/<path:path>", ports.open_port),
    path("sandboxes/<uuid:sandbox_id>/ports/<int:port>/", ports.open_port, {"path": ""}, name="port"),
    path("ports/<str:token>/<path:path>", ports.show_port),
    path("ports/<str:token>/", ports.show_port, {"path": ""}),
]
