"""Options of the small commands: letters that may be joined, and words."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence

from cluster_engine.kubectl.process import Wait, read_all
from cluster_engine.shell.environment import Environment, Streams
from cluster_engine.shell.redirect import reason


class OptionError(ValueError):
    """An option that a command does not have; the message is what the command says after its name."""


def read(
    args: Sequence[str], letters: str, valued: str = "", *, several: str = "", long: Mapping[str, str] | None = None
) -> tuple[dict[str, str], list[str]]:
    """(option → value, "" without one; the words). `letters` are options without a value, `valued` those with one.

    The values of `several` are joined by newlines. `long` says which letter a long option means.
    """
    options: dict[str, str] = {}
    words: list[str] = []
    queue = list(args)
    while queue:
        arg = queue.pop(0)
        if arg == "--":
            words.extend(queue)
            break
        if len(arg) < 2 or not arg.startswith("-"):
            words.append(arg)
            continue
        rest = _letters(arg, long or {}, valued + several)
        while rest:
            letter, rest = rest[0], rest[1:]
            if letter in valued or letter in several:
                if not rest and not queue:
                    raise OptionError(f"option requires an argument -- '{letter}'")
                value = rest or queue.pop(0)
                options[letter] = f"{options[letter]}\n{value}" if letter in several and letter in options else value
                rest = ""
            elif letter in letters:
                options[letter] = ""
            else:
                raise OptionError(f"invalid option -- '{letter}'")
    return options, words


def _letters(arg: str, long: Mapping[str, str], valued: str) -> str:
    """What follows the dash, a long option as its letter (and its value)."""
    if not arg.startswith("--"):
        return arg[1:]
    name, equals, value = arg[2:].partition("=")
    if name not in long:
        raise OptionError(f"unrecognized option '{arg.partition('=')[0]}'")
    letter = long[name]
    return letter + value if equals and letter in valued else letter


def texts(
    env: Environment, name: str, words: Sequence[str], streams: Streams
) -> Generator[Wait, None, tuple[list[tuple[str, str]], bool]]:
    """([(name, text)] of the files, or of standard input; whether all files were there)."""
    if not words:
        return [("", (yield from read_all(streams.stdin)))], True
    found: list[tuple[str, str]] = []
    good = True
    for word in words:
        try:
            found.append((word, (yield from read_all(streams.stdin)) if word == "-" else env.files.read(word)))
        except OSError as error:
            streams.err.line(f"{name}: {reason(error)}")
            good = False
    return found, good


def lines(
    env: Environment, name: str, words: Sequence[str], streams: Streams
) -> Generator[Wait, None, tuple[list[str], bool]]:
    """(the lines of the files, or of standard input; whether all files were there)."""
    found, good = yield from texts(env, name, words, streams)
    return [line for _, text in found for line in split(text)], good


def split(text: str) -> list[str]:
    """Lines without their ends."""
    if not text:
        return []
    return text.removesuffix("\n").split("\n")
