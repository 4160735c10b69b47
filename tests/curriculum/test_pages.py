"""The catalogue, the way into a lesson, its panel, and progress as it is kept and sent."""

import pytest
from django.urls import reverse

from playground.accounts.models import User
from playground.curriculum import catalogue, progress
from playground.curriculum.models import LessonProgress
from playground.sandboxes import gateway

pytestmark = pytest.mark.django_db
SLUG = "05-deployment"


def page(response):
    assert response.status_code == 200
    return response.content.decode()


def test_the_catalogue_shows_every_lesson_with_what_somebody_has_done(client):
    client.post(reverse("curriculum:start", args=[SLUG]))
    assert "Begin" in page(client.get(reverse("curriculum:catalogue")))
    progress.record(User.objects.get().pk, SLUG, ["create", "ready", "no-such-step"])
    shown = page(client.get(reverse("curriculum:catalogue")))
    assert "2 of 8 steps" in shown
    assert all(lesson.title_by_language["en"] in shown for lesson in catalogue.lessons().values())


def test_the_catalogue_is_chinese_for_whoever_reads_chinese(client):
    shown = page(client.get(reverse("curriculum:catalogue"), headers={"accept-language": "zh-CN"}))
    assert "创建并更新 Deployment" in shown
    assert "Create and update" not in shown


def test_a_lesson_is_gone_on_with_unless_a_new_cluster_is_asked_for(client):
    url = reverse("curriculum:start", args=["11-statefulset"])
    first = client.post(url)["Location"]
    assert client.post(url)["Location"] == first
    assert client.post(url, {"afresh": "1"})["Location"] != first
    assert gateway.of_user(User.objects.get()).count() == 2


def test_a_lesson_that_is_not_there_is_not_found(client):
    assert client.post(reverse("curriculum:start", args=["99-none"])).status_code == 404
    assert client.get(reverse("curriculum:panel", args=["99-none"])).status_code == 404
    assert User.objects.count() == 0


def test_the_panel_has_every_step_with_its_hint_and_solution_folded_away(client):
    shown = page(client.get(reverse("curriculum:panel", args=[SLUG])))
    for step in catalogue.find(SLUG).steps:
        assert f'data-step="{step.id}"' in shown
    assert shown.count('<details class="hint">') == shown.count('<details class="solution">') == 8
    assert "kubectl set image deployment/nginx-deployment nginx=nginx:1.9.1" in shown
    assert "data-done" not in shown


def test_the_panel_ticks_what_the_reader_has_done(client):
    client.post(reverse("curriculum:start", args=[SLUG]))
    progress.record(User.objects.get().pk, SLUG, ["create"])
    shown = page(client.get(reverse("curriculum:panel", args=[SLUG])))
    assert '<li class="step" data-step="create" data-done' in shown
    assert shown.count("data-done") == 1


def test_a_step_is_written_down_once():
    user = User.objects.create(username="ada")
    progress.record(user.pk, SLUG, ["create"])
    first = LessonProgress.objects.get().done_at
    progress.record(user.pk, SLUG, ["create", "ready"])
    assert LessonProgress.objects.get(step="create").done_at == first
    assert progress.done_steps(user.pk, SLUG) == {"create", "ready"}


def test_the_message_says_when_all_is_done():
    lesson = catalogue.find(SLUG)
    found = {step.id: None for step in lesson.steps}
    assert progress.message(lesson, found)["complete"] is True
    found["apply"] = "There is no Deployment nginx-deployment yet."
    message = progress.message(lesson, found)
    assert message["complete"] is False
    assert message["steps"]["apply"] == {"done": False, "message": "There is no Deployment nginx-deployment yet."}
    assert message["steps"]["create"] == {"done": True, "message": ""}
