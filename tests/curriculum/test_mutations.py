"""Each solution, spoiled by a machine: a wrong image, a wrong count, another name. The step refuses it, by the check
that is about it: what is missing is said of the object that was spoiled, and with what is wrong about it."""

import re
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from django.conf import settings

from playground.curriculum import catalogue
from playground.curriculum.catalogue import Solution
from tests.curriculum.proof import Moment, Player

LESSONS = catalogue.read_lessons(Path(settings.LESSONS_DIR))
IMAGE = re.compile(r"(?<=[=\s])((?:[\w.-]+/)*(?:nginx|ngnix|canary|canray|nginx-slim|redis|busybox))(:[\w.]+)(?=\s|$)")
COUNT = re.compile(r"(--replicas=|replicas: |\"replicas\":)(\d+)")
DOES = re.compile(r"kubectl (create|scale|delete|set|patch|annotate)")
NAME = re.compile(r"\b(deployment|deploy|statefulset|sts|pod|po|service|configmap|fault|namespace)([ /])([a-z][\w-]*)")


def mutations(part: Solution) -> list[tuple[str, Solution]]:
    """What a machine can spoil of one part of a solution, by kind."""
    found = []
    for field in ("line", "text"):
        text = getattr(part, field)
        if IMAGE.search(text) and not text.startswith("kubectl get"):
            found.append(("image", replace(part, **{field: IMAGE.sub(r"\1:0.0.1", text)})))
        if COUNT.search(text):
            fewer = COUNT.sub(lambda match: match[1] + str(int(match[2]) - 1 if int(match[2]) else 1), text)
            found.append(("count", replace(part, **{field: fewer})))
        if field == "line" and NAME.search(text) and DOES.match(text):
            found.append(("name", replace(part, line=NAME.sub(r"\1\2another", text, count=1))))
    return found


CASES = [
    (slug, step.id, number, kind)
    for slug, lesson in LESSONS.items()
    for step in lesson.steps
    for number, part in enumerate(step.solution)
    for kind, _ in mutations(part)
]

# What the step leaves open on purpose: "any number from three to five brings the rollout to its end".
OPEN = {("07-scale", "fit", 0, "count")}


def base(name: str) -> str:
    """`web` of `web-0`: a Pod is missed by its StatefulSet, too."""
    return re.sub(r"-\d+$", "", name)


def is_about(kind: str, part: Solution, sentence: str) -> bool:
    """Whether a sentence speaks of what was spoiled."""
    if kind == "image":
        return ":0.0.1" in sentence or "ImagePullBackOff" in sentence
    if kind == "count":
        return re.search(r"\d+ (pods?|of the pods)|wants \d", sentence) is not None
    match = NAME.search(part.line)
    assert match is not None
    return base(match[3]) in sentence or match[3].split(".")[0] in sentence


# The sentence names what depends on what was spoiled, not the thing itself.
CONSEQUENCE = {
    ("04-pod-fields", "whole", 0, "name"): "There is no Pod nginx yet.",
    ("04-pod-fields", "whole", 4, "name"): "Pod nginx is not ready (ContainerCreating).",
    ("06-rollback", "updates", 0, "name"): "There are 3 of the ReplicaSet objects; the step asks for at least 4.",
    ("06-rollback", "updates", 0, "image"): "There are no ReplicaSet objects of this step yet; it asks for at least 1.",
    ("06-rollback", "updates", 1, "name"): "1 ReplicaSet objects have metadata.annotations",
    ("06-rollback", "updates", 3, "name"): "There are 3 of the ReplicaSet objects; the step asks for at least 4.",
}


@cache
def moments(slug: str) -> dict[str, Moment]:
    """The moment before each step of a lesson, of one play of all its solutions."""
    player = Player(LESSONS[slug])
    found: dict[str, Moment] = {}
    for step in player.lesson.steps:
        found[step.id] = player.moment()
        player.play(step)
        assert player.settle(step) is None, step.id
    return found


@pytest.mark.parametrize(("slug", "step_id", "number", "kind"), CASES)
def test_a_spoiled_part_is_refused_by_the_check_that_is_about_it(slug, step_id, number, kind):
    step = LESSONS[slug].step(step_id)
    spoiled = dict(mutations(step.solution[number]))[kind]
    player = Player(LESSONS[slug], moments(slug)[step_id])
    for place, part in enumerate(step.solution):
        player.do(spoiled if place == number else part)
    sentence = player.settle(step)
    case = (slug, step_id, number, kind)
    if case in OPEN:
        assert sentence is None
        return
    assert sentence is not None, spoiled
    if case in CONSEQUENCE:
        assert CONSEQUENCE[case] in sentence
    else:
        assert is_about(kind, step.solution[number], sentence), sentence


def test_every_lesson_is_spoiled_in_every_way_that_it_allows():
    kinds = {slug: {kind for other, _, _, kind in CASES if other == slug} for slug in LESSONS}
    assert all(kinds.values())
    assert sum(len(found) for found in kinds.values()) >= 30
    assert len(CASES) >= 100
