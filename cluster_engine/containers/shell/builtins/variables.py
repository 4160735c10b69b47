"""`export`, `local`, `read`, `set`, `shift`, `unset` and other commands about variables."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cluster_engine.containers.pipe import read_line, read_some
from cluster_engine.containers.process import decode
from cluster_engine.containers.runner import Program
from cluster_engine.containers.shell.state import Exit
from cluster_engine.sh.arithmetic import evaluate

if TYPE_CHECKING:
    from cluster_engine.containers.shell.interpreter import Shell

_NAME = re.compile(r"[A-Za-z_]\w*")
_OPTION_NAMES = {
    "errexit": "e", "nounset": "u", "xtrace": "x", "noglob": "f", "allexport": "a", "verbose": "v", "noexec": "n",
}  # fmt: skip


def _assignments(shell: Shell, words: list[str]) -> list[tuple[str, str | None]]:
    found = []
    for word in words:
        name, equals, value = word.partition("=")
        if not _NAME.fullmatch(name):
            shell.complain(f"{name}: bad variable name")
            raise Exit(2)
        found.append((name, value if equals else None))
    return found


def export(shell: Shell, words: list[str]) -> Program:
    rest = [word for word in words[1:] if word not in ("-p", "-n")]
    if not rest:
        for name in sorted(shell.exported):
            if name in shell.variables:
                shell.process.out(f"export {name}='{shell.variables[name]}'\n")
        return 0
    for name, value in _assignments(shell, rest):
        if value is not None:
            shell.set(name, value)
        if "-n" in words:
            shell.exported.discard(name)
        else:
            shell.exported.add(name)
    return 0
    yield


def readonly(shell: Shell, words: list[str]) -> Program:
    for name, value in _assignments(shell, [word for word in words[1:] if word != "-p"]):
        if value is not None:
            shell.set(name, value)
        shell.read_only.add(name)
    return 0
    yield


def local(shell: Shell, words: list[str]) -> Program:
    if words[0] == "local" and not shell.locals:
        bash = shell.flavour == "bash"
        shell.complain("local: can only be used in a function" if bash else "local: not in a function")
        if bash or shell.interactive:
            return 1
        raise Exit(2)
    for name, value in _assignments(shell, [word for word in words[1:] if not word.startswith("-")]):
        shell.make_local(name)
        if value is not None:
            shell.set(name, value)
        elif shell.locals and words[0] == "local":
            shell.unset(name)
        if "-x" in words:
            shell.exported.add(name)
    return 0
    yield


def unset(shell: Shell, words: list[str]) -> Program:
    for word in words[1:]:
        if word in ("-f", "-v"):
            continue
        if "-f" in words or (word not in shell.variables and word in shell.functions):
            shell.functions.pop(word, None)
        elif word in shell.read_only:
            shell.complain(f"unset: {word}: is read only")
            return 1
        else:
            shell.unset(word)
    return 0
    yield


def let(shell: Shell, words: list[str]) -> Program:
    value = 0
    for word in words[1:]:
        value = evaluate(word, shell)
    return int(value == 0)
    yield


def shift(shell: Shell, words: list[str]) -> Program:
    count = int(words[1]) if len(words) > 1 and words[1].isdigit() else 1
    if count > len(shell.arguments):
        shell.complain("shift: can't shift that many")
        return 1
    del shell.arguments[:count]
    return 0
    yield


def set_(shell: Shell, words: list[str]) -> Program:
    rest = words[1:]
    if not rest:
        for name in sorted(shell.variables):
            shell.process.out(f"{name}='{shell.variables[name]}'\n")
        return 0
    while rest and re.fullmatch(r"[-+][A-Za-z]*", rest[0]) and rest[0] not in ("-", "--"):
        switch = rest.pop(0)
        for letter in switch[1:]:
            name = rest.pop(0) if letter == "o" and rest else letter
            option = _OPTION_NAMES.get(name, name)
            if switch[0] == "-":
                shell.options.add(option)
            else:
                shell.options.discard(option)
        if not rest:
            return 0
    shell.arguments = rest[1:] if rest[:1] == ["--"] else rest
    return 0
    yield


def read(shell: Shell, words: list[str]) -> Program:
    """Reads one line and splits it among the names; 1 at the end of the input."""
    raw, names, silent, count = False, [], False, None
    rest = words[1:]
    while rest:
        word = rest.pop(0)
        if word.startswith("-") and len(word) > 1:
            raw, silent = raw or "r" in word, silent or "s" in word
            if word[-1] in "ptnd" and rest:
                value = rest.pop(0)
                if word[-1] == "p":
                    shell.process.err(value)
                count = int(value) if word[-1] == "n" and value.isdigit() else count
        else:
            names.append(word)
    if count is not None:
        data = yield from read_some(shell.process.stdin, count)
    else:
        data = yield from read_line(shell.process.stdin)
    line = decode(data)
    while not raw and line.endswith("\\\n"):
        line = line[:-2] + decode((yield from read_line(shell.process.stdin)))
    ended = not line.endswith("\n") and count is None
    text = line.rstrip("\n") if raw else re.sub(r"\\(.)", r"\1", line.rstrip("\n"))
    _share_out(shell, text, names or ["REPLY"])
    return int(ended)


def _share_out(shell: Shell, text: str, names: list[str]) -> None:
    separators = shell.get("IFS")
    separators = " \t\n" if separators is None else separators
    blanks = "".join(char for char in separators if char.isspace())
    if names == ["REPLY"]:
        shell.set("REPLY", text)
        return
    text = text.strip(blanks) if blanks else text
    for index, name in enumerate(names):
        found = re.search(f"[{re.escape(separators)}]", text) if separators else None
        if index == len(names) - 1 or found is None:
            shell.set(name, text)
            text = ""
        else:
            shell.set(name, text[: found.start()])
            text = text[found.end() :].lstrip(blanks) if blanks else text[found.end() :]
