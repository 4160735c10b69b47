"""Command golf: the commands that a step and a lesson take, beside the shortest known way; and nothing hangs on it."""

import pytest
from django.urls import reverse
from django.utils import translation

from playground.accounts.models import User
from playground.curriculum import catalogue, golf, progress
from playground.curriculum.models import LessonBest
from playground.sandboxes import rewind
from playground.sandboxes.models import Command, Sandbox

pytestmark = pytest.mark.django_db
SLUG = "05-deployment"


@pytest.fixture
def sandbox():
    return Sandbox.objects.create(owner=User.objects.create(username="ada"), title="S", lesson=SLUG, seed=1)


def typed(sandbox, *lines):
    last = Command.objects.filter(sandbox=sandbox).count()
    for number, line in enumerate(lines, last + 1):
        Command.objects.create(sandbox=sandbox, number=number, terminal="1", line=line, started_us=number, revision=1)


def tick(sandbox, *steps):
    rewind.set_marks(sandbox.pk, sandbox.epoch, [f"{SLUG}/{step}" for step in steps], Command.objects.count())


def counts(sandbox):
    return golf.steps(catalogue.find(SLUG), sandbox.pk, sandbox.epoch, progress.ticked(sandbox.pk, SLUG))


def test_a_solution_counts_what_it_does_and_not_what_it_looks_at():
    lesson = catalogue.find(SLUG)
    pars = {step.id: golf.par(step) for step in lesson.steps}
    assert pars == {"create": 1, "ready": 0, "update": 1, "rollout": 0, "typo": 1, "undo": 1, "apply": 1}


def test_a_step_counts_the_commands_since_the_one_before(sandbox):
    typed(sandbox, "kubectl get nodes", "kubectl create -f dc-nginx.yml", "kubectl create -f dc-nginx.yaml")
    tick(sandbox, "create")
    typed(sandbox, "kubectl get pods")
    tick(sandbox, "ready")
    typed(sandbox, "kubectl set image deployment/nginx-deployment nginx=nginx:1.9.1")
    tick(sandbox, "update")
    assert counts(sandbox) == {"create": 2, "ready": 0, "update": 1}
    lesson = catalogue.find(SLUG)
    assert golf.of_step(lesson.steps[0], counts(sandbox)) == "Commands: 2; the shortest known way takes 1."
    assert golf.of_step(lesson.steps[1], counts(sandbox)) == ""
    with translation.override("zh-hans"):
        assert golf.of_step(lesson.steps[0], counts(sandbox)) == "用了 2 条命令；目前最短的做法是 1 条。"
    assert golf.of_lesson(lesson, sandbox.owner_id, counts(sandbox)) is None, "the lesson is not complete"


def test_what_was_taken_back_does_not_count(sandbox):
    typed(sandbox, "kubectl create namespace mistake")
    Command.objects.create(sandbox=sandbox, number=2, terminal="1", line="undo", kind="undo", target=1, started_us=1)
    typed(sandbox, "kubectl create -f dc-nginx.yaml")
    tick(sandbox, "create")
    assert counts(sandbox) == {"create": 1}


@pytest.mark.parametrize(("yours", "words"), [
    (5, "You needed 5 commands. No shorter way is known."),
    (7, "You needed 7 commands. The shortest known way takes 5."),
    (1, "You needed 1 command. That is shorter than the way shown here, which takes 5."),
])  # fmt: skip
def test_the_end_of_a_lesson_says_it_kindly(sandbox, yours, words):
    lesson = catalogue.find(SLUG)
    score = golf.of_lesson(lesson, sandbox.owner_id, {step.id: 0 for step in lesson.steps} | {"create": yours})
    assert str(score) == words


def test_the_best_is_kept_and_shown_in_the_catalogue(client, sandbox):
    lesson = catalogue.find(SLUG)
    none = {step.id: 0 for step in lesson.steps}
    golf.of_lesson(lesson, sandbox.owner_id, none | {"create": 6})
    score = golf.of_lesson(lesson, sandbox.owner_id, none | {"create": 9})
    words = "You needed 9 commands. The shortest known way takes 5. Your best so far: 6."
    assert str(score) == words
    golf.of_lesson(lesson, sandbox.owner_id, none | {"create": 5})
    assert LessonBest.objects.get().commands == 5
    client.force_login(sandbox.owner)
    assert client.get(reverse("curriculum:catalogue")).content.decode().count("Best: 5 commands") == 1
