"""The way into a lesson: the sandbox in which somebody works on it, and what is in its cluster from the start."""

from cluster_engine.cluster import Cluster
from cluster_engine.shell.files import MemoryFiles
from cluster_engine.shell.session import Session
from playground.accounts.models import User
from playground.curriculum import catalogue
from playground.curriculum.catalogue import Lesson
from playground.sandboxes import gateway
from playground.sandboxes.models import Sandbox

COMMAND_SECONDS = 60.0  # virtual; no command of a start takes longer
SLICE_SECONDS = 0.25


class StartError(Exception):
    """A command of a lesson's start state failed. The message has the command and what it printed."""


def sandbox_for(user: User, lesson: Lesson, *, afresh: bool = False) -> Sandbox:
    """Return the sandbox in which the user was last at the lesson, else (or `afresh`) a new one with its files.

    Raises `gateway.LimitError` when the user has too many sandboxes.
    """
    if not afresh and (present := gateway.of_user(user).filter(lesson=lesson.slug).first()):
        return present
    sandbox = gateway.create(user, title=lesson.title, lesson=lesson.slug, files=lesson.files)
    if (sandbox.look, sandbox.speed) != (lesson.look, lesson.speed):
        sandbox.look, sandbox.speed = lesson.look, lesson.speed
        sandbox.save(update_fields=["look", "speed"])
    return sandbox


def prepare(sandbox: Sandbox, cluster: Cluster) -> None:
    """Bring the cluster of a sandbox that has just been made into its lesson's start state."""
    lesson = catalogue.find(sandbox.lesson)
    if lesson is not None:
        play_start(lesson, cluster)


def play_start(lesson: Lesson, cluster: Cluster) -> None:
    """Do what the lesson's start says, and let the cluster come to rest. Raises `StartError`."""
    if lesson.breakable:
        cluster.faults.serve_kind()
    if not lesson.start:
        return
    files = MemoryFiles()
    for path, text in lesson.files.items():
        files.write(path, text)
    printed: list[str] = []
    exits: dict[int, int] = {}
    session = Session(
        cluster,
        name="lesson-start",
        files=files,
        on_output=lambda _number, _stream, text: printed.append(text),
        on_exit=lambda number, code: exits.update({number: code}),
    )
    for part in lesson.start:
        if part.path:
            files.write(part.path, part.text)
            continue
        printed.clear()
        number = session.type_line(part.line)
        waited = 0.0
        while number not in exits and waited < COMMAND_SECONDS:
            cluster.run_for(SLICE_SECONDS)
            waited += SLICE_SECONDS
        if exits.get(number) != 0:
            raise StartError(f"{lesson.slug}: {part.line!r}: {''.join(printed) or 'does not end'}")
    cluster.detach(session)
    cluster.run_for(lesson.settle_seconds)
