"""The options of a command line, and the words for those that there are not."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING

from cluster_engine.containers.pipe import read_all
from cluster_engine.containers.process import describe
from cluster_engine.containers.runner import Program

if TYPE_CHECKING:
    from collections.abc import Generator

    from cluster_engine.containers.process import Process
    from cluster_engine.containers.runner import Wait


class UsageFault(Exception):
    """A command line that the program does not understand; the message goes to standard error as it is."""


def plain(function: Callable[[Process], int]) -> Callable[[Process], Program]:
    """A program that never waits."""

    @wraps(function)
    def run(process: Process) -> Program:
        try:
            return function(process)
        except UsageFault as fault:
            process.err(f"{process.name}: {fault}\n")
            return 1
        yield

    return run


def checked(function: Callable[[Process], Program]) -> Callable[[Process], Program]:
    """A program that tells a wrong command line by itself."""

    @wraps(function)
    def run(process: Process) -> Program:
        try:
            return (yield from function(process))
        except UsageFault as fault:
            process.err(f"{process.name}: {fault}\n")
            return 1

    return run


def arguments(process: Process) -> list[str]:
    """The words after the program's name (after the applet's, for `busybox NAME`)."""
    return process.argv[1:]


def parse(
    words: list[str], flags: str, valued: str = "", long: dict[str, str] | None = None
) -> tuple[dict[str, str], list[str]]:
    """(options by letter, the other words). `long` maps `--names` to letters; those of `valued` take a value.

    Letters that are not known raise `UsageFault` in busybox' words.
    """
    options: dict[str, str] = {}
    rest: list[str] = []
    queue = list(words)
    while queue:
        word = queue.pop(0)
        if word == "--":
            return options, rest + queue
        if word.startswith("--"):
            name, equals, value = word[2:].partition("=")
            letter = (long or {}).get(name)
            if letter is None:
                raise UsageFault(f"unrecognized option '--{name}'")
            if letter in valued and not equals:
                value = _value(queue, f"option '--{name}' requires an argument")
            options[letter] = value
        elif word.startswith("-") and len(word) > 1:
            _letters(word[1:], flags, valued, queue, options)
        else:
            rest.append(word)
    return options, rest


def _letters(letters: str, flags: str, valued: str, queue: list[str], options: dict[str, str]) -> None:
    for index, letter in enumerate(letters):
        if letter in valued:
            rest = letters[index + 1 :]
            options[letter] = rest or _value(queue, f"option requires an argument -- '{letter}'")
            return
        if letter not in flags:
            raise UsageFault(f"unrecognized option: {letter}")
        options[letter] = options.get(letter, "") + letter


def _value(queue: list[str], words: str) -> str:
    if not queue:
        raise UsageFault(words)
    return queue.pop(0)


def number(text: str, what: str = "number") -> int:
    """A whole number, with k, m or g for multiples of 1024."""
    units = {"k": 1024, "K": 1024, "m": 1024**2, "M": 1024**2, "g": 1024**3, "G": 1024**3, "b": 512}
    factor = units.get(text[-1:], 1)
    digits = text[:-1] if factor != 1 else text
    if not digits.lstrip("+-").isdigit():
        raise UsageFault(f"invalid {what} '{text}'")
    return int(digits) * factor


def inputs(process: Process, paths: list[str]) -> Generator[Wait, None, tuple[list[tuple[str, bytes]], bool]]:
    """([(name, bytes)] of the files, or of standard input where none is named; whether all could be read)."""
    found: list[tuple[str, bytes]] = []
    good = True
    for path in paths or ["-"]:
        if path == "-":
            found.append((path, (yield from read_all(process.stdin))))
            continue
        try:
            found.append((path, process.fs.read(path, process.cwd, process.user)))
        except OSError as error:
            process.err(f"{process.name}: {describe(error)}\n")
            good = False
    return found, good
