"""The catalogue, the way into a lesson, its panel, and progress as it is kept and sent."""

import pytest
from django.urls import reverse

from playground.accounts.models import User
from playground.curriculum import catalogue, progress
from playground.curriculum.models import LessonProgress
from playground.sandboxes import gateway
from playground.sandboxes.models import Mark

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
    assert "2 of 7 steps" in shown
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
    assert shown.count('<details class="hint">') == shown.count('<details class="solution">') == 7
    assert "kubectl set image deployment/nginx-deployment nginx=nginx:1.9.1" in shown
    assert "data-done" not in shown


def test_the_panel_ticks_what_the_reader_has_done(client):
    client.post(reverse("curriculum:start", args=[SLUG]))
    progress.record(User.objects.get().pk, SLUG, ["create"])
    shown = page(client.get(reverse("curriculum:panel", args=[SLUG])))
    assert '<li class="step" data-step="create" data-done' in shown
    assert shown.count("data-done") == 1


def test_a_workspace_ticks_what_was_done_in_it_and_says_what_was_done_elsewhere(client):
    first = client.post(reverse("curriculum:start", args=[SLUG]))["Location"]
    sandbox = gateway.of_user(User.objects.get()).get()
    Mark.objects.create(sandbox=sandbox, name=f"{SLUG}/create", command=1)
    progress.record(User.objects.get().pk, SLUG, ["create"], sandbox.pk)
    shown = page(client.get(first))
    assert shown.count("data-done") == 1
    assert "before, in another cluster" not in shown
    again = client.post(reverse("curriculum:start", args=[SLUG]), {"afresh": "1"})["Location"]
    shown = page(client.get(again))
    assert "data-done" not in shown
    assert shown.count("You have done this step before, in another cluster.") == 1
    assert 'data-rewind="step"' in shown


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


def test_a_search_finds_lessons_by_any_word_of_either_language(client):
    def found(query, **headers):
        shown = page(client.get(reverse("curriculum:catalogue"), {"q": query}, headers=headers))
        return [slug for slug in catalogue.lessons() if f"/lessons/{slug}/start/" in shown]

    assert found("") == list(catalogue.lessons())
    assert found("revisionHistoryLimit patch") == ["06-rollback", "09-strategies"]
    assert found("金丝雀 分区") == ["14-partition"]
    assert found("zookeeper") == []
    alone = page(client.get(reverse("curriculum:catalogue"), {"q": "nothing<b>"}, headers={"hx-request": "true"}))
    assert alone.lstrip().startswith('<div id="lesson-list"')
    assert "No lesson speaks of “nothing&lt;b&gt;”." in alone


def test_the_original_stands_beside_the_lessons_in_both_languages(client):
    shown = page(client.get(reverse("curriculum:document")))
    assert "kubectl rollout undo deployment/nginx-deployment --to-revision=2" in shown
    assert "/lessons/15-delete-adopt/start/" in shown
    assert "<code>successThreshold</code> must be 1" in shown
    chinese = page(client.get(reverse("curriculum:document"), headers={"accept-language": "zh-CN"}))
    assert "Pod 从不搬家" in chinese


def test_a_prediction_offers_choices_and_keeps_its_answer_folded(client):
    shown = page(client.get(reverse("curriculum:panel", args=[SLUG])))
    assert shown.count('type="radio" name="guess-update"') == 3
    assert shown.count("data-right") == len([s for s in catalogue.find(SLUG).text.sections.values() if s.choices])
    assert "[x]" not in shown
