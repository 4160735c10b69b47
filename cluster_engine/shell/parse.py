"""From a line to a tree: lists, pipelines, commands and compound commands. A subset of bash's grammar."""

from __future__ import annotations

import re
from dataclasses import replace

from cluster_engine.shell.lexer import Lexer, Token
from cluster_engine.shell.syntax import (
    AndOr,
    Assignment,
    Calculation,
    Case,
    Command,
    CountingFor,
    For,
    Function,
    Group,
    If,
    Pipeline,
    Redirection,
    Script,
    ShellSyntaxError,
    Simple,
    Test,
    Text,
    Unfinished,
    While,
    Word,
)

MAX_LENGTH = 512 * 1024
MAX_NESTING = 30
_REDIRECTIONS = frozenset({"&>>", "&>", "<<<", "<<-", "<<", ">>", ">&", ">|", "<", ">", "<&"})
_ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)(?:\[([^\]]*)\])?(\+?)=")
_NAME = re.compile(r"[A-Za-z_][\w-]*\Z")
# Words that end a list within a compound command.
_CLOSERS = frozenset({"do", "done", "then", "elif", "else", "fi", "esac", "}"})


def parse(text: str, depth: int = 0) -> Script:
    """The tree of a line or of several. Raises `ShellSyntaxError`."""
    if len(text) > MAX_LENGTH:
        raise ShellSyntaxError(f"the line is too long: {len(text):,} characters, at most {MAX_LENGTH:,} are read")
    lexer = Lexer(text, parse, depth)
    return _Parser(lexer.tokens(), lexer).whole()


def is_unfinished(text: str) -> bool:
    """Whether a shell would ask for another line."""
    lexer = Lexer(text, parse)
    try:
        _Parser(lexer.tokens(), lexer).whole()
    except Unfinished:
        return True
    except ShellSyntaxError:
        return False
    return lexer.lacks_end or (text.endswith("\\") and not text.endswith("\\\\"))


