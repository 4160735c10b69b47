"""The tree of a script: lists of pipelines of commands. `parse.py` makes it, `interpreter.py` runs it.

Loops and conditions get their own kinds of `Node` here when the shell learns them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a word. `kind` says what it is: text as it stands, or the name of a variable."""

    kind: Literal["text", "variable"]
    text: str
    quoted: bool


@dataclass(frozen=True, slots=True)
class Word:
    parts: tuple[Part, ...]

    @property
    def plain(self) -> str | None:
        """The text of a word that is nothing but unquoted text, else None."""
        if len(self.parts) == 1 and self.parts[0].kind == "text" and not self.parts[0].quoted:
            return self.parts[0].text
        return None


@dataclass(frozen=True, slots=True)
class Redirection:
    """`fd` is 0, 1, 2, or -1 for both outputs. `target` is a file, a descriptor (`&1`), or a here-document's text."""

    fd: int
    operator: Literal["<", ">", ">>", ">&", "<<", "<<<"]
    target: Word


@dataclass(frozen=True, slots=True)
class Simple:
    """One command: assignments, words, redirections."""

    assignments: tuple[tuple[str, Word], ...]
    words: tuple[Word, ...]
    redirections: tuple[Redirection, ...]


@dataclass(frozen=True, slots=True)
class Pipeline:
    commands: tuple[Simple, ...]
    negated: bool = False


@dataclass(frozen=True, slots=True)
class AndOr:
    """The first pipeline, then (`&&` or `||`, pipeline) in order."""

    first: Pipeline
    rest: tuple[tuple[str, Pipeline], ...] = ()


Node = AndOr
Script = tuple[Node, ...]


class ShellSyntaxError(ValueError):
    """A line that is no command; the message is bash's, without `bash: `."""
