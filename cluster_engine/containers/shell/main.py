"""The program `sh`: `sh -c TEXT`, `sh FILE`, a script on standard input, or a person at a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cluster_engine.containers.pipe import read_line
from cluster_engine.containers.process import SIGINT, SIGTERM, decode
from cluster_engine.containers.runner import Program
from cluster_engine.containers.shell.interpreter import FAULTS, Shell
from cluster_engine.containers.shell.state import Exit, Leave
from cluster_engine.sh.parser import parse
from cluster_engine.sh.syntax import ShellSyntaxError

if TYPE_CHECKING:
    from cluster_engine.containers.process import Process

_LONG = frozenset({"--login", "--norc", "--noprofile", "--posix"})


def main(process: Process) -> Program:
    words = process.argv[1:]
    if process.name == "busybox":
        words = words[1:]
    command = interactive = False
    shell = Shell(process, process.argv[0] if process.name != "busybox" else "sh")
    while words and words[0].startswith(("-", "+")) and len(words[0]) > 1:
        word = words.pop(0)
        if word == "--":
            break
        if word in _LONG:
            continue
        for letter in word[1:]:
            if letter == "c":
                command = True
            elif letter == "i":
                interactive = True
            elif letter == "o" and words:
                shell.options.add(words.pop(0))
            elif letter in "euxfvan":
                shell.options.add(letter)
    shell.set("PWD", process.cwd)
    if command:
        return (yield from _run_argument(shell, words))
    if words:
        return (yield from _run_file(shell, words))
    interactive = interactive or process.terminal is not None
    return (yield from shell.run_to_end(_read_commands(shell, interactive=interactive)))


def _run_argument(shell: Shell, words: list[str]) -> Program:
    if not words:
        shell.process.err(f"{shell.name}: -c: option requires an argument\n")
        return 2
    if len(words) > 1:
        shell.name = words[1]
    shell.arguments = words[2:]
    return (yield from shell.run_to_end(shell.run_text(words[0])))


def _run_file(shell: Shell, words: list[str]) -> Program:
    process = shell.process
    try:
        text = decode(process.fs.read(words[0], process.cwd, process.user))
    except OSError as error:
        if shell.flavour == "bash":
            process.err(f"{shell.name}: {words[0]}: {error.strerror}\n")
            return 127
        ash = f"{shell.name}: can't open '{words[0]}': {error.strerror}\n"
        dash = f"{shell.name}: 0: cannot open {words[0]}: {(error.strerror or '').replace(' or directory', '')}\n"
        process.err(ash if shell.flavour == "ash" else dash)
        return 2
    shell.name, shell.arguments = words[0], words[1:]
    return (yield from shell.run_to_end(shell.run_text(text)))


def _prompt(shell: Shell, *, more: bool = False) -> None:
    process = shell.process
    if more:
        process.err("> ")
        return
    mark = "#" if process.user.uid == 0 else "$"
    if shell.flavour == "bash":
        home = shell.get("HOME") or "/root"
        where = "~" if process.cwd == home else process.cwd
        who = "root" if process.user.uid == 0 else "I have no name!"
        process.err(f"{who}@{process.pod.hostname}:{where}{mark} ")
    elif shell.flavour == "dash":
        process.err(f"{mark} ")
    else:
        process.err(f"{process.cwd} {mark} ")


def _read_commands(shell: Shell, *, interactive: bool) -> Program:
    """Reads and runs command by command, as they come."""
    process = shell.process
    shell.interactive = interactive
    if interactive:
        process.handlers[SIGINT] = None
        process.handlers[SIGTERM] = None
    buffer = ""
    while True:
        if interactive:
            _prompt(shell, more=bool(buffer))
        line = decode((yield from read_line(process.stdin)))
        if not line:
            if interactive:
                process.err("exit\n" if shell.flavour == "bash" else "\n")
            if buffer:
                yield from shell.run_text(buffer)
            return shell.status
        buffer += line
        try:
            parse(buffer)
        except ShellSyntaxError as error:
            if error.incomplete:
                continue
        text, buffer = buffer, ""
        if not interactive:
            yield from shell.run_text(text)
            continue
        try:
            yield from shell.run_text(text)
        except Exit:
            raise
        except Leave:
            pass
        except FAULTS as error:
            shell.complain(str(error.args[-1] if error.args else error))
            shell.status = 1
