"""Words and operators of a script, character by character. The parser asks for one token at a time."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from cluster_engine.sh.syntax import (
    Arithmetic,
    Parameter,
    Part,
    Script,
    ShellSyntaxError,
    Substitution,
    Text,
    Word,
)

OPERATORS = (
    "&>>", "<<<", "<<-", "&&", "||", ";;", "|&", "&>", "<<", ">>", ">&", "<&", "<>", ">|",
    "|", ";", "&", "<", ">", "(", ")", "\n",
)  # fmt: skip
REDIRECTIONS = frozenset({"&>>", "<<<", "<<-", "&>", "<<", ">>", ">&", "<&", "<>", ">|", "<", ">"})
_NAME = re.compile(r"[A-Za-z_]\w*|[0-9]|[?#$!@*-]")
# A name, perhaps with an index (`BASH_REMATCH[1]`), which is part of the name here.
_IN_BRACES = re.compile(r"(#?)([A-Za-z_]\w*(?:\[\w+\])?|[0-9]+|[?#$!@*-])")
_PARAMETER_OPERATORS = (":-", ":=", ":?", ":+", "##", "%%", "//", "-", "=", "?", "+", "#", "%", "/", ":")
_FD = re.compile(r"(\d)(?=[<>])")
_ENDS_WORD = frozenset(" \t\n;|&<>()")
MAX_DEPTH = 60


@dataclass(slots=True)
class Token:
    """An operator, or a word; both empty at the end of the text."""

    operator: str = ""
    word: Word | None = None
    fd: int | None = None
    line: int = 1

    @property
    def is_end(self) -> bool:
        return not self.operator and self.word is None

    @property
    def shown(self) -> str:
        if self.is_end:
            return "end of file"
        return "newline" if self.operator == "\n" else self.operator or (self.word.source if self.word else "")


@dataclass(slots=True)
class HereDocument:
    """One that was announced; `word` is filled in when its lines are read."""

    delimiter: str
    expands: bool
    strips_tabs: bool
    word: Word


# (text, position after "$(") -> the script and the position after its ")".
ParseInner = Callable[[str, int, int], "tuple[Script, int]"]


class Scanner:
    def __init__(self, text: str, parse_inner: ParseInner, position: int = 0, depth: int = 0) -> None:
        if depth > MAX_DEPTH:
            raise ShellSyntaxError("nested too deeply")
        self.text = text
        self.position = position
        self.depth = depth
        self._parse_inner = parse_inner
        self.pending: list[HereDocument] = []
        # The next word is a regular expression, in which parentheses are plain (after `=~`).
        self.expects_regex = False
        self._counted = (0, 1)

    def next(self) -> Token:
        """The next token."""
        text = self.text
        while self.position < len(text):
            char = text[self.position]
            if char in " \t\r":
                self.position += 1
            elif text.startswith("\\\n", self.position):
                self.position += 2
            elif char == "#":
                end = text.find("\n", self.position)
                self.position = len(text) if end < 0 else end
            else:
                return self._token()
        self.read_here_documents()
        return Token(line=self.line)

    @property
    def line(self) -> int:
        """The line at the present position, from 1."""
        position, line = self._counted
        line += self.text.count("\n", position, self.position)
        self._counted = (self.position, line)
        return line

    def _token(self) -> Token:
        line = self.line
        if self.expects_regex:
            self.expects_regex = False
            return Token(word=self.word(frozenset(" \t\n")), line=line)
        fd = _FD.match(self.text, self.position)
        if fd is not None:
            self.position += 1
        for operator in OPERATORS:
            if self.text.startswith(operator, self.position):
                self.position += len(operator)
                if operator == "\n":
                    self.read_here_documents()
                return Token(operator, fd=int(fd[1]) if fd else None, line=line)
        return Token(word=self.word(), line=line)

    # Words.

    def word(self, ends: frozenset[str] = _ENDS_WORD) -> Word:
        """A word up to an unquoted character of `ends`."""
        parts: list[Part] = []
        plain: list[str] = []

        def flush() -> None:
            if plain:
                parts.append(Text("".join(plain), False))
                plain.clear()

        text = self.text
        while self.position < len(text) and (char := text[self.position]) not in ends:
            if char == "\\":
                following = text[self.position + 1 : self.position + 2]
                self.position += 2
                if following and following != "\n":
                    flush()
                    parts.append(Text(following, True))
            elif char == "'":
                flush()
                parts.append(Text(self._single(), True))
            elif char == '"':
                flush()
                parts.extend(self._double())
            elif char in "$`" and (part := self._dollar(quoted=False)) is not None:
                flush()
                parts.append(part)
            else:
                plain.append(char)
                self.position += 1
        flush()
        return Word(tuple(parts))

    def _single(self) -> str:
        end = self.text.find("'", self.position + 1)
        if end < 0:
            raise ShellSyntaxError("unterminated quoted string", incomplete=True)
        body = self.text[self.position + 1 : end]
        self.position = end + 1
        return body

    def _double(self) -> list[Part]:
        """The parts of a text in double quotes; at least one, so that `""` is a word."""
        self.position += 1
        parts = self.quoted_parts('"')
        if self.position >= len(self.text):
            raise ShellSyntaxError("unterminated quoted string", incomplete=True)
        self.position += 1
        return parts

    def quoted_parts(self, end: str) -> list[Part]:
        """Parts as in double quotes, up to `end` ("" for the end of the text), which is not taken."""
        parts: list[Part] = []
        buffer: list[str] = []
        text = self.text
        while self.position < len(text) and (char := text[self.position]) != end:
            if char == "\\" and text[self.position + 1 : self.position + 2] in ('"', "\\", "$", "`", "\n"):
                following = text[self.position + 1]
                if following == '"' and end != '"':
                    buffer.append("\\")
                buffer.append("" if following == "\n" else following)
                self.position += 2
            elif char in "$`" and (part := self._dollar(quoted=True)) is not None:
                parts += [Text("".join(buffer), True), part]
                buffer.clear()
            else:
                buffer.append(char)
                self.position += 1
        parts.append(Text("".join(buffer), True))
        return parts

    # What begins with a dollar.

    def _dollar(self, *, quoted: bool) -> Part | None:
        """The expansion that begins here, or None where the dollar is only a dollar."""
        text = self.text
        if text[self.position] == "`":
            return self._backticks(quoted)
        if text.startswith("$((", self.position):
            return self._arithmetic(quoted)
        if text.startswith("$(", self.position):
            script, self.position = self._parse_inner(text, self.position + 2, self.depth + 1)
            return Substitution(script, quoted)
        if text.startswith("${", self.position):
            return self._braces(quoted)
        if text.startswith("$'", self.position) and not quoted:
            self.position += 1
            return Text(_ansi(self._single()), True)
        found = _NAME.match(text, self.position + 1)
        if found is None:
            return None
        self.position = found.end()
        return Parameter(found[0], quoted)

    def _backticks(self, quoted: bool) -> Part:
        end = self.position + 1
        while end < len(self.text) and self.text[end] != "`":
            end += 2 if self.text[end] == "\\" else 1
        if end >= len(self.text):
            raise ShellSyntaxError("EOF in backquote substitution", incomplete=True)
        body = re.sub(r"\\([\\`$])", r"\1", self.text[self.position + 1 : end])
        script, _ = self._parse_inner(body + "\n)", 0, self.depth + 1)
        self.position = end + 1
        return Substitution(script, quoted)

    def _arithmetic(self, quoted: bool) -> Part:
        self.position += 3
        return Arithmetic(self.calculation(), quoted)

    def calculation(self, ends: str = "))") -> Word:
        """An arithmetic expression up to `ends`, which is taken; its parts count as quoted."""
        start, depth = self.position, 0
        text = self.text
        while self.position < len(text):
            char = text[self.position]
            if depth == 0 and text.startswith(ends, self.position):
                inner = Scanner(text[start : self.position], self._parse_inner, 0, self.depth + 1)
                self.position += len(ends)
                return Word(tuple(inner.quoted_parts("")))
            depth += (char == "(") - (char == ")")
            self.position += 1
        raise ShellSyntaxError("missing '))'", incomplete=True)

    def _braces(self, quoted: bool) -> Part:
        found = _IN_BRACES.match(self.text, self.position + 2)
        end = self.text[found.end() : found.end() + 1] if found else ""
        if found is not None and found[1] and end == "}":
            self.position = found.end() + 1
            return Parameter(found[2], quoted, "length")
        if found is None or found[1]:
            # `${#}` is the number of parameters, which the pattern reads as a length of nothing.
            if self.text.startswith("${#}", self.position):
                self.position += 4
                return Parameter("#", quoted)
            raise ShellSyntaxError("bad substitution")
        self.position = found.end()
        if end == "}":
            self.position += 1
            return Parameter(found[2], quoted)
        operator = next((o for o in _PARAMETER_OPERATORS if self.text.startswith(o, self.position)), None)
        if operator is None:
            raise ShellSyntaxError("bad substitution", incomplete=self.position >= len(self.text))
        self.position += len(operator)
        argument = Word(tuple(self.quoted_parts("}"))) if quoted else self.word(frozenset("}"))
        if self.position >= len(self.text):
            raise ShellSyntaxError('missing "}"', incomplete=True)
        self.position += 1
        return Parameter(found[2], quoted, operator, argument)

    # Here-documents.

    def read_here_documents(self) -> None:
        """Takes the lines up to each delimiter; a text that ends before it counts up to its end."""
        for document in self.pending:
            lines: list[str] = []
            while self.position < len(self.text):
                end = self.text.find("\n", self.position)
                line = self.text[self.position :] if end < 0 else self.text[self.position : end]
                self.position = len(self.text) if end < 0 else end + 1
                if document.strips_tabs:
                    line = line.lstrip("\t")
                if line == document.delimiter:
                    break
                lines.append(line)
            body = "".join(f"{line}\n" for line in lines)
            if document.expands:
                inner = Scanner(body, self._parse_inner, 0, self.depth + 1)
                object.__setattr__(document.word, "parts", tuple(inner.quoted_parts("")))
            else:
                object.__setattr__(document.word, "parts", (Text(body, True),))
        self.pending.clear()


_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "e": "\x1b", "f": "\f", "v": "\v", "\\": "\\"}


def _ansi(text: str) -> str:
    """`$'…'`: escapes as in C."""
    return re.sub(r"\\(x[0-9a-fA-F]{1,2}|[0-7]{1,3}|.)", _escaped, text)


def _escaped(found: re.Match[str]) -> str:
    code = found[1]
    if code[0] == "x" and len(code) > 1:
        return chr(int(code[1:], 16))
    if code[0] in "01234567":
        return chr(int(code, 8) & 255)
    return _ESCAPES.get(code, code)
