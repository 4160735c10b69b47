"""What the lesson panel and the catalogue page show, made of the lessons and somebody's progress."""

from typing import Any

from playground.accounts.models import User
from playground.curriculum import catalogue, golf, progress, texts
from playground.curriculum.catalogue import Lesson, Step
from playground.sandboxes.models import Sandbox


def context(slug: str, user: object, sandbox: Sandbox | None = None) -> dict[str, Any]:
    """Return the panel's context; without a lesson of that name, `lesson` is None and `lessons` are there to choose.

    The ticks are those of the sandbox, if there is one, else those of everything that the user has done.
    """
    lesson = catalogue.find(slug)
    if lesson is None:
        return {"lesson": None, "lessons": list(catalogue.lessons().values())}
    ever = progress.done_steps(user.pk, slug) if isinstance(user, User) else set()
    done = set(progress.ticked(sandbox.pk, slug)) if sandbox else ever
    text = lesson.text
    return {
        "sandbox": sandbox,
        "lesson": lesson,
        "intro_html": text.intro_html,
        "steps": [_step(lesson, number, step, done, ever) for number, step in enumerate(lesson.steps, 1)],
        "done_count": sum(step.id in done for step in lesson.steps),
        "complete": all(step.id in done for step in lesson.steps),
        "end": text.sections.get("end"),
        "next": following(lesson),
    }


def _step(lesson: Lesson, number: int, step: Step, done: set[str], ever: set[str]) -> dict[str, Any]:
    section = lesson.text.sections[step.id]
    return {
        "id": step.id,
        "number": number,
        "title": section.title,
        "done": step.id in done,
        "done_before": step.id in ever and step.id not in done,
        "task_html": section.html(),
        "predict_html": section.html("predict"),
        "answer_html": section.html("answer"),
        "choices": section.choices,
        "hints_html": [section.html(degree) for degree in texts.HINTS],
        "done_html": section.html("done"),
        "golf_html": section.html("golf"),
        "solution": step.solution,
    }


def following(lesson: Lesson) -> Lesson | None:
    """Return the lesson after this one."""
    return next((other for other in catalogue.lessons().values() if other.slug > lesson.slug), None)


def catalogue_entries(user: object, query: str = "") -> list[dict[str, Any]]:
    """Return what the catalogue shows of each lesson in which all words of the query stand, in either language."""
    counts = progress.counts(user)
    bests = golf.bests(user)
    words = query.casefold().split()
    entries = []
    for lesson in catalogue.lessons().values():
        if not all(word in lesson.words for word in words):
            continue
        done, total = counts.get(lesson.slug, 0), len(lesson.steps)
        state = "complete" if done == total else "begun" if done else "new"
        best = bests.get(lesson.slug)
        entries.append({"lesson": lesson, "done": done, "total": total, "state": state, "best": best})
    return entries
