"""Tokens of awk."""

from __future__ import annotations

import re
from dataclasses import dataclass

MAX_TOKENS = 5000
KEYWORDS = frozenset({
    "BEGIN", "END", "if", "else", "while", "for", "do", "in", "break", "continue", "next", "exit", "delete", "print",
    "printf", "function", "return", "getline",
})  # fmt: skip
_TOKEN = re.compile(
    r"(?P<space>[ \t\r]+|\\\n|\#[^\n]*)|(?P<newline>\n)"
    r"|(?P<number>0[xX][0-9a-fA-F]+|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)"
    r'|(?P<string>"(?:[^"\\\n]|\\.)*")|(?P<name>[A-Za-z_]\w*)'
    r"|(?P<operator>\*\*=|&&|\|\||\+\+|--|\*\*|[-+*/%^=!<>]=|!~|>>|[-+*/%^!<>|?:~$=,;(){}\[\]])",
    re.DOTALL,
)
_REGEX = re.compile(r"/((?:[^/\\\n\[]|\\.|\[\^?\]?[^\]\n]*\])+)/")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "\\": "\\", '"': '"', "/": "/", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}


class AwkSyntaxError(ValueError):
    """A program that awk does not understand; the message is what follows `awk: `."""


@dataclass(frozen=True, slots=True)
class Token:
    kind: str
    text: str

    def __str__(self) -> str:
        return "end of program" if self.kind == "end" else "newline" if self.kind == "newline" else self.text


def tokens(text: str) -> list[Token]:
    found: list[Token] = []
    position = 0
    while position < len(text):
        regex = _REGEX.match(text, position) if text[position] == "/" and _regex_may_follow(found) else None
        if regex:
            found.append(Token("regex", regex[1].replace("\\/", "/")))
            position = regex.end()
            continue
        match = _TOKEN.match(text, position)
        if match is None:
            raise AwkSyntaxError(
                f"syntax error at source line {text.count(chr(10), 0, position) + 1}: {text[position : position + 20]}"
            )
        position = match.end()
        kind = match.lastgroup or ""
        if kind == "space":
            continue
        body = match[0]
        if kind == "string":
            body = re.sub(r"\\(.)", lambda one: _ESCAPES.get(one[1], one[0]), body[1:-1], flags=re.DOTALL)
        elif kind == "name" and body in KEYWORDS:
            kind = "keyword"
        elif kind == "name" and text[position : position + 1] == "(":
            kind = "call"
        found.append(Token(kind, body))
        if len(found) > MAX_TOKENS:
            raise AwkSyntaxError(f"a program has at most {MAX_TOKENS:,} words")
    return [*found, Token("end", "")]


def _regex_may_follow(found: list[Token]) -> bool:
    """Whether a slash begins an expression here; after a value it divides."""
    if not found:
        return True
    last = found[-1]
    return not (last.kind in ("number", "string", "name", "regex") or last.text in (")", "]", "$", "++", "--"))
