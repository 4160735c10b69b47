"""From a text to a tree. The grammar is POSIX sh's, with `[[`, `((` and `function` of bash."""

from __future__ import annotations

import re
from functools import lru_cache

from cluster_engine.sh.scanner import REDIRECTIONS, HereDocument, Scanner, Token
from cluster_engine.sh.syntax import (
    AndOr,
    Calculation,
    Case,
    Command,
    CountingFor,
    For,
    Function,
    Group,
    If,
    Parameter,
    Part,
    Pipeline,
    Redirection,
    Script,
    ShellSyntaxError,
    Simple,
    Text,
    While,
    Word,
)

MAX_LENGTH = 256 * 1024
_ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)=")
_FUNCTION_NAME = re.compile(r"[A-Za-z_][\w.-]*")
_CLOSERS = frozenset({"then", "do", "done", "fi", "elif", "else", "esac", "}", ")"})


@lru_cache(maxsize=512)
def parse(text: str) -> Script:
    """The tree of a script. Raises `ShellSyntaxError`."""
    if len(text) > MAX_LENGTH:
        raise ShellSyntaxError(f"the script is too long: at most {MAX_LENGTH:,} characters are read")
    parser = _Parser(Scanner(text.replace("\r\n", "\n"), _parse_inner))
    script = parser.script(frozenset())
    if not parser.token.is_end:
        raise parser.unexpected()
    return script


def _parse_inner(text: str, position: int, depth: int) -> tuple[Script, int]:
    parser = _Parser(Scanner(text, _parse_inner, position, depth))
    script = parser.script(frozenset({")"}))
    if parser.token.operator != ")":
        raise parser.unexpected()
    return script, parser.scanner.position


