"""A lesson's text in one language: Markdown with a section for each step.

```
What the lesson is about, before the first section.

## create: Write down what you want
What to do …
### predict
A question that is worth a guess before going on.
### answer
What happens, and why.
### hint
A nudge.
### done
What has happened, shown when the step is fulfilled.
```

`## id: title` starts a step; the parts below it are optional but `hint`, and keep this order on the page. What comes
after the last step under `## end: title` closes the lesson.
"""

import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from markdown_it import MarkdownIt

from playground.curriculum.source import LessonError

PARTS = ("predict", "answer", "hint", "done")
END = "end"
_STEP = re.compile(r"##\s+(?P<id>[a-z0-9-]+)\s*[:：]\s*(?P<title>.+?)\s*$")
_PART = re.compile(r"###\s+(?P<part>\S+)\s*$")


@dataclass(frozen=True)
class Section:
    """The text of one step: Markdown by part; the part "" is the task itself."""

    id: str
    title: str
    line: int
    parts: dict[str, str] = field(default_factory=dict)

    def html(self, part: str = "") -> str:
        """Return a part as safe HTML, empty when it is not there."""
        text = self.parts.get(part, "")
        return render(text) if text else ""


@dataclass(frozen=True)
class Text:
    """A lesson's text in one language."""

    path: Path
    intro: str
    sections: dict[str, Section]

    @property
    def intro_html(self) -> str:
        """The introduction as safe HTML."""
        return render(self.intro)


def read(path: Path) -> Text:
    """Read a text file. Raises `LessonError`."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise LessonError(path, 1, f"cannot be read: {error.strerror}") from None
    collected: dict[tuple[str, str], list[str]] = {("", ""): []}
    sections: dict[str, Section] = {}
    step, part = "", ""
    fenced = False
    for number, line in enumerate(lines, 1):
        fenced ^= line.startswith("```")
        if not fenced and line.startswith("## "):
            match = _STEP.match(line)
            if not match:
                raise LessonError(path, number, 'a section starts with "## id: title"')
            step, part = match["id"], ""
            if step in sections:
                raise LessonError(path, number, f"the section {step!r} stands here twice")
            sections[step] = Section(step, match["title"], number)
        elif not fenced and line.startswith("### "):
            match = _PART.match(line)
            if not match or match["part"] not in PARTS or not step:
                raise LessonError(path, number, f"a part of a step is one of: {', '.join(PARTS)}")
            part = match["part"]
            if (step, part) in collected:
                raise LessonError(path, number, f"the part {part!r} of {step!r} stands here twice")
        else:
            collected.setdefault((step, part), []).append(line)
            continue
        collected.setdefault((step, part), [])
    for (step, part), body in collected.items():
        if step:
            sections[step].parts[part] = "\n".join(body).strip()
    return Text(path, "\n".join(collected["", ""]).strip(), sections)


@cache
def _markdown() -> MarkdownIt:
    # No HTML in the source, so none but ours comes out; links keep to http(s) and paths by markdown-it's own check.
    return MarkdownIt("commonmark", {"html": False}).enable(["table"])


# A line break between two Chinese characters is where the source was wrapped; a browser would show it as a space.
_CHINESE = "[\u3001-\u303f\u4e00-\u9fff\uff00-\uffef]"
_WRAPPED_CHINESE = re.compile(f"(?<={_CHINESE})\n(?={_CHINESE})")


@cache
def render(text: str) -> str:
    """Return Markdown as HTML; HTML in the source comes out as text."""
    return str(_markdown().render(_WRAPPED_CHINESE.sub("", text)))
