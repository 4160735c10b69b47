"""Every lesson, played: the start fulfils nothing, each solution its step and only then, a spoiled one does not."""

from pathlib import Path

import pytest
from django.conf import settings

from playground.curriculum import catalogue
from tests.curriculum.proof import Player

LESSONS = catalogue.read_lessons(Path(settings.LESSONS_DIR))
STEPS = [(lesson, step) for lesson in LESSONS.values() for step in lesson.steps]


@pytest.mark.parametrize("lesson", LESSONS.values(), ids=LESSONS)
def test_the_start_state_fulfils_no_step(lesson):
    found = Player(lesson).look()
    assert [step_id for step_id, missing in found.items() if missing is None] == []


@pytest.mark.parametrize("lesson", LESSONS.values(), ids=LESSONS)
def test_each_solution_fulfils_its_step_and_only_then(lesson):
    player = Player(lesson)
    for step in lesson.steps:
        before = player.missing(step.id)
        assert before is not None, f"{step.id} is fulfilled before its solution"
        assert before.endswith(".")
        player.play(step)
        assert player.settle(step) is None, (step.id, player.missing(step.id), "".join(player.printed)[-2000:])
    assert player.done == {step.id for step in lesson.steps}


@pytest.mark.parametrize("lesson", LESSONS.values(), ids=LESSONS)
def test_what_is_ticked_stays_ticked_when_the_cluster_changes(lesson):
    player = Player(lesson)
    first = lesson.steps[0]
    player.play(first)
    assert player.settle(first) is None
    player.session.type_line("kubectl delete deployment,statefulset,service --all")
    player.cluster.run_for(30)
    assert player.missing(first.id) is None


# A spoiled solution: (lesson, step, what stands there, what stands there instead).
SPOILED = [
    ("04-deployment", "create", "-f dc-nginx.yaml", "-f dc-nginx.yml"),
    ("04-deployment", "update", "nginx=nginx:1.9.1", "nginx=nginx:1.9.2"),
    ("04-deployment", "update", "deployment/nginx-deployment", "deployment/nginx"),
    ("04-deployment", "typo", "ngnix:1.9.2", "nginx:1.9.2"),
    ("04-deployment", "typo", "ngnix:1.9.2", "ngnix:1.9.3"),
    ("04-deployment", "undo", "rollout undo", "rollout restart"),
    ("04-deployment", "history", "--to-revision=1", "--to-revision=3"),
    ("04-deployment", "history", "--to-revision=1", "--to-revision=9"),
    ("04-deployment", "apply", "replicas: 4", "replicas: 3"),
    ("04-deployment", "apply", "nginx:1.9.1", "nginx:1.7.9"),
    ("04-deployment", "apply", "name: nginx-deployment", "name: nginx-deploy"),
    ("10-statefulset", "service", "kubectl create", "kubectl create --dry-run=server"),
    ("10-statefulset", "create", "matchLabels:\n      app: nginx", "matchLabels:\n      app: web"),
    ("10-statefulset", "create", "replicas: 2", "replicas: 1"),
    ("10-statefulset", "create", "name: web\nspec", "name: nginx\nspec"),
    ("10-statefulset", "create", "image: nginx", "image: httpd"),
    ("10-statefulset", "identity", "delete pod web-0", "delete pod web-1"),
    ("10-statefulset", "scale-out", "--replicas=5", "--replicas=4"),
    ("10-statefulset", "scale-out", "--replicas=5", "--replicas=6"),
    ("10-statefulset", "scale-in", '"replicas":3', '"replicas":2'),
    ("10-statefulset", "scale-in", "statefulset web", "statefulset webb"),
    ("10-statefulset", "clean-up", "delete service nginx", "get service nginx"),
    ("10-statefulset", "clean-up", "delete statefulset web", "delete statefulset web --cascade=orphan"),
]


@pytest.mark.parametrize(("slug", "step_id", "right", "wrong"), SPOILED, ids=lambda text: text.replace("\n", " "))
def test_a_spoiled_solution_is_refused_by_its_step(slug, step_id, right, wrong):
    lesson = LESSONS[slug]
    step = lesson.step(step_id)
    assert any(right in part.line + part.text for part in step.solution), "the solution has changed: so must this test"
    player = Player(lesson)
    player.play_until(step)
    player.play_spoiled(step, lambda text: text.replace(right, wrong))
    assert player.settle(step) is not None


def test_every_step_that_changes_something_has_a_spoiled_solution():
    waits = {("04-deployment", "ready"), ("04-deployment", "rollout"), ("10-statefulset", "ordered")}
    spoiled = {(slug, step_id) for slug, step_id, _right, _wrong in SPOILED}
    assert {(lesson.slug, step.id) for lesson, step in STEPS} - spoiled == waits


def test_another_way_to_the_goal_is_accepted():
    lesson = LESSONS["04-deployment"]
    player = Player(lesson)
    update = lesson.step("update")
    player.play_until(update)
    patch = '{"spec":{"template":{"spec":{"containers":[{"name":"nginx","image":"nginx:1.9.1"}]}}}}'
    player.session.type_line(f"kubectl patch deployment nginx-deployment -p '{patch}'")
    assert player.settle(update) is None


def test_harmless_extra_state_is_accepted():
    lesson = LESSONS["04-deployment"]
    player = Player(lesson)
    player.session.type_line("kubectl create deployment other --image=redis --replicas=2")
    player.session.type_line("kubectl create configmap notes --from-literal=a=b")
    player.cluster.run_for(10)
    for step in lesson.steps[:4]:
        player.play(step)
        assert player.settle(step) is None, step.id