class _Parser:
    """A descent over the tokens."""

    def __init__(self, tokens: list[Token], lexer: Lexer) -> None:
        self.tokens = tokens
        self.lexer = lexer
        self.position = 0
        self.nesting = 0

    def _look(self) -> Token | None:
        return self.tokens[self.position] if self.position < len(self.tokens) else None

    def _operator(self) -> str:
        token = self._look()
        return token.operator if token else ""

    def _plain(self) -> str | None:
        """The next word, when it is plain text: a reserved word, perhaps."""
        token = self._look()
        return token.word.plain if token and not token.operator and token.calculation is None else None

    def _unexpected(self) -> ShellSyntaxError:
        token = self._look()
        if token is None:
            return Unfinished("syntax error: unexpected end of file")
        return ShellSyntaxError(f"syntax error near unexpected token `{token.shown}'")

    def _expect(self, word: str) -> None:
        if self._plain() != word:
            raise self._unexpected()
        self.position += 1

    def _expect_operator(self, operator: str) -> None:
        if self._operator() != operator:
            raise self._unexpected()
        self.position += 1

    def _skip_newlines(self) -> bool:
        """Skips empty lines; whether anything is left."""
        while self._operator() == "\n":
            self.position += 1
        return self._look() is not None

    def whole(self) -> Script:
        script = self._list(frozenset(), "")
        if self._look() is not None:
            raise self._unexpected()
        return script

    def _list(self, closers: frozenset[str], closing: str) -> Script:
        """Commands up to one of the closing words, the closing operator, or the end."""
        nodes: list[AndOr] = []
        while self._skip_newlines():
            if self._plain() in closers or (closing and self._operator() in closing.split()):
                break
            start = self.tokens[self.position].start
            node = self._and_or()
            end = self.tokens[self.position - 1].end
            operator = self._operator()
            text = self.lexer.text[start:end] if operator == "&" else ""
            nodes.append(AndOr(node.first, node.rest, operator == "&", text))
            if operator in (";", "\n", "&"):
                self.position += 1
            elif self._look() is not None and operator not in (closing.split() if closing else ()):
                raise self._unexpected()
            elif self._look() is None:
                break
        return tuple(nodes)

    def _body(self, *closers: str) -> Script:
        """A list that must not be empty and that one of the words ends, which is left."""
        body = self._list(frozenset(closers), "")
        if not body or self._plain() not in closers:
            raise self._unexpected()
        return body

    def _and_or(self) -> AndOr:
        first = self._pipeline()
        rest: list[tuple[str, Pipeline]] = []
        while (operator := self._operator()) in ("&&", "||"):
            self.position += 1
            self._skip_newlines()
            rest.append((operator, self._pipeline()))
        return AndOr(first, tuple(rest))

    def _pipeline(self) -> Pipeline:
        negated = timed = False
        while (word := self._plain()) in ("!", "time"):
            negated, timed = negated != (word == "!"), timed or word == "time"
            self.position += 1
        if timed and self._look() is None:
            return Pipeline((), negated, timed)
        commands = [self._command()]
        while self._operator() in ("|", "|&"):
            if self._operator() == "|&":
                commands[-1] = _with(commands[-1], Redirection(2, ">&", Word((Text("1"),))))
            self.position += 1
            self._skip_newlines()
            commands.append(self._command())
        return Pipeline(tuple(commands), negated, timed)

    def _command(self) -> Command:
        self.nesting += 1
        if self.nesting > MAX_NESTING:
            raise ShellSyntaxError(f"commands in commands are nested more than {MAX_NESTING} deep")
        command = self._compound()
        if command is None:
            command = self._simple()
        elif not isinstance(command, Function):
            while (token := self._look()) is not None and token.operator in _REDIRECTIONS:
                command = _with(command, self._redirection(token))
        self.nesting -= 1
        return command

    def _compound(self) -> Command | None:
        token = self._look()
        if token is None:
            return None
        if token.calculation is not None:
            self.position += 1
            return Calculation(self.lexer.inner(token.calculation))
        if token.operator == "(":
            self.position += 1
            body = self._list(frozenset(), ")")
            if not body:
                raise self._unexpected()
            self._expect_operator(")")
            return Group(body, subshell=True)
        word = token.word.plain
        if word is None or token.operator:
            return None
        if word in _CLOSERS:
            raise self._unexpected()
        method = {
            "for": self._for, "while": self._while, "until": self._while, "if": self._if, "case": self._case,
            "function": self._function, "{": self._group, "[[": self._test,
        }.get(word)  # fmt: skip
        if method is not None:
            return method()
        if self._is_function():
            return self._function()
        if word == "select":
            raise ShellSyntaxError('the terminal\'s shell does not have "select"')
        return None

    def _for(self) -> Command:
        self.position += 1
        token = self._look()
        if token is not None and token.calculation is not None:
            return self._counting_for(token.calculation)
        name = self._plain() or ""
        if not _NAME.match(name):
            if token is None:
                raise self._unexpected()
            raise ShellSyntaxError(f"`{token.shown}': not a valid identifier")
        self.position += 1
        words: list[Word] | None = None
        self._skip_newlines()
        if self._plain() == "in":
            self.position += 1
            words = []
            while (token := self._look()) is not None and not token.operator:
                words.append(token.word)
                self.position += 1
        return For(name, None if words is None else tuple(words), self._do())

    def _counting_for(self, text: str) -> Command:
        self.position += 1
        pieces = text.split(";")
        if len(pieces) != 3:
            raise ShellSyntaxError("syntax error: arithmetic expression required")
        first, condition, after = (self.lexer.inner(piece) for piece in pieces)
        return CountingFor(first, condition, after, self._do())

    def _do(self) -> Script:
        """`; do … done`"""
        if self._operator() in (";", "\n"):
            self.position += 1
        self._skip_newlines()
        self._expect("do")
        body = self._body("done")
        self.position += 1
        return body

    def _while(self) -> Command:
        until = self._plain() == "until"
        self.position += 1
        condition = self._body("do")
        return While(condition, self._do(), until)

    def _if(self) -> Command:
        branches: list[tuple[Script, Script]] = []
        otherwise: Script = ()
        while True:
            self.position += 1
            condition = self._body("then")
            self.position += 1
            branches.append((condition, self._body("elif", "else", "fi")))
            word = self._plain()
            if word == "elif":
                continue
            self.position += 1
            if word == "else":
                otherwise = self._body("fi")
                self.position += 1
            return If(tuple(branches), otherwise)

    def _case(self) -> Command:
        self.position += 1
        token = self._look()
        if token is None or token.operator:
            raise self._unexpected()
        subject = token.word
        self.position += 1
        self._skip_newlines()
        self._expect("in")
        items: list[tuple[tuple[Word, ...], Script, str]] = []
        while self._skip_newlines() and self._plain() != "esac":
            items.append(self._case_item())
        self._expect("esac")
        return Case(subject, tuple(items))

    def _case_item(self) -> tuple[tuple[Word, ...], Script, str]:
        if self._operator() == "(":
            self.position += 1
        patterns: list[Word] = []
        while True:
            token = self._look()
            if token is None or token.operator:
                raise self._unexpected()
            patterns.append(token.word)
            self.position += 1
            if self._operator() != "|":
                break
            self.position += 1
        self._expect_operator(")")
        body = self._list(frozenset({"esac"}), ";; ;& ;;&")
        ending = self._operator()
        if ending in (";;", ";&", ";;&"):
            self.position += 1
        return tuple(patterns), body, ending or ";;"

    def _is_function(self) -> bool:
        """Whether `name ( )` comes next."""
        following = [token.operator for token in self.tokens[self.position + 1 : self.position + 3]]
        return following == ["(", ")"] and bool(_NAME.match(self._plain() or ""))

    def _function(self) -> Command:
        if self._plain() == "function":
            self.position += 1
        name = self._plain() or ""
        if not _NAME.match(name):
            raise self._unexpected()
        self.position += 1
        if self._operator() == "(":
            self.position += 1
            self._expect_operator(")")
        self._skip_newlines()
        body = self._command()
        if isinstance(body, Simple | Function):
            raise ShellSyntaxError(f"syntax error near the body of function `{name}'")
        return Function(name, body)

    def _group(self) -> Command:
        self.position += 1
        body = self._body("}")
        self.position += 1
        return Group(body, subshell=False)

    def _test(self) -> Command:
        self.position += 1
        tokens: list[Word | str] = []
        while (token := self._look()) is not None:
            self.position += 1
            if token.word.plain == "]]" and not token.operator:
                if not tokens:
                    raise ShellSyntaxError("syntax error near `]]'")
                return Test(tuple(tokens))
            if token.operator not in ("", "&&", "||", "(", ")", "<", ">", "\n"):
                self.position -= 1
                raise self._unexpected()
            if token.operator != "\n":
                tokens.append(token.operator or ("!" if token.word.plain == "!" else token.word))
        raise self._unexpected()

    def _simple(self) -> Simple:
        assignments: list[Assignment] = []
        words: list[Word] = []
        redirections: list[Redirection] = []
        while (token := self._look()) is not None and token.calculation is None:
            if token.operator in _REDIRECTIONS:
                redirections.append(self._redirection(token))
                continue
            if token.operator:
                break
            self.position += 1
            assigned = assignment_of(token.word) if not words else None
            if assigned:
                assignments.append(assigned)
            else:
                words.append(token.word)
        if not assignments and not words and not redirections:
            raise self._unexpected()
        return Simple(tuple(assignments), tuple(words), tuple(redirections))

    def _redirection(self, token: Token) -> Redirection:
        self.position += 1
        target = self._look()
        if target is None or target.operator:
            if target is None:
                raise ShellSyntaxError("syntax error near unexpected token `newline'")
            raise self._unexpected()
        self.position += 1
        operator = {">|": ">", "<<-": "<<", "<&": "<"}.get(token.operator, token.operator)
        if operator in ("&>", "&>>"):
            return Redirection(-1, ">" if operator == "&>" else ">>", target.word)
        if operator == ">&" and token.fd is None and not (target.word.plain or "").rstrip("-").isdigit():
            return Redirection(-1, ">", target.word)
        default = 0 if operator.startswith("<") else 1
        fd = token.fd if token.fd is not None else default
        return Redirection(fd, operator, target.word)  # type: ignore[arg-type]


def assignment_of(word: Word) -> Assignment | None:
    """The assignment that a word is, or None."""
    first = word.parts[0] if word.parts else None
    if not isinstance(first, Text) or first.quoted:
        return None
    found = _ASSIGNMENT.match(first.text)
    if found is None:
        return None
    rest = first.text[found.end() :]
    value = Word((*((Text(rest),) if rest else ()), *word.parts[1:]))
    index = None if found[2] is None else Word((Text(found[2]),))
    return Assignment(found[1], value, bool(found[3]), index)


def _with(command: Command, redirection: Redirection) -> Command:
    return replace(command, redirections=(*command.redirections, redirection))
