"""The lessons, read from `lessons/` and checked: a lesson that is wrong is refused with file and line.

A lesson is a folder `lessons/<nn-slug>/`: `lesson.yaml` (what is checked), `en.md` and `zh-hans.md` (what is said),
`files/` (what the editor has from the start), `start/` (files that only the start state needs), `solution/` (files of
the shown solution).
"""

from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

from django.conf import settings
from django.utils.translation import get_language

from cluster_engine.api.podarium.fault import kind_of
from cluster_engine.faults.fault import Fault
from playground.curriculum import texts
from playground.curriculum.checks import Check
from playground.curriculum.parse_checks import parse_checks
from playground.curriculum.source import LessonError, Node, load

LANGUAGES = ("en", "zh-hans")
LOOKS = ("current", "document")
SETTLE_SECONDS = 30


@dataclass(frozen=True)
class Solution:
    """One thing to do: put a text into a file, or type a line."""

    line: str = ""
    path: str = ""
    text: str = ""


@dataclass(frozen=True)
class Step:
    """One step of a lesson. `after` names the steps that must have been ticked before this one can be.

    `faults` are put in force when the steps before it have been ticked.
    `spoiled` are mistakes in the solution, (what stands there, what stands there instead), that its checks must refuse.
    """

    id: str
    checks: tuple[Check, ...]
    solution: tuple[Solution, ...]
    after: tuple[str, ...] = ()
    spoiled: tuple[tuple[str, str], ...] = ()
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True)
class Lesson:
    """A lesson; texts are by language.

    `start` is done before anybody sees the cluster, which then has `settle_seconds` of virtual time to come to rest.
    `look` and `speed` are those of the sandbox that is made for it. In a `breakable` one the API has the kind Fault.
    """

    slug: str
    number: int
    minutes: int
    title_by_language: dict[str, str]
    summary_by_language: dict[str, str]
    teaches_by_language: dict[str, list[str]]
    files: dict[str, str]
    start: tuple[Solution, ...]
    settle_seconds: int
    look: str
    speed: float
    breakable: bool
    steps: tuple[Step, ...]
    text_by_language: dict[str, texts.Text]

    @property
    def title(self) -> str:
        """The title in the present language."""
        return self.title_by_language[language()]

    @property
    def summary(self) -> str:
        """One sentence about the lesson in the present language."""
        return self.summary_by_language[language()]

    @property
    def teaches(self) -> list[str]:
        """What is learned, in the present language."""
        return self.teaches_by_language[language()]

    @property
    def text(self) -> texts.Text:
        """The text in the present language."""
        return self.text_by_language[language()]

    @cached_property
    def words(self) -> str:
        """Everything that a search may find, in all languages and in lower case."""
        said = [*self.title_by_language.values(), *self.summary_by_language.values()]
        said += [item for items in self.teaches_by_language.values() for item in items]
        for text in self.text_by_language.values():
            said += [text.intro, *(part for s in text.sections.values() for part in (s.title, *s.parts.values()))]
        said += [part.line for step in self.steps for part in step.solution]
        return "\n".join(said).casefold()

    def step(self, step_id: str) -> Step:
        """Return a step by its id."""
        return next(step for step in self.steps if step.id == step_id)


def language() -> str:
    """Return the language of the texts for the present thread: Chinese for anything Chinese, else English."""
    return "zh-hans" if (get_language() or "en").lower().startswith("zh") else "en"


@cache
def lessons() -> dict[str, Lesson]:
    """Return all lessons by slug, in their order. Read once a process. Raises `LessonError`."""
    return read_lessons(Path(settings.LESSONS_DIR))


def find(slug: str) -> Lesson | None:
    """Return a lesson, or None when there is no such lesson."""
    return lessons().get(slug)


def read_lessons(folder: Path) -> dict[str, Lesson]:
    """Read every lesson of a folder."""
    found = [read_lesson(path.parent) for path in sorted(folder.glob("*/lesson.yaml"))]
    return {lesson.slug: lesson for lesson in found}


def read_lesson(folder: Path) -> Lesson:
    """Read and check one lesson. Raises `LessonError` with the file and line of the first mistake."""
    path = folder / "lesson.yaml"
    root = load(path)
    values = root.mapping(
        required=("title", "summary", "minutes", "teaches", "steps"),
        optional=("files", "start", "settle_seconds", "look", "speed", "breakable"),
    )
    number, _, name = folder.name.partition("-")
    if not number.isdigit() or not name:
        raise LessonError(path, 1, f"the folder {folder.name!r} must be named NN-SLUG, for example 05-deployment")
    steps = _steps(values["steps"], folder)
    text_by_language = {code: texts.read(folder / f"{code}.md") for code in LANGUAGES}
    for text in text_by_language.values():
        _agree(steps, text)
    _agree_on_choices(steps, text_by_language)
    return Lesson(
        slug=folder.name,
        number=int(number),
        minutes=values["minutes"].number(),
        title_by_language={code: node.text() for code, node in _by_language(values["title"]).items()},
        summary_by_language={code: node.text() for code, node in _by_language(values["summary"]).items()},
        teaches_by_language={
            code: [item.text() for item in node.items()] for code, node in _by_language(values["teaches"]).items()
        },
        files={item.text(): _file(item, folder / "files") for item in _list(values.get("files"))},
        start=tuple(_solution(part, folder / "start") for part in _list(values.get("start"))),
        settle_seconds=values["settle_seconds"].number() if "settle_seconds" in values else SETTLE_SECONDS,
        look=_one_of(values["look"], LOOKS) if "look" in values else LOOKS[0],
        speed=_speed(values["speed"]) if "speed" in values else 1.0,
        breakable="breakable" in values and values["breakable"].value() is True,
        steps=steps,
        text_by_language=text_by_language,
    )


