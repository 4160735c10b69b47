"""Progress: which steps of a lesson are done, and what is missing of the others.

A sandbox has its own ticks, which an undo takes back (`sandboxes.rewind`): who begins a lesson again, begins with none.
What somebody has once done stays done for the catalogue (`LessonProgress`), whatever becomes of the sandbox.

The worker calls `evaluate_live` (registered with the gateway in `playground.asgi`) after something changed in a sandbox
that somebody looks at. The cluster is read on the event loop, in one go; the database is asked in a thread.
"""

from collections.abc import Collection, Mapping
from contextlib import suppress
from typing import Any
from uuid import UUID
from weakref import WeakKeyDictionary

from channels.db import database_sync_to_async
from django.utils import translation
from django.utils.translation import gettext as _

from cluster_engine.apimachinery.errors import ApiError
from playground.accounts.models import User
from playground.curriculum import catalogue, golf
from playground.curriculum.catalogue import Lesson, Step
from playground.curriculum.checks import first_lack, first_missing
from playground.curriculum.models import LessonProgress
from playground.curriculum.pointing import Place, point
from playground.curriculum.reading import Reader, Sight
from playground.sandboxes import rewind

StepState = dict[str, Any]


def look(lesson: Lesson, reader: Reader, done: Collection[str]) -> dict[str, str | None]:
    """Return step id → None when it is fulfilled now or was before, else a sentence about what is missing.

    A step is looked at only when the steps that it comes `after` are done.
    """
    found: dict[str, str | None] = {}
    for step in lesson.steps:
        if step.id in done:
            found[step.id] = None
        elif any(found.get(name, "") is not None for name in step.after):
            found[step.id] = _("This step comes after the one before it.")
        else:
            found[step.id] = _missing(step, reader)
    return found


def _missing(step: Step, reader: Reader) -> str | None:
    try:
        return first_missing(step.checks, reader)
    except ApiError as error:
        if error.code < 500:
            raise
        return _("The API server does not answer at the moment, so nothing is known of the cluster.")


def ticked(sandbox_id: UUID, slug: str) -> dict[str, int]:
    """Return the steps that are ticked in a sandbox, each with the last command that had been typed by then."""
    return _ticks(rewind.marks(sandbox_id), slug)


def _ticks(marks: Mapping[str, int], slug: str) -> dict[str, int]:
    prefix = f"{slug}/"
    return {name.removeprefix(prefix): command for name, command in marks.items() if name.startswith(prefix)}


# Which steps' faults were put in force in a cluster since it was woken. Only the next look writes it down: by then the
# faults are in the journal, and a crash in between leaves a step that is set up again.
_broken: WeakKeyDictionary[Any, set[str]] = WeakKeyDictionary()


def set_up(lesson: Lesson, found: Mapping[str, str | None], marks: Collection[str], cluster: Any) -> list[str]:
    """Put the faults in force of the steps whose turn it is, each once in a sandbox's life; return marks to set."""
    if lesson.breakable:
        cluster.faults.serve_kind()
    broken = _broken.setdefault(cluster, set())
    new_marks = []
    for step in lesson.steps:
        mark = f"set-up/{lesson.slug}/{step.id}"
        is_due = found[step.id] is not None and all(found[name] is None for name in step.after)
        if not step.faults or not is_due or mark in marks:
            continue
        if step.id in broken:
            new_marks.append(mark)
            continue
        broken.add(step.id)
        for fault in step.faults:
            with suppress(ApiError):  # it may be in force already
                cluster.inject(fault)
    return new_marks


def done_steps(user_id: int, slug: str) -> set[str]:
    """Return the steps of a lesson that somebody has done, in whatever sandbox."""
    return set(LessonProgress.objects.filter(user_id=user_id, lesson=slug).values_list("step", flat=True))


def record(user_id: int, slug: str, steps: Collection[str], sandbox_id: UUID | None = None) -> None:
    """Write down that somebody has done some steps; what is there already stays as it is."""
    LessonProgress.objects.bulk_create(
        [LessonProgress(user_id=user_id, lesson=slug, step=step, sandbox_id=sandbox_id) for step in steps],
        ignore_conflicts=True,
    )


