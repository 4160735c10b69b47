"""Reads Go templates. Follows text/template/parse closely enough for `-o go-template`."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from cluster_engine.kubectl.printers.template_functions import FUNCTIONS

MAX_TEMPLATE = 10_000


class TemplateError(ValueError):
    """A template that cannot be read or executed; the message is what follows `template: output:`."""


class Token(str):
    """A part of a template, with its place in it."""

    __slots__ = ("joined", "place")
    place: str
    # Whether it stands right behind a closing bracket: `(index .items 0).kind`.
    joined: bool

    @classmethod
    def at(cls, text: str, template: str, offset: int) -> Token:
        token = cls(text)
        line = template.count("\n", 0, offset) + 1
        token.joined = False
        token.place = f"{line}:{offset - template.rfind(chr(10), 0, offset) - 1}"
        return token


_ACTION = re.compile(
    r"\{\{(- )?\s*((?:[^}\"`']|\"(?:\\.|[^\"\\])*\"|`[^`]*`|'(?:\\.|[^'])*'|\}(?!\}))*?)\s*( -)?\}\}", re.DOTALL
)
_TOKEN = re.compile(
    r"""\s*(?P<token>:=|=|\||,|\(|\)|"(?:\\.|[^"\\])*"|`[^`]*`|\$\w*(?:\.\w+)*|(?:\.[A-Za-z_]\w*)+|\.|-?\d+(?:\.\d+)?|[A-Za-z_]\w*)"""
)
# Words of a pipeline that are no functions.
_WORDS = ("true", "false", "nil")
# (a part of an action, where it stands in the action) -> its tokens
_Reader = Callable[[str, int], list["Token"]]


@dataclass(slots=True)
class Block:
    """`if`, `range` or `with`: a pipeline, what is done with it, and what without."""

    word: str
    names: list[str]
    pipeline: list[Any]
    body: list[Any] = field(default_factory=list)
    otherwise: list[Any] = field(default_factory=list)


@dataclass(slots=True)
class Print:
    pipeline: list[Any]
    assign: str = ""


@dataclass(slots=True)
class Call:
    """`{{template "name" pipeline}}`."""

    name: str
    pipeline: list[Any]


@dataclass(slots=True)
class Chain:
    """Fields of what brackets give."""

    pipeline: list[Any]
    fields: Token


class Jump(Exception):
    """`break` and `continue`."""

    def __init__(self, word: str) -> None:
        super().__init__(word)
        self.word = word


@dataclass(slots=True)
class Template:
    """What was read: the nodes, and the templates that it defines."""

    nodes: list[Any] = field(default_factory=list)
    defined: dict[str, list[Any]] = field(default_factory=dict)


def parse(text: str) -> Template:
    """Reads a template; raises `TemplateError`."""
    if len(text) > MAX_TEMPLATE:
        raise TemplateError(f"1: template is longer than {MAX_TEMPLATE} characters")
    template = Template()
    root = template.nodes
    stack: list[tuple[Block, list[Any]]] = []
    current, position, trim = root, 0, False
    for found in _ACTION.finditer(text):
        literal = text[position : found.start()]
        literal = literal.lstrip() if trim else literal
        literal = literal.rstrip() if found[1] else literal
        if literal:
            current.append(literal)
        position, trim = found.end(), bool(found[3])
        current = _action(found[2], current, stack, _reader(text, found.start(2)), template)
    rest = text[position:].lstrip() if trim else text[position:]
    if "{{" in rest:
        raise TemplateError("1: unclosed action")
    if stack:
        raise TemplateError("1: unexpected EOF")
    if rest:
        root.append(rest)
    return template


def _reader(template: str, start: int) -> _Reader:
    """Reads the tokens of the action that begins at `start`."""
    return lambda part, offset: _tokens(part, template, start + offset)