def _by_language(node: Node) -> dict[str, Node]:
    return node.mapping(required=LANGUAGES, optional=())


def _one_of(node: Node, words: tuple[str, ...]) -> str:
    if (word := node.text()) not in words:
        raise node.error(f"must be one of: {', '.join(words)}")
    return word


def _speed(node: Node) -> float:
    value = node.value()
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0.1 <= value <= 100:
        raise node.error("must be a number from 0.1 to 100")
    return float(value)


def _list(node: Node | None) -> list[Node]:
    return node.items() if node else []


def _file(node: Node, folder: Path) -> str:
    path = folder / node.text()
    if not path.is_file():
        raise node.error(f"there is no file {path.name} in {folder.parent.name}/{folder.name}/")
    return path.read_text(encoding="utf-8")


def _steps(node: Node, folder: Path) -> tuple[Step, ...]:
    steps: list[Step] = []
    for item in node.items():
        values = item.mapping(required=("id", "check", "solution", "spoiled"), optional=("after", "faults"))
        step_id = values["id"].text()
        known = [step.id for step in steps]
        if step_id in (*known, texts.END):
            raise values["id"].error(f"the id {step_id!r} is taken")
        after = tuple(name.text() for name in _list(values.get("after")))
        for name in after:
            if name not in known:
                raise values["after"].error(f"there is no earlier step {name!r}")
        solution = tuple(_solution(part, folder / "solution") for part in values["solution"].items())
        if not solution:
            raise values["solution"].error("must not be empty")
        spoiled = tuple(pair for part in values["spoiled"].items() for pair in _spoiled(part, solution))
        faults = tuple(_fault(part) for part in _list(values.get("faults")))
        if faults and not after:
            raise values["faults"].error("a step with faults comes after another one, whose end they wait for")
        steps.append(Step(step_id, parse_checks(values["check"]), solution, after, spoiled, faults))
    if not steps:
        raise node.error("a lesson needs steps")
    return tuple(steps)


def _fault(node: Node) -> Fault:
    """Return the fault of "TYPE TARGET", for example "Stop kube-scheduler"."""
    type_, _, target = node.text().partition(" ")
    if kind_of(type_, target) is None:
        raise node.error("is no fault that there is: it must be TYPE TARGET, for example Stop kube-scheduler")
    return Fault(type_, target)


def _spoiled(node: Node, solution: tuple[Solution, ...]) -> list[tuple[str, str]]:
    pairs = [(right, str(wrong.value())) for right, wrong in node.mapping().items()]
    for right, _wrong in pairs:
        if not any(right in part.line + part.text for part in solution):
            raise node.error(f"the solution has no {right!r} to spoil")
    return pairs


def _solution(node: Node, folder: Path) -> Solution:
    value = node.value()
    if isinstance(value, str):
        return Solution(line=node.text())
    values = node.mapping(required=("file",), optional=())
    return Solution(path=values["file"].text(), text=_file(values["file"], folder))


def _agree(steps: tuple[Step, ...], text: texts.Text) -> None:
    """Refuse a text whose sections are not the lesson's steps, in their order."""
    wanted = [step.id for step in steps]
    sections = [section for section in text.sections.values() if section.id != texts.END]
    for section, step_id in zip(sections, wanted):
        if section.id != step_id:
            raise LessonError(text.path, section.line, f"here the step {step_id!r} is wanted, not {section.id!r}")
    if len(sections) > len(wanted):
        extra = sections[len(wanted)]
        raise LessonError(text.path, extra.line, f"lesson.yaml has no step {extra.id!r}")
    if len(sections) < len(wanted):
        raise LessonError(text.path, 1, f"the step {wanted[len(sections)]!r} has no section")
    for section in sections:
        for degree in texts.HINTS:
            if not section.parts.get(degree):
                message = f"the step {section.id!r} has no {degree!r} (it needs {', '.join(texts.HINTS)})"
                raise LessonError(text.path, section.line, message)
        if not section.parts.get(""):
            raise LessonError(text.path, section.line, f"the step {section.id!r} has no text")
        if ("predict" in section.parts) != ("answer" in section.parts):
            message = f"the step {section.id!r} needs both predict and answer, or none"
            raise LessonError(text.path, section.line, message)
        if section.choices and sum(choice.right for choice in section.choices) != 1:
            raise LessonError(text.path, section.line, f"one choice of the step {section.id!r} must be marked [x]")


def _agree_on_choices(steps: tuple[Step, ...], text_by_language: dict[str, texts.Text]) -> None:
    """Refuse texts whose predictions offer different choices."""
    first, *others = text_by_language.values()
    for step in steps:
        wanted = [choice.right for choice in first.sections[step.id].choices]
        for text in others:
            section = text.sections[step.id]
            if [choice.right for choice in section.choices] != wanted:
                message = f"the choices of the step {step.id!r} are not those of {first.path.name}"
                raise LessonError(text.path, section.line, message)