def counts(user: object) -> dict[str, int]:
    """Return lesson → how many of its steps somebody has done; nothing for a stranger."""
    if not isinstance(user, User):
        return {}
    found: dict[str, int] = {}
    for slug, step in LessonProgress.objects.filter(user=user).values_list("lesson", "step"):
        lesson = catalogue.find(slug)
        if lesson and any(known.id == step for known in lesson.steps):
            found[slug] = found.get(slug, 0) + 1
    return found


def places(
    lesson: Lesson, reader: Reader, found: Mapping[str, str | None], files: Mapping[str, str]
) -> dict[str, Place]:
    """Return step id → where in the files stands what is missing, of the steps whose turn it is."""
    pointed = {}
    for step in lesson.steps:
        if found[step.id] is None or any(found[name] is not None for name in step.after):
            continue
        with suppress(ApiError):  # the API server may be down
            lack = first_lack(step.checks, reader)
            if lack is not None and (place := point(lack, reader, files)) is not None:
                pointed[step.id] = place
    return pointed


def message(
    lesson: Lesson, found: Mapping[str, str | None], pointed: Mapping[str, Place] | None = None
) -> dict[str, Any]:
    """Return the fields of the websocket's `progress` message."""
    steps: dict[str, StepState] = {}
    for step_id, missing in found.items():
        steps[step_id] = {"done": missing is None, "message": missing or ""}
        if place := (pointed or {}).get(step_id):
            steps[step_id]["place"] = {"path": place.path, "line": place.line, "words": str(place)}
    return {"lesson": lesson.slug, "steps": steps, "complete": all(state["done"] for state in steps.values())}


@database_sync_to_async
def _known(sandbox: Any) -> tuple[str, dict[str, int]]:
    language = User.objects.values_list("language", flat=True).get(pk=sandbox.owner_id)
    return language or "en", rewind.marks(sandbox.pk)


@database_sync_to_async
def _tick(sandbox: Any, slug: str, new: Collection[str], more_marks: list[str], command: int) -> None:
    """Write down new ticks and marks, unless the sandbox has been taken back to another point meanwhile."""
    marks = [f"{slug}/{step}" for step in new] + more_marks
    if rewind.set_marks(sandbox.pk, sandbox.epoch, marks, command):
        record(sandbox.owner_id, slug, new, sandbox.pk)


@database_sync_to_async
def _add_golf(message: dict[str, Any], lesson: Lesson, sandbox: Any, language: str) -> None:
    """Say of each ticked step, and of the whole lesson when it is complete, how many commands it took."""
    counts = golf.steps(lesson, sandbox.pk, sandbox.epoch, ticked(sandbox.pk, lesson.slug))
    with translation.override(language):
        for step in lesson.steps:
            if words := golf.of_step(step, counts):
                message["steps"][step.id]["golf"] = words
        if score := golf.of_lesson(lesson, sandbox.owner_id, counts):
            message["golf"] = str(score)


async def evaluate_live(sandbox: Any, live: Any) -> dict[str, Any] | None:
    """Look at a live sandbox's lesson and keep what is new; return the `progress` message, or None without a lesson.

    `live.cluster` must be a cluster of the engine. The progress belongs to the sandbox's owner, whoever looks.
    """
    lesson = catalogue.find(sandbox.lesson)
    if lesson is None:
        return None
    language, marks = await _known(sandbox)
    done = _ticks(marks, lesson.slug)
    terminals = getattr(live, "terminals", None)  # a cluster may be driven without any
    last_command = terminals.last_command if terminals else 0
    home = getattr(live, "home", None)
    with translation.override(language):
        sight = Sight(live.cluster)
        found = look(lesson, sight, done)
        told = message(lesson, found, places(lesson, sight, found, home.contents() if home else {}))
    new = [step_id for step_id, missing in found.items() if missing is None and step_id not in done]
    more_marks = set_up(lesson, found, marks, live.cluster)
    if new or more_marks:
        await _tick(sandbox, lesson.slug, new, more_marks, last_command)
    if new or done:
        await _add_golf(told, lesson, sandbox, language)
    return told
