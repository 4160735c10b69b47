"""The steps of the course's original, from `lessons/document.yaml`: what it does, how, and where it is taught.

```yaml
- chapter: {en: …, zh-hans: …}
  parts:
    - says: {en: …, zh-hans: …}
      commands: [kubectl get deploy]
      lesson: 05-deployment/ready
      today: {en: …, zh-hans: …}      # what has changed since, where something has
```
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from django.conf import settings

from playground.curriculum import catalogue, texts
from playground.curriculum.catalogue import LANGUAGES, Lesson, language
from playground.curriculum.source import Node, load


@dataclass(frozen=True)
class Part:
    """One thing that the original does; texts are by language."""

    says_by_language: dict[str, str]
    commands: tuple[str, ...]
    lesson: Lesson
    step_id: str
    today_by_language: dict[str, str]

    @property
    def says(self) -> str:
        """What it does, in the present language, as safe HTML."""
        return texts.inline(self.says_by_language[language()])

    @property
    def today(self) -> str:
        """What has changed since, as safe HTML; empty where nothing has."""
        return texts.inline(self.today_by_language.get(language(), ""))

    @property
    def step(self) -> str:
        """The title of the step that covers it."""
        return self.lesson.text.sections[self.step_id].title


@dataclass(frozen=True)
class Chapter:
    """A chapter of the original."""

    title_by_language: dict[str, str]
    parts: tuple[Part, ...]

    @property
    def title(self) -> str:
        """The title in the present language."""
        return self.title_by_language[language()]


@cache
def chapters() -> tuple[Chapter, ...]:
    """Return all chapters. Read once a process. Raises `LessonError`."""
    return read(Path(settings.LESSONS_DIR) / "document.yaml", catalogue.lessons())


def read(path: Path, lessons: dict[str, Lesson]) -> tuple[Chapter, ...]:
    """Read and check the file. Raises `LessonError` with the line of the first mistake."""
    return tuple(_chapter(node, lessons) for node in load(path).items())


def _chapter(node: Node, lessons: dict[str, Lesson]) -> Chapter:
    values = node.mapping(required=("chapter", "parts"), optional=())
    return Chapter(_texts(values["chapter"]), tuple(_part(part, lessons) for part in values["parts"].items()))


def _part(node: Node, lessons: dict[str, Lesson]) -> Part:
    values = node.mapping(required=("says", "lesson"), optional=("commands", "today"))
    slug, _, step_id = values["lesson"].text().partition("/")
    if slug not in lessons:
        raise values["lesson"].error(f"there is no lesson {slug!r}")
    if step_id not in [step.id for step in lessons[slug].steps]:
        raise values["lesson"].error(f"the lesson {slug} has no step {step_id!r}")
    return Part(
        _texts(values["says"]),
        tuple(item.text() for item in values["commands"].items()) if "commands" in values else (),
        lessons[slug],
        step_id,
        _texts(values["today"]) if "today" in values else {},
    )


def _texts(node: Node) -> dict[str, str]:
    return {code: item.text() for code, item in node.mapping(required=LANGUAGES, optional=()).items()}
