"""`echo`, `printf`, `test`, `cd`, `pwd` and other small ones."""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from cluster_engine.containers.files import Directory
from cluster_engine.containers.filesystem import fault
from cluster_engine.containers.process import describe
from cluster_engine.containers.runner import Program
from cluster_engine.containers.shell.conditional import TestFault, test

if TYPE_CHECKING:
    from cluster_engine.containers.shell.interpreter import Shell

_ESCAPE = re.compile(r"\\(0[0-7]{0,3}|x[0-9a-fA-F]{1,2}|[0-7]{1,3}|.)", re.DOTALL)
_LETTERS = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "e": "\x1b", "f": "\f", "v": "\v", "\\": "\\"}
_DIRECTIVE = re.compile(r"%([-+ 0#]*)(\d+|\*)?(?:\.(\d+|\*))?([a-zA-Z%])")


def true(shell: Shell, words: list[str]) -> Program:
    return 0
    yield


def false(shell: Shell, words: list[str]) -> Program:
    return 1
    yield


def unescape(text: str) -> tuple[str, bool]:
    """Escapes as `echo -e` knows them; (the text, whether `\\c` cut it off)."""
    if "\\c" in text:
        return unescape(text[: text.index("\\c")])[0], True

    def replaced(found: re.Match[str]) -> str:
        code = found[1]
        if code[0] == "x" and len(code) > 1:
            return chr(int(code[1:], 16))
        if code[0] in "01234567":
            return chr(int(code, 8) & 255)
        return _LETTERS.get(code, "\\" + code)

    return _ESCAPE.sub(replaced, text), False


def echo_text(words: list[str], *, escapes: bool, options: str = "neE") -> str:
    """What `echo WORDS` prints. `escapes`: they count without `-e`, as in dash, which knows `-n` alone."""
    newline = True
    while words and re.fullmatch(f"-[{options}]+", words[0]):
        newline = newline and "n" not in words[0]
        escapes = "e" in words[0] or (escapes and "E" not in words[0])
        words = words[1:]
    text, cut = unescape(" ".join(words)) if escapes else (" ".join(words), False)
    return text if cut or not newline else text + "\n"


def echo(shell: Shell, words: list[str]) -> Program:
    dash = shell.flavour == "dash"
    shell.process.out(echo_text(words[1:], escapes=dash, options="n" if dash else "neE"))
    return 0
    yield


def printf_text(form: str, values: list[str]) -> tuple[str, list[str]]:
    """(what `printf FORM VALUES` prints, words about what was wrong)."""
    faults: list[str] = []
    out: list[str] = []
    rest = iter(values)
    taken = 0

    def take() -> str | None:
        nonlocal taken
        value = next(rest, None)
        taken += value is not None
        return value

    while True:
        before = taken
        text, cut = _formatted(form, take, faults)
        out.append(text)
        if cut or taken >= len(values) or taken == before or len(out) > 10_000:
            return "".join(out), faults


def _formatted(form: str, take: Iterator[str | None] | object, faults: list[str]) -> tuple[str, bool]:
    out: list[str] = []
    position = 0
    for found in _DIRECTIVE.finditer(form):
        out.append(unescape(form[position : found.start()])[0])
        position = found.end()
        if found[4] == "%":
            out.append("%")
            continue
        text, cut = _directive(found, take, faults)
        out.append(text)
        if cut:
            return "".join(out), True
    tail, cut = unescape(form[position:])
    return "".join([*out, tail]), cut


def _directive(found: re.Match[str], take: object, faults: list[str]) -> tuple[str, bool]:
    flags, kind = found[1], found[4]
    width = (take() or "0") if found[2] == "*" else found[2] or ""  # type: ignore[operator]
    precision = (take() or "0") if found[3] == "*" else found[3]  # type: ignore[operator]
    value: str = take() or ""  # type: ignore[operator]
    point = f".{precision}" if precision is not None else ""
    if kind == "b":
        text, cut = unescape(value)
        return f"%{flags}{width}{point}s" % text, cut
    if kind == "q":
        return "'" + value.replace("'", "'\\''") + "'" if re.search(r"[^\w./-]", value) or not value else value, False
    if kind == "c":
        return f"%{flags}{width}s" % value[:1], False
    if kind in "diouxXeEfFgG":
        number = _number(value, faults)
        spec = "d" if kind in "iu" else kind
        return f"%{flags}{width}{point}{spec}" % (number if kind in "eEfFgG" else int(number)), False
    return f"%{flags}{width}{point}s" % value, False


def _number(text: str, faults: list[str]) -> float:
    text = text.strip()
    if text[:1] in "'\"" and len(text) > 1:
        return ord(text[1])
    try:
        return (
            int(text, 0)
            if re.fullmatch(r"[+-]?(0[xX][0-9a-fA-F]+|\d+)", text) and text[:1] != "0"
            else float(text or 0)
        )
    except ValueError:
        faults.append(text)
        return 0


def printf(shell: Shell, words: list[str]) -> Program:
    if len(words) < 2:
        shell.complain("printf: usage: printf [-v var] format [arguments]")
        return 2
    rest = words[1:]
    target = None
    if rest[0] == "-v" and len(rest) > 2:
        target, rest = rest[1], rest[2:]
    if rest[0] == "--":
        rest = rest[1:]
    text, faults = printf_text(rest[0], rest[1:])
    for value in faults:
        if shell.flavour == "dash":
            shell.complain(f"printf: {value}: expected numeric value")
        else:
            bash = shell.flavour == "bash"
            shell.complain(f"printf: {value}: invalid number" if bash else f"printf: invalid number '{value}'")
    if target is not None:
        shell.set(target, text)
    else:
        shell.process.out(text)
    return int(bool(faults))
    yield


def test_(shell: Shell, words: list[str]) -> Program:
    inner = words[1:]
    if words[0] == "[":
        if not inner or inner[-1] != "]":
            shell.complain("[: missing ]")
            return 2
        inner = inner[:-1]
    try:
        return int(not test(shell.process, inner))
    except TestFault as error:
        shell.complain(f"{words[0]}: {error}" if shell.flavour == "bash" else str(error))
        return 2
    yield


def cd(shell: Shell, words: list[str]) -> Program:
    paths = [word for word in words[1:] if word not in ("-P", "-L", "--")]
    process = shell.process
    target = paths[0] if paths else shell.get("HOME") or "/"
    shown = target == "-"
    if shown:
        target = shell.get("OLDPWD") or process.cwd
    try:
        inode = process.fs.lookup(target, process.cwd)
        if not isinstance(inode, Directory):
            raise fault(errno.ENOTDIR, target)
        if not process.user.may(inode, 1):
            raise fault(errno.EACCES, target)
    except OSError as error:
        bash = shell.flavour == "bash"
        why = "" if shell.flavour == "dash" else f": {error.strerror}"
        shell.complain(f"cd: {describe(error)}" if bash else f"cd: can't cd to {target}{why}")
        return 1 if bash else 2
    shell.set("OLDPWD", process.cwd)
    process.cwd = process.fs.canonical(target, process.cwd)
    shell.set("PWD", process.cwd)
    if shown:
        process.out(process.cwd + "\n")
    return 0
    yield


def pwd(shell: Shell, words: list[str]) -> Program:
    shell.process.out(shell.process.cwd + "\n")
    return 0
    yield


def ulimit(shell: Shell, words: list[str]) -> Program:
    shell.process.out("1048576\n" if "-n" in words else "unlimited\n")
    return 0
    yield


def umask(shell: Shell, words: list[str]) -> Program:
    if len(words) == 1:
        shell.process.out("0022\n")
    return 0
    yield
