"""The pages of the classrooms."""

from django.urls import path

from playground.classrooms import views

app_name = "classrooms"
urlpatterns = [
    path("review/", views.sessions, name="review"),
    path("review/<uuid:sandbox_id>/transcript/", views.transcript, name="transcript"),
]
