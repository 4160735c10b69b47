"""From words to arguments: variables, splitting, file names. Follows bash's order of expansions, as far as it goes."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Sequence

from cluster_engine.shell.files import HOME, Files
from cluster_engine.shell.syntax import Part, Word

MAX_FIELDS = 10_000
Lookup = Callable[[str], str]


def text_of(word: Word, lookup: Lookup) -> str:
    """One text, without splitting and without file names: values of assignments, targets, here-documents."""
    return "".join(part.text if part.kind == "text" else lookup(part.text) for part in _with_home(word.parts))


def fields_of(words: Sequence[Word], lookup: Lookup, files: Files) -> list[str]:
    """The arguments that words stand for."""
    found: list[str] = []
    for word in words:
        for text, is_pattern in _split(_with_home(word.parts), lookup):
            matches = _file_names(text, files) if is_pattern else []
            found.extend(matches or [text])
            if len(found) > MAX_FIELDS:
                raise OSError("Argument list too long")
    return found


def _with_home(parts: tuple[Part, ...]) -> tuple[Part, ...]:
    """`~` and `~/…` at the beginning of a word mean the home directory."""
    if parts and parts[0].kind == "text" and not parts[0].quoted:
        text = parts[0].text
        if text == "~" or text.startswith("~/"):
            return (Part("text", HOME + text[1:], False), *parts[1:])
    return parts


def _split(parts: tuple[Part, ...], lookup: Lookup) -> list[tuple[str, bool]]:
    """(text, whether it may be a pattern of file names). Unquoted variables are split at white space."""
    fields: list[tuple[str, bool]] = []
    text, pattern, open_ = "", False, False
    for part in parts:
        if part.kind == "text" or part.quoted:
            value = part.text if part.kind == "text" else lookup(part.text)
            text += value
            open_ = open_ or part.quoted or bool(value)
            pattern = pattern or (not part.quoted and any(char in value for char in "*?["))
            continue
        value = lookup(part.text)
        pieces = value.split()
        if value[:1].isspace() and open_:
            fields.append((text, pattern))
            text, pattern, open_ = "", False, False
        for index, piece in enumerate(pieces):
            if index:
                fields.append((text, pattern))
                text, pattern = "", False
            text, open_ = text + piece, True
        if pieces and value[-1:].isspace():
            fields.append((text, pattern))
            text, pattern, open_ = "", False, False
    if open_:
        fields.append((text, pattern))
    return fields


def _file_names(pattern: str, files: Files) -> list[str]:
    """The files that a pattern fits; `*` does not go beyond a `/`."""
    head = "./" if pattern.startswith("./") else ""
    bare = pattern[len(head) :]
    depth = bare.count("/")
    return [
        head + name
        for name in files.list()
        if name.count("/") == depth and not name.startswith(".") and fnmatch.fnmatchcase(name, bare)
    ]
