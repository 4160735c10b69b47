"""From a line to a tree: quoting, comments, `;` `&&` `||` `|`, redirections, here-documents.

A subset of bash's grammar.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from cluster_engine.shell.syntax import (
    AndOr,
    Part,
    Pipeline,
    Redirection,
    Script,
    ShellSyntaxError,
    Simple,
    Word,
)

MAX_LENGTH = 512 * 1024
MAX_TOKENS = 20_000
_OPERATORS = (
    "&&",
    "||",
    ";;",
    "|&",
    "&>>",
    "&>",
    "<<<",
    "<<-",
    "<<",
    ">>",
    ">&",
    "<&",
    ">|",
    "|",
    ";",
    "&",
    "<",
    ">",
    "(",
    ")",
    "\n",
)
_REDIRECTIONS = ("&>>", "&>", "<<<", "<<-", "<<", ">>", ">&", ">|", "<", ">")
_VARIABLE = re.compile(r"\$(?:\{(\w+|[?#$!@*])\}|([A-Za-z_]\w*|[0-9?#$!@*]))")
_ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)=")
_COMPOUND = (
    "for",
    "while",
    "until",
    "if",
    "case",
    "function",
    "{",
    "[[",
    "select",
    "do",
    "done",
    "then",
    "fi",
    "esac",
    "else",
)


@dataclass(slots=True)
class _Token:
    """An operator, or a word."""

    operator: str = ""
    word: Word = field(default_factory=lambda: Word(()))
    # A number right before a redirection, as in `2>`.
    fd: int | None = None

    @property
    def shown(self) -> str:
        return "newline" if self.operator == "\n" else self.operator or "".join(part.text for part in self.word.parts)


@dataclass(slots=True)
class _HereDocument:
    delimiter: str
    expands: bool
    strips_tabs: bool
    token: _Token


def parse(text: str) -> Script:
    """The tree of a line or of several. Raises `ShellSyntaxError`."""
    if len(text) > MAX_LENGTH:
        raise ShellSyntaxError(f"the line is too long: {len(text):,} characters, at most {MAX_LENGTH:,} are read")
    return _Parser(_Lexer(text).tokens()).script()


class _Lexer:
    """Takes the text apart into words and operators."""

    def __init__(self, text: str) -> None:
        self.text = text.replace("\r\n", "\n")
        self.position = 0
        self.pending: list[_HereDocument] = []

    def tokens(self) -> list[_Token]:
        found: list[_Token] = []
        while self.position < len(self.text):
            char = self.text[self.position]
            if char in " \t":
                self.position += 1
            elif self.text.startswith("\\\n", self.position):
                self.position += 2
            elif char == "#":
                end = self.text.find("\n", self.position)
                self.position = len(self.text) if end < 0 else end
            else:
                found.append(self._token(found))
            if len(found) > MAX_TOKENS:
                raise ShellSyntaxError(f"the line has more than {MAX_TOKENS:,} words")
        self._read_here_documents()
        return found

    def _token(self, found: list[_Token]) -> _Token:
        number = re.compile(r"(\d)(?=[<>])").match(self.text, self.position)
        if number:
            self.position += 1
            return self._operator(int(number[1]))
        for operator in _OPERATORS:
            if self.text.startswith(operator, self.position):
                return self._operator(None)
        word = self._word()
        token = _Token(word=word)
        if found and found[-1].operator in ("<<", "<<-"):
            self._expect_here_document(found[-1], token)
        return token

    def _operator(self, fd: int | None) -> _Token:
        for operator in _OPERATORS:
            if self.text.startswith(operator, self.position):
                self.position += len(operator)
                if operator == "\n":
                    self._read_here_documents()
                return _Token(operator, fd=fd)
        raise ShellSyntaxError(f"syntax error near unexpected token `{self.text[self.position]}'")

    def _word(self) -> Word:
        parts: list[Part] = []
        buffer = ""

        def flush() -> None:
            nonlocal buffer
            if buffer:
                parts.append(Part("text", buffer, False))
                buffer = ""

        while self.position < len(self.text):
            char = self.text[self.position]
            if char in " \t\n;|&<>()":
                break
            if char == "\\":
                following = self.text[self.position + 1 : self.position + 2]
                self.position += 2
                if following != "\n":
                    flush()
                    parts.append(Part("text", following, True))
            elif char == "'":
                flush()
                parts.append(Part("text", self._single(), True))
            elif char == '"':
                flush()
                parts.extend(self._double())
            elif char == "$" and (found := self._variable()):
                flush()
                parts.append(Part("variable", found, False))
            elif char == "`":
                raise ShellSyntaxError("the terminal's shell does not have command substitution yet")
            else:
                buffer += char
                self.position += 1
        flush()
        return Word(tuple(parts))

    def _single(self) -> str:
        end = self.text.find("'", self.position + 1)
        if end < 0:
            raise ShellSyntaxError("unexpected EOF while looking for matching `''")
        body = self.text[self.position + 1 : end]
        self.position = end + 1
        return body

    def _double(self) -> list[Part]:
        """The parts of a text in double quotes; at least one, so that `""` is a word."""
        parts: list[Part] = []
        buffer = ""
        self.position += 1
        while True:
            if self.position >= len(self.text):
                raise ShellSyntaxError("unexpected EOF while looking for matching `\"'")
            char = self.text[self.position]
            if char == '"':
                self.position += 1
                break
            if char == "\\" and self.text[self.position + 1 : self.position + 2] in ('"', "\\", "$", "`", "\n"):
                following = self.text[self.position + 1]
                buffer += "" if following == "\n" else following
                self.position += 2
            elif char == "$" and (found := self._variable()):
                parts.append(Part("text", buffer, True))
                parts.append(Part("variable", found, True))
                buffer = ""
            elif char == "`":
                raise ShellSyntaxError("the terminal's shell does not have command substitution yet")
            else:
                buffer += char
                self.position += 1
        parts.append(Part("text", buffer, True))
        return parts

    def _variable(self) -> str:
        """The name of the variable that begins here, or nothing where the dollar is only a dollar."""
        if self.text.startswith("$(", self.position):
            raise ShellSyntaxError("the terminal's shell does not have command substitution yet")
        found = _VARIABLE.match(self.text, self.position)
        if found is None:
            if self.text.startswith("${", self.position):
                raise ShellSyntaxError(f"{self.text[self.position : self.position + 20].split()[0]}: bad substitution")
            return ""
        self.position = found.end()
        return found[1] or found[2]

    def _expect_here_document(self, operator: _Token, token: _Token) -> None:
        delimiter = "".join(part.text for part in token.word.parts)
        quoted = any(part.quoted for part in token.word.parts)
        self.pending.append(_HereDocument(delimiter, not quoted, operator.operator == "<<-", token))

    def _read_here_documents(self) -> None:
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
            document.token.word = _here_word(body) if document.expands else Word((Part("text", body, True),))
        self.pending.clear()


def _here_word(body: str) -> Word:
    """A here-document's text with its variables."""
    parts: list[Part] = []
    position = 0
    for found in _VARIABLE.finditer(body):
        if body[: found.start()].endswith("\\"):
            continue
        parts += [Part("text", body[position : found.start()], True), Part("variable", found[1] or found[2], True)]
        position = found.end()
    parts.append(Part("text", body[position:].replace("\\$", "$"), True))
    return Word(tuple(parts))


