"""The tree of a script. `parser.py` makes it."""

from __future__ import annotations

from dataclasses import dataclass


class ShellSyntaxError(ValueError):
    """A text that is no script. `incomplete` says that it only ends too early."""

    def __init__(self, message: str, *, incomplete: bool = False) -> None:
        super().__init__(message)
        self.incomplete = incomplete


@dataclass(frozen=True, slots=True)
class Text:
    """Literal text. What is quoted is neither split nor a pattern."""

    text: str
    quoted: bool


@dataclass(frozen=True, slots=True)
class Parameter:
    """`$name` or `${name…}`. `operator` is "", ":-", "-", ":=", "=", ":?", "?", ":+", "+", "#", "##", "%", "%%", "/",
    "//", ":" (a substring, `argument` holds `offset:length`) or "length" for `${#name}`.
    """

    name: str
    quoted: bool
    operator: str = ""
    argument: Word | None = None


@dataclass(frozen=True, slots=True)
class Substitution:
    """`$(script)`."""

    script: Script
    quoted: bool


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """`$((expression))`; the expression's own variables are parts of its word."""

    expression: Word
    quoted: bool


Part = Text | Parameter | Substitution | Arithmetic


@dataclass(frozen=True, slots=True)
class Word:
    parts: tuple[Part, ...]

    @property
    def plain(self) -> str | None:
        """The text of a word that is nothing but unquoted text, else None."""
        if len(self.parts) == 1 and isinstance(part := self.parts[0], Text) and not part.quoted:
            return part.text
        return None

    @property
    def source(self) -> str:
        """The literal text in it, quotes gone."""
        return "".join(part.text for part in self.parts if isinstance(part, Text))


@dataclass(frozen=True, slots=True)
class Redirection:
    """`fd` is a descriptor, or -1 for both outputs. `operator` is one of < > >> <> >& <& << <<<.

    `target` is a file, a descriptor, or a here-document's text.
    """

    fd: int
    operator: str
    target: Word


@dataclass(frozen=True, slots=True)
class Simple:
    assignments: tuple[tuple[str, Word], ...]
    words: tuple[Word, ...]
    redirections: tuple[Redirection, ...] = ()


@dataclass(frozen=True, slots=True)
class If:
    """`branches` are (condition, body) pairs."""

    branches: tuple[tuple[Script, Script], ...]
    otherwise: Script | None
    redirections: tuple[Redirection, ...] = ()


@dataclass(frozen=True, slots=True)
class While:
    condition: Script
    body: Script
    until: bool
    redirections: tuple[Redirection, ...] = ()


@dataclass(frozen=True, slots=True)
class For:
    """`words` None means the positional parameters."""

    name: str
    words: tuple[Word, ...] | None
    body: Script
    redirections: tuple[Redirection, ...] = ()


@dataclass(frozen=True, slots=True)
class CountingFor:
    """`for ((start; condition; step))`."""

    start: Word
    condition: Word
    step: Word
    body: Script
    redirections: tuple[Redirection, ...] = ()


@dataclass(frozen=True, slots=True)
class Case:
    """`branches` are (patterns, body) pairs."""

    word: Word
    branches: tuple[tuple[tuple[Word, ...], Script], ...]
    redirections: tuple[Redirection, ...] = ()


@dataclass(frozen=True, slots=True)
class Group:
    """`{ …; }`, or `( … )` where `subshell`."""

    body: Script
    subshell: bool
    redirections: tuple[Redirection, ...] = ()


@dataclass(frozen=True, slots=True)
class Function:
    name: str
    body: Command


@dataclass(frozen=True, slots=True)
class Calculation:
    """`(( expression ))`."""

    expression: Word
    redirections: tuple[Redirection, ...] = ()


Command = Simple | If | While | For | CountingFor | Case | Group | Function | Calculation


@dataclass(frozen=True, slots=True)
class Pipeline:
    commands: tuple[Command, ...]
    negated: bool = False


@dataclass(frozen=True, slots=True)
class AndOr:
    """Pipelines joined by `&&` and `||`. `background` means that a `&` follows; `line` counts from 1."""

    first: Pipeline
    rest: tuple[tuple[str, Pipeline], ...] = ()
    background: bool = False
    line: int = 1


@dataclass(frozen=True, slots=True)
class Script:
    lists: tuple[AndOr, ...]
