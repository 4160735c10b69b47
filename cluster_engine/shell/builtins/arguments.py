"""Options of the small commands: letters that may be joined, and words."""

from __future__ import annotations

from collections.abc import Sequence


class OptionError(ValueError):
    """An option that a command does not have; the message is what the command says after its name."""


def read(args: Sequence[str], letters: str, valued: str = "") -> tuple[dict[str, str], list[str]]:
    """(option → value, "" without one; the words). `letters` are options without a value, `valued` those with one."""
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
        rest = arg[1:]
        while rest:
            letter, rest = rest[0], rest[1:]
            if letter in valued:
                if not rest and not queue:
                    raise OptionError(f"option requires an argument -- '{letter}'")
                options[letter] = rest or queue.pop(0)
                rest = ""
            elif letter in letters:
                options[letter] = ""
            else:
                raise OptionError(f"invalid option -- '{letter}'")
    return options, words
