"""A small Go template: fields, variables, pipelines, `if`, `range`, `with`, and the functions that people use.

Follows text/template closely enough for `-o go-template`; `template_parser.py` reads it.
"""

from __future__ import annotations

import re
from typing import Any

from cluster_engine.kubectl.printers.custom_columns import go_text
from cluster_engine.kubectl.printers.template_functions import FUNCTIONS, NOTHING, is_true
from cluster_engine.kubectl.printers.template_parser import (
    Block,
    Call,
    Chain,
    Jump,
    Print,
    Template,
    TemplateError,
    Token,
    parse,
)

MAX_STEPS = 200_000
MAX_DEPTH = 30

__all__ = ["TemplateError", "execute", "parse"]


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


def execute(template: Template, data: Any) -> str:
    """The text of a template for an object; raises `TemplateError`."""
    state = _State(data, template.defined)
    _run(template.nodes, state, data)
    return "".join(state.out)


def _call(node: Call, state: _State, dot: Any) -> None:
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
        elif isinstance(node, Print):
            value = _evaluate(node.pipeline, state, dot)
            if node.assign:
                state.variables.append((node.assign, value))
            else:
                state.out.append(_shown(value))
        elif isinstance(node, Call):
            _call(node, state, dot)
        elif isinstance(node, Jump):
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


def _range(node: Block, state: _State, dot: Any) -> None:
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
        except Jump as jump:
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
        if isinstance(operand, Chain):
            parts.append("(" + " | ".join(_text_of(one) for one in operand.pipeline) + ")" + operand.fields)
        elif isinstance(operand, list):
            parts.append("(" + " | ".join(_text_of(one) for one in operand) + ")")
        else:
            parts.append(str(operand))
    return " ".join(parts)


def _operand(token: Any, state: _State, dot: Any) -> Any:
    if isinstance(token, Chain):
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