class _Parser:
    """A descent with one token of look-ahead."""

    def __init__(self, scanner: Scanner) -> None:
        self.scanner = scanner
        self.token = scanner.next()

    def _advance(self) -> Token:
        taken = self.token
        self.token = self.scanner.next()
        return taken

    @property
    def _keyword(self) -> str:
        return (self.token.word.plain or "") if self.token.word else ""

    def unexpected(self) -> ShellSyntaxError:
        shown = self.token.shown
        if self.token.is_end:
            return ShellSyntaxError("unexpected end of file", incomplete=True)
        return ShellSyntaxError(f'unexpected "{shown}"' if shown != "newline" else "unexpected newline")

    def _expect(self, word: str) -> None:
        if self._keyword != word and self.token.operator != word:
            raise self.unexpected()
        self._advance()

    def _skip_newlines(self) -> None:
        while self.token.operator == "\n":
            self._advance()

    # Lists.

    def script(self, ends: frozenset[str]) -> Script:
        """Commands up to one of `ends` at the beginning of a command, or the end of the text."""
        lists: list[AndOr] = []
        while True:
            while self.token.operator in ("\n", ";") and (lists or self.token.operator == "\n"):
                self._advance()
            if self.token.is_end or self._keyword in ends or self.token.operator in ends:
                return Script(tuple(lists))
            if self._keyword in _CLOSERS or self.token.operator == ")":
                raise self.unexpected()
            lists.append(self._and_or())
            if self.token.operator not in ("\n", ";") and not lists[-1].background:
                if not (self.token.is_end or self.token.operator in ends or self._keyword in ends):
                    raise self.unexpected()

    def _body(self, *ends: str) -> Script:
        script = self.script(frozenset(ends))
        if not script.lists:
            raise self.unexpected()
        return script

    def _and_or(self) -> AndOr:
        line = self.token.line
        first = self._pipeline()
        rest: list[tuple[str, Pipeline]] = []
        while self.token.operator in ("&&", "||"):
            operator = self._advance().operator
            self._skip_newlines()
            rest.append((operator, self._pipeline()))
        background = self.token.operator == "&"
        if background:
            self._advance()
        return AndOr(first, tuple(rest), background, line)

    def _pipeline(self) -> Pipeline:
        negated = False
        while self._keyword == "!":
            negated = not negated
            self._advance()
        commands = [self._command()]
        while self.token.operator in ("|", "|&"):
            if self._advance().operator == "|&":
                commands[-1] = _with(commands[-1], Redirection(2, ">&", Word((Text("1", False),))))
            self._skip_newlines()
            commands.append(self._command())
        return Pipeline(tuple(commands), negated)

    # Commands.

    def _command(self) -> Command:
        compound = self._compound()
        if compound is None:
            return self._simple()
        while self.token.operator in REDIRECTIONS:
            compound = _with(compound, self._redirection())
        return compound

    def _compound(self) -> Command | None:
        if self.token.operator == "(":
            return self._parenthesis()
        match self._keyword:
            case "if":
                return self._if()
            case "while" | "until":
                until = self._advance().shown == "until"
                condition = self._body("do")
                return While(condition, self._do_group(), until)
            case "for":
                return self._for()
            case "case":
                return self._case()
            case "{":
                self._advance()
                body = self._body("}")
                self._expect("}")
                return Group(body, subshell=False)
            case "function":
                self._advance()
                name = self._advance().shown
                if self.token.operator == "(":
                    self._advance()
                    self._expect(")")
                return self._function(name)
        return None

    def _parenthesis(self) -> Command:
        scanner = self.scanner
        if scanner.text.startswith("(", scanner.position):
            scanner.position += 1
            expression = scanner.calculation()
            self._advance()
            return Calculation(expression)
        self._advance()
        body = self._body(")")
        self._expect(")")
        return Group(body, subshell=True)

    def _do_group(self) -> Script:
        self._skip_newlines()
        self._expect("do")
        body = self._body("done")
        self._expect("done")
        return body

    def _if(self) -> Command:
        branches: list[tuple[Script, Script]] = []
        otherwise: Script | None = None
        while self._keyword in ("if", "elif"):
            self._advance()
            condition = self._body("then")
            self._expect("then")
            branches.append((condition, self._body("elif", "else", "fi")))
        if self._keyword == "else":
            self._advance()
            otherwise = self._body("fi")
        self._expect("fi")
        return If(tuple(branches), otherwise)

    def _for(self) -> Command:
        self._advance()
        if self.token.operator == "(":
            return self._counting_for()
        name = self._advance().shown
        if not _ASSIGNMENT.match(name + "="):
            raise ShellSyntaxError("bad for loop variable")
        self._skip_newlines()
        words: list[Word] | None = None
        if self._keyword == "in":
            self._advance()
            words = []
            while self.token.word is not None:
                words.append(self._advance().word or Word(()))
        if self.token.operator == ";":
            self._advance()
        return For(name, tuple(words) if words is not None else None, self._do_group())

    def _counting_for(self) -> Command:
        scanner = self.scanner
        if not scanner.text.startswith("(", scanner.position):
            raise self.unexpected()
        scanner.position += 1
        start = scanner.calculation(";")
        condition = scanner.calculation(";")
        step = scanner.calculation()
        self._advance()
        if self.token.operator == ";":
            self._advance()
        return CountingFor(start, condition, step, self._do_group())

    def _case(self) -> Command:
        self._advance()
        word = self._advance().word
        if word is None:
            raise self.unexpected()
        self._skip_newlines()
        self._expect("in")
        self._skip_newlines()
        branches: list[tuple[tuple[Word, ...], Script]] = []
        while self._keyword != "esac":
            if self.token.operator == "(":
                self._advance()
            patterns = []
            while self.token.word is not None:
                patterns.append(self.token.word)
                self._advance()
                if self.token.operator == "|":
                    self._advance()
            self._expect(")")
            branches.append((tuple(patterns), self.script(frozenset({";;", "esac"}))))
            if self.token.operator == ";;":
                self._advance()
                self._skip_newlines()
            elif self._keyword != "esac":
                raise self.unexpected()
        self._advance()
        return Case(word, tuple(branches))

    def _function(self, name: str) -> Command:
        self._skip_newlines()
        body = self._command()
        return Function(name, body)

    # Simple commands.

    def _simple(self) -> Command:
        assignments: list[tuple[str, Word]] = []
        words: list[Word] = []
        redirections: list[Redirection] = []
        while not self.token.is_end:
            if self.token.operator in REDIRECTIONS:
                redirections.append(self._redirection())
                continue
            if self.token.operator == "(" and len(words) == 1 and not assignments:
                return self._definition(words[0])
            word = self.token.word
            if word is None:
                break
            if not words and (assigned := _assignment(word)) is not None:
                assignments.append(assigned)
            elif not words and word.plain == "[[":
                words = self._conditional()
                break
            else:
                words.append(word)
            self._advance()
        if not assignments and not words and not redirections:
            raise self.unexpected()
        while self.token.operator in REDIRECTIONS:
            redirections.append(self._redirection())
        return Simple(tuple(assignments), tuple(words), tuple(redirections))

    def _definition(self, word: Word) -> Command:
        name = word.plain or ""
        if not _FUNCTION_NAME.fullmatch(name):
            raise self.unexpected()
        self._advance()
        self._expect(")")
        return self._function(name)

    def _conditional(self) -> list[Word]:
        """`[[ … ]]`: operators inside are words, and nothing is split."""
        words: list[Word] = []
        while True:
            token = self.token
            if token.is_end or token.operator == "\n":
                raise self.unexpected()
            word = token.word or Word((Text(token.operator, True),))
            closes = word.plain == "]]"
            self.scanner.expects_regex = word.plain == "=~"
            words.append(word if word.plain is not None else Word(tuple(_quoted(part) for part in word.parts)))
            self._advance()
            if closes:
                return words

    def _redirection(self) -> Redirection:
        token = self._advance()
        target = self.token.word
        if target is None:
            raise self.unexpected()
        operator = token.operator
        if operator in ("<<", "<<-"):
            document = HereDocument(
                target.source,
                all(isinstance(p, Text) and not p.quoted for p in target.parts),
                operator == "<<-",
                Word(()),
            )
            self.scanner.pending.append(document)
            self._advance()
            return Redirection(token.fd or 0, "<<", document.word)
        self._advance()
        if operator in ("&>", "&>>") or (operator == ">&" and token.fd is None and not _is_fd(target)):
            return Redirection(-1, ">>" if operator == "&>>" else ">", target)
        default = 0 if operator.startswith("<") else 1
        return Redirection(default if token.fd is None else token.fd, ">" if operator == ">|" else operator, target)


def _is_fd(word: Word) -> bool:
    plain = word.plain or ""
    return plain == "-" or plain.isdigit()


def _quoted(part: Part) -> Part:
    if isinstance(part, Parameter):
        return Parameter(part.name, True, part.operator, part.argument)
    return part


def _with(command: Command, redirection: Redirection) -> Command:
    """The command with one more redirection; a function definition has none of its own."""
    if isinstance(command, Function):
        return Function(command.name, _with(command.body, redirection))
    fields = {name: getattr(command, name) for name in command.__slots__}
    fields["redirections"] = (*fields["redirections"], redirection)
    return type(command)(**fields)


def _assignment(word: Word) -> tuple[str, Word] | None:
    """(name, value) of `NAME=value`."""
    if not word.parts or not isinstance(first := word.parts[0], Text) or first.quoted:
        return None
    found = _ASSIGNMENT.match(first.text)
    if found is None:
        return None
    rest = first.text[found.end() :]
    head: tuple[Part, ...] = (Text(rest, False),) if rest else ()
    return found[1], Word((*head, *word.parts[1:]))