def _action(
    body: str, current: list[Any], stack: list[tuple[Block, list[Any]]], tokens_of: _Reader, template: Template
) -> list[Any]:
    """Adds one action to the nodes, and returns the list to which the next one goes."""
    if body.startswith("/*"):
        return current
    word = body.split(None, 1)[0] if body else ""
    if word in ("if", "range", "with"):
        names, pipeline = _declaration(tokens_of(body[len(word) :], len(word)))
        block = Block(word, names, pipeline)
        current.append(block)
        stack.append((block, current))
        return block.body
    if word == "else":
        if not stack:
            raise TemplateError("1: unexpected {{else}}")
        block, _ = stack[-1]
        rest = body[len("else") :].strip()
        if rest.startswith("if"):
            names, pipeline = _declaration(tokens_of(rest[2:], body.index(rest) + 2))
            inner = Block("if", names, pipeline)
            block.otherwise.append(inner)
            stack[-1] = (inner, stack[-1][1])
            return inner.body
        return block.otherwise
    if word == "end":
        if not stack:
            raise TemplateError("1: unexpected {{end}}")
        return stack.pop()[1]
    if word in ("define", "template", "block"):
        return _named(word, tokens_of(body[len(word) :], len(word)), current, stack, template)
    if word in ("break", "continue"):
        if all(block.word != "range" for block, _ in stack):
            raise TemplateError(f"1: {{{{{word}}}}} outside {{{{range}}}}")
        current.append(Jump(word))
        return current
    names, pipeline = _declaration(tokens_of(body, 0))
    current.append(Print(pipeline, names[0] if names else ""))
    return current


def _named(
    word: str, tokens: list[Token], current: list[Any], stack: list[tuple[Block, list[Any]]], template: Template
) -> list[Any]:
    """`define`, `template` and `block`: parts of a template with names."""
    if not tokens or tokens[0][0] not in '"`':
        raise TemplateError(f"1: unexpected {tokens[0] if tokens else '{{end}}'} in {word} clause")
    name = str(tokens[0][1:-1])
    pipeline = _pipeline(tokens[1:]) if len(tokens) > 1 else []
    if word != "define":
        current.append(Call(name, pipeline))
    if word == "template":
        return current
    block = Block(word, [name], [])
    template.defined[name] = block.body
    stack.append((block, current))
    return block.body


def _tokens(text: str, template: str, offset: int) -> list[Token]:
    """The tokens of a part of the template that begins at `offset`. Raises `TemplateError` for an unknown function."""
    tokens: list[Token] = []
    position = 0
    while text[position:].strip():
        found = _TOKEN.match(text, position)
        if found is None:
            raise TemplateError(f"1: unexpected {text[position:].strip()[:10]!r} in command")
        token = Token.at(found["token"], template, offset + found.start("token"))
        if token[0].isalpha() and token not in _WORDS and token not in FUNCTIONS:
            raise TemplateError(f'{token.place.partition(":")[0]}: function "{token}" not defined')
        token.joined = bool(tokens) and tokens[-1] == ")" and token[0] == "." and found.start("token") == position
        tokens.append(token)
        position = found.end()
    return tokens


def _declaration(tokens: list[Token]) -> tuple[list[str], list[Any]]:
    """(the variables that are set, the pipeline)."""
    names: list[str] = []
    for mark in (":=", "="):
        if mark in tokens:
            index = [str(token) for token in tokens].index(mark)
            names = [str(token) for token in tokens[:index] if token != ","]
            tokens = tokens[index + 1 :]
            break
    if not tokens:
        raise TemplateError("1: missing value for command")
    return names, _pipeline(tokens)


def _pipeline(tokens: list[Token]) -> list[Any]:
    """Commands, each a list of operands."""
    commands: list[Any] = [[]]
    index = 0
    while index < len(tokens):
        token = tokens[index]
        if token == "|":
            commands.append([])
        elif token == "(":
            depth, end = 1, index + 1
            while end < len(tokens) and depth:
                depth += (tokens[end] == "(") - (tokens[end] == ")")
                end += 1
            if depth:
                raise TemplateError("1: unclosed left paren")
            inner: Any = _pipeline(tokens[index + 1 : end - 1])
            if end < len(tokens) and tokens[end].joined:
                inner, end = Chain(inner, tokens[end]), end + 1
            commands[-1].append(inner)
            index = end - 1
        else:
            commands[-1].append(token)
        index += 1
    if any(not command for command in commands):
        raise TemplateError("1: missing value for command")
    return commands
