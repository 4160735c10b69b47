"""Patterns of file names and of `case`: `*`, `?`, `[…]`. A backslash makes the next character plain."""

from __future__ import annotations

import re
from functools import lru_cache

_CLASSES = {
    "alpha": "a-zA-Z", "digit": "0-9", "alnum": "a-zA-Z0-9", "upper": "A-Z", "lower": "a-z",
    "space": r"\s", "blank": r" \t", "punct": r"!-/:-@\[-`{-~", "xdigit": "0-9a-fA-F",
}  # fmt: skip


def escape(text: str) -> str:
    """The pattern that matches just this text."""
    return re.sub(r"([*?\[\]\\])", r"\\\1", text)


def is_pattern(pattern: str) -> bool:
    return re.search(r"(?<!\\)[*?\[]", pattern) is not None


def unescape(pattern: str) -> str:
    return re.sub(r"\\(.)", r"\1", pattern, flags=re.DOTALL)


@lru_cache(maxsize=1024)
def compile_pattern(pattern: str) -> re.Pattern[str]:
    """A regular expression for the whole text."""
    return re.compile(rf"(?s:{translate(pattern)})\Z")


def translate(pattern: str, *, greedy: bool = True) -> str:
    """The regular expression of a pattern, without anchors."""
    out: list[str] = []
    index = 0
    while index < len(pattern):
        char = pattern[index]
        index += 1
        if char == "*":
            out.append(".*" if greedy else ".*?")
        elif char == "?":
            out.append(".")
        elif char == "\\" and index < len(pattern):
            out.append(re.escape(pattern[index]))
            index += 1
        elif char == "[" and (end := _bracket_end(pattern, index)) > 0:
            out.append(_bracket(pattern[index:end]))
            index = end + 1
        else:
            out.append(re.escape(char))
    return "".join(out)


def _bracket_end(pattern: str, start: int) -> int:
    index = start
    if pattern[index : index + 1] in ("!", "^"):
        index += 1
    if pattern[index : index + 1] == "]":
        index += 1
    while index < len(pattern):
        if pattern.startswith("[:", index):
            end = pattern.find(":]", index)
            if end > 0:
                index = end + 2
                continue
        if pattern[index] == "]":
            return index
        index += 1
    return -1


def _bracket(body: str) -> str:
    negated = body[:1] in ("!", "^")
    body = body[1:] if negated else body
    for name in _CLASSES:
        body = body.replace(f"[:{name}:]", "\0" + name + "\0")
    escaped = re.sub(r"([\[\]^&~|\\])", r"\\\1", body)
    for name, characters in _CLASSES.items():
        escaped = escaped.replace("\0" + name + "\0", characters)
    return f"[{'^' if negated else ''}{escaped}]"


def matches(pattern: str, text: str) -> bool:
    """Whether the whole text fits; a pattern that is no good fits nothing."""
    try:
        return compile_pattern(pattern).match(text) is not None
    except re.error:
        return False
