"""`${name…}`: defaults, prefixes and suffixes, replacement, slices, case."""

from __future__ import annotations

import re

from cluster_engine.shell import patterns
from cluster_engine.shell.arithmetic import ArithmeticFault, evaluate
from cluster_engine.shell.environment import Environment, ExpansionFault

CONDITIONAL = frozenset({":-", "-", ":=", "=", ":+", "+", ":?", "?"})


def chosen(operator: str, value: str | None) -> bool:
    """Whether the argument of a conditional operator is what counts, and not the value."""
    missing = value is None or (operator.startswith(":") and value == "")
    return not missing if operator.endswith("+") else missing


def conditional(env: Environment, name: str, operator: str, argument: str) -> str:
    """The value after `:-`, `:=`, `:+`, `:?` and their kin, where `argument` counts. Raises ExpansionFault."""
    if operator.endswith("="):
        env.assign(name, argument)
    elif operator.endswith("?"):
        default = "parameter null or not set" if operator.startswith(":") else "parameter not set"
        raise ExpansionFault(f"{name}: {argument or default}")
    return argument


def transformed(env: Environment, operator: str, value: str, arguments: list[str], name: str) -> str:
    """The value after `#`, `%`, `/`, `:`, `^`, `,` and their kin; arguments of patterns are patterns."""
    first = arguments[0] if arguments else ""
    second = arguments[1] if len(arguments) > 1 else ""
    if operator in ("#", "##", "%", "%%"):
        return _trimmed(value, first, operator)
    if operator[0] == "/":
        return _replaced(value, first, second, operator)
    if operator == ":":
        return _slice(env, value, first, second if len(arguments) > 1 else None, name)
    change = str.upper if operator[0] == "^" else str.lower
    if len(operator) == 2:
        return change(value)
    return change(value[:1]) + value[1:]


def _trimmed(value: str, pattern: str, operator: str) -> str:
    ends = range(len(value) + 1)
    if operator[0] == "#":
        for end in reversed(ends) if operator == "##" else ends:
            if patterns.matches(value[:end], pattern):
                return value[end:]
    else:
        for start in ends if operator == "%%" else reversed(ends):
            if patterns.matches(value[start:], pattern):
                return value[:start]
    return value


def _replaced(value: str, pattern: str, replacement: str, operator: str) -> str:
    if not pattern:
        return value
    body = patterns.expression(pattern).pattern
    body = re.sub(r"\(\?s:(.*)\)\\[zZ]", r"(?s:\1)", body, flags=re.DOTALL)
    if operator == "/#":
        body = rf"\A{body}"
    elif operator == "/%":
        body = rf"{body}\Z"
    return re.sub(body, lambda found: replacement, value, count=0 if operator == "//" else 1)


def _slice(env: Environment, value: str, offset: str, length: str | None, name: str) -> str:
    try:
        start = evaluate(offset, env)
        count = None if length is None else evaluate(length, env)
    except ArithmeticFault as error:
        raise ExpansionFault(str(error)) from None
    start = max(0, len(value) + start) if start < 0 else start
    if count is None:
        return value[start:]
    end = start + count if count >= 0 else len(value) + count
    if end < start:
        raise ExpansionFault(f"{name}: {count}: substring expression < 0")
    return value[start:end]
