"""The way into a lesson: the sandbox in which somebody works on it."""

from playground.accounts.models import User
from playground.curriculum.catalogue import Lesson
from playground.sandboxes import gateway
from playground.sandboxes.models import Sandbox


def sandbox_for(user: User, lesson: Lesson, *, afresh: bool = False) -> Sandbox:
    """Return the sandbox in which the user was last at the lesson, else (or `afresh`) a new one with its files.

    Raises `gateway.LimitError` when the user has too many sandboxes.
    """
    if not afresh and (present := gateway.of_user(user).filter(lesson=lesson.slug).first()):
        return present
    return gateway.create(user, title=lesson.title, lesson=lesson.slug, files=lesson.files)
