"""The marks of the quizzes are what really happens: what is asked before something is set going is played and counted.

For each question about a number, `truth` plays the step on a cluster and says what came of it; the choice that is
marked as right has to say the same, in both languages, and no other one may.
"""

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from django.conf import settings

from cluster_engine.apimachinery import labels
from playground.curriculum import catalogue
from playground.curriculum.during import DuringCheck
from playground.curriculum.reading import Sight
from tests.curriculum.proof import Moment, Player

LESSONS = catalogue.read_lessons(Path(settings.LESSONS_DIR))
ENGLISH = {"none": 0, "one": 1, "two": 2, "three": 3, "five": 5}
CHINESE = {"一个也": 0, "一个都": 0, "一个": 1, "两个": 2, "三个": 3, "五个": 5}
WORDS = {**ENGLISH, **CHINESE}
WORD = re.compile("|".join(rf"\b{word}\b" if word.isascii() else word for word in WORDS))
Truth = Callable[[Player], list[int]]


@cache
def moments(slug: str) -> dict[str, Moment]:
    player = Player(LESSONS[slug])
    found: dict[str, Moment] = {}
    for step in player.lesson.steps:
        found[step.id] = player.moment()
        player.play(step)
        assert player.settle(step) is None, step.id
    return found


def count(player: Player, resource: str, selector: str = "", namespace: str = "default") -> int:
    return len(Sight(player.cluster).list(resource, namespace, label_selector=selector).items)


def pods_of_image(player: Player, image: str) -> int:
    pods = Sight(player.cluster).list("pods", "default").items
    return sum(pod["spec"]["containers"][0]["image"] == image for pod in pods)


def bounds(resource: str, name: str, selector: str) -> Truth:
    """At most and at least: pods at a time, and ready ones, since the object was last changed."""

    def truth(player: Player) -> list[int]:
        sight = Sight(player.cluster)
        check = DuringCheck(resource, name, labels.parse(selector))
        revision = player.cluster.store.compacted_revision
        counts = list(check._counts(sight, revision))
        return [max(most for most, _ in counts), min(ready for _, ready in counts)]

    return truth


def lowest(resource: str, name: str, selector: str) -> Truth:
    return lambda player: bounds(resource, name, selector)(player)[1:]


def made(selector: str) -> Truth:
    """How many pods were made while the step was played."""

    def truth(player: Player) -> list[int]:
        store = player.cluster.store
        wanted = labels.parse(selector)
        commits = store.history_since(store.compacted_revision)
        return [
            sum(
                commit.type == "ADDED" and commit.key.startswith("/registry/pods/default/")
                and wanted.matches(commit.value["metadata"].get("labels", {}))
                for commit in commits
            )
        ]

    return truth


def printed(line: str, pattern: str) -> Truth:
    """The numbers that a command prints."""

    def truth(player: Player) -> list[int]:
        return [int(found) for found in re.findall(pattern, player.type(line).printed, re.MULTILINE)]

    return truth


NGINX = ("deployments.apps", "nginx-deployment", "app=nginx")
WEB = ("deployments.apps", "web", "app=web")
SET = ("statefulsets.apps", "web", "app=nginx")
HISTORY = printed("kubectl rollout history deployment/nginx-deployment", r"^(\d+) ")
# What is asked: (lesson, step whose prediction it is, step up to whose end it is played, truth).
QUESTIONS: list[tuple[str, str, str, Truth]] = [
    ("01-control-plane", "controllers", "controllers", lambda player: [count(player, "pods", "app=web")]),
    ("01-control-plane", "repaired", "repaired", made("app=web")),
    ("05-deployment", "update", "rollout", bounds(*NGINX)),
    ("05-deployment", "undo", "undo", made("app=nginx")),
    ("06-rollback", "updates", "updates", lambda player: [count(player, "replicasets.apps", "app=nginx")]),
    ("06-rollback", "undo", "undo", HISTORY),
    ("06-rollback", "to-revision", "to-revision", bounds(*NGINX)),
    ("06-rollback", "limit", "limit", lambda player: [count(player, "replicasets.apps", "app=nginx")]),
    ("07-scale", "both", "both", lambda player: [pods_of_image(player, "nginx:1.7.9")]),
    ("08-pause-resume", "changes", "changes",
     printed("kubectl get deployment", r"^nginx-deployment +\S+ +(\d+)")),
    ("09-strategies", "default", "default", bounds(*WEB)),
    ("09-strategies", "careful", "careful", lowest(*WEB)),
    ("09-strategies", "frugal", "frugal", bounds(*WEB)),
    ("09-strategies", "recreate", "recreate", lowest(*WEB)),
    ("09-strategies", "clean-up", "clean-up", lambda player: [count(player, "replicasets.apps", "app=web")]),
    ("12-ondelete", "template", "template", made("app=nginx")),
    ("13-rolling-update", "order", "order", lowest(*SET)),
    ("14-partition", "hold", "hold", made("app=nginx")),
    ("14-partition", "back", "back", made("app=nginx")),
]  # fmt: skip


def numbers(text: str) -> list[int]:
    """The numbers that a choice speaks of: all of its digits, or else its first word for a number."""
    digits = [int(found) for found in re.findall(r"\d+", text)]
    word = WORD.search(text.replace("没有", "一个也"))
    return digits or ([WORDS[word[0]]] if word else [])


@pytest.mark.parametrize(("slug", "step_id", "last", "truth"), QUESTIONS, ids=lambda value: str(value)[:20])
def test_the_choice_that_is_marked_is_what_happens(slug, step_id, last, truth):
    lesson = LESSONS[slug]
    order = [step.id for step in lesson.steps]
    player = Player(lesson, moments(slug)[step_id])
    for step in lesson.steps[order.index(step_id) : order.index(last) + 1]:
        player.play(step)
        assert player.settle(step) is None
    happened = truth(player)
    for language, text in lesson.text_by_language.items():
        choices = text.sections[step_id].choices
        right = [choice.text for choice in choices if choice.right]
        wrong = [choice.text for choice in choices if not choice.right]
        assert [numbers(choice) for choice in right] == [happened], language
        assert happened not in [numbers(choice) for choice in wrong], language


def test_every_lesson_asks_before_it_shows():
    for slug, lesson in LESSONS.items():
        asked = [section for section in lesson.text_by_language["en"].sections.values() if section.choices]
        assert len(asked) >= 3, slug