class _Parser:
    """A descent over the tokens."""

    def __init__(self, tokens: list[_Token]) -> None:
        self.tokens = tokens
        self.position = 0

    def _look(self) -> _Token | None:
        return self.tokens[self.position] if self.position < len(self.tokens) else None

    def _operator(self) -> str:
        token = self._look()
        return token.operator if token else ""

    def _unexpected(self) -> ShellSyntaxError:
        token = self._look()
        if token is None:
            return ShellSyntaxError("syntax error: unexpected end of file")
        return ShellSyntaxError(f"syntax error near unexpected token `{token.shown}'")

    def script(self) -> Script:
        nodes: list[AndOr] = []
        while self._skip_newlines():
            nodes.append(self._and_or())
            operator = self._operator()
            if operator == "&":
                raise ShellSyntaxError("the terminal's shell does not have background jobs (&) yet")
            if operator in (";", "\n"):
                self.position += 1
            elif self._look() is not None:
                raise self._unexpected()
        return tuple(nodes)

    def _skip_newlines(self) -> bool:
        """Skips empty lines; whether anything is left."""
        while self._operator() == "\n":
            self.position += 1
        return self._look() is not None

    def _and_or(self) -> AndOr:
        first = self._pipeline()
        rest: list[tuple[str, Pipeline]] = []
        while (operator := self._operator()) in ("&&", "||"):
            self.position += 1
            self._skip_newlines()
            rest.append((operator, self._pipeline()))
        return AndOr(first, tuple(rest))

    def _pipeline(self) -> Pipeline:
        token = self._look()
        negated = token is not None and token.word.plain == "!"
        if negated:
            self.position += 1
        commands = [self._simple()]
        while self._operator() in ("|", "|&"):
            both = self._operator() == "|&"
            if both:
                last = commands[-1]
                joined = Redirection(2, ">&", Word((Part("text", "1", False),)))
                commands[-1] = Simple(last.assignments, last.words, (*last.redirections, joined))
            self.position += 1
            self._skip_newlines()
            commands.append(self._simple())
        return Pipeline(tuple(commands), negated)

    def _simple(self) -> Simple:
        assignments: list[tuple[str, Word]] = []
        words: list[Word] = []
        redirections: list[Redirection] = []
        while (token := self._look()) is not None:
            if token.operator in _REDIRECTIONS:
                redirections.append(self._redirection(token))
                continue
            if token.operator:
                break
            self.position += 1
            assigned = _assignment(token.word) if not words else None
            if assigned:
                assignments.append(assigned)
            else:
                if not words and token.word.plain in _COMPOUND:
                    raise ShellSyntaxError(f'the terminal\'s shell does not have "{token.word.plain}" yet')
                words.append(token.word)
        if not assignments and not words and not redirections:
            if self._operator() == "(":
                raise ShellSyntaxError("the terminal's shell does not have subshells yet")
            raise self._unexpected()
        return Simple(tuple(assignments), tuple(words), tuple(redirections))

    def _redirection(self, token: _Token) -> Redirection:
        self.position += 1
        target = self._look()
        if target is None or target.operator:
            if target is None:
                raise ShellSyntaxError("syntax error near unexpected token `newline'")
            raise self._unexpected()
        self.position += 1
        operator = token.operator
        if operator in ("&>", "&>>"):
            return Redirection(-1, ">" if operator == "&>" else ">>", target.word)
        if operator == ">|":
            operator = ">"
        if operator == ">&" and token.fd is None and not (target.word.plain or "").isdigit():
            return Redirection(-1, ">", target.word)
        default = 0 if operator.startswith("<") else 1
        fd = token.fd if token.fd is not None else default
        if operator == "<<-":
            operator = "<<"
        return Redirection(fd, operator, target.word)  # type: ignore[arg-type]


def _assignment(word: Word) -> tuple[str, Word] | None:
    """(name, value) of `NAME=value`."""
    if not word.parts or word.parts[0].kind != "text" or word.parts[0].quoted:
        return None
    first = word.parts[0].text
    found = _ASSIGNMENT.match(first)
    if found is None:
        return None
    rest = first[found.end() :]
    head = (Part("text", rest, False),) if rest else ()
    return found[1], Word((*head, *word.parts[1:]))
