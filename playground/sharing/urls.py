"""The pages of links."""

from django.urls import path

from playground.sharing import views

app_name = "sharing"
urlpatterns = [
    path("sandboxes/<uuid:sandbox_id>/share/", views.panel, name="panel"),
    path("sandboxes/<uuid:sandbox_id>/share/make", views.make, name="make"),
    path("sandboxes/<uuid:sandbox_id>/share/<str:token>/withdraw", views.withdraw, name="withdraw"),
    path("shared/<str:token>/", views.shared, name="shared"),
    path("shared/<str:token>/copy", views.take_copy, name="copy"),
]
