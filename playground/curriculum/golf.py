"""Command golf: how many commands somebody needed for a lesson, and how many the shortest known way takes.

Looking is free (`sandboxes.looking`), and so is what was taken back. Nothing depends on the count.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from playground.accounts.models import User
from playground.curriculum.catalogue import Lesson, Step
from playground.curriculum.models import LessonBest
from playground.sandboxes import rewind
from playground.sandboxes.looking import doing
from playground.sandboxes.models import Command


@dataclass(frozen=True)
class Score:
    """Commands that did something: somebody's own, those of the shortest known way, and their best for the lesson."""

    yours: int
    shortest: int
    best: int | None = None

    def __str__(self) -> str:
        """Return it in a sentence or two, in the present language."""
        values = {"n": self.yours, "shortest": self.shortest, "best": self.best}
        mine = ngettext("You needed %(n)s command.", "You needed %(n)s commands.", self.yours) % values
        if self.yours < self.shortest:
            known = _("That is shorter than the way shown here, which takes %(shortest)s.") % values
        elif self.yours == self.shortest:
            known = _("No shorter way is known.")
        else:
            known = _("The shortest known way takes %(shortest)s.") % values
        if self.best is not None and self.best < self.yours:
            known += " " + _("Your best so far: %(best)s.") % values
        return f"{mine} {known}"


def par(step: Step) -> int:
    """Return how many commands the solution of a step takes; 0 where there is only something to look at."""
    return sum(doing(part.line) for part in step.solution)


def steps(lesson: Lesson, sandbox_id: UUID, epoch: int, ticks: Mapping[str, int]) -> dict[str, int]:
    """Return how many commands each ticked step took: those between the tick before it and its own."""
    order = sorted((ticks[step.id], place, step.id) for place, step in enumerate(lesson.steps) if step.id in ticks)
    return dict(_steps(sandbox_id, epoch, tuple(order)))


@lru_cache(maxsize=512)  # what was typed before a tick is the same until the sandbox is woken anew
def _steps(sandbox_id: UUID, _epoch: int, ticks: tuple[tuple[int, int, str], ...]) -> tuple[tuple[str, int], ...]:
    held = rewind.read_lineage(sandbox_id).now.typed
    lines = dict(Command.objects.filter(sandbox_id=sandbox_id, number__in=held).values_list("number", "line"))
    found, after = [], 0
    for command, _place, step_id in ticks:
        found.append((step_id, sum(doing(line) for number, line in lines.items() if after < number <= command)))
        after = max(after, command)
    return tuple(found)


def of_lesson(lesson: Lesson, user_id: int, counts: Mapping[str, int]) -> Score | None:
    """Return the score of a lesson all of whose steps are ticked, and keep it when it is the best; else None."""
    if any(step.id not in counts for step in lesson.steps):
        return None
    yours, shortest = sum(counts.values()), sum(map(par, lesson.steps))
    if not yours:
        return None  # done before commands were counted
    kept = {"commands": yours}
    row, made = LessonBest.objects.get_or_create(user_id=user_id, lesson=lesson.slug, defaults=kept)
    if not made and yours < row.commands:
        row.commands = yours
        row.save(update_fields=["commands"])
    return Score(yours, shortest, row.commands)


def bests(user: object) -> dict[str, int]:
    """Return lesson → with how few commands somebody has completed it; nothing for a stranger."""
    if not isinstance(user, User):
        return {}
    return dict(LessonBest.objects.filter(user=user).values_list("lesson", "commands"))


def of_step(step: Step, counts: Mapping[str, int]) -> str:
    """Return what to say of a ticked step: nothing where nothing had to be typed, or nothing is known."""
    shortest, yours = par(step), counts.get(step.id, 0)
    if not shortest or not yours:
        return ""
    return _("Commands: %(yours)s; the shortest known way takes %(shortest)s.") % {"yours": yours, "shortest": shortest}
