"""What a shell says when something goes wrong: each kind of shell in its own words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cluster_engine.containers.container import ProgramNotFound
from cluster_engine.containers.process import describe
from cluster_engine.sh.syntax import ShellSyntaxError

if TYPE_CHECKING:
    from cluster_engine.containers.shell.state import State

_NOT_THERE = {
    ("ash", "create"): "nonexistent directory",
    ("ash", "open"): "no such file",
    ("dash", "create"): "Directory nonexistent",
    ("dash", "open"): "No such file",
}


def of_syntax(shell: State, error: ShellSyntaxError) -> str:
    if shell.flavour == "dash":
        words = str(error)
        return f"Syntax error: {words[:1].upper() + words[1:] if words.startswith('end') else words}"
    return f"syntax error: {error}"


def of_fault(shell: State, error: Exception) -> str:
    if isinstance(error, PermissionError) and error.strerror == "is read only":
        return f"{error.filename}: {'readonly variable' if shell.flavour == 'bash' else 'is read only'}"
    if isinstance(error, OSError):
        if shell.flavour == "bash" or error.filename is None:
            return describe(error)
        verb = "create" if getattr(error, "creating", False) else "open"
        words = error.strerror or ""
        if words == "No such file or directory":
            words = _NOT_THERE[shell.flavour, verb]
        refusal = "can't" if shell.flavour == "ash" else "cannot"
        return f"{refusal} {verb} {error.filename}: {words}"
    words = str(error.args[-1] if error.args else error)
    if ": division by zero: " in words and shell.flavour != "dash":
        expression = words.partition(": division by zero: ")[2].strip('"')
        divisor = expression.replace("%", "/").rpartition("/")[2].strip()
        bash = f'{expression}: division by 0 (error token is "{divisor}")'
        return "divide by zero" if shell.flavour == "ash" else bash
    if shell.flavour == "bash" and words.endswith(": parameter not set"):
        words = words.replace("parameter not set", "unbound variable")
    return words


def of_missing(shell: State, missing: ProgramNotFound) -> str:
    if "/" not in missing.program and missing.code == 127:
        return f"{missing.program}: {'command not found' if shell.flavour == 'bash' else 'not found'}"
    reason = missing.reason
    if missing.code == 127 and shell.flavour != "bash":
        reason = "not found"
    return f"{missing.program}: {reason[:1].upper() + reason[1:] if reason != 'not found' else reason}"


def quote(word: str) -> str:
    """A word as `set -x` shows it."""
    if word and not any(char in " \t\n'\"$&|;()<>*?[]{}\\`#~" for char in word):
        return word
    return "'" + word.replace("'", "'\"'\"'") + "'"
