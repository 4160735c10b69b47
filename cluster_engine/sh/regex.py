"""Regular expressions of `grep`, `sed`, `awk` and `[[ =~ ]]`: POSIX's forms in Python's, within bounds."""

from __future__ import annotations

import re
from functools import lru_cache

MAX_PATTERN = 1000
_CLASSES = {
    "alpha": "a-zA-Z", "digit": "0-9", "alnum": "a-zA-Z0-9", "upper": "A-Z", "lower": "a-z", "space": r"\s",
    "blank": r" \t", "punct": r"!-/:-@\[-`{-~", "xdigit": "0-9A-Fa-f", "word": r"\w", "cntrl": r"\x00-\x1f",
    "print": " -~", "graph": "!-~",
}  # fmt: skip
_BRACKET = re.compile(r"\[\^?\]?(?:\[:\w+:\]|[^\]])*\]")
_BASIC = re.compile(r"\\([+?|(){}])|([+?|(){}])")


class RegexFault(ValueError):
    """An expression that cannot be used, with the reason."""


@lru_cache(maxsize=512)
def compiled(pattern: str, *, extended: bool, ignore_case: bool = False) -> re.Pattern[str]:
    """The expression. In a basic one `+ ? | ( ) { }` are plain unless they are escaped. Raises RegexFault."""
    if len(pattern) > MAX_PATTERN:
        raise RegexFault(f"the pattern is longer than {MAX_PATTERN} characters")
    expression = _translated(pattern, extended)
    if is_dangerous(expression):
        raise RegexFault("the pattern repeats a repetition, which could take for ever")
    try:
        return re.compile(expression, re.IGNORECASE if ignore_case else 0)
    except (re.error, OverflowError) as error:
        raise RegexFault(f"Invalid regular expression: {error}") from None


def is_dangerous(expression: str) -> bool:
    """Whether a group that repeats something is itself repeated, as in `(a+)+` and `(a|a*)*`."""
    bare = re.sub(r"\\.|\[\^?\]?[^\]]*\]", "x", expression)
    stack: list[bool] = []
    repeats = False
    for index, char in enumerate(bare):
        if char == "(":
            stack.append(repeats)
            repeats = False
        elif char == ")" and stack:
            following = bare[index + 1 : index + 2]
            if repeats and following and following in "*+{":
                return True
            repeats = stack.pop() or repeats
        elif char in "*+{":
            repeats = True
    return False


def _translated(pattern: str, extended: bool) -> str:
    pieces: list[str] = []
    position = 0
    for found in _BRACKET.finditer(pattern):
        if found.start() < position or (found.start() and pattern[found.start() - 1] == "\\"):
            continue
        first = not position
        pieces += [_outside(pattern[position : found.start()], extended, first=first), _bracket(found[0])]
        position = found.end()
    return "".join(pieces) + _outside(pattern[position:], extended, first=not position)


def _outside(text: str, extended: bool, *, first: bool) -> str:
    """What stands outside of brackets; `first` at the beginning of the expression."""
    if not extended:
        text = _BASIC.sub(lambda found: found[1] or "\\" + found[2], text)
        if first and text.startswith("*"):
            text = "\\" + text
    return text.replace(r"\<", r"\b").replace(r"\>", r"\b").replace("(?", r"(\?")


def _bracket(text: str) -> str:
    body = text[1:-1]
    head = "^" if body.startswith("^") else ""
    body = body[len(head) :].replace("\\", r"\\")
    body = re.sub(r"\[:(\w+):\]", lambda found: _CLASSES.get(found[1], ""), body)
    body = re.sub(r"(?<!\\)\[", r"\\[", body)
    if body.startswith("]"):
        body = "\\" + body
    return f"[{head}{body}]"
