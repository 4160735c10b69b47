"""From words to arguments: variables, commands in words, sums, splitting, file names.

Follows bash's order of expansions. A word may hold a command, which takes time: expansions are processes.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass, field

from cluster_engine.kubectl.process import Output, Stream, Wait
from cluster_engine.shell import parameters, patterns
from cluster_engine.shell.arithmetic import ArithmeticFault, evaluate
from cluster_engine.shell.environment import Environment, ExpansionFault, ShellExit, Streams
from cluster_engine.shell.files import HOME
from cluster_engine.shell.parse import assignment_of
from cluster_engine.shell.syntax import Items, Part, Script, Substitution, Sum, Text, Variable, Word

MAX_FIELDS = 10_000
MAX_SUBSTITUTION = 1024 * 1024
# Commands whose arguments `name=value` are kept whole.
_DECLARE = frozenset({"export", "local", "declare", "readonly", "typeset", "alias"})

Texts = Generator[Wait, None, str]
Fields = Generator[Wait, None, list[str]]


class Expander:
    """The expansions of one shell; standard error is for what runs within words."""

    def __init__(self, env: Environment, streams: Streams) -> None:
        self._env = env
        self._streams = streams
        # Whether a command within a word was run.
        self.has_run = False

    def trace(self, text: str) -> None:
        """What `set -x` shows."""
        self._streams.err.line(f"+ {text}")

    def fields(self, words: Sequence[Word]) -> Fields:
        """The arguments that words stand for. Raises OSError and ExpansionFault."""
        found: list[str] = []
        declares = bool(words) and words[0].plain in _DECLARE
        for written in words:
            for word in [written] if declares and assignment_of(written) else patterns.braces(written):
                if declares and assignment_of(word):
                    found.append((yield from self.text(word)))
                else:
                    found.extend((yield from self._word(word)))
                if len(found) > MAX_FIELDS:
                    raise OSError("Argument list too long")
        return found

    def _word(self, word: Word) -> Fields:
        splitter = _Splitter(self._env.variables.get("IFS", " \t\n"))
        for part in _with_home(word.parts):
            if isinstance(part, Text):
                splitter.add(part.text, quoted=part.quoted)
            elif isinstance(part, Variable) and self._is_several(part):
                splitter.add_all((yield from self._several(part)), quoted=part.quoted)
            else:
                value = yield from self._value(part)
                if part.quoted:
                    splitter.add(value, quoted=True)
                else:
                    splitter.split(value)
        fields: list[str] = []
        for one in splitter.done():
            fields.extend((one.has_pattern and self._file_names(one.pattern)) or [one.text])
        return fields

    def _file_names(self, pattern: str) -> list[str]:
        return [] if "noglob" in self._env.options else patterns.file_names(pattern, self._env.files)

    def text(self, word: Word) -> Texts:
        """One text, without splitting and without file names: values of assignments, targets, here-documents."""
        pieces: list[str] = []
        for part in _with_home(word.parts):
            pieces.append((yield from self._value(part)))
        return "".join(pieces)

    def pattern(self, word: Word) -> Texts:
        """A pattern, in which what was quoted stands for itself."""
        pieces: list[str] = []
        for part in _with_home(word.parts):
            value = yield from self._value(part)
            pieces.append(patterns.quoted(value) if part.quoted else value)
        return "".join(pieces)

    def items(self, word: Word) -> Fields:
        """The values of `(…)` after `name=`."""
        items = next(part for part in word.parts if isinstance(part, Items))
        return (yield from self.fields(items.words))

    def number(self, word: Word) -> Generator[Wait, None, int]:
        """The value of an arithmetic expression. Raises ExpansionFault."""
        text = yield from self.text(word)
        try:
            return evaluate(text, self._env)
        except ArithmeticFault as error:
            raise ExpansionFault(str(error)) from None

    def _value(self, part: Part) -> Texts:
        if isinstance(part, Text):
            return part.text
        if isinstance(part, Substitution):
            return (yield from self._output(part.script))
        if isinstance(part, Sum):
            return str((yield from self.number(part.expression)))
        if isinstance(part, Items):
            return ""
        if self._is_several(part):
            return " ".join((yield from self._several(part)))
        return (yield from self._parameter(part))

    def _is_several(self, part: Variable) -> bool:
        """Whether it stands for several values, as `$@` and `${array[@]}` do."""
        if part.length or (part.quoted and (part.name == "*" or (part.index and part.index.plain == "*"))):
            return False
        if part.index is not None:
            return part.index.plain in ("@", "*") and not part.operator
        return part.name in ("@", "*") and not part.operator

    def _several(self, part: Variable) -> Fields:
        return self._values(part)
        yield

    def _values(self, part: Variable) -> list[str]:
        if part.index is None:
            return list(self._env.positional)
        if part.name in self._env.arrays:
            return list(self._env.arrays[part.name])
        value = self._env.value(part.name)
        return [] if value is None else [value]

    def _parameter(self, part: Variable) -> Texts:
        env = self._env
        value = yield from self._plain_value(part)
        if part.length:
            return str(
                len(self._values(part))
                if part.index is not None and part.index.plain in ("@", "*")
                else len(value or "")
            )
        if part.operator in parameters.CONDITIONAL:
            if not parameters.chosen(part.operator, value):
                return "" if part.operator.endswith("+") else value or ""
            argument = yield from self.text(part.arguments[0])
            return parameters.conditional(env, part.name, part.operator, argument)
        if value is None and "nounset" in env.options and part.name not in ("@", "*"):
            raise ExpansionFault(f"{part.name}: unbound variable")
        if not part.operator:
            return value or ""
        arguments: list[str] = []
        for index, word in enumerate(part.arguments):
            arguments.append((yield from (self.text(word) if index or part.operator == ":" else self.pattern(word))))
        return parameters.transformed(env, part.operator, value or "", arguments, part.name)

    def _plain_value(self, part: Variable) -> Generator[Wait, None, str | None]:
        if part.index is None or part.index.plain in ("@", "*"):
            if part.index is not None:
                return " ".join(self._values(part))
            return self._env.value(part.name)
        index = yield from self.number(part.index)
        values = self._values(part)
        return values[index] if -len(values) <= index < len(values) else None

    def _output(self, script: Script) -> Texts:
        """What a command within a word prints, without the newlines at its end."""
        self.has_run = True
        parts: list[str] = []
        size = 0

        def write(text: str) -> None:
            nonlocal size
            if size <= MAX_SUBSTITUTION:
                size += len(text)
                parts.append(text)

        inner = self._env.subshell()
        streams = Streams(Stream(closed=True), Output(write), self._streams.err)
        try:
            self._env.status = yield from self._env.run_script(inner, script, streams)
        except ShellExit as ended:
            self._env.status = ended.code
        if size > MAX_SUBSTITUTION:
            raise OSError(f"a command in a word may print {MAX_SUBSTITUTION:,} characters")
        return "".join(parts).rstrip("\n")


@dataclass(slots=True)
class _Field:
    """One argument as it grows: its text, and the pattern it is where parts of it were not quoted."""

    text: str = ""
    pattern: str = ""
    has_pattern: bool = False


@dataclass(slots=True)
class _Splitter:
    """Puts the values of a word's parts together, and takes them apart where an unquoted value has separators."""

    separators: str
    fields: list[_Field] = field(default_factory=list)
    open: _Field | None = None

    def _present(self) -> _Field:
        if self.open is None:
            self.open = _Field()
        return self.open

    def add(self, text: str, *, quoted: bool) -> None:
        one = self._present()
        one.text += text
        one.pattern += patterns.quoted(text) if quoted else text
        one.has_pattern = one.has_pattern or (not quoted and patterns.has_pattern(text))

    def close(self) -> None:
        if self.open is not None:
            self.fields.append(self.open)
            self.open = None

    def split(self, value: str) -> None:
        """An unquoted value: each run of blanks, and each other separator, parts two fields."""
        blanks = "".join(char for char in self.separators if char.isspace())
        others = "".join(char for char in self.separators if not char.isspace())
        text = ""
        for char in value:
            if char in others:
                self.add(text, quoted=False)
                self.close()
                text = ""
            elif char in blanks:
                if text:
                    self.add(text, quoted=False)
                    text = ""
                self.close()
            else:
                text += char
        if text:
            self.add(text, quoted=False)

    def add_all(self, values: Iterable[str], *, quoted: bool) -> None:
        """Several values, each a field of its own; the first joins what stands before it."""
        for index, value in enumerate(values):
            if index:
                self.close()
            if quoted:
                self.add(value, quoted=True)
            else:
                self.split(value)

    def done(self) -> list[_Field]:
        self.close()
        return self.fields


def _with_home(parts: tuple[Part, ...]) -> tuple[Part, ...]:
    """`~` and `~/…` at the beginning of a word mean the home directory."""
    if parts and isinstance(parts[0], Text) and not parts[0].quoted:
        text = parts[0].text
        if text == "~" or text.startswith("~/"):
            return (Text(HOME + text[1:]), *parts[1:])
    return parts
