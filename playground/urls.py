"""Every page of the site, by app."""

from django.urls import include, path

from playground import views

urlpatterns = [
    path("", views.home, name="home"),
    path("start/", views.start, name="start"),
    path("healthz", views.healthz, name="healthz"),
    path("language/", views.set_language, name="set_language"),
    path("accounts/", include("playground.accounts.urls")),
    path("lessons/", include("playground.curriculum.urls")),
    path("", include("playground.console.urls")),
    path("", include("playground.classrooms.urls")),
    path("", include("playground.kubeapi.urls")),
    path("", include("playground.sharing.urls")),
]
