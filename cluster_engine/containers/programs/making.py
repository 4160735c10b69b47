"""`seq`, `yes`, `xargs`: programs that make lines, and command lines."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cluster_engine.containers.container import ProgramNotFound
from cluster_engine.containers.pipe import read_all
from cluster_engine.containers.process import decode, encode
from cluster_engine.containers.programs.options import UsageFault, arguments, checked, number, parse, plain
from cluster_engine.containers.runner import Program, Wait
from cluster_engine.containers.shell.builtins.words import unescape

if TYPE_CHECKING:
    from cluster_engine.containers.process import Process

MAX_PRODUCED = 64 * 1024


@plain
def seq(process: Process) -> int:
    options, words = parse([w if not re.fullmatch(r"-\d+", w) else f" {w}" for w in arguments(process)], "w", "s")
    try:
        numbers = [float(word) if "." in word else int(word) for word in words]
    except ValueError:
        raise UsageFault(f"invalid number '{words[0]}'") from None
    if not 1 <= len(numbers) <= 3:
        raise UsageFault("missing operand")
    first, step, last = (1, 1, numbers[0]) if len(numbers) == 1 else (
        (numbers[0], 1, numbers[1]) if len(numbers) == 2 else (numbers[0], numbers[1], numbers[2])
    )  # fmt: skip
    values: list[str] = []
    value = first
    while step and (value <= last if step > 0 else value >= last) and len(values) < 100_000:
        values.append(f"{value:g}" if isinstance(value, float) else str(value))
        value += step
    if values:
        process.out(unescape(options.get("s", "\n"))[0].join(values) + "\n")
    return 0


@plain
def yes(process: Process) -> int:
    """As much as fits into a pipe: whoever reads it has seen enough by then."""
    line = encode(" ".join(arguments(process) or ["y"]) + "\n")
    process.stdout.write(line * (MAX_PRODUCED // len(line) + 1))
    return 0


@checked
def xargs(process: Process) -> Program:
    options, command = _xargs_options(arguments(process))
    data = decode((yield from read_all(process.stdin)))
    if "0" in options:
        items = [item for item in data.split("\0") if item]
    elif "I" in options or "d" in options:
        items = [item.strip() for item in data.split(options.get("d", "\n")) if item.strip()]
    else:
        items = [found[1] or found[2] or found[3] for found in re.finditer(r"'([^']*)'|\"([^\"]*)\"|(\S+)", data)]
    if not items and ("r" in options or "I" in options):
        return 0
    command = command or ["echo"]
    batches: list[list[str]]
    if "I" in options:
        batches = [[word.replace(options["I"], item) for word in command] for item in items]
    else:
        size = number(options.get("n") or options.get("L") or "5000")
        batches = [[*command, *items[start : start + size]] for start in range(0, max(len(items), 1), size)]
    worst = 0
    for argv in batches[:5000]:
        try:
            child = process.container.spawn(argv, fds={**process.fds}, parent=process, env=process.env)
        except ProgramNotFound as missing:
            process.err(f"xargs: {missing.program}: No such file or directory\n")
            return 127
        while child.exit_code is None:
            yield Wait(on=(child.done,))
        worst = worst or (123 if child.exit_code else 0)
    return worst


def _xargs_options(words: list[str]) -> tuple[dict[str, str], list[str]]:
    options: dict[str, str] = {}
    queue = list(words)
    while queue and queue[0].startswith("-"):
        word = queue.pop(0)
        letter = word[1:2]
        if letter in "nLIPd":
            options[letter] = word[2:] or (queue.pop(0) if queue else "")
        else:
            options[letter] = letter
    return options, queue
