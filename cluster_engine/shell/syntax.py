"""The tree of a script: lists of pipelines of commands. `parse.py` makes it, `interpreter.py` runs it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Text:
    """Text as it stands."""

    text: str
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class Variable:
    """`$name` or `${name…}`. `operator` is what follows the name (`:-`, `##`, `/`, `[`…), with its arguments."""

    name: str
    quoted: bool = False
    operator: str = ""
    arguments: tuple[Word, ...] = ()
    # The subscript of an array's element, `@` or `*` for all; None for a plain variable.
    index: Word | None = None
    # `${#name}`
    length: bool = False


@dataclass(frozen=True, slots=True)
class Substitution:
    """`$(…)` or `` `…` ``."""

    script: Script
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class Sum:
    """`$((…))`."""

    expression: Word
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class Items:
    """`(…)` after `name=`: the values of an array."""

    words: tuple[Word, ...]
    quoted: bool = False


Part = Text | Variable | Substitution | Sum | Items


@dataclass(frozen=True, slots=True)
class Word:
    parts: tuple[Part, ...]

    @property
    def plain(self) -> str | None:
        """The text of a word that is nothing but unquoted text, else None."""
        if len(self.parts) == 1 and isinstance(self.parts[0], Text) and not self.parts[0].quoted:
            return self.parts[0].text
        return None


@dataclass(frozen=True, slots=True)
class Redirection:
    """`fd` is 0, 1, 2, or -1 for both outputs. `target` is a file, a descriptor (`&1`), or a here-document's text."""

    fd: int
    operator: Literal["<", ">", ">>", ">&", "<<", "<<<"]
    target: Word


@dataclass(frozen=True, slots=True)
class Assignment:
    """`name=value`, `name+=value`, `name[index]=value`."""

    name: str
    value: Word
    append: bool = False
    index: Word | None = None


@dataclass(frozen=True, slots=True)
class Simple:
    """One command: assignments, words, redirections."""

    assignments: tuple[Assignment, ...]
    words: tuple[Word, ...]
    redirections: tuple[Redirection, ...] = ()


@dataclass(frozen=True, slots=True)
class For:
    """`for name in words; do body; done`; `words` None means `"$@"`."""

    name: str
    words: tuple[Word, ...] | None
    body: Script
    redirections: tuple[Redirection, ...] = ()


@dataclass(frozen=True, slots=True)
class CountingFor:
    """`for ((first; condition; after)); do body; done`."""

    first: Word
    condition: Word
    after: Word
    body: Script
    redirections: tuple[Redirection, ...] = ()


@dataclass(frozen=True, slots=True)
class While:
    condition: Script
    body: Script
    until: bool = False
    redirections: tuple[Redirection, ...] = ()


@dataclass(frozen=True, slots=True)
class If:
    """(condition, body) of `if` and each `elif`; `otherwise` is the body of `else`."""

    branches: tuple[tuple[Script, Script], ...]
    otherwise: Script = ()
    redirections: tuple[Redirection, ...] = ()


@dataclass(frozen=True, slots=True)
class Case:
    """`items` are (patterns, body, what ends it: `;;`, `;&` or `;;&`)."""

    subject: Word
    items: tuple[tuple[tuple[Word, ...], Script, str], ...]
    redirections: tuple[Redirection, ...] = ()


@dataclass(frozen=True, slots=True)
class Group:
    """`{ … }`, or `( … )` in a shell of its own."""

    body: Script
    subshell: bool
    redirections: tuple[Redirection, ...] = ()


@dataclass(frozen=True, slots=True)
class Function:
    name: str
    body: Command
    redirections: tuple[Redirection, ...] = ()


@dataclass(frozen=True, slots=True)
class Test:
    """`[[ … ]]`. `tokens` are words and the operators `&&`, `||`, `!`, `(`, `)`, `<`, `>` as texts."""

    tokens: tuple[Word | str, ...]
    redirections: tuple[Redirection, ...] = ()


@dataclass(frozen=True, slots=True)
class Calculation:
    """`(( … ))`."""

    expression: Word
    redirections: tuple[Redirection, ...] = ()


Command = Simple | For | CountingFor | While | If | Case | Group | Function | Test | Calculation


@dataclass(frozen=True, slots=True)
class Pipeline:
    commands: tuple[Command, ...]
    negated: bool = False
    timed: bool = False


@dataclass(frozen=True, slots=True)
class AndOr:
    """The first pipeline, then (`&&` or `||`, pipeline) in order. `background` where `&` ends it."""

    first: Pipeline
    rest: tuple[tuple[str, Pipeline], ...] = ()
    background: bool = False
    # The text as it was typed, for `jobs`.
    text: str = ""


Script = tuple[AndOr, ...]


class ShellSyntaxError(ValueError):
    """A line that is no command; the message is bash's, without `bash: `."""


class Unfinished(ShellSyntaxError):
    """A line that would be a command if more lines followed."""
