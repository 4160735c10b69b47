"""`sed`: its options and files; the language is `cluster_engine/sh/sed.py`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cluster_engine.containers.process import decode, encode
from cluster_engine.containers.programs.filing import is_busybox
from cluster_engine.containers.programs.options import UsageFault, arguments, checked, inputs
from cluster_engine.containers.runner import Program
from cluster_engine.sh.sed import Editor, SedCommand, SedFault, parse

if TYPE_CHECKING:
    from cluster_engine.containers.process import Process

_LONG = {
    "quiet": "n", "silent": "n", "regexp-extended": "E", "expression": "e", "file": "f", "in-place": "i",
}  # fmt: skip
USAGE = "usage: sed [OPTION]... {script} [FILE]..."


@checked
def sed(process: Process) -> Program:
    flags, scripts, rest = _options(process, arguments(process))
    if not scripts:
        if not rest:
            raise UsageFault(USAGE)
        scripts.append(rest.pop(0))
    script, extended = "\n".join(scripts), bool(flags & {"E", "r"})
    commands = _parsed(script, extended=extended)
    missing = [path for path in rest if path != "-" and not process.fs.exists(path, process.cwd)]
    if missing and not is_busybox(process):
        rest = [path for path in rest if path not in missing]
        process.err("".join(f"sed: can't read {path}: No such file or directory\n" for path in missing))
        if not rest:
            return 2
    found, good = yield from inputs(process, rest)
    good = good and not (missing and not is_busybox(process))
    if "i" not in flags:
        whole = "".join(text if text.endswith("\n") else f"{text}\n" for _, data in found if (text := decode(data)))
        ended = not found or not found[-1][1] or found[-1][1].endswith(b"\n")
        out: list[str] = []
        code = Editor(commands, out.append, quiet="n" in flags).run(whole.splitlines())
        text = "".join(out)
        process.out(text if ended else text.removesuffix("\n"))
        return code if good else 2
    for path, data in found:
        edited: list[str] = []
        # A script remembers where its ranges are: each file has a fresh one.
        Editor(_parsed(script, extended=extended), edited.append, quiet="n" in flags).run(decode(data).splitlines())
        process.fs.write(path, encode("".join(edited)), process.cwd, process.user)
    return 0 if good else 2


def _parsed(script: str, *, extended: bool) -> list[SedCommand]:
    try:
        return parse(script, extended=extended)
    except SedFault as error:
        raise UsageFault(str(error)) from None


def _options(process: Process, words: list[str]) -> tuple[set[str], list[str], list[str]]:
    """(flags, scripts, the other words). Options may stand behind the files."""
    flags: set[str] = set()
    scripts: list[str] = []
    rest: list[str] = []
    queue = list(words)

    def valued(letter: str, value: str) -> None:
        given = value or (queue.pop(0) if queue else "")
        scripts.append(given if letter == "e" else decode(process.fs.read(given, process.cwd, process.user)))

    while queue:
        word = queue.pop(0)
        if word == "--":
            return flags, scripts, rest + queue
        if word.startswith("--"):
            name, _, value = word[2:].partition("=")
            letter = _LONG.get(name, "")
            if not letter:
                raise UsageFault(f"unrecognized option '--{name}'")
            if letter in "ef":
                valued(letter, value)
            flags.add(letter)
        elif word.startswith("-") and len(word) > 1:
            for index, letter in enumerate(word[1:], 1):
                if letter in "ef":
                    valued(letter, word[index + 1 :])
                    break
                if letter not in "nErizsu":
                    raise UsageFault(f"unrecognized option: {letter}")
                flags.add(letter)
                if letter == "i":
                    break  # what follows is the suffix of a copy
        else:
            rest.append(word)
    return flags, scripts, rest
