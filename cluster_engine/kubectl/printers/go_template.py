"""A small Go template: fields, variables, pipelines, `if`, `range`, `with`, and the functions that people use.

Follows text/template closely enough for `-o go-template`; what it lacks it refuses with a message.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from cluster_engine.kubectl.printers.custom_columns import go_text

MAX_TEMPLATE = 10_000
MAX_STEPS = 200_000


class TemplateError(ValueError):
    """A template that cannot be read or executed."""


_ACTION = re.compile(
    r"\{\{(- )?\s*((?:[^}\"`']|\"(?:\\.|[^\"\\])*\"|`[^`]*`|'(?:\\.|[^'])*'|\}(?!\}))*?)\s*( -)?\}\}", re.DOTALL
)
_TOKEN = re.compile(
    r"""\s*(?P<token>:=|=|\||,|\(|\)|"(?:\\.|[^"\\])*"|`[^`]*`|\$\w*(?:\.\w+)*|(?:\.[A-Za-z_]\w*)+|\.|-?\d+(?:\.\d+)?|[A-Za-z_]\w*)"""
)
_NOTHING: Any = object()


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


class _State:
    def __init__(self, root: Any) -> None:
        self.variables: list[tuple[str, Any]] = [("$", root)]
        self.out: list[str] = []
        self.steps = 0

    def lookup(self, name: str) -> Any:
        for known, value in reversed(self.variables):
            if known == name:
                return value
        raise TemplateError(f'1: undefined variable "{name}"')


def parse(text: str) -> list[Any]:
    """The nodes of a template; raises `TemplateError`."""
    if len(text) > MAX_TEMPLATE:
        raise TemplateError(f"1: template is longer than {MAX_TEMPLATE} characters")
    root: list[Any] = []
    stack: list[tuple[_Block, list[Any]]] = []
    current, position, trim = root, 0, False
    for found in _ACTION.finditer(text):
        literal = text[position : found.start()]
        literal = literal.lstrip() if trim else literal
        literal = literal.rstrip() if found[1] else literal
        if literal:
            current.append(literal)
        position, trim = found.end(), bool(found[3])
        current = _action(found[2], current, stack)
    rest = text[position:].lstrip() if trim else text[position:]
    if "{{" in rest:
        raise TemplateError("1: unclosed action")
    if stack:
        raise TemplateError("1: unexpected EOF")
    if rest:
        root.append(rest)
    return root


def _action(body: str, current: list[Any], stack: list[tuple[_Block, list[Any]]]) -> list[Any]:
    """Adds one action to the nodes, and returns the list to which the next one goes."""
    if body.startswith("/*"):
        return current
    word = body.split(None, 1)[0] if body else ""
    if word in ("if", "range", "with"):
        names, pipeline = _declaration(_tokens(body[len(word) :]))
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
            names, pipeline = _declaration(_tokens(rest[2:]))
            inner = _Block("if", names, pipeline)
            block.otherwise.append(inner)
            stack[-1] = (inner, stack[-1][1])
            return inner.body
        return block.otherwise
    if word == "end":
        if not stack:
            raise TemplateError("1: unexpected {{end}}")
        return stack.pop()[1]
    if word in ("define", "template", "block", "break", "continue"):
        raise TemplateError(f"1: the terminal's kubectl does not have {{{{{word}}}}} yet")
    names, pipeline = _declaration(_tokens(body))
    current.append(_Print(pipeline, names[0] if names else ""))
    return current


def _tokens(text: str) -> list[str]:
    tokens, position = [], 0
    while text[position:].strip():
        found = _TOKEN.match(text, position)
        if found is None:
            raise TemplateError(f"1: unexpected {text[position:].strip()[:10]!r} in command")
        tokens.append(found["token"])
        position = found.end()
    return tokens


def _declaration(tokens: list[str]) -> tuple[list[str], list[Any]]:
    """(the variables that are set, the pipeline)."""
    names: list[str] = []
    for mark in (":=", "="):
        if mark in tokens:
            index = tokens.index(mark)
            names = [token for token in tokens[:index] if token != ","]
            tokens = tokens[index + 1 :]
            break
    if not tokens:
        raise TemplateError("1: missing value for command")
    return names, _pipeline(tokens)


def _pipeline(tokens: list[str]) -> list[Any]:
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
            commands[-1].append(_pipeline(tokens[index + 1 : end - 1]))
            index = end - 1
        else:
            commands[-1].append(token)
        index += 1
    if any(not command for command in commands):
        raise TemplateError("1: missing value for command")
    return commands


