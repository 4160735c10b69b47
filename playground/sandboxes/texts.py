"""Texts as they come from people, made fit for what holds and runs them."""

from __future__ import annotations


def clean(text: str) -> str:
    """The text without NUL and lone surrogates, which neither a database nor UTF-8 can hold."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode()


def quoted(path: str) -> str:
    """A path as one word of a command line."""
    if path and all(c.isalnum() or c in "._-/" for c in path) and not path.startswith("-"):
        return path
    return "'" + path.replace("'", "'\\''") + "'"
