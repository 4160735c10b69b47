"""The pages of the lessons."""

from django.urls import path

from playground.curriculum import views

app_name = "curriculum"
urlpatterns = [
    path("", views.catalogue_page, name="catalogue"),
    path("document/", views.document_page, name="document"),
    path("<slug:slug>/start/", views.start_lesson, name="start"),
    path("<slug:slug>/panel/", views.lesson_panel, name="panel"),
]
