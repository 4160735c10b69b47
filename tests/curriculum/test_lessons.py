"""Every lesson, played: the start fulfils nothing, each solution its step and only then, a spoiled one does not."""

from functools import cache
from pathlib import Path

import pytest
from django.conf import settings

from playground.curriculum import catalogue
from tests.curriculum.proof import Moment, Player

LESSONS = catalogue.read_lessons(Path(settings.LESSONS_DIR))
STEPS = [(slug, step.id) for slug, lesson in LESSONS.items() for step in lesson.steps]
SPOILED = [
    (slug, step.id, right, wrong)
    for slug, lesson in LESSONS.items()
    for step in lesson.steps
    for right, wrong in step.spoiled
]


@cache
def moments(slug: str) -> dict[str, Moment]:
    """Return the moment before each step of a lesson, of one play of all its solutions.

    The play itself is the proof that each solution fulfils its step and only then.
    """
    player = Player(LESSONS[slug])
    found: dict[str, Moment] = {}
    for step in player.lesson.steps:
        before = player.missing(step.id)
        assert before is not None, f"{step.id} is fulfilled before its solution"
        assert before.endswith(("。", "."))
        found[step.id] = player.moment()
        player.play(step)
        assert player.settle(step) is None, (step.id, player.missing(step.id), "".join(player.printed)[-3000:])
    assert player.done == {step.id for step in player.lesson.steps}
    assert not player.cluster.trace.faults
    return found


@pytest.mark.parametrize("slug", LESSONS)
def test_the_start_state_fulfils_no_step(slug):
    found = Player(LESSONS[slug]).look()
    assert [step_id for step_id, missing in found.items() if missing is None] == []


@pytest.mark.parametrize("slug", LESSONS)
def test_each_solution_fulfils_its_step_and_only_then(slug):
    assert list(moments(slug)) == [step.id for step in LESSONS[slug].steps]


@pytest.mark.parametrize("slug", LESSONS)
def test_whoever_types_what_the_text_says_sees_what_it_says(slug):
    player = Player(LESSONS[slug])
    for step in player.lesson.steps:
        assert player.play_text(step) == [], step.id
        if player.settle(step, 20) is not None:  # what the text leaves to the reader
            player.play(step)
        assert player.settle(step) is None, (step.id, player.missing(step.id), "".join(player.printed)[-3000:])
        assert player.play_text(step, "done") == [], step.id


@pytest.mark.parametrize(("slug", "step_id", "right", "wrong"), SPOILED, ids=lambda text: text.replace("\n", " ")[:40])
def test_a_spoiled_solution_is_refused_by_its_step(slug, step_id, right, wrong):
    lesson = LESSONS[slug]
    step = lesson.step(step_id)
    player = Player(lesson, moments(slug)[step_id])
    player.play_spoiled(step, lambda text: text.replace(right, wrong))
    assert player.settle(step) is not None


def test_what_is_ticked_stays_ticked_when_the_cluster_changes():
    lesson = LESSONS["05-deployment"]
    player = Player(lesson)
    first = lesson.steps[0]
    player.play(first)
    assert player.settle(first) is None
    player.type("kubectl delete deployment,statefulset,service --all")
    player.cluster.run_for(30)
    assert player.missing(first.id) is None


def test_another_way_to_the_goal_is_accepted():
    lesson = LESSONS["05-deployment"]
    player = Player(lesson)
    update = lesson.step("update")
    player.play_until(update)
    patch = '{"spec":{"template":{"spec":{"containers":[{"name":"nginx","image":"nginx:1.9.1"}]}}}}'
    player.session.type_line(f"kubectl patch deployment nginx-deployment -p '{patch}'")
    assert player.settle(update) is None


def test_harmless_extra_state_is_accepted():
    lesson = LESSONS["05-deployment"]
    player = Player(lesson)
    player.type("kubectl create deployment other --image=redis --replicas=2")
    player.type("kubectl create configmap notes --from-literal=a=b")
    player.cluster.run_for(10)
    for step in lesson.steps[:4]:
        player.play(step)
        assert player.settle(step) is None, step.id
