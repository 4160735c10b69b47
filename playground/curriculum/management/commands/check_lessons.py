"""`manage.py check_lessons`: read all lesson files, and say what is wrong with them by file and line."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from playground.curriculum import catalogue, document
from playground.curriculum.source import LessonError


class Command(BaseCommand):
    """The first half of `make lessons`; the second one plays them."""

    help = "Read all lessons and name the first mistake of each with its file and line."

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Print a line for each lesson; fail when one of them is wrong."""
        folder = Path(settings.LESSONS_DIR)
        lessons, mistakes = {}, []
        for path in sorted(folder.glob("*/lesson.yaml")):
            try:
                lesson = catalogue.read_lesson(path.parent)
            except LessonError as error:
                mistakes.append(str(error))
                continue
            lessons[lesson.slug] = lesson
            title = lesson.title_by_language["en"]
            self.stdout.write(f"{lesson.slug:20} {len(lesson.steps)} steps, {lesson.minutes:2} minutes  {title}")
        if not mistakes:
            try:
                document.read(folder / "document.yaml", lessons)
            except LessonError as error:
                mistakes.append(str(error))
        if mistakes:
            raise CommandError("\n".join(mistakes))
