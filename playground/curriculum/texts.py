"""A lesson's text in one language: Markdown with a section for each step.

```
What the lesson is about, before the first section.

## create: Write down what you want
What to do …
### predict
A question that is worth a guess before going on.
- [ ] a choice
- [x] the choice that is right
### answer
What happens, and why.
### hint
Where to look.
### more
What to use.
### most
Nearly the solution.
### done
What has happened, shown when the step is fulfilled.
### golf
With how few commands it can be done.
```

`## id: title` starts a step; of the parts below it the three hints must be there, the others may. What comes after the
last step under `## end: title` closes the lesson. A code block says what it is: without a word its lines are typed and
succeed, `fails` are typed and fail, `watch` are typed and go on until Ctrl-C, `says` is what has just been printed
(some words of it), `yaml` is a piece of a manifest.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.common.utils import escapeHtml
from markdown_it.token import Token

from playground.curriculum.source import LessonError

HINTS = ("hint", "more", "most")
PARTS = ("predict", "answer", *HINTS, "done", "golf")
BLOCKS = ("", "fails", "watch", "says", "yaml")
END = "end"
_CHOICE = re.compile(r"- \[(?P<mark>[ x])\] (?P<text>.+)")
_FENCE = re.compile(r"^```(?P<word>\S*)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
_STEP = re.compile(r"##\s+(?P<id>[a-z0-9-]+)\s*[:：]\s*(?P<title>.+?)\s*$")
_PART = re.compile(r"###\s+(?P<part>\S+)\s*$")


@dataclass(frozen=True)
class Choice:
    """One answer to a prediction."""

    text: str
    right: bool

    @property
    def html(self) -> str:
        """The choice as safe HTML, without a paragraph around it."""
        return inline(self.text)


@dataclass(frozen=True)
class Block:
    """A code block: its word (see `BLOCKS`), and what stands in it."""

    word: str
    body: str

    @property
    def lines(self) -> list[str]:
        """What is typed, line by line."""
        return [line for line in self.body.splitlines() if line.strip()]


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
        if part == "predict":
            text = "\n".join(line for line in text.splitlines() if not _CHOICE.match(line)).strip()
        return render(text) if text else ""

    @property
    def choices(self) -> list["Choice"]:
        """The choices of its prediction; none for an open question."""
        found = (_CHOICE.match(line) for line in self.parts.get("predict", "").splitlines())
        return [Choice(match["text"], match["mark"] == "x") for match in found if match]

    def blocks(self, part: str = "") -> list["Block"]:
        """The code blocks of a part."""
        return [Block(match["word"], match["body"]) for match in _FENCE.finditer(self.parts.get(part, ""))]


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
        if line.startswith("```"):
            if not fenced and line[3:] not in BLOCKS:
                raise LessonError(path, number, f"a code block is one of: {', '.join(filter(None, BLOCKS))}, or plain")
            fenced = not fenced
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
    if fenced:
        raise LessonError(path, len(lines), "a code block is not closed")
    for (step, part), body in collected.items():
        if step:
            sections[step].parts[part] = "\n".join(body).strip()
    return Text(path, "\n".join(collected["", ""]).strip(), sections)


@cache
def _markdown() -> MarkdownIt:
    # No HTML in the source, so none but ours comes out; links keep to http(s) and paths by markdown-it's own check.
    markdown = MarkdownIt("commonmark", {"html": False}).enable(["table"])
    markdown.add_render_rule("fence", _fence)
    return markdown


def _fence(_renderer: object, tokens: Sequence[Token], index: int, _options: object, _env: object) -> str:
    """Return a code block. What is typed and what is printed carry no language, as the workspace's script wants it."""
    token = tokens[index]
    code = escapeHtml(token.content)
    if token.info == "yaml":
        return f'<pre><code class="language-yaml">{code}</code></pre>\n'
    if token.info == "says":
        return f'<pre class="says"><code>{code}</code></pre>\n'
    # Each command keeps its own indentation where it is wrapped.
    lines = "".join(f'<span class="line">{line}</span>' for line in code.splitlines(keepends=True))
    kind = f' class="{token.info}"' if token.info else ""
    return f"<pre{kind}><code>{lines}</code></pre>\n"


# A line break between two Chinese characters is where the source was wrapped; a browser would show it as a space.
_CHINESE = "[\u3001-\u303f\u4e00-\u9fff\uff00-\uffef]"
_WRAPPED_CHINESE = re.compile(f"(?<={_CHINESE})\n(?={_CHINESE})")


@cache
def render(text: str) -> str:
    """Return Markdown as HTML; HTML in the source comes out as text."""
    return str(_markdown().render(_WRAPPED_CHINESE.sub("", text)))


@cache
def inline(text: str) -> str:
    """Return a line of Markdown as HTML without a paragraph around it."""
    return str(_markdown().renderInline(text))