def execute(nodes: list[Any], data: Any) -> str:
    """The text of a template for an object; raises `TemplateError`."""
    state = _State(data)
    _run(nodes, state, data)
    return "".join(state.out)


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
        elif node.word == "range":
            _range(node, state, dot)
        else:
            value = _evaluate(node.pipeline, state, dot)
            if node.names:
                state.variables.append((node.names[0], value))
            if _true(value):
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
    elif value is not None and value is not _NOTHING:
        raise TemplateError(f"1: range can't iterate over {go_text(value)}")
    if not pairs:
        _run(node.otherwise, state, dot)
    for key, item in pairs:
        depth = len(state.variables)
        if len(node.names) == 2:
            state.variables += [(node.names[0], key), (node.names[1], item)]
        elif node.names:
            state.variables.append((node.names[0], item))
        _run(node.body, state, item)
        del state.variables[depth:]


def _shown(value: Any) -> str:
    return "<no value>" if value is None or value is _NOTHING else go_text(value)


def _true(value: Any) -> bool:
    return value is not _NOTHING and bool(value)


def _evaluate(pipeline: list[Any], state: _State, dot: Any) -> Any:
    value: Any = _NOTHING
    for index, command in enumerate(pipeline):
        head, operands = command[0], command[1:]
        if isinstance(head, str) and head in _FUNCTIONS:
            values = [_operand(operand, state, dot) for operand in operands]
            if index:
                values.append(value)
            try:
                value = _FUNCTIONS[head](values)
            except (IndexError, KeyError, TypeError, ValueError) as error:
                raise TemplateError(f"1: error calling {head}: {error}") from None
        elif operands or index:
            raise TemplateError(f"1: can't give argument to non-function {head}")
        else:
            value = _operand(head, state, dot)
    return value


def _operand(token: Any, state: _State, dot: Any) -> Any:
    if isinstance(token, list):
        return _evaluate(token, state, dot)
    if token == ".":
        return dot
    if token.startswith("."):
        return _fields(dot, token[1:].split("."))
    if token.startswith("$"):
        name, *fields = token.split(".")
        return _fields(state.lookup(name), fields)
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
    if token in _FUNCTIONS:
        return _FUNCTIONS[token]([])
    raise TemplateError(f'1: function "{token}" not defined')


def _fields(value: Any, names: list[str]) -> Any:
    for name in names:
        if value is None or value is _NOTHING:
            return None
        if not isinstance(value, dict):
            raise TemplateError(f"1: can't evaluate field {name} in type interface {{}}")
        value = value.get(name)
    return value


def _index(values: list[Any]) -> Any:
    item = values[0]
    for key in values[1:]:
        if item is None:
            raise ValueError("index of untyped nil")
        if isinstance(item, dict):
            item = item.get(key)
        elif not 0 <= key < len(item):
            raise ValueError(f"reflect: slice index out of range: {key}")
        else:
            item = item[key]
    return item


def _printf(values: list[Any]) -> str:
    operands = iter(values[1:])

    def one(found: re.Match[str]) -> str:
        if found[0] == "%%":
            return "%"
        value = next(operands, None)
        if found[2] == "q":
            return '"' + str(value).replace("\\", "\\\\").replace('"', '\\"') + '"'
        if found[2] == "v" or (found[2] == "s" and not isinstance(value, str)):
            return f"%{found[1]}s" % go_text(value)
        return f"%{found[1]}{found[2]}" % value

    return re.sub(r"%([-+ 0#]*\d*(?:\.\d+)?)([vsdqtfxXc%])", one, str(values[0]))


def _print(values: list[Any]) -> str:
    out = ""
    for index, value in enumerate(values):
        if index and not isinstance(value, str) and not isinstance(values[index - 1], str):
            out += " "
        out += go_text(value)
    return out


def _and(values: list[Any]) -> Any:
    return next((value for value in values if not _true(value)), values[-1])


def _or(values: list[Any]) -> Any:
    return next((value for value in values if _true(value)), values[-1])


def _exists(values: list[Any]) -> bool:
    item = values[0]
    for key in values[1:]:
        if isinstance(item, dict):
            item = item.get(key)
        elif isinstance(item, list | tuple) and isinstance(key, int) and 0 <= key < len(item):
            item = item[key]
        else:
            return False
    return item is not None


_FUNCTIONS: dict[str, Callable[[list[Any]], Any]] = {
    "index": _index,
    "len": lambda values: len(values[0]),
    "print": _print,
    "println": lambda values: " ".join(go_text(value) for value in values) + "\n",
    "printf": _printf,
    "eq": lambda values: any(values[0] == other for other in values[1:]),
    "ne": lambda values: values[0] != values[1],
    "lt": lambda values: values[0] < values[1],
    "le": lambda values: values[0] <= values[1],
    "gt": lambda values: values[0] > values[1],
    "ge": lambda values: values[0] >= values[1],
    "not": lambda values: not _true(values[0]),
    "and": _and,
    "or": _or,
    "exists": _exists,
    "base64decode": lambda values: base64.b64decode(values[0]).decode(errors="replace"),
    "html": _print,
    "js": _print,
    "urlquery": _print,
}
