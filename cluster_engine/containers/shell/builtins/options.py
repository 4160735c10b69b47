"""`getopts`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cluster_engine.containers.runner import Program

if TYPE_CHECKING:
    from cluster_engine.containers.shell.interpreter import Shell


def getopts(shell: Shell, words: list[str]) -> Program:
    """Takes the next option of the arguments: its letter into the variable, its value into OPTARG."""
    if len(words) < 3:
        shell.complain("getopts: usage: getopts optstring var [arg...]")
        return 2
    known, name, given = words[1], words[2], words[3:] or shell.arguments
    index = int(shell.get("OPTIND") or 1)
    word = given[index - 1] if 0 < index <= len(given) else ""
    # Within a word of several letters: how far it has been read.
    at = shell.option_at if 0 < shell.option_at < len(word) else 1
    if not word.startswith("-") or word in ("-", "--"):
        shell.set("OPTIND", str(index + (word == "--")))
        shell.option_at = 0
        shell.set(name, "?")
        return 1
    letter, rest = word[at], word[at + 1 :]
    place = known.find(letter) if letter != ":" else -1
    takes_value = place >= 0 and known[place + 1 : place + 2] == ":"
    index, shell.option_at = (index, at + 1) if rest and not takes_value else (index + 1, 0)
    shell.unset("OPTARG")
    quiet = known.startswith(":")
    result = letter
    if place < 0:
        result = _wrong(shell, letter, "?", quiet, f"{'i' if shell.flavour == 'bash' else 'I'}llegal option -{letter}")
    elif takes_value and rest:
        shell.set("OPTARG", rest)
    elif takes_value and index <= len(given):
        shell.set("OPTARG", given[index - 1])
        index += 1
    elif takes_value:
        result = _wrong(shell, letter, ":" if quiet else "?", quiet, f"No arg for -{letter} option")
    shell.set("OPTIND", str(index))
    shell.set(name, result)
    return 0
    yield


def _wrong(shell: Shell, letter: str, result: str, quiet: bool, words: str) -> str:
    if quiet:
        shell.set("OPTARG", letter)
    else:
        shell.process.err(f"{words}\n")
    return result
