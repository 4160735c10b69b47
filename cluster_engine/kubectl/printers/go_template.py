"""A small Go template: fields, variables, pipelines, `if`, `range`, `with`, and the functions that people use.

Follows text/template closely enough for `-o go-template`; what it lacks it refuses with a message.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from cluster_engine.kubectl.printers.custom_columns import go_text
from cluster_engine.kubectl.printers.template_functions import FUNCTIONS, NOTHING, is_true

MAX_TEMPLATE = 10_000
MAX_STEPS = 200_000
MAX_DEPTH = 30


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
class _Block:
    """`if`, `range` or `with`: a pipeline, what is done with it, and what without."""

    word: str
    names: list[str]
    pipeline: list[Any]
    body: list[Any] = field(default_factory=list)
    otherwise: list[Any] = field(default_factory=list)


@dataclass(slots=True)
class _Print:
    pipeline: list[Any]
    assign: str = ""


@dataclass(slots=True)
class _Call:
    """`{{template "name" pipeline}}`."""

    name: str
    pipeline: list[Any]


@dataclass(slots=True)
class _Chain:
    """Fields of what brackets give."""

    pipeline: list[Any]
    fields: Token


class _Jump(Exception):
    """`break` and `continue`."""

    def __init__(self, word: str) -> None:
        super().__init__(word)
        self.word = word


@dataclass(slots=True)
class Template:
    """What was read: the nodes, and the templates that it defines."""

    nodes: list[Any] = field(default_factory=list)
    defined: dict[str, list[Any]] = field(default_factory=dict)


class _State:
    def __init__(self, root: Any, defined: dict[str, list[Any]]) -> None:
        self.defined = defined
        self.depth = 0
        self.variables: list[tuple[str, Any]] = [("$", root)]
        self.out: list[str] = []
        self.steps = 0

    def lookup(self, name: str) -> Any:
        for known, value in reversed(self.variables):
            if known == name:
                return value
        raise TemplateError(f'1: undefined variable "{name}"')


def parse(text: str) -> Template:
    """Reads a template; raises `TemplateError`."""
    if len(text) > MAX_TEMPLATE:
        raise TemplateError(f"1: template is longer than {MAX_TEMPLATE} characters")
    template = Template()
    root = template.nodes
    stack: list[tuple[_Block, list[Any]]] = []
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
    body: str, current: list[Any], stack: list[tuple[_Block, list[Any]]], tokens_of: _Reader, template: Template
) -> list[Any]:
    """Adds one action to the nodes, and returns the list to which the next one goes."""
    if body.startswith("/*"):
        return current
    word = body.split(None, 1)[0] if body else ""
    if word in ("if", "range", "with"):
        names, pipeline = _declaration(tokens_of(body[len(word) :], len(word)))
        block = _Block(word, names, pipeline)
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
            inner = _Block("if", names, pipeline)
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
        current.append(_Jump(word))
        return current
    names, pipeline = _declaration(tokens_of(body, 0))
    current.append(_Print(pipeline, names[0] if names else ""))
    return current


def _named(
    word: str, tokens: list[Token], current: list[Any], stack: list[tuple[_Block, list[Any]]], template: Template
) -> list[Any]:
    """`define`, `template` and `block`: parts of a template with names."""
    if not tokens or tokens[0][0] not in '"`':
        raise TemplateError(f"1: unexpected {tokens[0] if tokens else '{{end}}'} in {word} clause")
    name = str(tokens[0][1:-1])
    pipeline = _pipeline(tokens[1:]) if len(tokens) > 1 else []
    if word != "define":
        current.append(_Call(name, pipeline))
    if word == "template":
        return current
    block = _Block(word, [name], [])
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
                inner, end = _Chain(inner, tokens[end]), end + 1
            commands[-1].append(inner)
            index = end - 1
        else:
            commands[-1].append(token)
        index += 1
    if any(not command for command in commands):
        raise TemplateError("1: missing value for command")
    return commands


def execute(template: Template, data: Any) -> str:
    """The text of a template for an object; raises `TemplateError`."""
    state = _State(data, template.defined)
    _run(template.nodes, state, data)
    return "".join(state.out)


def _call(node: _Call, state: _State, dot: Any) -> None:
    """Another template, with a `$` of its own."""
    body = state.defined.get(node.name)
    if body is None:
        raise TemplateError(f'1: template "{node.name}" not defined')
    if state.depth >= MAX_DEPTH:
        raise TemplateError(f"1: exceeded maximum template depth ({MAX_DEPTH})")
    value = _evaluate(node.pipeline, state, dot) if node.pipeline else None
    outer, state.variables = state.variables, [("$", value)]
    state.depth += 1
    _run(body, state, value)
    state.depth -= 1
    state.variables = outer


def _run(nodes: list[Any], state: _State, dot: Any) -> None:
    depth = len(state.variables)
    for node in nodes:
        state.steps += 1
        if state.steps > MAX_STEPS:
            raise TemplateError("1: the template takes too long")
        if isinstance(node, str):
            state.out.append(node)
        elif isinstance(node, _Print):
            value = _evaluate(node.pipeline, state, dot)
            if node.assign:
                state.variables.append((node.assign, value))
            else:
                state.out.append(_shown(value))
        elif isinstance(node, _Call):
            _call(node, state, dot)
        elif isinstance(node, _Jump):
            del state.variables[depth:]
            raise node
        elif node.word == "range":
            _range(node, state, dot)
        else:
            value = _evaluate(node.pipeline, state, dot)
            if node.names:
                state.variables.append((node.names[0], value))
            if is_true(value):
                _run(node.body, state, value if node.word == "with" else dot)
            else:
                _run(node.otherwise, state, dot)
    del state.variables[depth:]


def _range(node: _Block, state: _State, dot: Any) -> None:
    value = _evaluate(node.pipeline, state, dot)
    pairs: list[tuple[Any, Any]] = []
    if isinstance(value, dict):
        pairs = sorted(value.items())
    elif isinstance(value, list | tuple):
        pairs = list(enumerate(value))
    elif isinstance(value, int) and not isinstance(value, bool):
        pairs = [(index, index) for index in range(min(value, MAX_STEPS))]
    elif value is not None and value is not NOTHING:
        raise TemplateError(f"1: range can't iterate over {go_text(value)}")
    if not pairs:
        _run(node.otherwise, state, dot)
    for key, item in pairs:
        depth = len(state.variables)
        if len(node.names) == 2:
            state.variables += [(node.names[0], key), (node.names[1], item)]
        elif node.names:
            state.variables.append((node.names[0], item))
        try:
            _run(node.body, state, item)
        except _Jump as jump:
            if jump.word == "break":
                del state.variables[depth:]
                break
        del state.variables[depth:]


def _shown(value: Any) -> str:
    return "<no value>" if value is None or value is NOTHING else go_text(value)


def _evaluate(pipeline: list[Any], state: _State, dot: Any) -> Any:
    value: Any = NOTHING
    for index, command in enumerate(pipeline):
        head, operands = command[0], command[1:]
        if isinstance(head, str) and head in FUNCTIONS:
            values = [_operand(operand, state, dot) for operand in operands]
            if index:
                values.append(value)
            try:
                value = FUNCTIONS[head](values)
            except (IndexError, KeyError, TypeError, ValueError) as error:
                raise _failed(head, _text_of(command), f"error calling {head}: {error}") from None
        elif operands or index:
            raise _failed(head, _text_of(command), f"can't give argument to non-function {head}")
        else:
            value = _operand(head, state, dot)
    return value


def _failed(token: Any, text: str, why: str) -> TemplateError:
    place = token.place if isinstance(token, Token) else "1:0"
    return TemplateError(f'{place}: executing "output" at <{text}>: {why}')


def _text_of(command: Any) -> str:
    """A command as Go prints it."""
    parts = []
    for operand in command:
        if isinstance(operand, _Chain):
            parts.append("(" + " | ".join(_text_of(one) for one in operand.pipeline) + ")" + operand.fields)
        elif isinstance(operand, list):
            parts.append("(" + " | ".join(_text_of(one) for one in operand) + ")")
        else:
            parts.append(str(operand))
    return " ".join(parts)


def _operand(token: Any, state: _State, dot: Any) -> Any:
    if isinstance(token, _Chain):
        return _fields(_evaluate(token.pipeline, state, dot), token.fields[1:].split("."), token.fields)
    if isinstance(token, list):
        return _evaluate(token, state, dot)
    if token == ".":
        return dot
    if token.startswith("."):
        return _fields(dot, token[1:].split("."), token)
    if token.startswith("$"):
        name, *fields = token.split(".")
        return _fields(state.lookup(name), fields, token)
    if token[0] == '"':
        return re.sub(r"\\(.)", lambda found: {"n": "\n", "t": "\t", "r": "\r"}.get(found[1], found[1]), token[1:-1])
    if token[0] == "`":
        return token[1:-1]
    if re.fullmatch(r"-?\d+", token):
        return int(token)
    if re.fullmatch(r"-?\d+\.\d+", token):
        return float(token)
    if token in ("true", "false"):
        return token == "true"
    if token == "nil":
        return None
    if token in FUNCTIONS:
        return FUNCTIONS[token]([])
    raise TemplateError(f'1: function "{token}" not defined')


def _fields(value: Any, names: list[str], token: Any) -> Any:
    for index, name in enumerate(names):
        if value is None or value is NOTHING:
            if index == 0:
                return None
            raise _failed(token, token, f"nil pointer evaluating interface {{}}.{name}")
        if not isinstance(value, dict):
            raise _failed(token, token, f"can't evaluate field {name} in type interface {{}}")
        value = value.get(name)
    return value
