"""Objects as YAML, as sigs.k8s.io/yaml writes it: sorted keys, lists not indented, lines folded after 80 columns."""

from __future__ import annotations

import re
from typing import Any

WIDTH = 80
_OTHER_TYPES = re.compile(
    r"""(?: ~ | null | Null | NULL | y | Y | n | N
          | yes | Yes | YES | no | No | NO | on | On | ON | off | Off | OFF
          | true | True | TRUE | false | False | FALSE
          | [-+]?(?:0b[01_]+ | 0o?[0-7_]+ | 0x[0-9a-fA-F_]+ | [0-9][0-9_]*)
          | [-+]?(?:\.[0-9]+ | [0-9][0-9_]*(?:\.[0-9_]*)?)(?:[eE][-+]?[0-9]+)?
          | [-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?
          | [-+]?\.(?:inf|Inf|INF) | \.(?:nan|NaN|NAN)
          | [0-9]{4}-[0-9]{1,2}-[0-9]{1,2}
            (?:(?:[Tt]|[ \t]+)[0-9]{1,2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]*)?(?:[ \t]*(?:Z|[-+][0-9]{1,2}(?::[0-9]{2})?))?)?
        )\Z""",
    re.VERBOSE,
)
# What go-yaml escapes: control characters, and everything beyond the basic plane.
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\x85\u2028\u2029\ufeff\U00010000-\U0010ffff]")
_BAD_START = frozenset("#,[]{}&*!|>'\"%@`")
_ESCAPES = {
    "\0": "\\0",
    "\a": "\\a",
    "\b": "\\b",
    "\t": "\\t",
    "\n": "\\n",
    "\v": "\\v",
    "\f": "\\f",
    "\r": "\\r",
    "\x1b": "\\e",
    '"': '\\"',
    "\\": "\\\\",
    "\x85": "\\N",
    "\u2028": "\\L",
    "\u2029": "\\P",
}


def dump(value: Any) -> str:
    """One document, with a newline at its end."""
    out: list[str] = []
    _emit(value, 0, out, "")
    return "".join(out)


def _emit(value: Any, indent: int, out: list[str], head: str) -> None:
    """Writes a value; `head` is what stands on its first line already (and is not yet in `out`)."""
    if isinstance(value, dict) and value:
        pad = " " * indent
        for index, key in enumerate(sorted(value)):
            lead = head if index == 0 and head.endswith("- ") else pad
            _entry(f"{lead}{_scalar(str(key), indent, len(lead), simple=True)}:", value[key], indent, out)
    elif isinstance(value, list | tuple) and value:
        pad = " " * indent
        for index, item in enumerate(value):
            lead = (head if index == 0 and head.endswith("- ") else pad) + "- "
            if isinstance(item, dict | list | tuple) and item:
                _emit(item, indent + 2, out, lead)
            else:
                out.append(f"{lead}{_scalar(item, indent + 2, len(lead))}\n")
    else:
        out.append(f"{head}{_scalar(value, indent, len(head))}\n")


def _entry(head: str, value: Any, indent: int, out: list[str]) -> None:
    if isinstance(value, dict) and value:
        out.append(head + "\n")
        _emit(value, indent + 2, out, "")
    elif isinstance(value, list | tuple) and value:
        out.append(head + "\n")
        _emit(value, indent, out, "")
    else:
        out.append(f"{head} {_scalar(value, indent + 2, len(head) + 1)}\n")


def _scalar(value: Any, indent: int, column: int, *, simple: bool = False) -> str:
    """A scalar that starts at a column; its further lines stand at `indent`."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "{}"
    if isinstance(value, list | tuple):
        return "[]"
    if isinstance(value, float):
        return str(int(value)) if value == int(value) and abs(value) < 1e21 else repr(value)
    if not isinstance(value, str):
        return str(value)
    return _string(value, indent, column, simple)


def _string(text: str, indent: int, column: int, simple: bool) -> str:
    if (
        "\n" in text
        and not simple
        and not _UNPRINTABLE.search(text)
        and not re.search(r" \n| \Z", text)
        and text.strip("\n")
    ):
        return _literal(text, indent)
    if _UNPRINTABLE.search(text) or "\n" in text or "\t" in text or _OTHER_TYPES.match(text) or not text:
        return _double(text, indent, column, simple)
    if _plain(text):
        return _fold(text, indent, column, simple)
    return _single(text, indent, column, simple)


def _plain(text: str) -> bool:
    if text[0] in _BAD_START or text[0] == " " or text[-1] == " " or text.startswith(("---", "...")):
        return False
    if text[0] in "-?:" and (len(text) == 1 or text[1] == " "):
        return False
    return ": " not in text and " #" not in text and not text.endswith(":")


def _literal(text: str, indent: int) -> str:
    body = text.rstrip("\n")
    newlines = len(text) - len(body)
    mark = "|-" if newlines == 0 else "|" if newlines == 1 else "|+"
    if text[0] in " \n":
        mark = f"|2{mark[1:]}"
    lines = text.split("\n") if newlines == 0 else text[:-1].split("\n")
    return mark + "".join("\n" + (" " * indent + line if line else "") for line in lines)


def _fold(text: str, indent: int, column: int, simple: bool) -> str:
    """Breaks at single spaces once a line is longer than the width."""
    if simple or column + len(text) <= WIDTH:
        return text
    out, words = [], text.split(" ")
    for index, word in enumerate(words):
        if index and word and words[index - 1] and column > WIDTH and index < len(words):
            out.append("\n" + " " * indent)
            column = indent
        elif index:
            out.append(" ")
            column += 1
        out.append(word)
        column += len(word)
    return "".join(out)


def _single(text: str, indent: int, column: int, simple: bool) -> str:
    return "'" + _fold(text.replace("'", "''"), indent, column + 1, simple) + "'"


def _double(text: str, indent: int, column: int, simple: bool) -> str:
    escaped = "".join(_ESCAPES.get(char) or (_escaped(char) if _UNPRINTABLE.match(char) else char) for char in text)
    return '"' + _fold(escaped, indent, column + 1, simple) + '"'


def _escaped(char: str) -> str:
    code = ord(char)
    if code < 0x100:
        return f"\\x{code:02X}"
    return f"\\u{code:04X}" if code < 0x10000 else f"\\U{code:08X}"
