"""Takes a line apart into words and operators: quotes, comments, `$…`, here-documents. Called by `parse.py`."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from cluster_engine.shell.syntax import (
    Items,
    Part,
    Script,
    ShellSyntaxError,
    Substitution,
    Sum,
    Text,
    Unfinished,
    Variable,
    Word,
)

MAX_TOKENS = 20_000
MAX_DEPTH = 20
# fmt: off
OPERATORS = (
    ";;&", "&&", "||", ";;", ";&", "|&", "&>>", "&>", "<<<", "<<-", "<<", ">>", ">&", "<&", ">|",
    "|", ";", "&", "<", ">", "(", ")", "\n",
)
# Words after which a command begins.
_OPENERS = frozenset({"do", "then", "else", "elif", "if", "while", "until", "!", "{", "time", "for"})
# fmt: on
_FD = re.compile(r"(\d)(?=[<>])")
_NAME = re.compile(r"[A-Za-z_]\w*|[0-9?#$!@*-]")
_BRACED = re.compile(r"(!?)(#?)([A-Za-z_]\w*|[0-9]+|[?#$!@*-])")
_PARAMETER_OPERATORS = (
    ":-", ":=", ":+", ":?", "##", "%%", "//", "/#", "/%", "^^", ",,", "-", "=", "+", "?", "#", "%", "/", "^", ",", ":",
)  # fmt: skip
_ASSIGNS = re.compile(r"[A-Za-z_]\w*\+?=\Z")
_ANSI = {"n": "\n", "t": "\t", "r": "\r", "\\": "\\", "'": "'", '"': '"', "e": "\x1b", "a": "\a", "b": "\b", "0": "\0"}


@dataclass(slots=True)
class Token:
    """An operator, or a word, with where it begins and ends in the text."""

    operator: str = ""
    word: Word = field(default_factory=lambda: Word(()))
    # A number right before a redirection, as in `2>`.
    fd: int | None = None
    # What stands in `((…))`, when that is what it is.
    calculation: str | None = None
    start: int = 0
    end: int = 0

    @property
    def shown(self) -> str:
        if self.operator == "\n":
            return "newline"
        return self.operator or "".join(part.text for part in self.word.parts if isinstance(part, Text))


@dataclass(slots=True)
class _HereDocument:
    delimiter: str
    expands: bool
    strips_tabs: bool
    token: Token


class Lexer:
    """One text. `parse` makes the tree of a command substitution's text, `depth` levels deep."""

    def __init__(self, text: str, parse: Callable[[str, int], Script], depth: int = 0) -> None:
        if depth > MAX_DEPTH:
            raise ShellSyntaxError(f"commands in commands are nested more than {MAX_DEPTH} deep")
        self.text = text.replace("\r\n", "\n")
        self.position = 0
        self._parse = parse
        self._depth = depth
        self._pending: list[_HereDocument] = []
        self._in_test = False
        # Whether a here-document had no end: a shell would ask for more lines.
        self.lacks_end = False

    def tokens(self) -> list[Token]:
        found: list[Token] = []
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
                start = self.position
                token = self._token(found)
                token.start, token.end = start, self.position
                found.append(token)
            if len(found) > MAX_TOKENS:
                raise ShellSyntaxError(f"the line has more than {MAX_TOKENS:,} words")
        self._read_here_documents(at_end=True)
        return found

    def _token(self, found: list[Token]) -> Token:
        last = found[-1] if found else None
        if self.text.startswith("((", self.position) and self._begins_command(last):
            return self._calculation()
        number = _FD.match(self.text, self.position)
        if number:
            self.position += 1
            return self._operator(int(number[1]))
        is_regex = self._in_test and last is not None and last.word.plain == "=~"
        if not is_regex and any(self.text.startswith(operator, self.position) for operator in OPERATORS):
            return self._operator(None)
        token = Token(word=self._word(is_regex=is_regex))
        if token.word.plain == "[[" and self._begins_command(last):
            self._in_test = True
        elif token.word.plain == "]]":
            self._in_test = False
        if last is not None and last.operator in ("<<", "<<-"):
            self._expect_here_document(last, token)
        return token

    @staticmethod
    def _begins_command(last: Token | None) -> bool:
        if last is None or (last.operator and last.operator not in ("<", ">", ">>", "<<<")):
            return True
        return last.word.plain in _OPENERS

    def _operator(self, fd: int | None) -> Token:
        for operator in OPERATORS:
            if self.text.startswith(operator, self.position):
                self.position += len(operator)
                if operator == "\n":
                    self._read_here_documents()
                return Token(operator, fd=fd)
        raise ShellSyntaxError(f"syntax error near unexpected token `{self.text[self.position]}'")

    def _calculation(self) -> Token:
        end = self._matching(self.position + 1, "(", ")")
        if not self.text.startswith(")", end + 1):
            # Two subshells, one in the other.
            self.position += 1
            return Token("(")
        body = self.text[self.position + 2 : end]
        self.position = end + 2
        return Token(calculation=body)

    def _word(self, *, is_regex: bool = False) -> Word:
        parts: list[Part] = []
        plain = ""
        while self.position < len(self.text):
            char = self.text[self.position]
            if char in " \t\n;&" or (char in "|<>()" and not is_regex):
                if char != "(" or parts or not _ASSIGNS.match(plain):
                    break
                items = self._items()
                return Word((Text(plain), items))
            part = self._part(char)
            if part is None:
                plain += char
                self.position += 1
                continue
            if plain:
                parts.append(Text(plain))
                plain = ""
            parts.extend(part)
        if plain:
            parts.append(Text(plain))
        return Word(tuple(parts))

    def _part(self, char: str) -> list[Part] | None:
        """The parts that a quote, a backslash or a dollar begins; None for any other character."""
        if char == "\\":
            following = self.text[self.position + 1 : self.position + 2]
            self.position += 2
            return [] if following == "\n" else [Text(following, True)]
        if char == "'":
            return [Text(self._single(), True)]
        if char == '"':
            return self._double()
        if char == "`":
            return [self._backquoted(quoted=False)]
        if char == "$":
            if self.text.startswith("$'", self.position):
                return [Text(self._ansi(), True)]
            found = self._dollar(quoted=False)
            return None if found is None else [found]
        return None

    def _items(self) -> Items:
        end = self._matching(self.position, "(", ")")
        inner = Lexer(self.text[self.position + 1 : end], self._parse, self._depth + 1)
        self.position = end + 1
        return Items(tuple(token.word for token in inner.tokens() if not token.operator))

    def _single(self) -> str:
        end = self.text.find("'", self.position + 1)
        if end < 0:
            raise Unfinished("unexpected EOF while looking for matching `''")
        body = self.text[self.position + 1 : end]
        self.position = end + 1
        return body

    def _ansi(self) -> str:
        """`$'…'`, in which backslashes mean what they mean in C."""
        found = re.compile(r"\$'((?:[^'\\]|\\.)*)'", re.DOTALL).match(self.text, self.position)
        if found is None:
            raise Unfinished("unexpected EOF while looking for matching `''")
        self.position = found.end()
        return re.sub(r"\\(.)", lambda escape: _ANSI.get(escape[1], escape[0]), found[1], flags=re.DOTALL)

    def _double(self) -> list[Part]:
        """The parts of a text in double quotes; at least one, so that `""` is a word."""
        self.position += 1
        parts = self._quoted_parts('"')
        self.position += 1
        return parts

    def _quoted_parts(self, end: str) -> list[Part]:
        """Parts as in double quotes, up to `end` ("" for the end of the text)."""
        parts: list[Part] = []
        buffer = ""
        while True:
            if self.position >= len(self.text):
                if end:
                    raise Unfinished(f"unexpected EOF while looking for matching `{end}'")
                break
            char = self.text[self.position]
            if char == end:
                break
            if char == "\\" and self.text[self.position + 1 : self.position + 2] in (end, "\\", "$", "`", "\n"):
                following = self.text[self.position + 1]
                buffer += "" if following == "\n" else following
                self.position += 2
                continue
            found = self._dollar(quoted=True) if char == "$" else None
            if char == "`":
                found = self._backquoted(quoted=True)
            if found is None:
                buffer += char
                self.position += 1
                continue
            parts += [Text(buffer, True), found] if buffer else [found]
            buffer = ""
        if buffer or not parts:
            parts.append(Text(buffer, True))
        return parts

    def _backquoted(self, *, quoted: bool) -> Substitution:
        found = re.compile(r"`((?:[^`\\]|\\.)*)`", re.DOTALL).match(self.text, self.position)
        if found is None:
            raise Unfinished("unexpected EOF while looking for matching ``'")
        self.position = found.end()
        body = re.sub(r"\\([`\\$])", r"\1", found[1])
        return Substitution(self._parse(body, self._depth + 1), quoted)

    def _dollar(self, *, quoted: bool) -> Part | None:
        """What the dollar here begins; None where it is only a dollar."""
        start = self.position
        if self.text.startswith("$((", start):
            end = self._matching(start + 2, "(", ")")
            if self.text.startswith(")", end + 1):
                self.position = end + 2
                return Sum(self.inner(self.text[start + 3 : end]), quoted)
        if self.text.startswith("$(", start):
            end = self._matching(start + 1, "(", ")")
            self.position = end + 1
            return Substitution(self._parse(self.text[start + 2 : end], self._depth + 1), quoted)
        if self.text.startswith("${", start):
            end = self._matching(start + 1, "{", "}")
            self.position = end + 1
            return self._braced(self.text[start + 2 : end], quoted)
        found = _NAME.match(self.text, start + 1)
        if found is None:
            return None
        self.position = found.end()
        return Variable(found[0], quoted)

    def _braced(self, body: str, quoted: bool) -> Variable:
        bad = ShellSyntaxError(f"${{{body}}}: bad substitution")
        if body == "#":
            return Variable("#", quoted)
        found = _BRACED.match(body)
        if found is None or found[1]:
            raise bad
        name, length, rest = found[3], bool(found[2]), body[found.end() :]
        index: Word | None = None
        if rest.startswith("["):
            close = rest.find("]")
            if close < 0:
                raise bad
            index, rest = self.inner(rest[1:close]), rest[close + 1 :]
        if not rest:
            return Variable(name, quoted, index=index, length=length)
        for operator in _PARAMETER_OPERATORS:
            if rest.startswith(operator) and not length:
                arguments = self._parameter_arguments(operator, rest[len(operator) :])
                return Variable(name, quoted, operator, arguments, index)
        raise bad

    def _parameter_arguments(self, operator: str, text: str) -> tuple[Word, ...]:
        separator = {"/": "/", ":": ":"}.get(operator[0] if operator in ("/", "//", "/#", "/%", ":") else "")
        if separator is None:
            return (self.inner(text),)
        pieces = re.split(rf"(?<!\\){separator}", text, maxsplit=1)
        return tuple(self.inner(piece) for piece in pieces)

    def inner(self, text: str) -> Word:
        """A text within `${…}` or `$((…))`: quotes and dollars count, blanks do not part words."""
        inner = Lexer(text, self._parse, self._depth + 1)
        parts: list[Part] = []
        plain = ""
        while inner.position < len(text):
            char = text[inner.position]
            part = inner._part(char)
            if part is None:
                plain += char
                inner.position += 1
                continue
            if plain:
                parts.append(Text(plain))
                plain = ""
            parts.extend(part)
        if plain:
            parts.append(Text(plain))
        return Word(tuple(parts))

    def _matching(self, start: int, opener: str, closer: str) -> int:
        """Where the bracket at `start` is closed; quotes and escapes are passed over."""
        depth, position, text = 0, start, self.text
        while position < len(text):
            char = text[position]
            if char == "\\":
                position += 1
            elif char == "'" and not (opener == "{" and self._in_double(start)):
                end = text.find("'", position + 1)
                position = len(text) if end < 0 else end
            elif char == '"':
                found = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL).match(text, position)
                position = found.end() - 1 if found else len(text)
            elif char == opener:
                depth += 1
            elif char == closer:
                depth -= 1
                if depth == 0:
                    return position
            position += 1
        raise Unfinished(f"unexpected EOF while looking for matching `{closer}'")

    def _in_double(self, position: int) -> bool:
        """Whether an odd number of double quotes stands before a position."""
        return len(re.findall(r'(?<!\\)"', self.text[:position])) % 2 == 1

    def _expect_here_document(self, operator: Token, token: Token) -> None:
        delimiter = "".join(part.text for part in token.word.parts if isinstance(part, Text))
        quoted = any(part.quoted for part in token.word.parts)
        self._pending.append(_HereDocument(delimiter, not quoted, operator.operator == "<<-", token))

    def _read_here_documents(self, *, at_end: bool = False) -> None:
        """Takes the lines up to each delimiter; a text that ends before it counts up to its end."""
        for document in self._pending:
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
            else:
                self.lacks_end = True
            body = "".join(f"{line}\n" for line in lines)
            if document.expands:
                inner = Lexer(body, self._parse, self._depth + 1)
                document.token.word = Word(tuple(inner._quoted_parts("")))
            else:
                document.token.word = Word((Text(body, True),))
        self._pending.clear()
