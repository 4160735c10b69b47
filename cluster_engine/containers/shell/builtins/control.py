"""`exit`, `return`, `break`, `eval`, `.`, `exec`, `command`, `type`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cluster_engine.containers.container import ProgramNotFound
from cluster_engine.containers.process import decode, describe
from cluster_engine.containers.runner import Program
from cluster_engine.containers.shell.state import Break, Exit, Return

if TYPE_CHECKING:
    from cluster_engine.containers.shell.interpreter import Shell


def _code(shell: Shell, words: list[str]) -> int:
    if len(words) < 2:
        return shell.status
    if words[1].lstrip("-").isdigit():
        return int(words[1]) & 255
    shell.complain(f"{words[0]}: Illegal number: {words[1]}")
    return 2


def exit_(shell: Shell, words: list[str]) -> Program:
    raise Exit(_code(shell, words))
    yield


def return_(shell: Shell, words: list[str]) -> Program:
    raise Return(_code(shell, words))
    yield


def break_(shell: Shell, words: list[str]) -> Program:
    if shell.loops:
        levels = int(words[1]) if len(words) > 1 and words[1].isdigit() else 1
        raise Break(max(1, min(levels, shell.loops)), again=words[0] == "continue")
    return 0
    yield


def eval_(shell: Shell, words: list[str]) -> Program:
    return (yield from shell.run_text(" ".join(words[1:])))


def source(shell: Shell, words: list[str]) -> Program:
    if len(words) < 2:
        shell.complain(f"{words[0]}: filename argument required")
        return 2
    try:
        text = decode(shell.process.fs.read(words[1], shell.process.cwd, shell.process.user))
    except OSError as error:
        shell.complain(describe(error) if shell.flavour == "bash" else f"can't open '{words[1]}'")
        if shell.flavour == "bash" or shell.interactive:
            return 1
        raise Exit(2) from None
    kept = shell.arguments
    if len(words) > 2:
        shell.arguments = words[2:]
    try:
        return (yield from shell.run_text(text))
    except Return as leave:
        return leave.code
    finally:
        shell.arguments = kept


def exec_(shell: Shell, words: list[str]) -> Program:
    """Becomes the program; without one, its redirections stay."""
    process = shell.process
    if len(words) < 2:
        process.fds = dict(process.fds)
        return 0
    env = shell.environment()
    try:
        main, argv = process.container.load(words[1:], env, process.cwd)
    except ProgramNotFound as missing:
        shell.complain(f"exec: {missing.program}: {missing.reason if '/' in missing.program else 'not found'}")
        raise Exit(missing.code) from None
    process.argv, process.env = argv, env
    process.handlers = {number: None for number, handler in process.handlers.items() if handler is None}
    shell.traps.clear()
    raise Exit((yield from main(process)))


def command(shell: Shell, words: list[str]) -> Program:
    rest = words[1:]
    if rest[:1] == ["-p"]:
        rest = rest[1:]
    if rest[:1] in (["-v"], ["-V"]):
        return (yield from type_(shell, ["type" if rest[0] == "-V" else "-v", *rest[1:]]))
    if not rest:
        return 0
    return (yield from shell.run_without_functions(rest))


def type_(shell: Shell, words: list[str]) -> Program:
    from cluster_engine.containers.shell.builtins import BUILTINS

    code, brief = 0, words[0] == "-v"
    for word in words[1:]:
        if word in shell.functions:
            shell.process.out(f"{word}\n" if brief else f"{word} is a function\n")
        elif word in BUILTINS:
            shell.process.out(f"{word}\n" if brief else f"{word} is a shell builtin\n")
        else:
            try:
                path = shell.process.container.find(word, shell.environment(), shell.process.cwd)
                shell.process.out(f"{path}\n" if brief else f"{word} is {path}\n")
            except ProgramNotFound:
                code = 127
                if not brief:
                    shell.process.out(f"{word}: not found\n")
    return code
    yield
